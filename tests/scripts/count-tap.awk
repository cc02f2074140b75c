# SPDX-License-Identifier: Apache-2.0
# Counts the TAP lines of one test's output. -v name, status, ms, limit; -v count: file for the totals.
# Lines without a number are the runner's own checks and do not count for the plan. A missing test of the plan, a bad exit status without a `not ok`, a sanitizer report and a time-out
# are one failure each. A program that prints no TAP is one test.

function failure(text)
{
    failed++
    reasons = reasons "    " text "\n"
}

{
    sub(/\r$/, "")
}

/^ok / || /^ok$/ {
    if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) {
        skipped++
        reasons = reasons "    " $0 "\n"
    } else {
        passed++
    }
    seen++
    numbered += $2 ~ /^[0-9]+$/
    next
}

/^not ok/ {
    seen++
    numbered += $3 ~ /^[0-9]+$/
    failure($0)
    details = 12
    next
}

/^1\.\.[0-9]+/ {
    planned = 1
    plan += substr($1, 4)
    next
}

/^# / && details > 0 {
    details--
    reasons = reasons "      " $0 "\n"
}

/ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:/ {
    failure($0)
}

END {
    if (status == 124 || status == 137) {
        failure("no end within " limit " s")
    } else if (planned && plan != numbered) {
        failure("planned " plan " tests, saw " numbered + 0 (status ? ", exit status " status : ""))
    } else if (numbered && !planned) {
        failure("no plan: it ended early" (status ? ", exit status " status : ""))
    } else if (status != 0 && failed == 0) {
        failure("exit status " status)
    } else if (seen == 0 && failed == 0) {
        passed = 1
    }
    printf "%s %-46s %4d passed", failed ? "FAIL" : "ok  ", name, passed
    printf "%s%s  %.1f s\n", failed ? ", " failed " failed" : "", skipped ? ", " skipped " skipped" : "", ms / 1000
    printf "%s", reasons
    print passed + 0, failed + 0, skipped + 0 > count
}
