# SPDX-License-Identifier: Apache-2.0
# files.sh: as test_files.sh of the package, which runs xz for each of its files: the good ones unpack, the bad ones and
# those with what is not supported do not.
set -e
xz() {
    "$MAYFLY" run --timeout 60 images/xz.img "$@" >/dev/null 2>&1
}
names() {
    (cd source/tests/files && ls | grep -E "^$1.*\.(xz|lzma|lz)$" | sed 's|^|/files/|')
}
names good | xargs -n 8 "$MAYFLY" run --timeout 60 images/xz.img -tq
count=0
for file in $(names 'bad|^unsupported'); do
    ! xz -tq "$file" || { echo "$file passes"; exit 1; }
    count=$((count + 1))
done
echo "$count bad files were found"
[ "$count" -gt 40 ]
