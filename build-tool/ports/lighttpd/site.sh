# SPDX-License-Identifier: Apache-2.0
# site.sh: passwords of each kind (htpasswd; the password of uKIND is secretKIND), regular expressions, compression.
set -e
url=http://127.0.0.1:$PORT
page=${0%/*}/www/index.html
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
code 401 "$url/private/index.html"
for kind in apr1 1 5 6 des; do
    password=secret$kind
    [ $kind != des ] || password=secretde # as much as this kind looks at
    ask -f -u "u$kind:$password" "$url/private/index.html" | cmp - "$page"
    code 401 -u "u$kind:Secret$kind" "$url/private/index.html"
done
code 403 -A "A RoBot" "$url/"
[ "$(ask -o /dev/null -w '%{http_code} %header{location}' "$url/old/index.html")" = "301 /index.html" ]
ask -f "$url/inside/index.html" | cmp - "$page"
code 404 "$url/inside/index.htm"
for i in 1 2; do # the second time from its cache
    [ "$(ask -o /dev/null -w '%header{content-encoding}' -H 'Accept-Encoding: gzip' "$url/index.html")" = gzip ]
    ask -H 'Accept-Encoding: gzip' "$url/index.html" | gzip -dc | cmp - "$page"
    ask --compressed -H 'Accept-Encoding: deflate' "$url/index.html" | cmp - "$page"
done
