// SPDX-License-Identifier: Apache-2.0
// icount: 4
// timeout: 120
// Preemption: threads that compute share the CPU, timers and signals reach them, registers and data
// stay what they were.
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 4
#define STRESS_MS 3000

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static volatile bool stop;
static volatile uint64_t progress[WORKERS];

/* ---- progress ------------------------------------------------------------------------------- */

static void *compute(void *arg)
{
    volatile uint64_t *const count = (volatile uint64_t *)arg;
    while (!stop) {
        (*count)++;
    }
    return NULL;
}

static void test_progress(void)
{
    pthread_t t[2];
    stop = false;
    for (int i = 0; i < 2; i++) {
        progress[i] = 0;
        pthread_create(&t[i], NULL, compute, (void *)&progress[i]);
    }
    const uint64_t start = now_ms();
    usleep(200000);
    const uint64_t took = now_ms() - start;
    stop = true;
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    tap_check(progress[0] > 1000 && progress[1] > 1000, "two computing threads both progress");
    tap_check(progress[0] < progress[1] * 3 && progress[1] < progress[0] * 3, "about equally");
    tap_check(took >= 200 && took < 350, "and do not delay the sleep of a third (%d ms)",
              (int)took);
}

static volatile uint64_t woken_at;

static void *sleep_some(void *arg)
{
    (void)arg;
    usleep(30000);
    woken_at = now_ms();
    return NULL;
}

static void *read_byte(void *arg)
{
    char c = 0;
    const ssize_t n = read(*(int *)arg, &c, 1);
    return (void *)(long)(n == 1 && c == 'x');
}

static void test_timer_of_another(void)
{
    pthread_t t;
    const uint64_t start = now_ms();
    woken_at = 0;
    pthread_create(&t, NULL, sleep_some, NULL);
    sched_yield();
    while (woken_at == 0 && now_ms() - start < 2000) {
    }
    const bool was_on_time = woken_at != 0 && woken_at - start < 100;
    tap_check(was_on_time, "a computing thread does not delay a timer of another");
    pthread_join(t, NULL);
}

/* ---- signals -------------------------------------------------------------------------------- */

static volatile sig_atomic_t alarms;
static sigjmp_buf out;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void jump_out(int sig)
{
    (void)sig;
    siglongjmp(out, 1);
}

static volatile greg_t seen_rip;

static void note_rip(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    seen_rip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    alarms++;
}

static void test_alarm(void)
{
    const struct itimerval every = {.it_value = {0, 20000}, .it_interval = {0, 5000}};
    const struct itimerval never = {0};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &every, NULL);
    const uint64_t start = now_ms();
    while (alarms < 5 && now_ms() - start < 3000) {
    }
    setitimer(ITIMER_REAL, &never, NULL);
    tap_check(alarms == 5, "SIGALRM comes to a busy loop, also of the only thread");
    const struct sigaction with_info = {.sa_sigaction = note_rip, .sa_flags = SA_SIGINFO};
    sigaction(SIGALRM, &with_info, NULL);
    alarms = 0;
    setitimer(ITIMER_REAL, &every, NULL);
    for (volatile uint64_t i = 0; alarms == 0 && i < 4000000000; i++) {
    }
    setitimer(ITIMER_REAL, &never, NULL);
    tap_check(seen_rip != 0, "a handler sees where the loop was");
    signal(SIGALRM, jump_out);
    if (sigsetjmp(out, 1) == 0) {
        setitimer(ITIMER_REAL, &every, NULL);
        for (volatile int i = 0;; i++) {
        }
    }
    setitimer(ITIMER_REAL, &never, NULL);
    tap_check(true, "and may jump out of it");
    signal(SIGALRM, SIG_DFL);
    const struct itimerval cpu = {.it_value = {0, 50000}};
    alarms = 0;
    signal(SIGPROF, on_alarm);
    setitimer(ITIMER_PROF, &cpu, NULL);
    while (alarms == 0 && now_ms() - start < 8000) {
    }
    tap_check(alarms == 1, "SIGPROF after some CPU time");
}

static volatile pthread_t signalled;

static void note_thread(int sig)
{
    (void)sig;
    signalled = pthread_self();
}

