# SPDX-License-Identifier: Apache-2.0
# suites.sh [SUITE]: runs json_process on every folder of test/suites (or of one suite) as the package's
# CMakeLists.txt does: as it is and, for documents that may have white space around them, with --strip. It compares
# with the output that stands there. Two guests at a time, each in a machine of its own, which boots in 0.2 s.
cd "$WORK/source/test/suites"
# shellcheck disable=SC2016 # for the inner shells
find "${1:-.}" -mindepth "$((2 - $#))" -maxdepth "$((2 - $#))" -type d | sed 's|^\./||' | sort |
    xargs -I{} sh -c 'echo "/suites/{}"
        case {} in valid/* | invalid/*) [ -e "{}/nostrip" ] || echo "--strip /suites/{}" ;; esac' |
    xargs -P 2 -L 1 "$MAYFLY" run --timeout 60 "$WORK/images/json_process.img"
