# SPDX-License-Identifier: Apache-2.0
# See docs/generate-abi. Reads the headers, then abi.md.in (or, with handlers=1, the handlers).

function fail(text)
{
    print "generate-abi: " text > "/dev/stderr"
    failed = 1
}

FNR == 1 {
    file = FILENAME
    sub(/.*\//, "", file)
    in_doc = in_function = in_enum = in_struct = 0
}

# ---- structures and constants ----------------------------------------------------------------------------

file ~ /^(abi|info)\.h$/ && /^(struct|enum) [a-z_0-9]+ \{/ {
    in_struct = $2
    structs[in_struct] = ""
}

in_struct {
    structs[in_struct] = structs[in_struct] "    " $0 "\n"
    if (in_struct == "hv_err" && match($0, /HV_ERR_[A-Z]+/)) {
        name = substr($0, RSTART + 7, RLENGTH - 7)
        number = $0
        sub(/.*= */, "", number)
        sub(/,.*/, "", number)
        meaning = $0
        sub(/.*\/\* /, "", meaning)
        sub(/ \*\/.*/, "", meaning)
        is_error[name] = 1
        error_rows = error_rows "| " number " | `HV_ERR_" name "` | " meaning " |\n"
    }
}

in_struct && /^}/ {
    in_struct = 0
}

file ~ /^(abi|layout)\.h$/ && /^#define HV_[A-Z_0-9]+ / {
    note = ""
    if (match($0, /\/\*.*\*\//)) {
        note = substr($0, RSTART + 3, RLENGTH - 6)
    }
    value = $3
    sub(/u$/, "", value)
    defines[file] = defines[file] "| `" $2 "` | " value " | " note " |\n"
    if ($2 == "HV_ABI_VERSION") {
        version = value
    }
    if ($2 ~ /^HV_(RIGHT|CAP)_/) {
        right_rows = right_rows "| `" $2 "` | " value " | " note " |\n"
    }
}

# ---- hypercalls ------------------------------------------------------------------------------------------

file == "hypercalls.def" && /^HYPERCALL\(/ {
    split($0, part, /[(),]+ */)
    order[++count] = part[3]
    number_of[part[3]] = part[2]
    handler_of[part[4]] = part[3]
}

file == "hypercall.h" && /^\/\*\*/ {
    in_doc = 1
    doc = ""
}

in_doc {
    line = $0
    sub(/^\/\*\* ?/, "", line)
    sub(/ *\*\/$/, "", line)
    sub(/^ \* ?/, "", line)
    doc = doc (doc == "" || line == "" ? "" : " ") line
    if ($0 ~ /\*\/$/) {
        in_doc = 0
    }
    next
}

file == "hypercall.h" && /^static inline/ {
    in_function = 1
    body = ""
}

in_function {
    body = body " " $0
}

in_function && /^}/ {
    in_function = 0
    take_function()
}

# Errors that the text after "Errors:" names, outside of parentheses, up to the end of the sentence.
function errors_of(text, found,    at, depth, c, word)
{
    at = index(text, "Errors:")
    if (at == 0) {
        return 0
    }
    text = substr(text, at + 7) " "
    depth = 0
    word = ""
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (depth == 0 && c ~ /[A-Z]/) {
            word = word c
            continue
        }
        if (word != "") {
            found[word] = 1
            word = ""
        }
        if (depth == 0 && (c == "." || c == ";")) {
            break
        }
        depth += (c == "(") - (c == ")")
    }
    return 1
}

function simplify(expression)
{
    gsub(/\((uint64_t|uint32_t|uintptr_t)\)/, "", expression)
    gsub(/^ +| +$/, "", expression)
    return expression
}

