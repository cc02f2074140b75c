/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.c - see catalogue.h. A change writes the entries to the area of the next generation,
 * flushes, writes the first superblock, flushes, writes the second one, flushes. So a power cut at
 * any point leaves a superblock whose catalogue, and all that it refers to, is complete.
 */
#include "store/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "store/crc32c.h"

#define FIRST_BUFFER 0u
#define ENTRIES_PER_BUFFER (DISK_BUFFER_BLOCKS * DISK_BLOCK_BYTES / sizeof(struct store_entry))

/* Of all entries' bodies, sorted. */
struct used {
    struct store_run runs[STORE_ENTRIES_MAX * STORE_RUNS_MAX];
};

static struct used used __attribute__((section(".bss..cold.store_used")));

/* ---- superblocks -------------------------------------------------------------------------- */

static uint32_t super_crc(const struct store_super *s)
{
    return crc32c(0, s, offsetof(struct store_super, crc));
}

static const char *check_super(const struct store_super *s, const struct disk *d)
{
    if (s->version != STORE_VERSION) {
        return "the disk's store is of another version of Mayfly; give this one a disk of its own";
    }
    if (s->entry_count > STORE_ENTRIES_MAX) {
        return "the disk's store is damaged: too many entries";
    }
    if (s->block_count > d->blocks) {
        return "the disk is shorter than its store: a part of it is missing";
    }
    return NULL;
}

/* Takes the valid superblock of the highest generation. *is_ours: at least one looks like one. */
static bool read_supers(struct catalogue *c, bool *is_ours, const char **problem)
{
    static const uint64_t copies[] = {STORE_FIRST_COPY, STORE_SECOND_COPY};
    struct store_super s;
    bool found = false;

    *is_ours = false;
    *problem = NULL;
    for (uint32_t i = 0; i < 2; i++) {
        *problem = disk_read(c->disk, FIRST_BUFFER, copies[i], 1);
        if (*problem != NULL) {
            return false;
        }
        memcpy(&s, c->disk->buffers[FIRST_BUFFER], sizeof(s));
        *is_ours = *is_ours || s.magic == STORE_MAGIC;
        if (s.magic == STORE_MAGIC && s.crc == super_crc(&s) &&
            (!found || s.generation > c->super.generation)) {
            c->super = s;
            found = true;
        }
    }
    return found;
}

static const char *write_super(struct catalogue *c, uint64_t at)
{
    uint8_t *const buffer = c->disk->buffers[FIRST_BUFFER];

    memset(buffer, 0, DISK_BLOCK_BYTES);
    memcpy(buffer, &c->super, sizeof(c->super));
    const char *const problem = disk_write(c->disk, FIRST_BUFFER, at, 1);
    return problem != NULL ? problem : c->disk->flush(c->disk);
}

static const char *write_supers(struct catalogue *c)
{
    c->super.crc = super_crc(&c->super);
    const char *const problem = write_super(c, STORE_FIRST_COPY);
    return problem != NULL ? problem : write_super(c, STORE_SECOND_COPY);
}

/* ---- entries ------------------------------------------------------------------------------ */

static uint64_t catalogue_at(uint64_t generation)
{
    return STORE_CATALOGUE + (generation & 1) * STORE_CATALOGUE_BLOCKS;
}

/* Moves the entries between memory and the area of the superblock's generation. */
static const char *move_entries(struct catalogue *c, bool write)
{
    const uint64_t at = catalogue_at(c->super.generation);

    for (uint32_t i = 0; i < c->count; i += ENTRIES_PER_BUFFER) {
        const uint32_t left = c->count - i;
        const size_t bytes =
            (left < ENTRIES_PER_BUFFER ? left : ENTRIES_PER_BUFFER) * sizeof(struct store_entry);
        const uint32_t blocks = (uint32_t)((bytes + DISK_BLOCK_BYTES - 1) / DISK_BLOCK_BYTES);
        const uint64_t block = at + i * sizeof(struct store_entry) / DISK_BLOCK_BYTES;
        uint8_t *const buffer = c->disk->buffers[FIRST_BUFFER];
        if (write) {
            memset(buffer, 0, (size_t)blocks * DISK_BLOCK_BYTES);
            memcpy(buffer, &c->entries[i], bytes);
        }
        c->disk->begin(c->disk, FIRST_BUFFER, block, blocks, write);
        const char *const problem = c->disk->wait(c->disk, FIRST_BUFFER);
        if (problem != NULL) {
            return problem;
        }
        if (!write) {
            memcpy(&c->entries[i], buffer, bytes);
        }
    }
    return NULL;
}

