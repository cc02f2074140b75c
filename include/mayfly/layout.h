/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - where things lie in a domain's address space. For C, assembly and linker scripts.
 *
 *   0x0000000000  never mapped
 *   0x0000010000  window slot 0: what the domain shares with dom0 (info page, rings, buffers)
 *   0x0000200000  hypercall page, time page, then the image: text and rodata; data in a later 2 MiB
 *   0x0040000000  heap, stacks of threads, mappings
 *   0x4000000000  window slots 1..: one 2 MiB slot each
 *   0x8000000000  end (512 GiB)
 *
 * A window slot is 2 MiB of address space: one page-table frame that two domains share. Clones and
 * snapshots never inherit a window.
 */
#pragma once

#define HV_PAGE_SHIFT 12
#define HV_PAGE_BYTES 0x1000

#define HV_WINDOW_BYTES 0x200000
#define HV_WINDOW_PAGES 512
#define HV_WINDOW0_VA 0x0 /* slot 0; its first HV_WINDOW0_SKIP pages stay unmapped */
#define HV_WINDOW0_SKIP 16
#define HV_INFO_PAGE 0x10000       /* struct mf_info */
#define HV_HYPERCALL_PAGE 0x200000 /* call HV_HYPERCALL_PAGE + number * HV_HYPERCALL_STUB_BYTES */
#define HV_HYPERCALL_STUB_BYTES 32
#define HV_TIME_PAGE 0x201000  /* struct hv_time_page */
#define HV_IMAGE_BASE 0x202000 /* struct mf_image_header, first bytes of the image */
#define HV_HEAP_BASE 0x40000000
#define HV_MODULES_VA 0x3f00000000 /* first domain: boot modules, read-only */
#define HV_WINDOW_HIGH_VA 0x4000000000
#define HV_GUEST_END 0x8000000000
