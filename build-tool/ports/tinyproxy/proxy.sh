# SPDX-License-Identifier: Apache-2.0
# curl through the guest to a server of this host: GET, CONNECT, and an address that does not answer.
set -eu
dir=$(mktemp -d)
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
head -c 300000 /dev/urandom | base64 >"$dir/page"
(cd "$dir" && exec python3 -u -m http.server 0 --bind 127.0.0.1 >log 2>&1) &
server=$!
until port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$dir/log") && [ -n "$port" ]; do sleep 0.1; done
proxy=http://127.0.0.1:$PORT
get() { curl -sS --max-time 20 --noproxy '' -x "$proxy" "$@"; }
get "http://10.0.2.2:$port/page" | cmp - "$dir/page"
get -p "http://10.0.2.2:$port/page" | cmp - "$dir/page"
for _ in 1 2 3 4 5 6 7 8; do get "http://10.0.2.2:$port/page" | cmp - "$dir/page" & pids="${pids-} $!"; done
for pid in $pids; do wait "$pid"; done
[ "$(get -o /dev/null -w '%{http_code}' "http://10.0.2.2:1/")" = 500 ]
