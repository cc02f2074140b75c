# SPDX-License-Identifier: Apache-2.0
# The page of minimal_example, and many requests on kept connections.
set -e
url=http://127.0.0.1:$PORT/
page=$(curl -sS --retry 20 --retry-connrefused --retry-delay 1 --max-time 20 "$url")
[ "$page" = "<html><head><title>libmicrohttpd demo</title></head><body>libmicrohttpd demo</body></html>" ]
[ "$(curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "$url?a=1")" = 200 ]
wrk -c 16 -t 1 -d 3 "$url" | tee /dev/stderr | awk '/Socket errors|Non-2xx/ { bad = 1 } /requests in/ { n = $1 } END { exit bad || n < 100 }'
