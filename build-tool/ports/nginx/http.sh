# SPDX-License-Identifier: Apache-2.0
# http.sh SECONDS: static files by curl, then wrk with 64 connections for so long, without an error.
set -e
url=http://127.0.0.1:$PORT
www=${0%/*}/www
curl -sS --retry 20 --retry-connrefused --retry-delay 1 --max-time 20 "$url/" | cmp - "$www/index.html"
curl -sS --max-time 20 "$url/index.html" | cmp - "$www/index.html"
[ "$(curl -sS --max-time 20 -o /dev/null -w '%{http_code} %{content_type}' "$url/")" = "200 text/html" ]
[ "$(curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "$url/nothing")" = 404 ]
[ "$(curl -sS --max-time 20 -r 0-3 -w '%{http_code}' "$url/index.html")" = "<!--206" ]
[ "$(curl -sSI --max-time 20 -o /dev/null -w '%{http_code}' "$url/index.html")" = 200 ]
wrk -c 64 -t 2 -d "$1" --timeout 20 "$url/index.html" >wrk.log
cat wrk.log
awk '/Socket errors|Non-2xx/ { bad = 1 } /requests in/ { n = $1 } END { exit bad || n < 500 }' wrk.log
