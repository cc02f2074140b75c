# SPDX-License-Identifier: Apache-2.0
# suite.sh UNIT...: these of redis' own tests, which need only a server that runs at port PORT. Left out: what
# attaches a replica, tests that are slow by redis' own mark, and by name
#  - what compares the guest's clock with the host's to the second (PXAT, EXAT),
#  - one that needs the order of packets of two connections to be kept.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$WORK/source/tests" "$folder"
cd "$folder"
mkdir src
for program in redis-cli redis-benchmark; do
    ln -s "$(command -v $program)" src/
done
units=
for unit; do
    units="$units --single unit/$unit"
done
status=0
# shellcheck disable=SC2086 # units are words
tclsh tests/test_helper.tcl --host 127.0.0.1 --port "$PORT" --clients 1 --durable --tags "-slow -needs:repl" $units \
    --skiptest "/[PE]XAT" --skiptest "BRPOPLPUSH does not affect WATCH while still blocked" >suite.log 2>&1 || status=$?
sed 's/\x1b\[[0-9;]*m//g' suite.log | grep -A2 '^\[err\]\|^\[exception\]' && status=1
echo "$(grep -c '\[.*ok.*\]: ' suite.log) tests passed"
exit "$status"
