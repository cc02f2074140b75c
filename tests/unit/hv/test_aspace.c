// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/fake/fake.c tests/unit/hv/mmu.c
// sources: tests/unit/hv/audit.c tests/unit/hv/aspace_steps.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/*
 * Address spaces, one case a row of steps. Each case runs again once per allocation with that
 * allocation failing: the step then reports NOMEM, nothing has leaked or changed, and the same step
 * once more succeeds.
 */
#include "aspace_steps.h"

#define RO HV_PROT_READ
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define RX (HV_PROT_READ | HV_PROT_EXEC)

#define PG 0x1000ul
#define MB2 0x200000ul
#define GB 0x40000000ul
#define HEAP HV_HEAP_BASE
#define IMAGE HV_IMAGE_BASE
#define WIN HV_WINDOW_HIGH_VA
#define END HV_WINDOW_HIGH_VA /* of what can be mapped */
#define DEV FAKE_DEVICE

/* ---- clones ---------------------------------------------------------------------------------- */

CASE(empty_space_costs_three_frames, CREATE(0), LIVE(3), RESIDENT(0, 3), DROP(0), LIVE(0))

CASE(clone_costs_two_frames, CREATE(0), MAP(0, HEAP, 5, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + 4 * PG, 2), LIVE(7), CLONE(0, 1), LIVE(9), CLONE(0, 2), LIVE(11), CLONE(2, 3),
     LIVE(13))

CASE(clone_of_much_memory_costs_two_frames, CREATE(0), MAP(0, HEAP, 40 * GB / PG, RW),
     WRITE(0, HEAP, 1), WRITE(0, HEAP + 17 * GB, 2), WRITE(0, HEAP + 39 * GB + MB2, 3), LIVE(3 + 9),
     CLONE(0, 1), LIVE(3 + 9 + 2), READ(1, HEAP + 17 * GB, 2), READ(1, HEAP + 39 * GB + MB2, 3),
     READ(1, HEAP + 3 * GB, 0))

CASE(child_write_is_invisible_to_parent, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 7),
     CLONE(0, 1), WRITE(1, HEAP, 8), READ(0, HEAP, 7), READ(1, HEAP, 8), WRITE(1, HEAP + PG, 9),
     READ(0, HEAP + PG, 0), READ(1, HEAP, 8))

CASE(copied_page_keeps_its_other_words, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP + 8, 1),
     READ(0, HEAP, 0), WRITE(0, HEAP + PG - 8, 2), CLONE(0, 1), WRITE(1, HEAP, 3),
     READ(1, HEAP + 8, 1), READ(1, HEAP + PG - 8, 2), POKE(0, HEAP, 4), READ(0, HEAP + 8, 1),
     READ(0, HEAP + 16, 0))

CASE(parent_write_is_invisible_to_child, CREATE(0), MAP(0, IMAGE, 2, RW), WRITE(0, IMAGE, 7),
     CLONE(0, 1), WRITE(0, IMAGE, 8), WRITE(0, IMAGE + PG, 9), READ(1, IMAGE, 7),
     READ(1, IMAGE + PG, 0), READ(0, IMAGE, 8))

CASE(write_after_clone_copies_only_its_path, CREATE(0), MAP(0, HEAP, 4, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + PG, 2), CLONE(0, 1), LIVE(9), WRITE(1, HEAP, 3), LIVE(9 + 3),
     WRITE(1, HEAP + PG, 4), LIVE(9 + 4), WRITE(0, HEAP, 5), LIVE(9 + 4))

CASE(last_owner_writes_in_place, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 1), CLONE(0, 1),
     DROP(0), LIVE(6), WRITE(1, HEAP, 2), LIVE(6), READ(1, HEAP, 2))

CASE(last_owner_of_a_copied_path_writes_in_place, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + PG, 1), CLONE(0, 1), WRITE(1, HEAP, 2), DROP(1), LIVE(7), WRITE(0, HEAP, 3),
     WRITE(0, HEAP + PG, 4), LIVE(7), READ(0, HEAP, 3), READ(0, HEAP + PG, 4))

