# SPDX-License-Identifier: Apache-2.0
# site.sh: passwords of each kind (htpasswd; the password of uKIND is secretKIND), regular expressions, compression.
. "$SUPPORT/../ask.sh"
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
