# SPDX-License-Identifier: Apache-2.0
# curl against the guest's HTTPS server. Its certificate is one of the library's tests.
set -e
for i in 1 2 3; do
    page=$(curl -sSk --max-time 20 "https://127.0.0.1:$PORT/")
    case $page in
    *"Successful connection using: TLS-"*) ;;
    *)
        echo "not the page: $page"
        exit 1
        ;;
    esac
done
curl -svk --max-time 20 "https://127.0.0.1:$PORT/" 2>&1 | grep -q "TLSv1.2"