CASE(template_is_never_changed_by_its_clones, CREATE(0), MAP(0, IMAGE, 1, RX), POKE(0, IMAGE, 42),
     MAP(0, HEAP, 3, RW), WRITE(0, HEAP, 1), CLONE(0, 1), CLONE(0, 2), WRITE(1, HEAP, 2),
     WRITE(2, HEAP + PG, 3), UNMAP(2, HEAP, 1), PROTECT(1, HEAP, 1, RO), READ(0, HEAP, 1),
     READ(0, HEAP + PG, 0), EXEC(1, IMAGE, HV_OK), READ(2, IMAGE, 42), DROP(1), DROP(2),
     LIVE(3 + 1 + 3), CLONE(0, 1), READ(1, HEAP, 1), WRITE(1, HEAP, 5), READ(0, HEAP, 1))

CASE(grandchild_outlives_its_ancestors, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 1),
     CLONE(0, 1), WRITE(1, HEAP + PG, 2), CLONE(1, 2), DROP(0), WRITE(1, HEAP, 3), DROP(1),
     READ(2, HEAP, 1), READ(2, HEAP + PG, 2), WRITE(2, HEAP, 4), LIVE(7))

/* ---- demand-zero ----------------------------------------------------------------------------- */

CASE(mapping_costs_tables_at_its_edges_only, CREATE(0), MAP(0, HEAP, GB / PG, RW), LIVE(3),
     MAP(0, HEAP + GB + PG, 511, RW), LIVE(5), MAP(0, HEAP + GB + MB2, 512, RW), LIVE(5),
     MAP(0, HEAP + 3 * GB - MB2 - PG, 2 * 513, RO), LIVE(9), RESIDENT(0, 9))

CASE(read_of_untouched_page_takes_no_frame, CREATE(0), MAP(0, HEAP, 3, RW), LIVE(5),
     READ(0, HEAP, 0), READ(0, HEAP + PG, 0), LIVE(5), WRITE(0, HEAP, 1), LIVE(6),
     READ(0, HEAP + PG, 0), READ(0, HEAP, 1), LIVE(6), RESIDENT(0, 6))

CASE(first_write_takes_one_frame, CREATE(0), MAP(0, HEAP, GB / PG, RW), WRITE(0, HEAP + 7 * PG, 1),
     LIVE(6), WRITE(0, HEAP + 8 * PG, 1), LIVE(7), WRITE(0, HEAP + 9 * PG, 1), LIVE(8))

CASE(nothing_is_mapped_beside_a_mapping, CREATE(0), MAP(0, HEAP + PG, 1, RW),
     READ_FAILS(0, HEAP, NOENT), READ_FAILS(0, HEAP + 2 * PG, NOENT),
     WRITE_FAILS(0, HEAP + 2 * PG, NOENT), READ_FAILS(0, HEAP + MB2 + PG, NOENT),
     READ_FAILS(0, HEAP + GB + PG, NOENT), READ_FAILS(0, 0, NOENT),
     READ_FAILS(0, HV_GUEST_END, NOENT), READ_FAILS(0, HV_GUEST_END + HEAP + PG, NOENT),
     MAPPED(0, HEAP + PG, 1, true), MAPPED(0, HEAP, 2, false), MAPPED(0, HEAP + PG, 2, false),
     PAGE_FAILS(0, HEAP, NOENT), PAGE_FAILS(0, HV_GUEST_END + HEAP + PG, NOENT))

CASE(last_page_can_be_mapped, CREATE(0), MAP(0, END - 3 * PG, 3, RW), WRITE(0, END - PG, 1),
     READ(0, END - PG, 1), MAPPED(0, END - 3 * PG, 3, true), READ_FAILS(0, END, NOENT), CLONE(0, 1),
     READ(1, END - PG, 1), WRITE(1, END - PG, 2), READ(0, END - PG, 1))

