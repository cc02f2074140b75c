# SPDX-License-Identifier: Apache-2.0
# run.bash - the part of bench/run that measures a Linux guest. Rows are called linux_*.

LINUX=     # "yes" with a kernel
LINUX_PID= # of the guest that serves HTTP
LINUX_TP=${TP:-$1/third-party}/linux

# Gets the kernel. Without one (no network, say) the linux_* rows are left out.
linux_get() {
    local why
    if why=$(bench/linux/fetch "${LINUX_TP%/linux}" 2>&1 >/dev/null); then
        LINUX=yes
    else
        echo "no linux_* rows: ${why:-bench/linux/fetch failed}"
    fi
}

# The same work as bench/guest's, by bench/linux/init.c, with the same QEMU as micro().
linux_micro() {
    local name value n unit how
    [ -n "$LINUX" ] || return 0
    linux_archive "$RUN/linux.cpio" init=init stamp=stamp idle=idle tiny-stamp=tiny-stamp tiny-idle=tiny-idle
    ICOUNT_LIMIT=1200 icount_qemu -m 2G -serial "file:$RUN/linux.log" -kernel "$LINUX_TP/vmlinuz" \
        -initrd "$RUN/linux.cpio" -append "console=ttyS0 quiet"
    while read -r _ name value n; do
        unit=insns how="bench/linux, median"
        case $name in *_bytes*) unit=bytes how="bench/linux, fall of free memory per process" ;; esac
        metric "$name" "$value" $unit "${n%$'\r'}" "$how"
    done < <(grep '^bench ' "$RUN/linux.log")
    grep -q '^bench linux_fork_1024MiB_thp_insns' "$RUN/linux.log" || {
        echo "linux_* rows are missing; the guest's log ends with:"
        tail -n 5 "$RUN/linux.log"
    }
}

# linux_archive FILE NAME=PROGRAM...: an initramfs with these programs of the build folder.
linux_archive() {
    local file=$1
    shift
    tests/scripts/mkcpio "${@/=/=$B/bench/linux/}" >"$file"
}

# linux_http_start PORT: examples/http compiled for Linux, in QEMU as `mayfly run` starts it, with PORT of the
# host as its port 80. False without a kernel, or with a message when the guest does not listen.
linux_http_start() {
    local i
    [ -n "$LINUX" ] || return 1
    linux_archive "$RUN/linux-http.cpio" init=http-init http=http
    # A kernel takes several archives, one behind the other; each ends at a multiple of 4 bytes.
    (cd "$LINUX_TP" && for i in *.ko; do echo "$i=$PWD/$i"; done) |
        xargs tests/scripts/mkcpio >>"$RUN/linux-http.cpio"
    : >"$RUN/linux-http.log"
    timeout 300 qemu-system-x86_64 -M q35,smm=off,vmport=off -accel tcg,thread=multi,tb-size=256 \
        -cpu max,-erms,-la57 -smp 1 -m 512M -nodefaults -no-user-config -no-reboot -display none \
        -netdev "user,id=net0,ipv4=on,ipv6=on,hostfwd=tcp:127.0.0.1:$1-:80" \
        -device virtio-net-pci,netdev=net0,disable-legacy=on,romfile= -serial "file:$RUN/linux-http.log" \
        -kernel "$LINUX_TP/vmlinuz" -initrd "$RUN/linux-http.cpio" -append "console=ttyS0 quiet" \
        >"$RUN/linux-http.err" 2>&1 &
    LINUX_PID=$!
    for ((i = 0; i < 600; i++)); do
        ! grep -q "http: listening" "$RUN/linux-http.log" || return 0
        kill -0 "$LINUX_PID" 2>/dev/null || break
        sleep 0.1
    done
    echo "no linux_http_* rows; the guest's log ends with:"
    cat "$RUN/linux-http.err" "$RUN/linux-http.log" | tail -n 5
    return 1
}

linux_http_stop() {
    [ -n "$LINUX_PID" ] || return 0
    kill "$LINUX_PID" 2>/dev/null || true
    wait "$LINUX_PID" 2>/dev/null || true
    LINUX_PID=
}
