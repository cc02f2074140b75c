# SPDX-License-Identifier: Apache-2.0
# Runs json_process on every folder of test/suites; it compares with the output that stands there.
# Two guests at a time, each in a machine of its own.
cd "$WORK/source/test/suites"
run() {
    find . -mindepth 2 -maxdepth 2 -type d | sort | sed 's|^\.|/suites|' |
        xargs -P 2 -I{} "$MAYFLY" run --timeout 60 "$WORK/images/json_process.img" "$@" {}
}
run
run --strip
