# SPDX-License-Identifier: Apache-2.0
# programs.bash - for bench/run: programs that exist (docs/ports.md) as guests, and the same programs, from the
# same sources, on Linux in the same QEMU with the same network card. Rates are wall time, both in turn. Instructions
# per request are all that the machine executed, hypervisor, dom0 and guest (or kernel and program) together, counted
# by a plugin of QEMU (qemu/insns.c): an idle machine executes none.

PLUGIN=$B/bench/insns.so
LINUX_PROGRAMS=${LINUX_TP%/linux}/linux-programs
CACHE=${MAYFLY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mayfly}
PORTS=$TOP/build-tool/ports

# The images, and the programs for Linux; false with a message when they cannot be built.
programs_get() {
    local why
    if ! why=$("$MAYFLY" ports build nginx redis sqlite3 2>&1 >/dev/null); then
        echo "no rows of programs: ${why##*$'\n'}"
        return 1
    fi
    [ -n "$LINUX" ] || return 0
    why=$(bench/linux/programs "$LINUX_PROGRAMS" "$CACHE/src" 2>&1) || {
        echo "no linux_* rows of programs: $why"
        LINUX=
    }
}

# program_start PORT GUEST-PORT IMAGE [ARGUMENT...]: ours, counting, with PORT of the host.
program_start() {
    system_start --accel tcg -m 1G -p "$1:$2" --qemu=-plugin "--qemu=$PLUGIN,count=$RUN/count.ours" "${@:3}"
}

# linux_program_start PORT GUEST-PORT READY "COMMAND" NAME=FILE...: Linux with these files and COMMAND as its
# process. Waits for READY in its log.
linux_program_start() {
    local port=$1 guest_port=$2 ready=$3 command=$4 i
    shift 4
    tests/scripts/mkcpio init="$B/bench/linux/http-init" "$@" >"$RUN/linux-program.cpio"
    (cd "$LINUX_TP" && for i in *.ko; do echo "$i=$PWD/$i"; done) |
        xargs tests/scripts/mkcpio >>"$RUN/linux-program.cpio"
    : >"$RUN/linux-http.log"
    timeout 600 qemu-system-x86_64 -M q35,smm=off,vmport=off -accel tcg,thread=multi,tb-size=256 \
        -cpu max,-erms,-la57 -smp 1 -m 1G -nodefaults -no-user-config -no-reboot -display none \
        -netdev "user,id=net0,ipv4=on,ipv6=on,hostfwd=tcp:127.0.0.1:$port-:$guest_port" \
        -device virtio-net-pci,netdev=net0,disable-legacy=on,romfile= -serial "file:$RUN/linux-http.log" \
        -plugin "$PLUGIN,count=$RUN/count.linux" \
        -kernel "$LINUX_TP/vmlinuz" -initrd "$RUN/linux-program.cpio" -append "console=ttyS0 quiet -- $command" \
        >"$RUN/linux-http.err" 2>&1 &
    LINUX_PID=$!
    for ((i = 0; i < 600; i++)); do
        ! answers "$port" "$ready" || return 0
        kill -0 "$LINUX_PID" 2>/dev/null || break
        sleep 0.1
    done
    echo "no linux_* rows of $command; the guest's log ends with:"
    cat "$RUN/linux-http.err" "$RUN/linux-http.log" | tail -n 5
    return 1
}

# answers PORT HOW: whether an HTTP or Redis server answers there, or the log of Linux says HOW.
answers() {
    case $2 in
    http) curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$1/" ;;
    redis) [ "$(timeout 2 redis-cli -p "$1" PING 2>/dev/null)" = PONG ] ;;
    *) grep -q "$2" "$RUN/linux-http.log" ;;
    esac
}

wait_answers() { # port, how
    local i
    for ((i = 0; i < 300; i++)); do
        ! answers "$1" "$2" || return 0
        sleep 0.1
    done
    echo "no answer: $2"
    return 1
}

counted() { # ours or linux
    od -An -t u8 -N 8 "$RUN/count.$1" | tr -d ' '
}

