#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# TCP with a peer that does what Linux never would (tests/scripts/tcp-peer), wired to the machine's card.

load lib/system

@test "a peer that sends what no good one does is answered as the standards say" {
    run timeout 90 "$TOP/tests/scripts/tcp-peer" "$MAYFLY" "$IMAGES/http.img" "$IMAGES/kv.img"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok ' <<<"$output")" -eq 13 ]
    ! grep -q '^not ok' <<<"$output"
}
