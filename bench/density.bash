# SPDX-License-Identifier: Apache-2.0
# density.bash - for bench/run: costs with many guests alive, memory of each, how many there can be.

free_bytes() {
    shell info | awk '$1 == "memory" { sub(/.*\(/, ""); printf "%.0f\n", $1 * 4096 }'
}

guests_alive() {
    shell info | sed -n 's/.*(guests: \([0-9]*\)).*/\1/p'
}

# Until all guests are ready: the free memory no longer changes.
wait_settled() {
    local last=x now i
    for ((i = 0; i < 200; i++)); do
        now=$(free_bytes)
        [ "$now" != "$last" ] || return 0
        last=$now
    done
}

# measure_row ROW HOW WHAT IMAGE [OPTION...]: a median of dom0's `measure`.
measure_row() {
    local row=$1 how=$2 what=$3 log
    shift 3
    log=$(shell measure "$@" count=101)
    # shellcheck disable=SC2046 # two words
    set -- $(measured "$log" "$what")
    metric "$row" "${1:-0}" insns "${2:-0}" "$how"
}

# more_guests IMAGE COUNT: prints the free memory before them.
more_guests() {
    free_bytes
    shell start "$1" "count=$2" output=log >/dev/null
    wait_settled
}

# Rows at 1,000 and 10,000 guests.
density() {
    local before after count suffix alive=0
    SHELL_LIMIT=280
    system_start --shell --accel icount -m 2G "$B/bench/stamp.img" "$B/bench/idle.img" "$IMAGES/http.img"
    wait_for "^mayfly> " 60
    shell measure http count=1 >/dev/null # the templates are made now
    shell measure idle count=1 net=no >/dev/null
    before=$(free_bytes)
    for count in 1000 10000; do
        suffix=$([ $count = 1000 ] || echo _at_$count)
        more_guests idle $((count - alive)) >/dev/null
        alive=$count
        after=$(free_bytes)
        metric "idle_guest_bytes$suffix" $(((before - after) / count)) bytes $count "bench/guest/idle.c: it printed a line and waits"
        measure_row create_to_main_insns_at_$count "the same with $count idle guests alive" main_or_ready stamp net=no
        measure_row destroy_insns_at_$count "the same with $count idle guests alive" destroy idle net=no
    done
    shell kill -a >/dev/null
    density_http
    system_stop
}

density_http() {
    local before after count suffix alive=0
    before=$(free_bytes)
    for count in 1000 10000; do
        suffix=$([ $count = 1000 ] || echo _at_$count)
        more_guests http $((count - alive)) >/dev/null
        alive=$count
        after=$(free_bytes)
        metric "idle_http_guest_bytes$suffix" $(((before - after) / count)) bytes $count "examples/http, listening"
        measure_row create_net_to_ready_insns_at_$count "the same with $count http guests alive" main_or_ready http
    done
}

# Guests of examples/http until dom0 refuses one more; 200 of them are asked.
guests_max() {
    local count verdict
    SHELL_LIMIT=280
    system_start --shell --accel tcg -m 2G "$IMAGES/http.img" "$PROGRAMS/visitor.img"
    wait_for "^mayfly> " 60
    shell create visitor name=visitor 10.77.0.3 20000 50 1 >/dev/null # memory for it is there, whatever comes
    shell start http count=60000 output=log >/dev/null
    wait_settled
    count=$(($(guests_alive) - 1))
    shell start visitor >/dev/null
    wait_for "visitor: [0-9]* of 50 guests answered" 40
    verdict=$(plain_log | sed -n 's/.*visitor: \([0-9]* of [0-9]*\) guests answered.*/\1/p')
    metric guests_max_2GiB "$count" count 1 "examples/http until dom0 refuses one more; $verdict of the first 20,000 answered"
    system_stop
}

# 100,000 idle guests of examples/hello in 16 GiB: `make bench-100000`, not part of `make bench`.
hundred_thousand() {
    local before after count=100000
    SHELL_LIMIT=500
    LIMIT=560 system_start --shell --accel icount -m 16G "$B/bench/stamp.img" "$B/bench/idle.img" "$IMAGES/hello.img"
    wait_for "^mayfly> " 60
    shell measure idle count=1 net=no >/dev/null # the templates are made now
    shell start hello name=first output=log --stay >/dev/null
    wait_settled
    before=$(free_bytes)
    shell start hello "count=$((count - 1))" output=log --stay | tail -n 1
    wait_settled
    after=$(free_bytes)
    metric guests_alive_16GiB "$(guests_alive)" count 1 "examples/hello --stay, 100,000 asked for"
    type "console hello-$((count - 1))" # its log, in which it has said hello
    wait_for "Hello from Mayfly!" 60
    printf '\035' >"$RUN/input"
    metric idle_hello_bytes_at_100000 $(((before - after) / (count - 1))) bytes $((count - 1)) "examples/hello --stay: it printed a line and waits"
    measure_row create_to_main_insns_at_100000 "with 100,000 idle guests alive" main_or_ready stamp net=no
    measure_row destroy_insns_at_100000 "with 100,000 idle guests alive" destroy idle net=no
    shell kill -a
    system_stop
}

# growth FILE: lines GUESTS INSTRUCTIONS BYTES for bench/plots.
growth() {
    local before count alive=0 insns bytes
    SHELL_LIMIT=280
    system_start --shell --accel icount -m 2G "$B/bench/stamp.img" "$B/bench/idle.img"
    wait_for "^mayfly> " 60
    shell measure idle count=1 net=no >/dev/null # the templates are made now
    shell measure stamp count=1 net=no >/dev/null
    before=$(free_bytes)
    for count in 1 10 100 1000 3000 10000; do
        more_guests idle $((count - alive)) >/dev/null
        alive=$count
        # Of less than 100 dom0's own tables, which grow by pages, would be most.
        bytes=$([ $count -lt 100 ] && echo - || echo $(((before - $(free_bytes)) / count)))
        # shellcheck disable=SC2046 # two words
        set -- "$1" $(measured "$(shell measure stamp count=101 net=no)" main_or_ready)
        insns=$2
        echo "$count $insns $bytes" >>"$1"
        set -- "$1"
    done
    system_stop
}

# The same of Linux, from the rows that linux_micro has measured.
linux_growth() {
    awk -F '\t' '{ value[$1] = $2 } END {
        create = "linux_vfork_exec_to_main_insns"; memory = "linux_idle_process_bytes"
        print 1, value[create], "-"
        print 1000, value[create "_at_1000"], value[memory]
        print 10000, value[create "_at_10000"], value[memory "_at_10000"] }' "$metrics" >"$1"
}

# make bench-plots: docs/plots/*.svg and the figures that they are made of.
plots() {
    [ -n "$LINUX" ] || { echo "no plots without Linux's figures"; return 1; }
    linux_micro
    mkdir -p docs/plots
    : >"$RUN/growth"
    growth "$RUN/growth"
    grep '^100000 ' docs/plots/mayfly.txt >>"$RUN/growth" || true # make bench-100000 has measured it
    cp "$RUN/growth" docs/plots/mayfly.txt
    linux_growth docs/plots/linux.txt
    bench/plots docs/plots/mayfly.txt docs/plots/linux.txt docs/plots
}
