# SPDX-License-Identifier: Apache-2.0
# runtest.sh: the package's RunTest, which takes the name of a simulator. Ours boots a guest for each run of pcre2test;
# the file that pcre2test would write, testtry, is what the guest prints.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$WORK/source/testdata" "$WORK/source/RunTest" "$folder"
cd "$folder"
cat >guest <<'END'
#!/bin/sh
shift # ./pcre2test
for word; do
    shift
    case $word in
    testtry) exec >testtry ;;
    *) set -- "$@" "$word" ;;
    esac
done
"$MAYFLY" run --timeout 60 "$WORK/images/pcre2test.img" "$@" </dev/null
END
chmod +x guest
touch pcre2test
chmod +x pcre2test
sh RunTest -sim ./guest >log 2>&1
status=$?
cat log
exit "$status"
