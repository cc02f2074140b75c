# SPDX-License-Identifier: Apache-2.0
# cc.sh ARGUMENT...: the compiler, for nginx's configure. Programs that it makes to run them at once
# (OUTPUT ends in autotest) become scripts that run them as guests, so that the answers are Mayfly's.
"$host-gcc" "$@" || exit
output= last=
for word; do
    [ "$last" != -o ] || output=$word
    last=$word
done
case $output in
*/autotest)
    mv "$output" "$output.elf" &&
        "$mayfly" pack "$output.elf" --name autotest -o "$output.img" >&2 &&
        printf '#!/bin/sh\nexec "%s" run --timeout 60 "%s" </dev/null\n' "$mayfly" "$PWD/$output.img" >"$output" &&
        chmod +x "$output"
    ;;
esac
