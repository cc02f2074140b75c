// SPDX-License-Identifier: Apache-2.0
// memory: 512M
/*
 * ballast SEED MIB - a program with much memory that it does not need: fills it with what follows from
 * SEED and says so. A clone says that it is here, without a look at that memory. SIGUSR1: checks all of
 * it; SIGUSR2: checks one page in the middle, by a call that has the hypervisor's page tables changed
 * first (mprotect() of it), and writes it, so that a third SIGUSR2 finds what the second has written.
 * SIGHUP: a forked child checks all of it. There is a file /tmp/note.
 */
#include <mayfly.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define WORDS (PAGE / sizeof(uint64_t))

static unsigned calls;
static volatile sig_atomic_t wants_all, wants_one, wants_child;
static uint64_t seed, pages, generation_of_one;
static uint64_t *memory;

static void on_clone(void *arg)
{
    ++*(unsigned *)arg;
}

static void on_signal(int number)
{
    *(number == SIGUSR1 ? &wants_all : (number == SIGHUP ? &wants_child : &wants_one)) = 1;
}

static uint64_t word_of(uint64_t page, unsigned i)
{
    const uint64_t extra = page == pages / 2 ? generation_of_one : 0;
    return (seed << 40) + page * 0x9e3779b97f4a7c15u + i + (extra << 56);
}

static void fill(uint64_t page)
{
    for (unsigned i = 0; i < WORDS; i++) {
        memory[page * WORDS + i] = word_of(page, i);
    }
}

static void check(uint64_t page)
{
    for (unsigned i = 0; i < WORDS; i++) {
        if (memory[page * WORDS + i] != word_of(page, i)) {
            printf("ballast %llu: FAILED: page %llu\n", (unsigned long long)seed,
                   (unsigned long long)page);
            exit(1);
        }
    }
}

static void check_all(void)
{
    for (uint64_t page = 0; page < pages; page++) {
        check(page);
    }
    printf("ballast %llu: all is right\n", (unsigned long long)seed);
}

static void change_one(void)
{
    void *const at = memory + pages / 2 * WORDS;

    if (mprotect(at, PAGE, PROT_READ) != 0) {
        printf("ballast %llu: FAILED: mprotect\n", (unsigned long long)seed);
        exit(1);
    }
    check(pages / 2);
    mprotect(at, PAGE, PROT_READ | PROT_WRITE);
    generation_of_one++;
    fill(pages / 2);
    printf("ballast %llu: one is right\n", (unsigned long long)seed);
}

static void have_child_check(void)
{
    int status = -1;
    const pid_t child = fork();

    if (child == 0) {
        check_all();
        fflush(stdout);
        _exit(7);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 7 << 8) {
        printf("ballast %llu: FAILED: a child, status %d\n", (unsigned long long)seed, status);
        exit(1);
    }
    printf("ballast %llu: the child has ended\n", (unsigned long long)seed);
}

static void write_note(void)
{
    FILE *const f = fopen("/tmp/note", "w");
    if (f == NULL || fprintf(f, "the note of %llu\n", (unsigned long long)seed) < 0 ||
        fclose(f) != 0) {
        printf("ballast %llu: FAILED: no note\n", (unsigned long long)seed);
        exit(1);
    }
}

int main(int argc, char *argv[])
{
    unsigned seen = 0;

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    pages = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1) << 20 >> 12;
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mf_on_clone(on_clone, &calls) != 0) {
        printf("ballast %llu: FAILED: no memory\n", (unsigned long long)seed);
        return 1;
    }
    for (uint64_t page = 0; page < pages; page++) {
        fill(page);
    }
    write_note();
    signal(SIGHUP, on_signal);
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    printf("ballast %llu: filled\n", (unsigned long long)seed);
    for (;;) {
        fflush(stdout);
        usleep(20000);
        if (calls != seen) {
            seen = calls;
            printf("ballast %llu: here\n", (unsigned long long)seed);
        }
        if (wants_all) {
            wants_all = 0;
            check_all();
        }
        if (wants_child) {
            wants_child = 0;
            have_child_check();
        }
        if (wants_one) {
            wants_one = 0;
            change_one();
        }
    }
}
