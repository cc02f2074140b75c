/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provenance.h - what an image was made of, for its manifest: the SHA-256 of every file of the
 * project that the compiler read, the version and SHA-256 of the runtime, and which functions of
 * POSIX the program calls.
 */
#pragma once

#include <jansson.h>

#include "manifest.h"
#include "program.h"

/**
 * After compile_program() with the same folder, which has its objects and their lists of headers.
 * Names are those that the compiler was given, relative to the manifest. Returns an object
 * {"sources": {NAME: SHA-256}, "posix": [NAME]} that the caller owns; NULL (reported) when a file
 * cannot be read. For a manifest with `elf:` it is that of provenance_of_elf().
 */
json_t *provenance_of_build(const struct manifest *manifest, const char *folder);

/** {"sources": {NAME: SHA-256}} of a program that came linked; NULL (reported) on an error. */
json_t *provenance_of_elf(const char *path);

/**
 * The manifest's text `json` with `made` and the runtime of `program` in it. Takes both; the caller
 * owns the result.
 */
char *provenance_add(char *json, json_t *made, const struct program *program);