/* Names are shown: nothing in them may be meant for the terminal. */
static bool is_name(const char text[STORE_NAME_BYTES])
{
    for (uint32_t i = 0; i < STORE_NAME_BYTES; i++) {
        if (text[i] == 0) {
            return true;
        }
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            return false;
        }
    }
    return false;
}

/* The disk may hold anything, checksums or not: whatever is used as an index or an address. */
static bool entry_is_sound(const struct catalogue *c, const struct store_entry *e)
{
    if (!is_name(e->name) || !is_name(e->image) || e->run_count > STORE_RUNS_MAX ||
        e->parent >= e->id || e->id >= c->super.next_id) {
        return false;
    }
    for (uint32_t i = 0; i < e->run_count; i++) {
        const struct store_run *r = &e->runs[i];
        if (r->start < STORE_BODIES || r->start > c->super.block_count ||
            r->count > c->super.block_count - r->start) {
            return false;
        }
    }
    return e->data_pages <= catalogue_body_blocks(e); /* restoring asks for memory for them */
}

static const char *read_entries(struct catalogue *c)
{
    c->count = c->super.entry_count;
    const char *const problem = move_entries(c, false);
    if (problem != NULL) {
        return problem;
    }
    const size_t bytes = c->count * sizeof(struct store_entry);
    if (crc32c(0, c->entries, bytes) != c->super.catalogue_crc) {
        return "the disk's store is damaged: its catalogue is not what was written";
    }
    for (uint32_t i = 0; i < c->count; i++) {
        if (!entry_is_sound(c, &c->entries[i])) {
            return "the disk's store is damaged: its catalogue makes no sense";
        }
    }
    return NULL;
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool is_zero(const uint8_t *p, size_t bytes)
{
    return bytes == 0 || (p[0] == 0 && memcmp(p, p + 1, bytes - 1) == 0);
}

/* Whether all that the store would overwrite at once is zero. */
static const char *look_for_nothing(struct disk *d, enum store_disk *what)
{
    *what = STORE_DISK_OTHER;
    for (uint64_t at = 0; at < STORE_BLOCKS_MIN; at += DISK_BUFFER_BLOCKS) {
        const char *const problem = disk_read(d, FIRST_BUFFER, at, DISK_BUFFER_BLOCKS);
        if (problem != NULL) {
            return problem;
        }
        if (!is_zero(d->buffers[FIRST_BUFFER], DISK_BUFFER_BLOCKS * DISK_BLOCK_BYTES)) {
            return "the disk holds something else, which is not touched; give a disk of Mayfly's "
                   "own, or fill the first 4 MiB of this one with zeros to have it formatted";
        }
    }
    *what = STORE_DISK_BLANK;
    return "the disk is blank";
}

const char *catalogue_open(struct catalogue *c, struct disk *d, enum store_disk *what)
{
    const char *problem;
    bool is_ours;

    c->disk = d;
    *what = STORE_DISK_OTHER;
    if (d->blocks < STORE_BLOCKS_MIN) {
        return "the disk is too small: it needs at least 4 MiB";
    }
    if (!read_supers(c, &is_ours, &problem)) {
        if (problem != NULL) {
            *what = STORE_DISK_OURS; /* it may be */
            return problem;
        }
        if (!is_ours) {
            return look_for_nothing(d, what);
        }
        *what = STORE_DISK_OURS;
        return "the disk's store is damaged: both of its superblocks are not what was written";
    }
    *what = STORE_DISK_OURS;
    problem = check_super(&c->super, d);
    return problem != NULL ? problem : read_entries(c);
}

const char *catalogue_format(struct catalogue *c, struct disk *d)
{
    if (d->is_read_only) {
        return "the disk is read-only";
    }
    c->disk = d;
    c->count = 0;
    c->super = (struct store_super){
        .magic = STORE_MAGIC,
        .version = STORE_VERSION,
        .generation = 1,
        .block_count = d->blocks,
        .next_id = 1,
    };
    return write_supers(c);
}

/* ---- entries in memory -------------------------------------------------------------------- */

struct store_entry *catalogue_find(struct catalogue *c, const char *name)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (name[0] != 0 && strcmp(c->entries[i].name, name) == 0) {
            return &c->entries[i];
        }
    }
    return NULL;
}

