# SPDX-License-Identifier: Apache-2.0
# https.sh SECONDS: HTTPS by curl, with the certificate checked and without, by openssl with a session that is taken up
# again; then wrk for so long, without an error.
set -e
page=$WORK/source/html/index.html
ask() {
    curl -sS --max-time 30 --cacert "$WORK/needs/openssl/share/openssl-test/rootcert.pem" \
        --connect-to "server.example:443:127.0.0.1:$PORT" "$@"
}
url=https://server.example
ask --retry 20 --retry-connrefused --retry-delay 1 "$url/" | cmp - "$page"
curl -sSk --max-time 30 "https://127.0.0.1:$PORT/index.html" | cmp - "$page"
if curl -sS --max-time 30 "https://127.0.0.1:$PORT/"; then # nobody knows who signed it
    exit 1
fi
[ "$(ask --http1.1 "$url/tls")" = "TLSv1.3 . HTTP/1.1" ]
[ "$(ask --http1.1 --tls-max 1.2 "$url/tls")" = "TLSv1.2 . HTTP/1.1" ]
[ "$(ask --http2 "$url/tls")" = "TLSv1.3 . HTTP/2.0" ]
[ "$(ask -o /dev/null -w '%{http_code}' "$url/nothing")" = 404 ]
session=$(mktemp)
trap 'rm -f "$session"' EXIT
hello() {
    printf 'GET /tls HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n' |
        timeout 30 openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 -ign_eof "$@" 2>/dev/null
}
hello -sess_out "$session" | grep -q '^TLSv1.2 \. '
hello -sess_in "$session" | grep -q '^TLSv1.2 r '
wrk -c 32 -t 2 -d "$1" --timeout 30 "https://127.0.0.1:$PORT/index.html" >wrk.log
cat wrk.log
awk '/Socket errors|Non-2xx/ { bad = 1 } /requests in/ { n = $1 } END { exit bad || n < 200 }' wrk.log