CASE(mapping_again_is_refused_at_every_level, CREATE(0), MAP(0, HEAP + 2 * GB, GB / PG, RW),
     MAP_FAILS(0, HEAP + 2 * GB + 5 * PG, 1, EXISTS), MAP_FAILS(0, HEAP + GB, 1 + GB / PG, EXISTS),
     MAP_FAILS(0, HEAP + 3 * GB - PG, 2, EXISTS), MAP(0, HEAP, 1, RW),
     MAP_FAILS(0, HEAP, 1, EXISTS), MAP_FAILS(0, HEAP, GB / PG, EXISTS),
     MAP_FAILS(0, HEAP - MB2, 513, EXISTS), MAP(0, HEAP + PG, 1, RO),
     MAP_FAILS(0, HV_TIME_PAGE, 1, EXISTS), RESIDENT(0, 5))

CASE(mapping_over_emptied_tables_gives_them_back, CREATE(0), MAP(0, HEAP, 1, RW),
     MAP(0, HEAP + 2 * MB2, 1, RW), MAP(0, HEAP + 4 * MB2, 1, RW), WRITE(0, HEAP, 1), LIVE(8),
     UNMAP(0, HEAP, 1), UNMAP(0, HEAP + 2 * MB2, 1), UNMAP(0, HEAP + 4 * MB2, 1), LIVE(7),
     MAP(0, HEAP, 512, RW), LIVE(6), UNMAP(0, HEAP, 512), MAP(0, HEAP, GB / PG, RW), RESIDENT(0, 3),
     LIVE(3), READ(0, HEAP, 0), WRITE(0, HEAP + 4 * MB2, 5))

CASE(mapping_over_shared_emptied_tables, CREATE(0), MAP(0, HEAP, 1, RW), MAP(0, HEAP + MB2, 1, RW),
     UNMAP(0, HEAP, 1), CLONE(0, 1), UNMAP(0, HEAP + MB2, 1), MAP(0, HEAP, GB / PG, RO),
     RESIDENT(0, 3), RESIDENT(1, 6), READ(1, HEAP + MB2, 0), READ_FAILS(1, HEAP, NOENT))

/* ---- protection ------------------------------------------------------------------------------ */

CASE(write_to_read_only_is_refused, CREATE(0), MAP(0, HEAP, 2, RO), WRITE_FAILS(0, HEAP, PERM),
     READ(0, HEAP, 0), WRITE_FAILS(0, HEAP, PERM), POKE(0, HEAP, 3), READ(0, HEAP, 3),
     WRITE_FAILS(0, HEAP, PERM), CLONE(0, 1), WRITE_FAILS(1, HEAP, PERM), READ(1, HEAP, 3))

CASE(writable_memory_cannot_be_executed, CREATE(0), MAP(0, HEAP, 1, RW), EXEC(0, HEAP, PERM),
     WRITE(0, HEAP, 1), EXEC(0, HEAP, PERM), PROTECT(0, HEAP, 1, RX), EXEC(0, HEAP, HV_OK),
     WRITE_FAILS(0, HEAP, PERM), READ(0, HEAP, 1))

CASE(protection_changes_exactly_its_range, CREATE(0), MAP(0, HEAP, 1024, RW),
     WRITE(0, HEAP + 511 * PG, 1), WRITE(0, HEAP + 512 * PG, 2), PROTECT(0, HEAP + 511 * PG, 2, RO),
     WRITE(0, HEAP + 510 * PG, 3), WRITE_FAILS(0, HEAP + 511 * PG, PERM),
     WRITE_FAILS(0, HEAP + 512 * PG, PERM), WRITE(0, HEAP + 513 * PG, 4),
     READ(0, HEAP + 511 * PG, 1), READ(0, HEAP + 512 * PG, 2))

