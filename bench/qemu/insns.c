/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insns - a QEMU plugin that counts executed instructions into a file, so that a script can read the
 * count while the machine runs: an idle machine executes none, and wall-clock time does not matter.
 *
 *     -plugin insns.so,count=COUNT            the file's 8 bytes are the count so far
 *     -plugin insns.so,count=COUNT,blocks=F   also each translated block: struct block, in F
 *
 * The interface is that of QEMU's docs/devel/tcg-plugins.rst, version 1; Debian has no header for it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum { INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *p,
                                              uint64_t n);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

PUBLIC int qemu_plugin_version = 1;

struct block {
    uint64_t va, runs, insns;
    uint8_t code[40];
};

#define BLOCKS 400000
static uint64_t *count;
static struct block *blocks;
static size_t used;

static void *map(const char *path, size_t bytes)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *p = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0) {
        p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    return p == MAP_FAILED ? NULL : p;
}

static void describe(struct block *b, const struct qemu_plugin_tb *tb, size_t n)
{
    size_t at = 0;
    b->va = qemu_plugin_tb_vaddr(tb);
    b->insns = n;
    for (size_t i = 0; i < n; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const size_t size = qemu_plugin_insn_size(insn);
        if (at + size > sizeof(b->code)) {
            break;
        }
        memcpy(b->code + at, qemu_plugin_insn_data(insn), size);
        at += size;
    }
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, count, n);
    if (blocks != NULL && used < BLOCKS) {
        struct block *b = &blocks[used++];
        describe(b, tb, n);
        qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &b->runs, 1);
    }
}

PUBLIC int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "count=", 6) == 0) {
            count = map(argv[i] + 6, sizeof(*count));
        } else if (strncmp(argv[i], "blocks=", 7) == 0) {
            blocks = map(argv[i] + 7, BLOCKS * sizeof(*blocks));
        }
    }
    if (count == NULL) {
        fprintf(stderr, "insns: no count=\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
