-- SPDX-License-Identifier: Apache-2.0
-- The language: closures, metatables, coroutines, goto, integer and float arithmetic, the collector.

local function counter()
    local n = 0
    return function()
        n = n + 1
        return n
    end
end
local a, b = counter(), counter()
assert(a() == 1 and a() == 2 and b() == 1)

local vector = {}
vector.__index = vector
vector.__add = function(x, y) return setmetatable({x[1] + y[1]}, vector) end
vector.__eq = function(x, y) return x[1] == y[1] end
vector.__close = function(x) x.closed = true end
local sum = setmetatable({1}, vector) + setmetatable({2}, vector)
assert(sum == setmetatable({3}, vector))
local seen
do
    local v <close> = setmetatable({1}, vector)
    seen = v
end
assert(seen.closed)

local producer = coroutine.wrap(function()
    for i = 1, 100 do
        coroutine.yield(i * i)
    end
end)
local total = 0
for _ = 1, 100 do
    total = total + producer()
end
assert(total == 338350)

-- Errors unwind through C (longjmp) and keep their values.
local ok, e = pcall(function() error({code = 7}) end)
assert(not ok and e.code == 7)
assert(select(2, xpcall(function() return nil + 1 end, debug.traceback)):find("stack traceback"))
assert(not pcall(string.rep, "x", -1) == false)

assert(7 // 2 == 3 and -7 // 2 == -4 and 7 % -3 == -2 and 2 ^ 10 == 1024.0)
assert(math.maxinteger + 1 == math.mininteger and 1e308 * 10 == math.huge)
assert(("%.14g"):format(0.1 + 0.2) == "0.3" and 0x10p2 == 64 and 1 < 1.5)
assert(3 | 4 == 7 and ~0 == -1 and 1 << 63 == math.mininteger)

for i = 1, 3 do
    if i == 2 then
        goto continue
    end
    assert(i ~= 2)
    ::continue::
end

-- The collector: cyclic garbage goes, weak tables notice.
local weak = setmetatable({}, {__mode = "v"})
for i = 1, 1000 do
    local t = {}
    t.self = t
    weak[i] = t
end
collectgarbage()
assert(next(weak) == nil)

-- Deep recursion is an error, not the guest's end.
local function deep(n) return 1 + deep(n + 1) end
ok, e = pcall(deep, 1)
assert(not ok and tostring(e):find("stack overflow"))

local sieve, primes = {}, 0
for i = 2, 50000 do
    if not sieve[i] then
        primes = primes + 1
        for j = i * i, 50000, i do
            sieve[j] = true
        end
    end
end
assert(primes == 5133)
print("language: ok")