CASE(protection_of_a_clone_is_its_own, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 1),
     CLONE(0, 1), PROTECT(1, HEAP, 1, RO), WRITE_FAILS(1, HEAP, PERM), WRITE(0, HEAP, 2),
     READ(1, HEAP, 1), PROTECT(1, HEAP, 1, RW), WRITE(1, HEAP, 3), READ(0, HEAP, 2))

CASE(protecting_untouched_memory_costs_edges_only, CREATE(0), MAP(0, HEAP, GB / PG, RW),
     PROTECT(0, HEAP, GB / PG, RO), LIVE(3), WRITE_FAILS(0, HEAP + MB2, PERM),
     PROTECT(0, HEAP + MB2, 512, RW), LIVE(4), WRITE_FAILS(0, HEAP + MB2 - PG, PERM),
     WRITE_FAILS(0, HEAP + 2 * MB2, PERM), WRITE(0, HEAP + 2 * MB2 - PG, 1), LIVE(6))

CASE(zero_page_is_never_written, CREATE(0), MAP(0, HEAP, 1, RO), READ(0, HEAP, 0),
     PROTECT(0, HEAP, 1, RW), WRITE(0, HEAP, 1), MAP(0, HEAP + PG, 1, RW), READ(0, HEAP + PG, 0),
     POKE(0, HEAP + PG, 2), READ(0, HEAP + PG, 2), READ(0, HEAP, 1))

/* ---- unmapping ------------------------------------------------------------------------------- */

CASE(unmap_frees_pages, CREATE(0), MAP(0, HEAP, 4, RW), WRITE(0, HEAP, 1), WRITE(0, HEAP + PG, 1),
     WRITE(0, HEAP + 2 * PG, 1), LIVE(8), UNMAP(0, HEAP + PG, 2), LIVE(6),
     READ_FAILS(0, HEAP + PG, NOENT), READ_FAILS(0, HEAP + 2 * PG, NOENT), READ(0, HEAP, 1),
     READ(0, HEAP + 3 * PG, 0), MAP(0, HEAP + PG, 1, RW), READ(0, HEAP + PG, 0))

CASE(unmap_of_whole_tables_frees_them, CREATE(0), MAP(0, HEAP, 1024, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + MB2, 1), LIVE(8), UNMAP(0, HEAP, 1024), LIVE(4), RESIDENT(0, 4))

CASE(unmap_leaves_the_clone_alone, CREATE(0), MAP(0, HEAP, 1024, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + MB2, 2), CLONE(0, 1), UNMAP(1, HEAP, 512), UNMAP(1, HEAP + MB2, 1),
     READ(0, HEAP, 1), READ(0, HEAP + MB2, 2), READ_FAILS(1, HEAP, NOENT),
     READ_FAILS(1, HEAP + MB2, NOENT), READ(1, HEAP + MB2 + PG, 0), DROP(0), RESIDENT(1, 5),
     LIVE(5))

CASE(hole_in_a_huge_mapping, CREATE(0), MAP(0, HEAP, 2 * GB / PG, RW),
     UNMAP(0, HEAP + GB - 2 * PG, 3), READ(0, HEAP + GB - 3 * PG, 0),
     READ_FAILS(0, HEAP + GB - 2 * PG, NOENT), READ_FAILS(0, HEAP + GB, NOENT),
     WRITE(0, HEAP + GB + PG, 1), MAPPED(0, HEAP, GB / PG - 2, true),
     MAPPED(0, HEAP, GB / PG - 1, false), MAPPED(0, HEAP + GB + PG, GB / PG - 1, true))

CASE(unmap_over_holes_is_fine, CREATE(0), UNMAP(0, HEAP, 3 * GB / PG), MAP(0, HEAP + GB, 1, RW),
     WRITE(0, HEAP + GB, 1), UNMAP(0, HEAP, 3 * GB / PG), LIVE(4), MAPPED(0, HEAP + GB, 1, false))

/* ---- limits ---------------------------------------------------------------------------------- */

