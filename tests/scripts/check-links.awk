# SPDX-License-Identifier: Apache-2.0
# Checks the relative links of Markdown files; see check-docs.

# The anchor that a heading gets: lower case, without punctuation, blanks as hyphens.
function anchor_of(heading)
{
    sub(/^#+ */, "", heading)
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}

function exists(path)
{
    if (!(path in known)) {
        known[path] = system("test -e '" path "'") == 0
    }
    return known[path]
}

function read_anchors(path,    line, code)
{
    read[path] = 1
    while ((getline line < path) > 0) {
        if (line ~ /^```/) {
            code = !code
        }
        if (!code && line ~ /^#+ /) {
            anchors[path, anchor_of(line)] = 1
        }
    }
    close(path)
}

function check(link,    path, anchor, folder)
{
    if (link ~ /^[a-z]+:/) {
        return
    }
    anchor = ""
    path = link
    if (match(link, /#.*/)) {
        anchor = substr(link, RSTART + 1)
        path = substr(link, 1, RSTART - 1)
    }
    folder = FILENAME
    if (!sub(/\/[^\/]*$/, "", folder)) {
        folder = "."
    }
    path = path == "" ? FILENAME : folder "/" path
    if (!exists(path)) {
        printf "%s:%d: there is no %s\n", FILENAME, FNR, link
        bad = 1
    } else if (anchor != "") {
        if (!(path in read)) {
            read_anchors(path)
        }
        if (!((path, anchor) in anchors)) {
            printf "%s:%d: %s has no heading for #%s\n", FILENAME, FNR, path, anchor
            bad = 1
        }
    }
}

FNR == 1 {
    in_code = 0
}

/^```/ {
    in_code = !in_code
}

in_code || /^    / {
    next
}

{
    text = $0
    gsub(/`[^`]*`/, "", text)
    while (match(text, /\]\([^) ]+\)/)) {
        link = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, RSTART + RLENGTH) # before check(), which matches, too
        check(link)
    }
}

END {
    exit bad
}
