# SPDX-License-Identifier: Apache-2.0
# suites.sh [SUITE]: runs json_process on every folder of test/suites (or of one suite), as it is and with
# --strip; it compares with the output that stands there. Two guests at a time, each in a machine of its own.
cd "$WORK/source/test/suites"
folders=$(find "${1:-.}" -mindepth "$((2 - $#))" -maxdepth "$((2 - $#))" -type d | sed 's|^\./||' | sort)
for option in "" --strip; do
    # shellcheck disable=SC2086 # no option is no word
    printf '%s\n' "$folders" |
        xargs -P 2 -I{} "$MAYFLY" run --timeout 60 "$WORK/images/json_process.img" $option "/suites/{}"
done