CASE(limit_counts_tables_and_pages, CREATE_LIMITED(0, 7), MAP(0, HEAP, 8, RW), WRITE(0, HEAP, 1),
     WRITE(0, HEAP + PG, 2), WRITE_FAILS(0, HEAP + 2 * PG, LIMIT), READ(0, HEAP + 2 * PG, 0),
     WRITE(0, HEAP + PG, 3), RESIDENT(0, 7), POKE_FAILS(0, HEAP + 3 * PG, LIMIT),
     MAP_FAILS(0, HEAP + GB, 1, LIMIT), RESIDENT(0, 7), UNMAP(0, HEAP, 1),
     WRITE(0, HEAP + 2 * PG, 4))

CASE(copies_on_write_are_not_charged, CREATE(0), MAP(0, HEAP, 2, RW), WRITE(0, HEAP, 1),
     CLONE_LIMITED(0, 1, 6), RESIDENT(1, 6), WRITE(1, HEAP, 2), RESIDENT(1, 6),
     WRITE_FAILS(1, HEAP + PG, LIMIT), READ(0, HEAP, 1), WRITE(0, HEAP + PG, 1))

CASE(space_above_its_limit_cannot_be_made, CREATE_FAILS(0, 2, LIMIT), LIVE(0))

CASE(failed_map_changes_nothing, CREATE_LIMITED(0, 5), MAP(0, HEAP, 2, RW),
     MAP_FAILS(0, HEAP + 2 * PG, GB / PG, LIMIT), MAPPED(0, HEAP, 2, true),
     READ_FAILS(0, HEAP + 2 * PG, NOENT), READ_FAILS(0, HEAP + GB, NOENT),
     MAP_FAILS(0, HEAP + PG, 2, EXISTS), READ_FAILS(0, HEAP + 2 * PG, NOENT), RESIDENT(0, 5),
     DEVICE_FAILS(0, HEAP + MB2 - 2 * PG, 4, LIMIT), READ_FAILS(0, HEAP + MB2 - 2 * PG, NOENT),
     RESIDENT(0, 5))

/* ---- pages for hv ---------------------------------------------------------------------------- */

CASE(page_for_reading_takes_nothing, CREATE(0), MAP(0, HEAP, 1, RW), PEEK(0, HEAP, 0), LIVE(5),
     WRITE(0, HEAP, 1), CLONE(0, 1), PEEK(1, HEAP, 1), LIVE(8))

CASE(page_for_writing_is_private, CREATE(0), MAP(0, HEAP, 2, RX), POKE(0, HEAP, 1), CLONE(0, 1),
     POKE(1, HEAP, 2), READ(0, HEAP, 1), READ(1, HEAP, 2), WRITE_FAILS(1, HEAP, PERM),
     EXEC(1, HEAP, HV_OK), POKE(0, HEAP, 3), READ(1, HEAP, 2), READ(0, HEAP, 3))

CASE(running_guest_sees_what_hv_writes, CREATE(0), MAP(0, HEAP, 2, RW), READ(0, HEAP, 0),
     POKE(0, HEAP, 1), READ(0, HEAP, 1), WRITE(0, HEAP + PG, 2), CLONE(0, 1), READ(1, HEAP + PG, 2),
     POKE(1, HEAP + PG, 3), READ(1, HEAP + PG, 3))

CASE(table_that_was_copied_is_no_longer_walked, CREATE(0), MAP(0, HEAP, 1, RW), WRITE(0, HEAP, 1),
     CLONE(0, 1), READ(0, HEAP, 1), MAP(0, HEAP + PG, 1, RW), DROP(1), READ(0, HEAP + PG, 0),
     WRITE(0, HEAP + PG, 2), CLONE(0, 1), READ(0, HEAP, 1), POKE(0, HEAP + PG, 3), DROP(1),
     READ(0, HEAP + PG, 3))