function take_function(    prototype, name, call, arguments, n, i, registers, found, e, needs, all, last)
{
    if (!match(body, /hv_call\(HC_[A-Z_]+[^;]*\)/)) {
        return
    }
    call = substr(body, RSTART + 8, RLENGTH - 9)
    prototype = substr(body, 1, index(body, "{") - 1)
    gsub(/static inline |__attribute__\(\(noreturn\)\) /, "", prototype)
    gsub(/ +/, " ", prototype)
    gsub(/^ | $/, "", prototype)
    n = split(call, arguments, /, */)
    name = arguments[1]
    sub(/^HC_/, "", name)
    if (!(name in number_of)) {
        fail("HC_" name " has no number in hypercalls.def")
    }
    split("rdi rsi rdx rcx r8", registers, " ")
    last = n
    while (last > 1 && arguments[last] == "0") {
        last--
    }
    for (i = 2; i <= last; i++) {
        places[name] = places[name] (i > 2 ? ", " : "") "`" registers[i - 1] "` " simplify(arguments[i])
    }
    if (!errors_of(doc, found)) {
        fail("the contract of HC_" name " does not say which errors it has")
    }
    needs = ""
    if (match(doc, /\[[^])[]+\]/)) {
        needs = substr(doc, RSTART + 1, RLENGTH - 2)
        sub(/ *\[[^])[]+\]/, "", doc)
        found["PERM"] = 1
        if (needs !~ /^HV_CAP/) {
            found["HANDLE"] = 1
        }
    }
    if (call ~ /uintptr_t/) {
        found["FAULT"] = 1
    }
    sub(/ *Errors: none( but the common ones)?\./, "", doc)
    all = ""
    for (e = 1; e <= split("INVAL ALIGN RANGE EXISTS NOENT NOMEM LIMIT FAULT HANDLE PERM STATE BUSY NOSYS IO", \
                           names, " "); e++) {
        if (names[e] in found) {
            all = all (all == "" ? "" : ", ") names[e]
            may_return[name, names[e]] = 1
            delete found[names[e]]
        }
    }
    for (e in found) {
        if (e != "HV" && !(e in is_error)) {
            fail("the contract of HC_" name " names " e ", which is no error")
        }
    }
    prototypes[name] = prototype
    texts[name] = doc
    need[name] = needs
    errors[name] = all
}

# ---- handlers --------------------------------------------------------------------------------------------

handlers && /^struct hc_result hc_[a-z_]+\(HC_ARGS\)/ {
    handler = $3
    sub(/^hc_/, "", handler)
    sub(/\(.*/, "", handler)
}

handlers && handler != "" && /HV_ERR_[A-Z]+/ {
    text = $0
    while (match(text, /HV_ERR_[A-Z]+/)) {
        e = substr(text, RSTART + 7, RLENGTH - 7)
        text = substr(text, RSTART + RLENGTH)
        call = handler_of[handler]
        if (!((call, e) in may_return)) {
            fail(FILENAME ":" FNR ": hc_" handler "() returns " e ", which the contract of HC_" call " does not name")
        }
    }
}

handlers && /^}/ {
    handler = ""
}

# ---- output ----------------------------------------------------------------------------------------------

function print_overview(    i, c)
{
    print "| number | call | needs | errors |"
    print "| ---: | --- | --- | --- |"
    for (i = 1; i <= count; i++) {
        c = order[i]
        printf "| %d | [%s](#hc_%s) | %s | %s |\n", number_of[c], c, tolower(c), need[c] == "" ? "" : need[c],
               errors[c] == "" ? "none" : errors[c]
    }
}

function print_calls(    i, c)
{
    for (i = 1; i <= count; i++) {
        c = order[i]
        printf "%s### HC_%s\n\n    %s\n\n", (i > 1 ? "\n" : ""), c, prototypes[c]
        printf "Number %d. Arguments: %s.\n\n", number_of[c], places[c] == "" ? "none" : places[c]
        gsub(/\*/, "\\\\*", texts[c])
        print texts[c]
        print ""
        printf "- Needs: %s\n", need[c] == "" ? "nothing" : need[c]
        printf "- All errors: %s\n", errors[c] == "" ? "none" : errors[c]
    }
}

file == "abi.md.in" && /^@/ {
    if ($1 == "@version") {
        print "The version is " version " (`HV_ABI_VERSION`)."
    } else if ($1 == "@errors") {
        print "| value | name | meaning |\n| ---: | --- | --- |"
        printf "%s", error_rows
    } else if ($1 == "@rights") {
        print "| name | bit | allows |\n| --- | ---: | --- |"
        printf "%s", right_rows
    } else if ($1 == "@layout") {
        print "| name | value | |\n| --- | ---: | --- |"
        printf "%s", defines["layout.h"]
    } else if ($1 == "@overview") {
        print_overview()
    } else if ($1 == "@calls") {
        print_calls()
    } else if ($1 == "@struct" && $2 in structs) {
        printf "%s\n", structs[$2]
    } else {
        fail("abi.md.in:" FNR ": what is " $0 "?")
    }
    next
}

file == "abi.md.in" {
    print
}

END {
    for (i = 1; i <= count; i++) {
        if (!(order[i] in texts)) {
            fail("HC_" order[i] " has no function in hypercall.h")
        }
    }
    exit failed
}
