# SPDX-License-Identifier: Apache-2.0
# system.bash - starts Mayfly for end-to-end tests. Load it in a .bats file:
#
#     load lib/system
#     setup_file() { system_start -p "$(free_port):80" "$IMAGES/http.img"; }
#     teardown_file() { system_stop; }
#
# Everything lies in a folder of its own, ports are chosen free, only what was started here is ended.
# Waiting is for a text in the serial log, with a limit; there are no fixed sleeps.
# From the environment (tests/part.mk): MAYFLY_BUILD, the build folder.

TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
B=${MAYFLY_BUILD:-build}
case $B in /*) ;; *) B=$TOP/$B ;; esac
MAYFLY=$B/bin/mayfly
NETCLIENT=$B/tests/bin/netclient
IMAGES=$B/images
PROGRAMS=$B/tests/programs
RUN=$BATS_FILE_TMPDIR
SERIAL=$RUN/serial
export TMPDIR=$BATS_FILE_TMPDIR

# A TCP and UDP port that nobody uses now.
free_port() {
    "$NETCLIENT" free-port
}

# Starts `mayfly run ARGUMENTS` in the background; its output goes to $SERIAL, and what type() sends is its input.
# Its process id is in $RUN/pid.
system_start() {
    rm -f "$RUN/input" "$SERIAL" "$RUN/status"
    mkfifo "$RUN/input"
    : >"$SERIAL"
    # The redirection to the FIFO waits for a writer: it must not hold up this shell.
    (
        # Background jobs of a script ignore SIGINT; a user's Ctrl-C is not ignored.
        env --default-signal=INT "$MAYFLY" run --timeout "${LIMIT:-240}" "$@" <"$RUN/input" >"$SERIAL" 2>&1 &
        child=$!
        echo $child >"$RUN/pid"
        status=0
        wait $child || status=$?
        echo $status >"$RUN/status"
    ) 3>&- &
    echo $! >"$RUN/keeper"
    # Keeps the FIFO open, so that type() may come and go without an end of file.
    sleep "${LIMIT:-240}" >"$RUN/input" 3>&- &
    echo $! >"$RUN/writer"
}

# Ends it by Ctrl-C's signal, by process id, and waits until it has gone.
system_stop() {
    local name pid
    [ -f "$RUN/pid" ] || return 0
    [ -f "$RUN/status" ] || kill -INT "$(cat "$RUN/pid")" 2>/dev/null || true
    for name in keeper writer; do
        pid=$(cat "$RUN/$name")
        [ "$name" = keeper ] || kill "$pid" 2>/dev/null || true
        wait_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    rm -f "$RUN/pid"
}

wait_gone() {
    local i
    for ((i = 0; i < 200; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# wait_for [-c COUNT] TEXT [SECONDS]: until the serial log has COUNT lines with TEXT (an extended regular
# expression). On failure shows the log's end.
wait_for() {
    local count=1 i
    [ "$1" != -c ] || { count=$2; shift 2; }
    local limit=$((${2:-30} * 20))
    for ((i = 0; i < limit; i++)); do
        [ "$(plain_log | grep -cE -- "$1")" -ge "$count" ] && return 0
        if [ -f "$RUN/status" ] && [ "$i" -gt 2 ]; then
            break
        fi
        sleep 0.05
    done
    echo "no \`$1' in the serial log; its end:" >&2
    tail -n 25 "$SERIAL" >&2
    return 1
}

# Types a line into the console.
type() {
    printf '%s\r' "$*" >"$RUN/input"
}

# The serial log without terminal control sequences; from byte $1 on when given. The shell wipes its
# prompt (CR, ESC [K) to let a guest's line in: that begins a new line here.
plain_log() {
    tail -c "+$((${1:-0} + 1))" "$SERIAL" | tr -d '\000' |
        sed 's/\r\x1b\[K/\n/g; s/\r//g; s/\x1b\[[0-9;]*[A-Za-z]//g'
}

# What the shell answered to COMMAND, in the log from byte $1 on: what follows the line with COMMAND whole (a guest's
# line may come while it is typed). Status 1: the next prompt, a line without an end, is not there yet.
PROMPT='mayfly> '
answer() {
    plain_log "$1" | COMMAND=$2 PROMPT=$PROMPT awk '
        has_echo { if (line != ENVIRON["PROMPT"]) { printf "%s", text } line = $0; text = $0 "\n" }
        $0 == ENVIRON["COMMAND"] || $0 == ENVIRON["PROMPT"] ENVIRON["COMMAND"] { has_echo = 1 }
        END { exit line != ENVIRON["PROMPT"] }'
}

# shell COMMAND...: types it into dom0's shell, prints what the shell answers up to its next prompt.
# Waits at most $SHELL_LIMIT seconds.
shell() {
    local from i text
    from=$(wc -c <"$SERIAL")
    type "$*"
    for ((i = 0; i < ${SHELL_LIMIT:-20} * 20; i++)); do
        if text=$(answer "$from" "$*"); then
            [ -z "$text" ] || printf '%s\n' "$text"
            return 0
        fi
        sleep 0.05
    done
    echo "no prompt after \`$*'; the log's end:" >&2
    tail -n 25 "$SERIAL" >&2
    return 1
}

# How many pages of memory the machine has free.
free_pages() {
    shell info | sed -n 's/^memory .*(\([0-9]*\) of .*/\1/p'
}

# all_comes_back COMMAND: `COMMAND N`, for N from 1 to 6, leaves no page behind; dom0's own tables and logs grow first.
all_comes_back() {
    local i before after
    for i in 1 2 3 4 5; do "$1" $i; done
    before=$(free_pages)
    "$1" 6
    after=$(free_pages)
    echo "before: $before, after: $after"
    [ "$after" -ge $((before - 5)) ]
}

# The exit status of the machine, once it has ended.
system_status() {
    local i
    for ((i = 0; i < ${1:-30} * 20; i++)); do
        [ -f "$RUN/status" ] && { cat "$RUN/status"; return 0; }
        sleep 0.05
    done
    echo "the machine has not ended" >&2
    tail -n 25 "$SERIAL" >&2
    return 1
}