static void test_kill_computing(void)
{
    pthread_t t;
    stop = false;
    signal(SIGUSR1, note_thread);
    pthread_create(&t, NULL, compute, (void *)&progress[0]);
    usleep(5000);
    pthread_kill(t, SIGUSR1);
    const uint64_t start = now_ms();
    while (signalled != t && now_ms() - start < 2000) {
        usleep(1000);
    }
    tap_check(signalled == t, "pthread_kill reaches a thread that computes");
    stop = true;
    pthread_join(t, NULL);
}

static void *compute_async(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;) {
        (*(volatile uint64_t *)arg)++;
    }
    return NULL;
}

static void test_cancel_computing(void)
{
    pthread_t t;
    void *result = NULL;
    pthread_create(&t, NULL, compute_async, (void *)&progress[0]);
    usleep(5000);
    pthread_cancel(t);
    pthread_join(t, &result);
    tap_check(result == PTHREAD_CANCELED, "an asynchronous cancellation ends a computing thread");
}

/* ---- registers and data ----------------------------------------------------------------------- */

static volatile int mistakes;

/* All general, SSE and x87 registers hold what depends on the thread, for some thousand turns. */
static bool registers_hold(uint64_t x)
{
    uint64_t bad;
    __asm__ volatile(
        "movq %1, %%rax\n\tmovq %%rax, %%rbx\n\tmovq %%rax, %%rdx\n\t"
        "movq %%rax, %%rsi\n\tmovq %%rax, %%rdi\n\tmovq %%rax, %%r8\n\t"
        "movq %%rax, %%r9\n\tmovq %%rax, %%r10\n\tmovq %%rax, %%r11\n\t"
        "movq %%rax, %%r12\n\tmovq %%rax, %%r13\n\tmovq %%rax, %%r14\n\t"
        "movq %%rax, %%r15\n\tmovq %%rax, %%xmm0\n\tmovq %%rax, %%xmm7\n\t"
        "movq %%rax, %%xmm15\n\tleaq -128(%%rsp), %%rsp\n\tpushq %%rax\n\tfildll (%%rsp)\n\t"
        "movl $20000, %%ecx\n1:\tdecl %%ecx\n\tjnz 1b\n\t"
        "subq $8, %%rsp\n\tfistpll (%%rsp)\n\tpopq %%rcx\n\txorq %%rax, %%rcx\n\t"
        "popq %%r8\n\tleaq 128(%%rsp), %%rsp\n\txorq %%rax, %%r8\n\torq %%r8, %%rcx\n\t"
        "xorq %%rax, %%rbx\n\txorq %%rax, %%rdx\n\txorq %%rax, %%rsi\n\t"
        "xorq %%rax, %%rdi\n\txorq %%rax, %%r9\n\t"
        "xorq %%rax, %%r10\n\txorq %%rax, %%r11\n\txorq %%rax, %%r12\n\t"
        "xorq %%rax, %%r13\n\txorq %%rax, %%r14\n\txorq %%rax, %%r15\n\t"
        "orq %%rbx, %%rcx\n\torq %%rdx, %%rcx\n\torq %%rsi, %%rcx\n\t"
        "orq %%rdi, %%rcx\n\torq %%r9, %%rcx\n\torq %%r10, %%rcx\n\t"
        "orq %%r11, %%rcx\n\torq %%r12, %%rcx\n\torq %%r13, %%rcx\n\t"
        "orq %%r14, %%rcx\n\torq %%r15, %%rcx\n\t"
        "movq %%xmm0, %%rbx\n\txorq %%rax, %%rbx\n\torq %%rbx, %%rcx\n\t"
        "movq %%xmm7, %%rbx\n\txorq %%rax, %%rbx\n\torq %%rbx, %%rcx\n\t"
        "movq %%xmm15, %%rbx\n\txorq %%rax, %%rbx\n\torq %%rbx, %%rcx\n\t"
        "movq %%rcx, %0"
        : "=m"(bad)
        : "m"(x)
        : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "xmm0", "xmm7", "xmm15", "memory", "cc");
    return bad == 0;
}

