/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.c - see symbols.h. */
#include "symbols.h"

#include <mayfly/image.h>
#include <string.h>

void symbols_build(const struct program *program, struct buffer *out)
{
    struct buffer entries = {0}, names = {0};
    struct mf_symtab table = {.magic = MF_SYMTAB_MAGIC};
    for (size_t i = 0; i < program->symbols_count; i++) {
        const struct program_symbol *from = &program->symbols[i];
        const uint64_t offset = from->address - program->symbols[0].address;
        if (offset > UINT32_MAX) {
            break;
        }
        const struct mf_symbol symbol = {(uint32_t)offset, (uint32_t)names.bytes};
        buffer_append(&entries, &symbol, sizeof(symbol));
        buffer_append(&names, from->name, strlen(from->name) + 1);
        table.count++;
    }
    if (table.count > 0) {
        table.base = program->symbols[0].address;
        table.names_bytes = (uint32_t)names.bytes;
        buffer_append(out, &table, sizeof(table));
        buffer_append(out, entries.data, entries.bytes);
        buffer_append(out, names.data, names.bytes);
    }
    buffer_free(&entries);
    buffer_free(&names);
}
