-- SPDX-License-Identifier: Apache-2.0
-- The libraries: strings, tables, files, time, modules. What they need of the runtime is the point.

assert(("hello world"):gsub("o", "0") == "hell0 w0rld")
assert(("key = value"):match("(%w+)%s*=%s*(%w+)") == "key")
assert(string.format("%5.2f|%-5s|%q", math.pi, "ab", "a\nb") == ' 3.14|ab   |"a\\\nb"')
assert(string.pack("<i4", 1) == "\1\0\0\0" and string.unpack("<d", string.pack("<d", 2.5)) == 2.5)
assert(utf8.char(228, 8364) == "ä€" and utf8.len("ä€") == 2)
assert(string.format("%a", 1) == "0x1p+0")

local t = {}
for i = 1, 1000 do
    t[i] = (i * 7919) % 1009
end
table.sort(t)
for i = 2, #t do
    assert(t[i - 1] <= t[i])
end
assert(table.concat({1, 2, 3}, ",") == "1,2,3" and select("#", table.unpack(t, 1, 200)) == 200)

-- Files: written, read by line and number, sought, renamed, removed.
local name = os.tmpname()
local f = assert(io.open(name, "w"))
assert(f:setvbuf("full", 1024))
for i = 1, 5000 do
    f:write(i, " ", i / 4, "\n")
end
f:close()
local lines = 0
for line in io.lines(name) do
    lines = lines + 1
end
assert(lines == 5000)
f = assert(io.open(name, "r+"))
assert(f:read("n", "n") == 1 and f:seek("end") > 30000)
f:seek("set", 0)
f:write("9")
f:seek("set", 0)
assert(f:read("l") == "9 0.25" and #f:read("a") > 30000 and f:read("l") == nil)
f:close()
assert(os.rename(name, name .. ".2") and not io.open(name) and os.remove(name .. ".2"))
local _, why, code = os.remove("/does/not/exist")
assert(code == 2 and why:find("No such file"))
local temporary = io.tmpfile()
temporary:write("x")
temporary:close()

assert(os.time({year = 2000, month = 1, day = 1, hour = 12}) == 946728000)
assert(os.date("!%Y-%m-%d %H:%M:%S", 951827696) == "2000-02-29 12:34:56")
assert(os.time() > 1600000000 and os.clock() >= 0 and os.getenv("NOT_SET") == nil)
assert(tonumber("1e1") == 10 and tostring(1e15) == "1e+15" and tostring(2^53) == "9.007199254741e+15")
math.randomseed(42)
local r = math.random(100)
assert(r >= 1 and r <= 100)

package.path = "/lua/?.lua"
assert(require("module").twice(21) == 42)
assert(not pcall(require, "nothing"))
assert(load("return ...", "chunk", "t", {})(5) == 5)
print("libraries: ok")
