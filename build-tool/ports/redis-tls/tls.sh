# SPDX-License-Identifier: Apache-2.0
# redis' clients by TLS, from the host: both versions, whose certificate it is, 1 MiB both ways, 32 clients at once.
set -eu
root=$WORK/needs/openssl/share/openssl-test/rootcert.pem
ask() { redis-cli --tls --cacert "$root" -p "$PORT" "$@"; }
expect() {
    want=$1 && shift
    have=$("$@")
    [ "$have" = "$want" ] || { echo "$*: '$have' instead of '$want'"; exit 1; }
}
for version in 2 3; do
    { printf 'PING\r\n' && sleep 2; } | openssl s_client -connect "127.0.0.1:$PORT" "-tls1_$version" -CAfile "$root" -verify_return_error >session.log 2>&1
    grep -q "TLSv1.$version, Cipher is" session.log
    grep -q '+PONG' session.log
done
expect PONG ask PING
expect OK ask SET greeting hello
expect hello ask GET greeting
head -c 1048576 /dev/urandom >sent
expect OK ask -x SET large <sent
ask GET large | head -c 1048576 | cmp - sent
# Without TLS nobody is served.
if timeout 10 redis-cli -p "$PORT" PING | grep PONG; then exit 1; fi
redis-benchmark --tls --cacert "$root" -p "$PORT" -q -n 5000 -c 32 -t ping,set,get,lpush,mset
redis-benchmark --tls --cacert "$root" -p "$PORT" -q -n 20000 -c 32 -P 16 -t set,get
expect PONG ask PING
