# SPDX-License-Identifier: Apache-2.0
# frame.sh: lz4 -9 writes a frame, of less than two thirds of the size.
set -e
"$MAYFLY" run images/lz4.img -9cf /NEWS >tests/news.lz4
[ "$(head -c 4 tests/news.lz4 | od -An -tx1 | tr -d ' ')" = 04224d18 ]
[ "$(wc -c <tests/news.lz4)" -lt "$(($(wc -c <source/NEWS) * 2 / 3))" ]
