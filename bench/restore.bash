# SPDX-License-Identifier: Apache-2.0
# restore.bash - for bench/run: what it takes from `restore` of an http that carries 64 MiB of other data until a
# clone of it has answered its first request, after a reboot: when only what is needed is read, and when all is.

HEAVY_DISK=$RUN/heavy.disk:256M

# The image: examples/http, and a constructor that fills memory.
heavy_build() {
    local dir=$RUN/heavy
    mkdir -p "$dir"
    cp examples/http/*.[ch] "$dir"
    cat >"$dir/heavy.c" <<'C'
#include <stdint.h>
#include <stdlib.h>
#define BYTES (64u << 20)
static volatile uint64_t *heavy;
static void __attribute__((constructor)) fill(void)
{
    heavy = malloc(BYTES);
    for (uint64_t i = 0; heavy != NULL && i < BYTES / 8; i++) {
        heavy[i] = i * 0x9e3779b97f4a7c15u;
    }
}
C
    sed 's/^name: .*/name: heavy/; s/^sources: .*/sources: [main.c, parse.c, heavy.c]/; s/^memory: .*/memory: 128M/' \
        examples/http/mayfly.yaml >"$dir/mayfly.yaml"
    "$MAYFLY" build -o "$RUN/heavy.img" "$dir" >/dev/null
}

heavy_start() {
    system_start --shell --accel tcg -m 512M --disk "$HEAVY_DISK" -p "$1:$1" --qemu=-plugin \
        "--qemu=$PLUGIN,count=$RUN/count.heavy" "$RUN/heavy.img"
    wait_for "^mayfly> " 60
}

heavy_count() {
    od -An -tu8 "$RUN/count.heavy" | tr -d ' '
}

# heavy_row NAME HOW RESTORE-WORDS...: the rows restore_to_answer_NAME_insns and ..._kib.
heavy_row() {
    local name=$1 how=$2 port before after kib
    shift 2
    port=$(free_port)
    heavy_start "$port"
    shell restore heavy as hashed whole >/dev/null # dom0 knows the image's hash from now on
    shell remove hashed >/dev/null
    before=$(heavy_count)
    type "restore heavy as it $*"
    type "clone it name=one publish=$port:80"
    wait_for "^mayfly> one" 1 2>/dev/null || true
    curl -sS -m 60 --retry 50 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/" >/dev/null
    after=$(heavy_count)
    # Of what was saved, all but the pages that are not read yet.
    kib=$(shell info | awk '$1 == "reading" { left += $5 - $3 } END { print left + 0 }')
    kib=$(($(shell saved | awk '$1 == "heavy" { print $2 }') - kib))
    metric "restore_to_answer_${name}_insns" $((after - before)) insns 1 "$how"
    metric "restore_to_answer_${name}_kib" "$kib" KiB 1 "read from the disk for that"
    system_stop
}

restore_rows() {
    local port
    heavy_build
    port=$(free_port)
    heavy_start "$port"
    shell start heavy name=first "publish=$port:80" >/dev/null
    wait_for "first: http: listening" 60
    SHELL_LIMIT=120 shell save first heavy >/dev/null
    system_stop
    heavy_row lazy "http with 64 MiB of other data, from the disk to the first answer of a clone: what is needed" lazy
    heavy_row whole "the same: everything is read first" whole
}