# rate_rows NAME HOW LOAD ARGUMENT...: calls LOAD PORT ARGUMENT..., which prints "REQUESTS RATE", three times for
# each in turn. Rows NAME_rps (medians) and NAME_insns (per request, over all three), and linux_... With RATE=mbps
# KiB take the place of requests, and NAME_kib_insns that of NAME_insns.
RATE=rps
rate_rows() {
    local name=$1 what=$2 load=$3 i side before to prefix
    local how="$what; ${BENCH_SECONDS:-2} s, median of 3, TCG, one CPU"
    local sides=(ours) unit=req/s per=_insns each=request
    [ "$RATE" = rps ] || { unit=MB/s per=_kib_insns each=KiB; }
    shift 3
    [ -z "$linux_port" ] || sides=(linux ours)
    rm -f "$RUN"/loads.*
    for i in 1 2 3; do
        for side in "${sides[@]}"; do
            before=$(counted "$side")
            to=$port
            [ "$side" = ours ] || to=$linux_port
            echo "$("$load" "$to" "$@") $before $(counted "$side")" >>"$RUN/loads.$side"
        done
    done
    for side in "${sides[@]}"; do
        prefix=linux_
        [ "$side" = linux ] || prefix=
        metric "$prefix${name}_$RATE" "$(sort -n -k 2 "$RUN/loads.$side" | awk 'NR == 2 { print $2 }')" "$unit" 3 "$how"
        metric "$prefix${name}$per" \
            "$(awk '{ n += $1; insns += $4 - $3 } END { printf "%d\n", n ? insns / n : 0 }' "$RUN/loads.$side")" insns \
            "$(awk '{ n += $1 } END { print n }' "$RUN/loads.$side")" "per $each, all of the machine; $what"
    done
}

wrk_load() {
    local port=$1
    shift
    wrk -t1 -d"${BENCH_SECONDS:-2}" "$@" "http://127.0.0.1:$port/" |
        awk '$2 == "requests" { n = $1 } $1 == "Requests/sec:" { rate = $2 } END { printf "%d %d\n", n, rate }'
}

# redis_load PORT COMMAND PIPELINE. What takes too long counts as nothing.
redis_load() {
    local n=$((3000 * (1 + $3)))
    timeout 20 redis-benchmark -p "$1" -n $n -c "${BENCH_REDIS_CONNECTIONS:-16}" -P "$3" -t "$2" --csv 2>/dev/null |
        awk -F '"' -v n=$n 'NR == 2 { done = n; rate = $4 } END { printf "%d %d\n", done, rate }'
}

nginx_rows() {
    local port linux_port c
    port=$(free_port)
    program_start "$port" 80 "$CACHE/build/nginx/images/nginx.img"
    wait_answers "$port" http
    linux_port=
    if [ -n "$LINUX" ]; then
        linux_port=$(free_port)
        linux_program_start "$linux_port" 80 http "/nginx/nginx -e stderr -c /nginx/nginx.conf" nginx/ nginx/html/ etc/ \
            nginx/nginx="$LINUX_PROGRAMS/nginx" nginx/nginx.conf="$PORTS/nginx/nginx.conf" etc/passwd=bench/linux/passwd \
            etc/group=bench/linux/group nginx/html/index.html="$PORTS/nginx/www/index.html" \
            nginx/mime.types="$CACHE/src/nginx/conf/mime.types" || linux_port=
    fi
    for c in 1 16 64; do
        rate_rows "nginx_c$c" "nginx, wrk, $c keep-alive connections" wrk_load -c$c
    done
    rate_rows nginx_close "nginx, wrk, one connection per request, one at a time" wrk_load -c1 -H 'Connection: close'
    linux_http_stop
    system_stop
}

redis_rows() {
    local port linux_port command pipeline
    port=$(free_port)
    program_start "$port" 6379 "$CACHE/build/redis/images/redis.img"
    wait_answers "$port" redis
    linux_port=
    if [ -n "$LINUX" ]; then
        linux_port=$(free_port)
        linux_program_start "$linux_port" 6379 redis "/redis-server /redis.conf" \
            redis-server="$LINUX_PROGRAMS/redis-server" redis.conf=bench/linux/redis.conf || linux_port=
    fi
    for pipeline in 1 16; do
        for command in get set; do
            rate_rows "redis_${command}_p$pipeline" "redis-benchmark, ${BENCH_REDIS_CONNECTIONS:-16} connections, pipeline $pipeline" redis_load \
                $command $pipeline
        done
    done
    linux_http_stop
    system_stop
}

