#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# limit: 3000
# Ports of each kind, for the time that they take to build: a library, an interpreter, a database, a server that forks, web servers with and without TLS.
# Each is built by `mayfly ports` from Debian's source package and its quick tests are run. `make ports-test` does all ports, with their
# slow tests too. Built ports stay in MAYFLY_CACHE (build/third-party/ports), so the second run takes only the tests.

bats_require_minimum_version 1.5.0

setup() {
    TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    B=$(readlink -f "${MAYFLY_BUILD:-build}")
    MAYFLY=$B/bin/mayfly
    export MAYFLY_CACHE=${MAYFLY_CACHE:-$TOP/build/third-party/ports}
    unset PORT ACCEL CPUS MEM SOURCE_DATE_EPOCH MAYFLY_PORTS
}

# try NAME: the port's quick tests; what they said when one fails.
try() {
    run "$MAYFLY" ports test --quick "$1"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok "* ]]
}

@test "zlib" { try zlib; }
@test "lua5.4" { try lua5.4; }
@test "cjson" { try cjson; }
@test "sqlite3" { try sqlite3; }
@test "redis" { try redis; }
@test "nginx" { try nginx; }
@test "mbedtls: its self test, and an HTTPS server that curl asks" { try mbedtls; }

# ---- the command ------------------------------------------------------------------------------------

@test "list and info know all recipes, and docs/ports.md has a row for each, with its version" {
    run -0 "$MAYFLY" ports list
    [ "${#lines[@]}" -eq "$(find "$TOP/build-tool/ports" -name '*.yaml' | wc -l)" ]
    local name version rest
    while read -r name version rest; do
        grep -qF "| [$name](../build-tool/ports/$name.yaml) | $version |" "$TOP/docs/ports.md" ||
            { echo "no row of $name $version in docs/ports.md"; return 1; }
        "$MAYFLY" ports info "$name" | grep -q "^  recipe   "
    done <<<"$output"
    "$MAYFLY" ports list --json | grep -q '"name": "zlib"'
}

@test "wrong use says what is right" {
    run -64 "$MAYFLY" ports build
    [[ "$output" == *"say which port"* ]]
    run -64 "$MAYFLY" ports frobnicate zlib
    run -1 "$MAYFLY" ports build nothing
    [[ "$output" == *"there is no port \`nothing'"* || "$output" == *"no port \`nothing\`"* ]]
}

# own_recipe TEXT: a folder of recipes of our own with one, `own`, and the script that fetches.
own_recipe() {
    export MAYFLY_PORTS=$BATS_TEST_TMPDIR/ports MAYFLY_CACHE=$BATS_TEST_TMPDIR/cache
    mkdir -p "$MAYFLY_PORTS" "$MAYFLY_CACHE/src/own" "$MAYFLY_CACHE/download"
    printf 'name: own\nsummary: a test\nsource: own\nversion: "1"\nfiles: {own_1.orig.tar.gz: %064d}\n%s\n' 0 "$1" \
        >"$MAYFLY_PORTS/own.yaml"
    # Stands for the fetched source: fetch itself is tested with newlib's.
    printf '#!/bin/sh\nmkdir -p "$1/src/$2"; echo "int main(void) { return 7; }" >"$1/src/$2/main.c"\n' >"$MAYFLY_PORTS/fetch"
    chmod +x "$MAYFLY_PORTS/fetch"
}

@test "a mistake in a recipe is reported with its place" {
    own_recipe 'build: magic'
    run -1 "$MAYFLY" ports build own
    [[ "$output" == *"own.yaml:6:8: error:"* ]]
}

@test "a build that fails names its log, and is tried again" {
    own_recipe $'build: none\nprepare: ["echo on purpose; exit 3"]'
    run -1 "$MAYFLY" ports build own
    [[ "$output" == *"on purpose"* && "$output" == *"/build/own/log"* ]]
    [ -s "$MAYFLY_CACHE/build/own/build.sh" ]
    run -1 "$MAYFLY" ports build own
}

@test "a port is built once, and again when what its build depends on changes" {
    own_recipe $'build: none\nprograms:\n  - {name: seven, sources: [src/main.c]}\ntests:\n  - {name: seven, run: seven, status: 7}'
    run -0 --separate-stderr "$MAYFLY" ports build own
    [ "$output" = "$(readlink -f "$MAYFLY_CACHE/build/own/images/seven.img")" ]
    [[ "$stderr" == *"building own 1"* ]]
    run -0 --separate-stderr "$MAYFLY" ports test own
    [ -z "$stderr" ]
    run -7 "$MAYFLY" ports run own
    sed -i 's/^build: none/&\nprepare: [":"]/' "$MAYFLY_PORTS/own.yaml"
    run -0 "$MAYFLY" ports test own
    [[ "$output" == *"building own"* ]]
}

@test "a program's manifest names its own sources, not those of the one that was built before" {
    own_recipe $'build: none\nprepare: ["cp main.c other.c && sed -i s/main/other/ other.c"]\nprograms:\n  - {name: two, sources: [src/main.c, src/other.c]}\n  - {name: one, sources: [src/main.c]}'
    run -0 "$MAYFLY" ports build own
    "$MAYFLY" inspect "$MAYFLY_CACHE/build/own/images/two.img" | grep -q 'src/other\.c'
    run -0 "$MAYFLY" inspect "$MAYFLY_CACHE/build/own/images/one.img"
    [[ "$output" == *src/main.c* && "$output" != *other.c* ]]
}