struct store_entry *catalogue_find_id(struct catalogue *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->entries[i].id == id) {
            return &c->entries[i];
        }
    }
    return NULL;
}

struct store_entry *catalogue_add(struct catalogue *c)
{
    if (c->count == STORE_ENTRIES_MAX) {
        return NULL;
    }
    struct store_entry *const e = &c->entries[c->count++];
    memset(e, 0, sizeof(*e));
    e->id = c->super.next_id++;
    return e;
}

bool catalogue_has_children(const struct catalogue *c, const struct store_entry *e)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->entries[i].parent == e->id) {
            return true;
        }
    }
    return false;
}

/* Takes out what was forgotten and that nothing depends on any more: children come after parents,
 * so one pass from the end finds all. */
static void drop_forgotten(struct catalogue *c)
{
    for (uint32_t i = c->count; i-- > 0;) {
        struct store_entry *const e = &c->entries[i];
        if (e->name[0] == 0 && !catalogue_has_children(c, e)) {
            c->count--;
            memmove(e, e + 1, (c->count - i) * sizeof(*e));
        }
    }
}

const char *catalogue_commit(struct catalogue *c)
{
    if (c->disk->is_read_only) {
        return "the disk is read-only";
    }
    drop_forgotten(c);
    c->super.generation++;
    c->super.entry_count = c->count;
    c->super.catalogue_crc = crc32c(0, c->entries, c->count * sizeof(struct store_entry));
    const char *problem = move_entries(c, true);
    if (problem == NULL) {
        problem = c->disk->flush(c->disk);
    }
    return problem != NULL ? problem : write_supers(c);
}

/* ---- space -------------------------------------------------------------------------------- */

uint64_t catalogue_body_blocks(const struct store_entry *e)
{
    uint64_t blocks = 0;
    for (uint32_t i = 0; i < e->run_count; i++) {
        blocks += e->runs[i].count;
    }
    return blocks;
}

static int compare_runs(const void *a, const void *b)
{
    const struct store_run *const x = a, *const y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static uint32_t sort_used(const struct catalogue *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        for (uint32_t k = 0; k < c->entries[i].run_count; k++) {
            used.runs[count++] = c->entries[i].runs[k];
        }
    }
    qsort(used.runs, count, sizeof(used.runs[0]), compare_runs);
    return count;
}

/* Puts a gap into the list of the largest ones, if it belongs there. */
static uint32_t note_gap(struct store_run gaps[STORE_RUNS_MAX], uint32_t count, struct store_run g)
{
    if (g.count == 0 || (count == STORE_RUNS_MAX && g.count <= gaps[count - 1].count)) {
        return count;
    }
    uint32_t i = count < STORE_RUNS_MAX ? count++ : count - 1;
    for (; i > 0 && gaps[i - 1].count < g.count; i--) {
        gaps[i] = gaps[i - 1];
    }
    gaps[i] = g;
    return count;
}

/* Walks the gaps; gaps NULL: only adds up. */
static uint64_t walk_gaps(const struct catalogue *c, struct store_run *gaps, uint32_t *gap_count)
{
    const uint32_t count = sort_used(c);
    uint64_t at = STORE_BODIES, total = 0;

    for (uint32_t i = 0; i <= count; i++) {
        const uint64_t start = i < count ? used.runs[i].start : c->super.block_count;
        const struct store_run gap = {at, start > at ? start - at : 0};
        total += gap.count;
        if (gaps != NULL) {
            *gap_count = note_gap(gaps, *gap_count, gap);
        }
        if (i < count && start + used.runs[i].count > at) { /* copies share their runs */
            at = start + used.runs[i].count;
        }
    }
    return total;
}

uint32_t catalogue_gaps(const struct catalogue *c, struct store_run gaps[STORE_RUNS_MAX])
{
    uint32_t count = 0;
    walk_gaps(c, gaps, &count);
    return count;
}

uint64_t catalogue_free_blocks(const struct catalogue *c)
{
    return walk_gaps(c, NULL, NULL);
}