# bulk_load PORT DIRECTION BYTES: KiB and MB/s, seen from the host.
bulk_load() {
    timeout 30 "$B/bench/linux/bulk" "$2" 127.0.0.1 "$1" "$3" | bulk_result
}

bulk_result() {
    awk '$1 == "bulk:" { done = $2 / 1024; rate = $4 } END { printf "%d %d\n", done, rate }'
}

bulk_rows() {
    local port linux_port bytes=${BENCH_BULK_BYTES:-100000000}
    local RATE=mbps
    port=$(free_port)
    program_start "$port" 7000 "$B/bench/bulk.img" serve 7000
    wait_for "bulk: listening" 30
    linux_port=
    if [ -n "$LINUX" ]; then
        linux_port=$(free_port)
        linux_program_start "$linux_port" 7000 "bulk: listening" "/bulk pair 7000 7001" bulk="$B/bench/linux/bulk" || linux_port=
    fi
    rate_rows tcp_host_to_guest "bulk, one connection" bulk_load send "$bytes"
    rate_rows tcp_guest_to_host "bulk, one connection" bulk_load receive "$bytes"
    linux_http_stop
    system_stop
}

# From one guest to another; on Linux from one process to another by its loopback, which has packets of 64 KiB and
# no card: more than two containers get. The host only asks for it and waits.
guest_to_guest_rows() {
    local port linux_port bytes=${BENCH_BULK_BYTES:-100000000}
    local RATE=mbps
    port=$(free_port)
    program_start "$port" "$port" --shell "$B/bench/bulk.img"
    wait_for "^mayfly> " 60
    shell start bulk name=sink serve 7001 >/dev/null
    shell start bulk name=front "publish=$port:7000" serve 7000 "$(shell info sink | sed -n 's/.*\(10\.77\.[0-9.]*\).*/\1/p' |
        head -n 1)" 7001 >/dev/null
    wait_for -c 2 "bulk: listening" 30
    linux_port=
    if [ -n "$LINUX" ]; then
        linux_port=$(free_port)
        linux_program_start "$linux_port" 7000 "bulk: listening" "/bulk pair 7000 7001" bulk="$B/bench/linux/bulk" || linux_port=
    fi
    rate_rows tcp_guest_to_guest "bulk, one connection (Linux: loopback)" bulk_load forward "$bytes"
    linux_http_stop
    system_stop
}

# speedtest1's own time, in a machine where a nanosecond is an instruction.
sqlite_rows() {
    local how="speedtest1 --size ${BENCH_SQLITE_SIZE:-2}, its own time under -icount"
    if [ -n "$LINUX" ]; then
        tests/scripts/mkcpio init="$B/bench/linux/http-init" speedtest1="$LINUX_PROGRAMS/speedtest1" >"$RUN/sqlite.cpio"
        icount_qemu -m 1G -serial "file:$RUN/sqlite.linux" -kernel "$LINUX_TP/vmlinuz" -initrd "$RUN/sqlite.cpio" \
            -append "console=ttyS0 quiet -- /speedtest1 --size ${BENCH_SQLITE_SIZE:-2} /tmp/speed.db"
        metric linux_sqlite_speedtest_insns "$(speedtest_total "$RUN/sqlite.linux")" insns 1 "$how"
    fi
    timeout 300 "$MAYFLY" run --accel icount -m 1G "$CACHE/build/sqlite3/images/speedtest1.img" \
        --size "${BENCH_SQLITE_SIZE:-2}" /tmp/speed.db >"$RUN/sqlite.ours" </dev/null
    metric sqlite_speedtest_insns "$(speedtest_total "$RUN/sqlite.ours")" insns 1 "$how"
}

speedtest_total() { # log
    awk '/TOTAL/ { sub(/.*TOTAL[. ]*/, ""); printf "%d\n", $1 * 1000000000 }' "$1"
}

program_rows() {
    programs_get || return 0
    nginx_rows
    redis_rows
    sqlite_rows
    bulk_rows
    guest_to_guest_rows
}
