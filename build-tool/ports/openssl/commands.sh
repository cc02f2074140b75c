# SPDX-License-Identifier: Apache-2.0
# commands.sh: what the guest's openssl makes, the host's checks.
set -e
openssl() {
    "$MAYFLY" run --timeout 60 "$WORK/images/openssl.img" "$@" </dev/null
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Random numbers are the hypervisor's: two machines do not make the same.
openssl rand -hex 32 >"$folder/one"
openssl rand -hex 32 >"$folder/two"
grep -qxE '[0-9a-f]{64}' "$folder/one"
if cmp -s "$folder/one" "$folder/two"; then
    exit 1
fi
openssl dgst -sha256 -r /test/serverkey.pem | cut -d ' ' -f 1 >"$folder/hash"
sha256sum "$WORK/prefix/share/openssl-test/serverkey.pem" | cut -d ' ' -f 1 | cmp - "$folder/hash"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 >"$folder/key"
grep -q 'BEGIN PRIVATE KEY' "$folder/key"
openssl verify -CAfile /test/rootcert.pem /test/servercert.pem | grep -q ': OK'
openssl x509 -in /test/servercert.pem -noout -subject | grep -q 'CN = server.example'
