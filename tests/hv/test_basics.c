// SPDX-License-Identifier: Apache-2.0
// cpus: 1 2 4
// expect: on the serial line by way of the console hypercall
// What every domain relies on: the ABI's version, time, memory of its own, fork, the end of a
// child.
#include "hvtest.h"

#define AREA HV_HEAP_BASE

static void machine_is_described(void)
{
    struct hv_machine_info info;
    CHECK_EQUAL(hv_nop(), HV_ABI_VERSION, "hv_nop returns the version of the ABI");
    CHECK_EQUAL(hv_machine_info(&info), HV_OK, "hv_machine_info answers");
    CHECK_EQUAL(info.abi_version, HV_ABI_VERSION, "machine info has the version of the ABI");
    CHECK(info.free_frames > 1000 && info.free_frames < info.total_frames,
          "some frames are free: %lu of %lu", info.free_frames, info.total_frames);
    CHECK(info.tsc_khz > 100000, "TSC frequency is plausible: %lu kHz", info.tsc_khz);
    CHECK(info.cpu_count >= 1, "CPUs: %u", info.cpu_count);
    say("# on the serial line by way of the console hypercall");
}

static void time_goes_on(void)
{
    uint32_t tag;
    const uint64_t start = now_ns();
    CHECK_EQUAL(hv_event_wait(start + 20 * MS, &tag), 0,
                "waiting without an event ends at the deadline");
    const uint64_t end = now_ns();
    CHECK(end - start >= 20 * MS, "not before the deadline: %lu ns", end - start);
    CHECK(end - start < 500 * MS, "and not long after it: %lu ns", end - start);
    CHECK_EQUAL(hv_event_wait(HV_WAIT_POLL, &tag), 0, "polling without an event returns at once");
}

static void memory_is_zero_and_ones_own(void)
{
    volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)AREA;
    CHECK_EQUAL(hv_mem_map(AREA, 3, HV_PROT_READ | HV_PROT_WRITE), HV_OK, "three pages are mapped");
    CHECK_EQUAL(word[512], 0, "a new page reads as zero");
    word[512] = 7;
    CHECK_EQUAL(word[512], 7, "and keeps what is written");
    CHECK_EQUAL(hv_mem_map(AREA, 1, HV_PROT_READ), HV_ERR_EXISTS, "mapping over it is EXISTS");
    CHECK_EQUAL(hv_mem_unmap(AREA, 3), HV_OK, "they are unmapped");
    CHECK_EQUAL(hv_mem_map(AREA, 3, HV_PROT_READ | HV_PROT_WRITE), HV_OK, "and mapped again");
    CHECK_EQUAL(word[512], 0, "as zero pages");
    CHECK_EQUAL(hv_mem_unmap(AREA, 3), HV_OK, "and unmapped");
}

static uint64_t shared_word = 1;

static void child_main(void *arg)
{
    shared_word += *(uint64_t *)arg;
    hv_exit((int32_t)shared_word);
}

static void clone_is_a_copy(void)
{
    struct hv_report report;
    uint64_t add = 41;
    const uint64_t before = free_frames();
    child_run(child_main, &add, &report);
    CHECK_EQUAL(report.reason, HV_END_EXIT, "the clone ends by hv_exit");
    CHECK_EQUAL(report.code, 42, "its status is what it computed from copied memory");
    CHECK_EQUAL(shared_word, 1, "its write is invisible to the parent");
    child_run(child_main, &add, &report);
    CHECK_EQUAL(free_frames(), before, "all its frames have come back");
}

void test_main(void)
{
    machine_is_described();
    time_goes_on();
    memory_is_zero_and_ones_own();
    clone_is_a_copy();
}
