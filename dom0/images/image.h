/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the image store: images/NAME.img of the boot volume. An image is loaded once, when it
 * is first needed, into a template (a frozen domain); every guest is a clone of that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot.h"
#include "guests/infopage.h"
#include "guests/launch.h"
#include "images/elf.h"
#include "images/manifest.h"
#include "templates/prefault.h"

struct image {
    char name[LAUNCH_NAME_BYTES];
    struct boot_file file;
    bool is_loaded;
    bool has_network;   /* the program contains a network stack */
    uint32_t template;  /* handle */
    uint32_t started;   /* guests ever started, for their names */
    const void *symtab; /* borrows the file; NULL: none */
    uint64_t symtab_bytes;
    uint64_t memory_pages;   /* limit of a guest; 0: none */
    uint64_t resident_pages; /* of `template` */
    struct manifest manifest;
    struct infopage proto; /* for guests with the manifest's own arguments */
    struct elf_image elf;
    struct prefault prefault;     /* of `template` */
    struct template *root, *warm; /* template.c: in the tree; the first warm one, or NULL */
};

/** Finds the images on the boot volume. */
void image_scan(void);

/** All of them: image_at(0 .. image_count() - 1). */
uint32_t image_count(void);
struct image *image_at(uint32_t index);

/** The image of this name, or NULL. */
struct image *image_find(const char *name);

/**
 * Has the image loaded, if it is not yet. Returns NULL, or what is wrong with it (a constant).
 */
const char *image_load(struct image *i, const struct plan *plan);

/** The function or variable that holds `address`, and how far into it; NULL when it is not known. */
const char *image_symbol(const struct image *i, uint64_t address, uint64_t *offset);

/** Where the function or variable of this name begins. Returns false when it is not known. */
bool image_address(const struct image *i, const char *name, uint64_t *address);

/** Whether both addresses are in the same segment of the program. */
bool image_in_one_segment(const struct image *i, uint64_t a, uint64_t b);
