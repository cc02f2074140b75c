# SPDX-License-Identifier: Apache-2.0
# Turns the header of a guest test into its mayfly.yaml. -v top: the project's folder; `top` beside the
# manifest is a link to it, as its paths are relative.

# A list of words; "..." holds a word with spaces.
function list(key, text, prefix,    word, out)
{
    while (match(text, /^ *("[^"]*"|[^ ]+)/)) {
        word = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        sub(/^ */, "", word)
        gsub(/^"|"$/, "", word)
        gsub(/\\/, "\\\\", word)
        out = out (out == "" ? "" : ", ") "\"" prefix word "\""
    }
    if (out != "") {
        print key ": [" out "]"
    }
}

function map(key, text, separator, prefix,    n, i, parts, at, name)
{
    n = split(text, parts, " ")
    for (i = 1; i <= n; i++) {
        at = index(parts[i], separator)
        if (at == 0) { # a file or folder without a place of its own: in the root, by its last name
            at = length(parts[i]) + 1
            name = parts[i]
            sub(/.*\//, "", name)
            parts[i] = parts[i] separator "/" name
        }
        if (i == 1) {
            print key ":"
        }
        print "  \"" prefix substr(parts[i], 1, at - 1) "\": \"" substr(parts[i], at + 1) "\""
    }
}

!/^\/\// {
    exit
}

/^\/\/ [a-z]+: / {
    key = substr($2, 1, length($2) - 1)
    value = $0
    sub(/^\/\/ [a-z]+: */, "", value)
    keys[key] = keys[key] (keys[key] == "" ? "" : " ") value
}

END {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.c$/, "", name)
    gsub(/_/, "-", name)
    print "name: " name
    list("sources", FILENAME " " keys["sources"], "top/")
    list("cflags", "-O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -I" top "/tests/guest/lib " keys["cflags"])
    list("libs", keys["libs"])
    print "memory: " (keys["memory"] == "" ? "64M" : keys["memory"])
    list("args", keys["args"])
    list("ports", keys["ports"])
    map("environment", keys["env"], "=")
    map("files", keys["files"], ":", "top/")
}
