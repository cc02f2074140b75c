# SPDX-License-Identifier: Apache-2.0
# Reads the headers of tests/hv/test_*.c and prints a line for the runner per test and number of CPUs.

function flush_test(    i, n, numbers, name)
{
    if (file == "") {
        return
    }
    name = file
    sub(/^tests\//, "", name)
    sub(/\.c$/, "", name)
    n = split(cpus == "" ? "1" : cpus, numbers, " ")
    for (i = 1; i <= n; i++) {
        printf "'%s/%scpu %d tests/scripts/run-hv %s/hv.elf %s/tests/%s.elf %s %s' ", name, numbers[i], limit, build, build, name, file, numbers[i]
    }
}

FNR == 1 {
    flush_test()
    file = FILENAME
    cpus = ""
    limit = 60
}

/^\/\/ cpus: / {
    cpus = substr($0, 10)
}

/^\/\/ timeout: / {
    limit = $3
}

END {
    flush_test()
}
