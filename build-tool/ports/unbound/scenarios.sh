# SPDX-License-Identifier: Apache-2.0
# As `make test` of the package does it: each scenario in a machine of its own. With names as arguments: only these.
set -u
status=0 passed=0
for file in ${*:-$(cd source/testdata && ls *.rpl)}; do
    if "$MAYFLY" run --timeout 60 images/unbound-testbound.img -p "/testdata/$file" </dev/null >scenario.log 2>&1; then
        passed=$((passed + 1))
    else
        echo "not ok $file: $(tail -n 2 scenario.log)"
        status=1
    fi
done
echo "$passed passed"
exit "$status"
