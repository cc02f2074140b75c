#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# suite.sh: libuv's own tests, one machine for each, that need neither a helper nor another process, which
# its runner would start by exec. With names as arguments: only these. Prints TAP.
set -u

# Of what a guest has not: programs to start, terminals, notices of changed files, urgent data, multicast, a file
# of the program and its title, CPUs; sockets of AF_UNIX for datagrams that were never bound. Then: expects not to be
# user 0, a shell of that user, a file system's number, a folder with a name, an address that never answers, sockets with one port, or Linux' poll() of a socket
# that is not connected.
is_known() {
    case $1 in
    spawn_* | ipc_* | stdio_* | process_ref | kill | closed_fd_events | embed) ;;
    tty* | handle_fileno) ;;
    fs_event_* | fork_fs_events_child | fork_fs_events_file_parent_child) ;;
    tcp_oob | poll_oob | udp_options* | udp_no_autobind | udp_multicast_*) ;;
    get_currentexe | process_title* | platform_output | dlerror | udp_send_unix) ;;
    get_passwd | fs_statfs) ;;
    fs_copyfile | fs_symlink | fs_symlink_dir | tcp_connect_timeout | watcher_cross_stop) ;;
    poll_multiple_handles | poll_bad_fdtype) ;;
    *) return 1 ;;
    esac
}

list() {
    awk -F '[(,) ]+' '/^ *TEST_ENTRY/ { test[++n] = $3 } /^ *TEST_HELPER/ { helped[$3] = 1 }
        END { for (i = 1; i <= n; i++) if (!(test[i] in helped)) print test[i] }' source/test/test-list.h
}

status=0 number=0
for test in ${*:-$(list)}; do
    ! is_known "$test" || continue
    number=$((number + 1))
    "$MAYFLY" run --timeout 60 images/uv-tests.img "$test" "$test" </dev/null >suite.log 2>&1
    result=$?
    case $result in
    0) echo "ok $number - $test" ;;
    255) # a test for another system
        grep -q 'No test part with that name' suite.log || status=1
        echo "ok $number - $test # SKIP $(tail -n 1 suite.log)"
        ;;
    7) echo "ok $number - $test # SKIP $(tail -n 1 suite.log)" ;;
    *)
        echo "not ok $number - $test ($result): $(tail -n 1 suite.log)"
        status=1
        ;;
    esac
done
echo "1..$number"
exit "$status"
