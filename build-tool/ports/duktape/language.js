// SPDX-License-Identifier: Apache-2.0
// What of JavaScript leans on the runtime: numbers, strings, dates, sorting, errors, memory.
function assert(condition, what) {
    if (!condition) {
        throw new Error('failed: ' + what);
    }
}

assert(0.1 + 0.2 === 0.30000000000000004, 'shortest decimal');
assert((1e21).toString() === '1e+21' && (255).toString(16) === 'ff', 'toString');
assert(parseFloat('3.25e2') === 325 && isNaN(parseInt('x')), 'parse');
assert(Math.abs(Math.sin(1) - 0.8414709848078965) < 1e-15 && Math.pow(2, 0.5) === Math.SQRT2, 'Math');
assert('Grüße, Welt'.replace(/(\w+)$/, '<$1>') === 'Grüße, <Welt>', 'RegExp');
assert('a-b-c'.split('-').reverse().join('') === 'cba', 'split');
assert(JSON.stringify({a: [1, null, 'x']}) === '{"a":[1,null,"x"]}', 'stringify');
assert(JSON.parse('{"deep": {"er": [true]}}').deep.er[0] === true, 'parse JSON');
assert(new Date(Date.UTC(2000, 1, 29, 12)).toISOString() === '2000-02-29T12:00:00.000Z', 'Date');
assert(Date.now() > 1.6e12, 'now');

var numbers = [];
for (var i = 0; i < 2000; i++) {
    numbers.push((i * 7919) % 2003);
}
numbers.sort(function (a, b) { return a - b; });
for (i = 1; i < numbers.length; i++) {
    assert(numbers[i - 1] <= numbers[i], 'sort');
}

var caught = 0;
try {
    (function deep() { deep(); })();
} catch (e) {
    caught = e instanceof RangeError;
}
assert(caught, 'deep recursion is a RangeError');

// Garbage of some 100 MB in all, in a guest of 256 MB.
for (i = 0; i < 200; i++) {
    var buffer = new Uint8Array(512 * 1024);
    buffer[i] = i;
}
function Shape() {}
Shape.prototype.area = function () { return this.side * this.side; };
var square = Object.create(Shape.prototype);
square.side = 3;
assert(square.area() === 9, 'prototypes');
print('language: ok');
