# SPDX-License-Identifier: Apache-2.0
# Reads the `// key: value` header of each tests/unit/**/test_*.c and prints the make rules that build
# it, and a line `UNIT_LIST` for the runner. Variables used by the output are set in tests/part.mk.

function flush_rules(    program, objects, i, n, parts)
{
    if (file == "") {
        return
    }
    program = "$(B)/" file
    sub(/\.c$/, "", program)
    n = split(file " " keys["sources"], parts, " ")
    for (i = 1; i <= n; i++) {
        sub(/\.c$/, ".o", parts[i])
        objects = objects " " program ".objects/" parts[i]
    }
    directory = file
    sub(/\/[^\/]*$/, "", directory)
    printf "%s.objects/%%.o: %%.c %s\n", program, file
    printf "\t@mkdir -p $(@D)\n"
    printf "\t$(Q)$(UNIT_CC) $(UNIT_CFLAGS) -I%s %s -MMD -MP -c $< -o $@\n", directory, keys["cflags"]
    printf "%s:%s\n\t$(Q)$(UNIT_CC) $(UNIT_CFLAGS) $^ -o $@ %s -lcmocka\n", program, objects, keys["libs"]
    name = file
    sub(/^tests\//, "", name)
    sub(/\.c$/, "", name)
    printf "UNIT_PROGRAMS += %s\n", program
    printf "UNIT_LIST += '%s %s %s'\n", name, (keys["timeout"] == "" ? 60 : keys["timeout"] + 0), program
    printf "-include $(wildcard %s)\n\n", dependency_files(objects)
}

# The dependency files of a list of objects.
function dependency_files(list)
{
    gsub(/\.o( |$)/, ".d ", list)
    return list
}

FNR == 1 {
    flush_rules()
    file = FILENAME
    header = 1
    split("", keys)
}

header && /^\/\/ [a-z]+: / {
    key = substr($2, 1, length($2) - 1)
    value = $0
    sub(/^\/\/ [a-z]+: */, "", value)
    keys[key] = keys[key] " " value
    next
}

header && !/^\/\// {
    header = 0
}

END {
    flush_rules()
}
