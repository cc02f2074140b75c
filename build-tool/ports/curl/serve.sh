# SPDX-License-Identifier: Apache-2.0
# The guest's curl against Python's HTTP server on this host, plain and with a certificate of our own.
set -eu
dir=$(mktemp -d)
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
head -c 300000 /dev/urandom | base64 >"$dir/page"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mayfly.test -addext subjectAltName=DNS:mayfly.test \
    -keyout "$dir/key" -out "$dir/cert" 2>"$dir/openssl.log"
: >"$dir/ports"
python3 "${0%/*}/serve.py" "$dir" >"$dir/ports" &
server=$!
while [ "$(wc -l <"$dir/ports")" -lt 2 ]; do sleep 0.1; done
{ read -r http; read -r https; } <"$dir/ports"
# The image with this certificate among its files.
printf 'name: curl\nelf: %s\nmemory: 64M\nfiles: {cert: /cert}\n' "$PWD/images/curl.img.debug" >"$dir/mayfly.yaml"
"$MAYFLY" build -o "$dir/curl.img" "$dir"
guest() { "$MAYFLY" run --timeout 40 "$dir/curl.img" "$@"; }

page() { # mbedtls knows certificates of names, not of addresses
    guest -sS --resolve "mayfly.test:$https:10.0.2.2" "$@" >"$dir/got" 2>&1 && cmp "$dir/got" "$dir/page" || { head -c 200 "$dir/got"; false; }
}
page "http://10.0.2.2:$http/page"
page --cacert /cert "https://mayfly.test:$https/page"
if page "https://mayfly.test:$https/page"; then # nobody vouches for it
    exit 1
fi
grep -qi "cert" "$dir/got"
[ "$(guest -sS -d name=value "http://10.0.2.2:$http/")" = "POST name=value" ]
[ "$(guest -sS -o /dev/null -w '%{http_code}' "http://10.0.2.2:$http/nothing")" = 404 ]