CASE(table_that_was_replaced_is_no_longer_walked, CREATE(0), MAP(0, HEAP, 1, RW), UNMAP(0, HEAP, 1),
     SPECULATE(0, HEAP), MAP(0, HEAP, 512, RW), WRITE(0, HEAP, 1), UNMAP(0, HEAP, 1),
     UNMAP(0, HEAP + PG, 511), SPECULATE(0, HEAP), MAP(0, HEAP, GB / PG, RO), READ(0, HEAP, 0))

/* ---- memory that is not counted -------------------------------------------------------------- */

CASE(device_memory_is_not_counted, CREATE(0), DEVICE(0, HEAP, 3, RW), LIVE(5), RESIDENT(0, 5),
     TOUCH_DEVICE(0, HEAP + PG, DEV + PG), PAGE_FAILS(0, HEAP, PERM), UNMAP(0, HEAP, 3), LIVE(5),
     READ_FAILS(0, HEAP, NOENT), DEVICE(0, HEAP + MB2 - PG, 514, RO), LIVE(7),
     WRITE_FAILS(0, HEAP + MB2, PERM), PROTECT_FAILS(0, HEAP + MB2, 1, RW, PERM),
     WRITE_FAILS(0, HEAP + MB2, PERM), UNMAP(0, HEAP + MB2, 512), RESIDENT(0, 6))

CASE(device_over_a_mapping_is_refused, CREATE(0), MAP(0, HEAP + 3 * PG, 1, RW),
     DEVICE_FAILS(0, HEAP, 4, EXISTS), READ_FAILS(0, HEAP, NOENT), DEVICE(0, HEAP, 3, RW),
     MAP_FAILS(0, HEAP + PG, 1, EXISTS), READ(0, HEAP + 3 * PG, 0))

CASE(device_page_stays_writable_after_a_clone, CREATE(0), DEVICE(0, HEAP, 1, RW), CLONE(0, 1),
     TOUCH_DEVICE(0, HEAP, DEV), TOUCH_DEVICE(1, HEAP, DEV))

CASE(hypercall_and_time_page_belong_to_all, CREATE(0), EXEC(0, HV_HYPERCALL_PAGE, HV_OK),
     WRITE_FAILS(0, HV_HYPERCALL_PAGE, PERM), WRITE_FAILS(0, HV_TIME_PAGE, PERM),
     EXEC(0, HV_TIME_PAGE, PERM), PAGE_FAILS(0, HV_TIME_PAGE, PERM), CLONE(0, 1),
     EXEC(1, HV_HYPERCALL_PAGE, HV_OK), WRITE_FAILS(1, HV_TIME_PAGE, PERM))

/* ---- windows --------------------------------------------------------------------------------- */

CASE(window_write_is_seen_at_both_ends, CREATE(0), CREATE(1), WINDOW(0, 16, 4), LIVE(7),
     ATTACH(0, 0, 0), ATTACH(0, 1, WIN + MB2), LIVE(8), WRITE(0, 16 * PG, 1), LIVE(9),
     READ(1, WIN + MB2 + 16 * PG, 1), WRITE(1, WIN + MB2 + 17 * PG, 2), READ(0, 17 * PG, 2),
     READ(0, 18 * PG, 0), LIVE(11), POKE(1, WIN + MB2 + 19 * PG, 3), PEEK(0, 19 * PG, 3))

CASE(window_has_no_pages_outside_its_range, CREATE(0), WINDOW(0, 16, 4), ATTACH(0, 0, 0),
     READ_FAILS(0, 15 * PG, NOENT), READ_FAILS(0, 20 * PG, NOENT), READ_FAILS(0, 0, NOENT),
     WRITE(0, 16 * PG, 1), WRITE(0, 19 * PG, 1), EXEC(0, 19 * PG, PERM), EXEC(0, 18 * PG, PERM),
     MAPPED(0, 16 * PG, 4, true), MAPPED(0, 15 * PG, 2, false), MAPPED(0, 16 * PG, 5, false))

