/* SPDX-License-Identifier: Apache-2.0 */
/* symtab.c - makes a symbol table (mayfly/image.h) of the functions in `nm -n` output: stdin to
 * stdout. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/image.h"

static struct mf_symbol *symbols;
static char *names;
static size_t count, names_bytes;
static uint64_t base;

static void *grow(void *old, size_t bytes)
{
    void *new = realloc(old, bytes);
    if (new == NULL) {
        perror("symtab");
        exit(1);
    }
    return new;
}

static void add(uint64_t address, const char *name)
{
    const size_t bytes = strlen(name) + 1;
    if (count == 0) {
        base = address;
    }
    if (address - base > UINT32_MAX || (count > 0 && symbols[count - 1].offset == address - base)) {
        return; /* of several names for one address, the first will do */
    }
    symbols = grow(symbols, (count + 1) * sizeof(*symbols));
    symbols[count++] = (struct mf_symbol){(uint32_t)(address - base), (uint32_t)names_bytes};
    names = grow(names, names_bytes + bytes);
    memcpy(names + names_bytes, name, bytes);
    names_bytes += bytes;
}

int main(void)
{
    char line[1024], type, name[512];
    uint64_t address;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (sscanf(line, "%" SCNx64 " %c %511s", &address, &type, name) == 3 && address >> 63 &&
            (type == 't' || type == 'T' || type == 'w' || type == 'W') && name[0] != '.' &&
            strcmp(name, "hv_text_start") != 0 && strcmp(name, "hv_text_end") != 0) {
            name[strcspn(name, ".")] = '\0'; /* what the optimiser adds: .part.0, .lto_priv.0 */
            add(address, name);
        }
    }
    const struct mf_symtab head = {
        .magic = MF_SYMTAB_MAGIC,
        .count = (uint32_t)count,
        .base = base,
        .names_bytes = (uint32_t)names_bytes,
    };
    if (count == 0 || fwrite(&head, sizeof(head), 1, stdout) != 1 ||
        fwrite(symbols, sizeof(*symbols), count, stdout) != count ||
        fwrite(names, 1, names_bytes, stdout) != names_bytes || fflush(stdout) != 0) {
        fprintf(stderr, "symtab: no function symbols, or the output could not be written\n");
        return 1;
    }
    return 0;
}
