# SPDX-License-Identifier: Apache-2.0
# site.sh: passwords of each kind (htpasswd; the password of uKIND is secretKIND), and regular expressions.
. "$SUPPORT/../ask.sh"
# says TEXT CURL-ARGUMENT...
says() {
    want=$1
    shift
    have=$(ask "$@")
    [ "$have" = "$want" ] || { echo "$*: '$have' instead of '$want'"; exit 1; }
}
code 401 "$url/private/index.html"
[ "$(ask -o /dev/null -w '%header{www-authenticate}' "$url/private/")" = 'Basic realm="Mayfly"' ]
for kind in apr1 1 5 6 sha des plain; do
    password=$(printf %s "secret$kind" | cut -c -8) # as much as the DES kind looks at
    [ $kind = des ] || password=secret$kind
    ask -f -u "u$kind:$password" "$url/private/index.html" | cmp - "$page"
    code 401 -u "u$kind:Secret$kind" "$url/private/index.html"
done
code 401 -u "nobody:secret" "$url/private/index.html"

says "guest 42" "$url/re/guest-42"
says "no case" "$url/re/guest-x"
says plain "$url/re/plain-1"
code 403 -A "A RoBot" "$url/"
[ "$(ask -o /dev/null -w '%{http_code} %{redirect_url}' "$url/old/index.html")" = "301 $url/index.html" ] ||
    [ "$(ask -o /dev/null -w '%{http_code} %header{location}' "$url/old/index.html")" = "301 http://127.0.0.1/index.html" ]
ask -f "$url/inside/index.html" | cmp - "$page"
code 404 "$url/inside/index.htm"
says "number 007" "$url/map/007"
says word "$url/map/Word"
says none "$url/map/-"
says "host web" -H "Host: web.guest.example" "$url/anything"