CASE(window_is_not_inherited_by_a_clone, CREATE(0), WINDOW(0, 16, 496), ATTACH(0, 0, 0),
     WINDOW(1, 0, 512), ATTACH(1, 0, WIN), WRITE(0, 16 * PG, 1), WRITE(0, WIN, 2), CLONE(0, 1),
     READ_FAILS(1, 16 * PG, NOENT), READ_FAILS(1, WIN, NOENT), NO_WINDOW(1, 0), NO_WINDOW(1, WIN),
     WRITE(0, 16 * PG, 3), WINDOW(2, 16, 8), ATTACH(2, 1, 0), WRITE(1, 16 * PG, 4),
     READ(0, 16 * PG, 3), RESIDENT(0, 4), RESIDENT(1, 3))

CASE(window_lives_until_its_last_end_leaves, CREATE(0), CREATE(1), WINDOW(0, 0, 512),
     ATTACH(0, 0, WIN), ATTACH(0, 1, WIN), PUT(0), WRITE(0, WIN + 511 * PG, 1), LIVE(10), DROP(0),
     LIVE(6), READ(1, WIN + 511 * PG, 1), DETACH(1, WIN), LIVE(4), READ_FAILS(1, WIN, NOENT))

CASE(window_ends_with_the_last_space_that_maps_it, CREATE(0), CREATE(1), WINDOW(0, 16, 8),
     ATTACH(0, 0, 0), ATTACH(0, 1, WIN), PUT(0), WRITE(0, 16 * PG, 1), WRITE(1, WIN + 17 * PG, 2),
     DROP(0), READ(1, WIN + 16 * PG, 1), LIVE(7), DROP(1), LIVE(0))

CASE(window_does_not_count_nor_cost, CREATE_LIMITED(0, 3), WINDOW(0, 16, 496), ATTACH(0, 0, 0),
     WRITE(0, 16 * PG, 1), RESIDENT(0, 3), WINDOW(1, 0, 512), ATTACH_FAILS(1, 0, WIN, LIMIT))

CASE(slot_takes_one_window, CREATE(0), WINDOW(0, 0, 512), WINDOW(1, 0, 512), ATTACH(0, 0, WIN),
     ATTACH_FAILS(1, 0, WIN, EXISTS), ATTACH(1, 0, WIN + MB2), ATTACH(1, 0, HV_GUEST_END - MB2),
     WRITE(0, HV_GUEST_END - PG, 5), READ(0, WIN + 2 * MB2 - PG, 5), DETACH(0, WIN),
     NO_WINDOW(0, WIN), NO_WINDOW(0, HEAP), ATTACH(1, 0, WIN), READ(0, WIN + 511 * PG, 5))

CASE(rolled_back_space_keeps_its_windows, CREATE(0), MAP(0, HEAP, 1, RW), WRITE(0, HEAP, 1),
     CLONE(0, 1), WINDOW(0, 16, 4), ATTACH(0, 1, 0), ATTACH(0, 1, WIN),
     ATTACH(0, 1, HV_GUEST_END - MB2), WRITE(1, 16 * PG, 2), WRITE(1, HEAP, 3), CLONE(0, 2),
     MOVE_WINDOWS(1, 2), NO_WINDOW(1, 0), NO_WINDOW(1, WIN), DROP(1), READ(2, 16 * PG, 2),
     READ(2, WIN + 16 * PG, 2), READ(2, HEAP, 1), WRITE(2, HV_GUEST_END - MB2 + 17 * PG, 4),
     READ(2, 17 * PG, 4), RESIDENT(2, 8), CLONE(0, 3), MOVE_WINDOWS(3, 2), MOVE_WINDOWS(2, 3),
     READ(3, WIN + 17 * PG, 4))

/* ---- the rows -------------------------------------------------------------------------------- */

