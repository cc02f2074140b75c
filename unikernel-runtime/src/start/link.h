/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - the symbols that the linker script defines, and what it promises about them.
 *
 *   text, rodata                     from HV_IMAGE_BASE
 *   (at least one unmapped page)     the main stack's guard
 *   __stack_bottom .. __stack_top    demand-zero, at the next 2 MiB boundary, page-aligned
 *   .tdata, init arrays, .data, .bss
 *   _end .. __heap_end               demand-zero (memory size of the last segment), up to the end
 *                                    of that region: the first heap, no cost at start
 *
 * The TLS block and the thread object of the main thread are put at the top of the main stack, not
 * by the linker: stack, TLS and thread share one page. All addresses are below 2 GiB.
 */
#pragma once

extern char __stack_bottom[], __stack_top[];
extern char __tdata_start[], __tdata_end[]; /* the TLS image's initialised part */
extern char __tls_end[];                    /* __tdata_start + size of .tdata and .tbss */
extern char _end[], __heap_end[];