@test "autoreconf: true makes the configure script that a package lacks" {
    own_recipe $'build: autoconf\nautoreconf: true\nprepare: ["sh $support/made.sh"]\nprograms:\n  - {name: seven, elf: src/seven}\ntests:\n  - {name: seven, run: seven, status: 7}'
    mkdir "$MAYFLY_PORTS/own"
    cat >"$MAYFLY_PORTS/own/made.sh" <<'END'
printf 'AC_INIT([own], [1])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAM_PROG_AR\nLT_INIT\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' >configure.ac
printf 'bin_PROGRAMS = seven\nseven_SOURCES = main.c\n' >Makefile.am
END
    run -0 "$MAYFLY" ports test own
    [[ "$output" == *"ok "* ]]
}

@test "a port is not built again when its tests change, or files that only they name" {
    own_recipe $'build: none\nprepare: ["sh $support/made.sh"]\nprograms:\n  - {name: seven, sources: [src/main.c]}'
    cat >>"$MAYFLY_PORTS/own.yaml" <<'END'
tests:
  - {name: seven, run: seven, status: 7}
  - {name: script, host: "sh $SUPPORT/check.sh"}
END
    mkdir "$MAYFLY_PORTS/own"
    echo 'sh "${0%/*}/part.sh"' >"$MAYFLY_PORTS/own/made.sh"
    echo 'true' >"$MAYFLY_PORTS/own/part.sh"
    echo 'exit 0' >"$MAYFLY_PORTS/own/check.sh"
    run -0 "$MAYFLY" ports test own
    [[ "$output" == *"building own"* ]]

    sed -i -e 's/status: 7/status: 8/' -e 's/summary: .*/summary: another/' "$MAYFLY_PORTS/own.yaml"
    run -1 "$MAYFLY" ports test own
    [[ "$output" != *"building own"* && "$output" == *"exit status 7 instead of 8"* ]]
    sed -i 's/status: 8/status: 7/' "$MAYFLY_PORTS/own.yaml"
    echo 'exit 1' >"$MAYFLY_PORTS/own/check.sh"
    run -1 "$MAYFLY" ports test own
    [[ "$output" != *"building own"* ]]
    echo 'exit 0' >"$MAYFLY_PORTS/own/check.sh"

    local file
    for file in made.sh part.sh; do # the second is not named: a file that is may use it
        echo '# changed' >>"$MAYFLY_PORTS/own/$file"
        run -0 "$MAYFLY" ports test own
        [[ "$output" == *"building own"* ]]
    done
    sed -i 's/prepare: \["/&true; /' "$MAYFLY_PORTS/own.yaml"
    run -0 "$MAYFLY" ports test own
    [[ "$output" == *"building own"* ]]
}

@test "a port that is named twice, in one process, is waited for by nobody" {
    own_recipe $'build: none\nprograms:\n  - {name: seven, sources: [src/main.c]}'
    run -0 --separate-stderr timeout -s KILL 60 "$MAYFLY" ports build own own
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[0]}" = "${lines[1]}" ]
}

@test "two SDKs do not build over each other's ports, and those of old ones are removed" {
    own_recipe $'build: none\nprograms:\n  - {name: seven, sources: [src/main.c]}'
    local sdk=$BATS_TEST_TMPDIR/sdk first second age
    cp -a "$B/sdk" "$sdk"
    echo other >"$sdk/share/other"
    run -0 --separate-stderr "$MAYFLY" ports build own
    first=$output
    run -0 --separate-stderr env MAYFLY_SDK="$sdk" "$MAYFLY" ports build own
    second=$output
    [[ "$first" != "$second" && "$stderr" == *"building own"* ]]
    [ "$(readlink -f "$MAYFLY_CACHE/build/own/images/seven.img")" = "$second" ]
    run -0 --separate-stderr "$MAYFLY" ports build own
    [[ "$output" == "$first" && -z "$stderr" ]]
    [ "$(readlink -f "$MAYFLY_CACHE/build/own/images/seven.img")" = "$first" ]
    [ -d "$MAYFLY_CACHE/sysroot" ]

    # Beside ours the three that were used last stay, if no process uses the others, and none for a month.
    for age in 2 3 4 5 800; do
        mkdir -p "$MAYFLY_CACHE/sdk/00000000000$((10000 + age))"
        touch -d "$age hours ago" "$MAYFLY_CACHE/sdk/00000000000$((10000 + age))/used"
    done
    exec 8<>"$MAYFLY_CACHE/sdk/0000000000010004/used"
    flock -s 8
    "$MAYFLY" ports build own
    [ -s "$second" ] # within the last hour
    [ "$(cd "$MAYFLY_CACHE/sdk" && echo 00000*)" = "0000000000010002 0000000000010003 0000000000010004" ]
    exec 8>&-
    "$MAYFLY" ports build own
    [ "$(cd "$MAYFLY_CACHE/sdk" && echo 00000*)" = "0000000000010002 0000000000010003" ]
}
