# SPDX-License-Identifier: Apache-2.0
# https.sh: curl of the host against `openssl s_server -www`, with the certificate checked.
set -e
ask() {
    curl -sS --max-time 30 --cacert "$WORK/prefix/share/openssl-test/rootcert.pem" \
        --connect-to "server.example:443:127.0.0.1:$PORT" "$@" https://server.example/
}
ask | grep -q "s_server -accept"
[ "$(ask -o /dev/null -w '%{http_code}' --tlsv1.3)" = 200 ]
ask --tls-max 1.2 | grep -q "TLSv1.2"
