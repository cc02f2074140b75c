# SPDX-License-Identifier: Apache-2.0
# balance.sh SECONDS: what haproxy.cfg says, by curl; then wrk with 64 connections for so long.
set -eu
url=http://127.0.0.1:$PORT_80
get() { curl -sS --retry 20 --retry-connrefused --retry-delay 1 --max-time 20 "$@"; }
[ "$(get "$url/hello")" = "hello from haproxy" ]
[ "$(for _ in 1 2 3 4; do get "$url/"; done | sort | uniq -c | tr -s ' \n' ' ')" = " 2 one 2 two " ]
get "http://127.0.0.1:$PORT_8404/;csv" | grep -q '^application,one,.*,UP,'
wrk -c 64 -t 2 -d "$1" --timeout 20 "$url/" >wrk.log
cat wrk.log
awk '/Socket errors|Non-2xx/ { bad = 1 } /requests in/ { n = $1 } END { exit bad || n < 200 }' wrk.log
