# SPDX-License-Identifier: Apache-2.0
# static.sh SECONDS: the files of SUPPORT/www by curl, then wrk with 64 connections for so long, without an error.
. "$SUPPORT/../ask.sh"
ask "$url/index.html" | cmp - "$page"
[ "$(ask -o /dev/null -w '%{content_type}' "$url/")" = text/html ]
code 200 "$url/"
code 404 "$url/nothing"
[ "$(ask -r 0-3 -w '%{http_code}' "$url/index.html")" = "<!--206" ]
code 200 -I "$url/index.html"
wrk -c 64 -t 2 -d "$1" --timeout 20 "$url/index.html" >wrk.log
cat wrk.log
awk '/Socket errors|Non-2xx/ { bad = 1 } /requests in/ { n = $1 } END { exit bad || n < 500 }' wrk.log