static double series(double x)
{
    double sum = 0;
    for (int i = 1; i < 3000; i++) {
        sum += x / i;
    }
    return sum;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t guarded, rounds_done;

static void *stress(void *arg)
{
    const uint64_t me = (uint64_t)(uintptr_t)arg;
    unsigned int seed = (unsigned int)me * 77;
    const double expected = series((double)me);
    uint64_t rounds = 0;
    while (!stop) {
        char text[64], *const block = malloc(16 + (size_t)rand_r(&seed) % 3000);
        const int n = snprintf(text, sizeof(text), "%d %.6f", (int)me, expected);
        if (block == NULL || !registers_hold(me * 0x01010101) || series((double)me) != expected) {
            mistakes++;
        } else {
            memset(block, (int)me, 16);
            char again[64];
            const int m = snprintf(again, sizeof(again), "%d %.6f", (int)me, series((double)me));
            mistakes += n != m || memcmp(text, again, (size_t)n) != 0 || block[15] != (char)me;
        }
        free(block);
        pthread_mutex_lock(&mutex);
        const uint64_t before = guarded;
        for (volatile int i = 0; i < 300; i++) {
        }
        guarded = before + 1;
        pthread_mutex_unlock(&mutex);
        errno = (int)me;
        for (volatile int i = 0; i < 3000; i++) {
        }
        mistakes += errno != (int)me;
        rounds++;
    }
    __atomic_fetch_add(&rounds_done, rounds, __ATOMIC_RELAXED);
    return NULL;
}

static void test_stress(void)
{
    pthread_t t[WORKERS];
    stop = false;
    for (long i = 0; i < WORKERS; i++) {
        pthread_create(&t[i], NULL, stress, (void *)(i + 1));
    }
    struct itimerval often = {.it_value = {0, 700}, .it_interval = {0, 700}};
    signal(SIGALRM, on_alarm);
    alarms = 0;
    setitimer(ITIMER_REAL, &often, NULL); /* many more interruptions than slices */
    const uint64_t start = now_ms();
    while (now_ms() - start < STRESS_MS) {
        usleep(50000);
    }
    often = (struct itimerval){0};
    setitimer(ITIMER_REAL, &often, NULL);
    stop = true;
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(t[i], NULL);
    }
    tap_equal(mistakes, 0, "registers, floating point, errno and the heap survive");
    tap_check(guarded == rounds_done && rounds_done > 100, "a mutex excludes under preemption");
    tap_check(alarms > 100, "there were many interruptions");
}

static volatile bool may_stop_sorting;

static int compare(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    progress[1]++;
    return (x > y) - (x < y);
}

static void *sort_for_ever(void *arg)
{
    static int numbers[5000];
    (void)arg;
    while (!may_stop_sorting) {
        for (int i = 0; i < 5000; i++) {
            numbers[i] = (i * 7919) % 5003;
        }
        qsort(numbers, 5000, sizeof(int), compare);
        for (int i = 1; i < 5000; i++) {
            mistakes += numbers[i - 1] > numbers[i];
        }
    }
    return NULL;
}

static void test_callbacks(void)
{
    pthread_t t[2];
    mistakes = 0;
    stop = false;
    progress[0] = progress[1] = 0;
    pthread_create(&t[0], NULL, compute, (void *)&progress[0]);
    pthread_create(&t[1], NULL, sort_for_ever, NULL);
    usleep(300000);
    stop = may_stop_sorting = true;
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    tap_check(mistakes == 0 && progress[0] != 0 && progress[1] != 0,
              "comparison functions of qsort() are interrupted, too");
}

static void test_file(void)
{
    int p[2];
    pthread_t reader, t;
    void *result;
    pipe(p);
    stop = false;
    pthread_create(&reader, NULL, read_byte, &p[0]);
    pthread_create(&t, NULL, compute, (void *)&progress[0]);
    usleep(20000);
    write(p[1], "x", 1);
    pthread_join(reader, &result);
    tap_check(result == (void *)1, "a reader is woken beside a computing thread");
    stop = true;
    pthread_join(t, NULL);
}

int main(void)
{
    test_alarm(); /* while there is one thread */
    test_progress();
    test_timer_of_another();
    test_kill_computing();
    test_cancel_computing();
    test_stress();
    test_callbacks();
    test_file();
    return tap_done();
}
