#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Documents: what is generated is up to date, contracts name what the code returns, links lead somewhere, numbers have a source.

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
}

documents() {
    find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sed 's|^\./||' | sort
}

@test "docs/abi.md is what make docs makes of the headers" {
    docs/generate-abi >"$BATS_TEST_TMPDIR/abi.md"
    diff docs/abi.md "$BATS_TEST_TMPDIR/abi.md"
}

@test "the contract of each hypercall names every error that its handler names" {
    docs/generate-abi --handlers
}

@test "a contract that lacks an error of its handler is found" {
    mkdir -p "$BATS_TEST_TMPDIR/hv/core" "$BATS_TEST_TMPDIR/include"
    cp -r docs "$BATS_TEST_TMPDIR"
    cp -r include/mayfly "$BATS_TEST_TMPDIR/include"
    cp hv/core/hc_*.c "$BATS_TEST_TMPDIR/hv/core"
    sed -i 's/ IO (the BAR/ (the BAR/' "$BATS_TEST_TMPDIR/include/mayfly/hypercall.h"
    run "$BATS_TEST_TMPDIR/docs/generate-abi" --handlers
    [ "$status" -eq 1 ]
    [[ "$output" == *"hc_pci_map_bar() returns IO"* ]]
}

@test "relative links in documents lead to files and headings" {
    # shellcheck disable=SC2046 # names without blanks
    tests/scripts/check-docs links $(documents)
}

@test "measured numbers in documents name the command or the file that they come from" {
    # shellcheck disable=SC2046
    tests/scripts/check-docs numbers $(documents | grep '^docs/')
}

@test "a dead link, a missing heading and a number without a source are found" {
    printf '# One\n\n[a](none.md) [b](#two) [c](#one) [d](https://example.org/x)\n\nIt takes 12 ms.\n\nIt takes 12 ms (`make bench`).\n' \
        >"$BATS_TEST_TMPDIR/x.md"
    run tests/scripts/check-docs links "$BATS_TEST_TMPDIR/x.md"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 2 ]
    run tests/scripts/check-docs numbers "$BATS_TEST_TMPDIR/x.md"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"x.md:5:"* ]]
}
