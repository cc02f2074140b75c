/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init - the first process of a Linux guest that measures what bench/guest measures of Mayfly. It
 * prints lines `bench NAME VALUE COUNT` to the serial line and switches the machine off.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "measure.h"

uint64_t samples[MANY];
static uint64_t tsc_cost;

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t median(unsigned int count)
{
    qsort(samples, count, sizeof(samples[0]), compare);
    return samples[count / 2];
}

void report_value(const char *name, uint64_t value, unsigned int count)
{
    printf("bench %s %lu %u\n", name, value, count);
    fflush(stdout);
}

void report(const char *name, unsigned int count, unsigned int divisor)
{
    const uint64_t value = median(count);
    report_value(name, (value > tsc_cost ? value - tsc_cost : 0) / divisor, count);
}

void measure_tsc(void)
{
    MEASURE()
    tsc_cost = median(RUNS);
}

void power_off(void)
{
    fflush(stdout);
    reboot(RB_POWER_OFF);
    _exit(1);
}

long check(long result, const char *what)
{
    if (result < 0) {
        printf("failed: %s: %s\n", what, strerror(errno));
        power_off();
    }
    return result;
}

int main(void)
{
    check(mount("dev", "/dev", "devtmpfs", 0, NULL), "mount /dev");
    measure_tsc();
    measure_calls();
    measure_processes();
    power_off();
}
