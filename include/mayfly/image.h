/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - what is in a packaged image. An image is a static ELF64 executable for the layout of
 * layout.h: PT_LOAD segments (never writable and executable), one PT_NOTE with the manifest, the
 * header below as the first bytes at HV_IMAGE_BASE, and, as read-only PT_LOAD segments, the symbol
 * table for backtraces and the file tree. `mayfly build` makes it; dom0 and hv load it.
 *
 * A PT_LOAD's memory beyond its file bytes is demand-zero. Segments start on page boundaries.
 */
#pragma once

#include <stdint.h>

#define MF_IMAGE_MAGIC 0x4d49464du /* "MFIM" */
#define MF_IMAGE_VERSION 1

/* Symbol `mf_image_header`, section .mayfly.image; the build tool fills in what it adds. */
struct mf_image_header {
    uint32_t magic, version;
    uint64_t symtab_va, symtab_bytes; /* struct mf_symtab; 0: none */
    uint64_t files_va, files_bytes;   /* struct mf_files; 0: none */
    char runtime_version[28];
    uint32_t abi_version; /* HV_ABI_VERSION that it was built for */
};

/*
 * PT_NOTE: notes with the name "Mayfly". MANIFEST: JSON text. LAYERS: one struct mf_layer for each
 * PT_LOAD, in their order. SIGNATURE: struct mf_signature.
 */
#define MF_NOTE_NAME "Mayfly"
#define MF_NOTE_MANIFEST 1
#define MF_NOTE_LAYERS 2
#define MF_NOTE_SIGNATURE 3

/* SHA-256 of the segment's bytes in the file (of nothing when there are none). */
struct mf_layer {
    uint8_t sha256[32];
};

/*
 * The image's id is the SHA-256 of its head: all bytes of the file up to the end of the notes, this
 * structure taken as zeros. Signed is the message MF_SIGNATURE_CONTEXT (16 bytes) and the id, with
 * Ed25519 (RFC 8032). All zeros: not signed.
 */
#define MF_SIGNATURE_CONTEXT "Mayfly image 1\0" /* and a NUL: 16 bytes */

struct mf_signature {
    uint8_t key[32]; /* public */
    uint8_t signature[64];
};

/*
 * Symbol table: struct mf_symtab, then `count` struct mf_symbol sorted by address, then the names,
 * each NUL-terminated. Functions, and variables in writable memory. hv uses the same for its own backtraces.
 */
#define MF_SYMTAB_MAGIC 0x5953464du /* "MFSY" */

struct mf_symbol {
    uint32_t offset; /* from base */
    uint32_t name;   /* bytes from the start of the names */
};

struct mf_symtab {
    uint32_t magic, count;
    uint64_t base;
    uint32_t names_bytes, reserved;
    /* struct mf_symbol symbols[count]; char names[names_bytes]; */
};

/*
 * File tree: struct mf_files, then `count` struct mf_file sorted by path (bytewise), then paths and
 * contents. Paths are absolute within the guest, without "." or ".."; every parent directory has an
 * entry of its own, except the root.
 */
#define MF_FILES_MAGIC 0x4c46464du /* "MFFL" */

struct mf_file {
    uint32_t path; /* offset of the NUL-terminated path from struct mf_files */
    uint32_t mode; /* POSIX st_mode, type included: S_IFREG, S_IFDIR, S_IFLNK (Linux numbers) */
    uint64_t data; /* offset of the contents (a link's target); 16-byte aligned */
    uint64_t bytes;
    int64_t mtime; /* seconds since 1970 */
};

struct mf_files {
    uint32_t magic, count;
    uint64_t bytes; /* all of it */
    /* struct mf_file files[count]; */
};

_Static_assert(sizeof(struct mf_image_header) == 72, "image format");
_Static_assert(sizeof(struct mf_symtab) == 24, "image format");
_Static_assert(sizeof(struct mf_signature) == 96, "image format");
_Static_assert(sizeof(MF_SIGNATURE_CONTEXT) == 16, "image format");
_Static_assert(sizeof(struct mf_file) == 32, "image format");
