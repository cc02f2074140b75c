# SPDX-License-Identifier: Apache-2.0
# ask.sh - for tests of web servers that serve SUPPORT/www on PORT; returns when the server answers.
set -e
url=http://127.0.0.1:$PORT
page=$SUPPORT/www/index.html
ask() {
    curl -sS --max-time 20 "$@"
}
# code STATUS CURL-ARGUMENT...
code() {
    want=$1
    shift
    have=$(ask -o /dev/null -w '%{http_code}' "$@")
    [ "$have" = "$want" ] || { echo "$*: $have instead of $want"; exit 1; }
}
ask --retry 20 --retry-connrefused --retry-delay 1 "$url/" | cmp - "$page"
