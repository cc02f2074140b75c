#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pages that instances of a template always write, copied before the next one runs. One CPU, a tick an
# instruction: the figures repeat.

load lib/system

teardown() {
    system_stop
}

boot() { # further arguments
    system_start --shell --accel icount -m 256M --set guest-output=log "$@" "$IMAGES/http.img" "$IMAGES/hello.img"
    wait_for "^mayfly> "
}

faults_of() {
    shell info "$1" | awk '$1 == "faults" { print $2 }'
}

guests_alive() {
    shell info | sed -n 's/.*(guests: \([0-9]*\)).*/\1/p'
}

# A warm image, and as many instances as it takes to know it: 8 that are only counted, 4 that are recorded.
know_http() {
    shell warm http
    shell start http count=12
    shell list >/dev/null # 50 ms go by while it waits for a key
}

@test "the thirteenth instance has what all wrote before it runs, and takes no fault for it" {
    boot
    know_http
    [ "$(faults_of http-2)" -ge 4 ]
    shell start http name=late
    [ "$(faults_of late)" -eq 0 ]
}

@test "told not to, it leaves them to faults" {
    boot --set prefault=no
    know_http
    shell start http name=late
    [ "$(faults_of late)" -ge 4 ]
}

@test "an instance that waits has not a page more" {
    local setting before
    for setting in no yes; do
        boot --set prefault=$setting
        know_http
        shell start http count=20 # dom0's tables have grown
        before=$(free_pages)
        shell start http count=100
        shell list >/dev/null
        echo $((before - $(free_pages))) >"$RUN/pages.$setting"
        [ "$(faults_of http-80)" -eq 0 ] || [ $setting = no ]
        shell kill -a
        system_stop
    done
    cat "$RUN"/pages.*
    cmp "$RUN/pages.no" "$RUN/pages.yes"
}

@test "a template that is removed takes its list along" {
    boot
    shell warm http
    shell start http count=10 # two are being recorded
    shell remove http
    shell start http count=1
    know_http
    shell start http name=late
    [ "$(faults_of late)" -eq 0 ]
    know_http # another one in its place, by the same name
    shell warm http
    shell start http name=first
    [ "$(faults_of first)" -ge 4 ]
}

@test "without memory for the pages nobody is harmed, and all memory comes back" {
    local before alive
    boot
    know_http
    shell start http count=60000 # dom0's tables are as large as they will be
    shell kill -a
    before=$(free_pages)
    run shell start http count=60000
    [[ "$output" == *"no memory left for another guest"* ]]
    alive=$(guests_alive)
    [ "$alive" -gt 1000 ]
    [ "$(shell list | grep -c fault)" -eq 0 ]
    run shell kill -a
    [ "$output" = "$alive guests killed" ] # so none had ended
    shell start http name=after
    [ "$(faults_of after)" -eq 0 ]
    shell kill after
    [ "$(free_pages)" -ge $((before - 16)) ] # a few pages of names and logs
}