static void every_bit_of_memory_comes_back_in_slices(void **state)
{
    (void)state;
    for (long budget = 1; budget < 40; budget += 3) {
        struct aspace a, b;
        fake_start(200);
        assert_int_equal(aspace_create(&a, UINT64_MAX), HV_OK);
        assert_int_equal(aspace_map_zero(&a, (gva_t){HEAP}, 4 * GB / PG, RW), HV_OK);
        for (uint64_t i = 0; i < 60; i++) {
            paddr_t pa;
            assert_int_equal(aspace_page(&a, (gva_t){HEAP + i * 31 * MB2 + i * PG}, true, &pa),
                             HV_OK);
        }
        assert_int_equal(aspace_clone(&a, &b, UINT64_MAX), HV_OK);
        for (struct aspace *as = &a; as != NULL; as = as == &a ? &b : NULL) {
            uint64_t before = frame_free_count();
            while (!aspace_destroy_slice(as, budget)) {
                assert_in_range(frame_free_count() - before, 0, (uint64_t)budget + 3);
                before = frame_free_count();
            }
            assert_int_equal(as->root.v, 0);
            assert_true(aspace_destroy_slice(as, budget)); /* again: nothing to do */
        }
        assert_int_equal(fake_live(), 0);
        assert_true(fake_stop());
    }
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, case_test, case_start, case_stop, (void *)(uintptr_t)&name                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(empty_space_costs_three_frames),
        ROW(clone_costs_two_frames),
        ROW(clone_of_much_memory_costs_two_frames),
        ROW(child_write_is_invisible_to_parent),
        ROW(copied_page_keeps_its_other_words),
        ROW(parent_write_is_invisible_to_child),
        ROW(write_after_clone_copies_only_its_path),
        ROW(last_owner_writes_in_place),
        ROW(last_owner_of_a_copied_path_writes_in_place),
        ROW(template_is_never_changed_by_its_clones),
        ROW(grandchild_outlives_its_ancestors),
        ROW(mapping_costs_tables_at_its_edges_only),
        ROW(read_of_untouched_page_takes_no_frame),
        ROW(first_write_takes_one_frame),
        ROW(nothing_is_mapped_beside_a_mapping),
        ROW(last_page_can_be_mapped),
        ROW(mapping_again_is_refused_at_every_level),
        ROW(mapping_over_emptied_tables_gives_them_back),
        ROW(mapping_over_shared_emptied_tables),
        ROW(write_to_read_only_is_refused),
        ROW(writable_memory_cannot_be_executed),
        ROW(protection_changes_exactly_its_range),
        ROW(protection_of_a_clone_is_its_own),
        ROW(protecting_untouched_memory_costs_edges_only),
        ROW(zero_page_is_never_written),
        ROW(unmap_frees_pages),
        ROW(unmap_of_whole_tables_frees_them),
        ROW(unmap_leaves_the_clone_alone),
        ROW(hole_in_a_huge_mapping),
        ROW(unmap_over_holes_is_fine),
        ROW(limit_counts_tables_and_pages),
        ROW(copies_on_write_are_not_charged),
        ROW(space_above_its_limit_cannot_be_made),
        ROW(failed_map_changes_nothing),
        ROW(page_for_reading_takes_nothing),
        ROW(page_for_writing_is_private),
        ROW(running_guest_sees_what_hv_writes),
        ROW(table_that_was_copied_is_no_longer_walked),
        ROW(table_that_was_replaced_is_no_longer_walked),
        ROW(device_memory_is_not_counted),
        ROW(device_over_a_mapping_is_refused),
        ROW(device_page_stays_writable_after_a_clone),
        ROW(hypercall_and_time_page_belong_to_all),
        ROW(window_write_is_seen_at_both_ends),
        ROW(window_has_no_pages_outside_its_range),
        ROW(window_is_not_inherited_by_a_clone),
        ROW(window_lives_until_its_last_end_leaves),
        ROW(window_ends_with_the_last_space_that_maps_it),
        ROW(window_does_not_count_nor_cost),
        ROW(slot_takes_one_window),
        ROW(rolled_back_space_keeps_its_windows),
        cmocka_unit_test(every_bit_of_memory_comes_back_in_slices),
    };
    return cmocka_run_group_tests_name("aspace", tests, NULL, NULL);
}
