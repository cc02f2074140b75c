// SPDX-License-Identifier: Apache-2.0
// Children that use their family's files: serve STATUS (the first process ends with it, its child goes
// on until there is /tmp/stop), many N, rounds until there is /tmp/stop, or cost: what a child's requests take, in cycles of the TSC.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 50000
#define ROUNDS 200

static int append(int count)
{
    char line[32];
    const int fd = open("/tmp/log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0) {
        return -1;
    }
    const int n = snprintf(line, sizeof(line), "line %d\n", count);
    const ssize_t done = write(fd, line, (size_t)n);
    close(fd);
    return done == n ? 0 : -1;
}

static int serve(int status)
{
    struct stat st;
    int count = 0;

    if (append(count) != 0 || fork() > 0) {
        return status;
    }
    while (getppid() != 0) {
        usleep(1000);
    }
    while (access("/tmp/stop", F_OK) != 0 && errno == ENOENT && append(++count) == 0) {
        if (count <= 3) {
            printf("filer: %d lines\n", count);
            fflush(stdout);
        }
        usleep(100000);
    }
    if (stat("/tmp/log", &st) != 0) {
        printf("filer: %s\n", errno == EIO ? "EIO" : "?");
        return 1;
    }
    printf("filer: done, %s\n", st.st_size > 14 ? "all is there" : "lines are missing");
    return 0;
}

static void many(int count)
{
    static char data[BYTES], back[BYTES];
    char path[32];
    int good = 0, fd, status;

    for (int i = 0; i < count; i++) {
        const pid_t pid = fork();
        snprintf(path, sizeof(path), "/tmp/file%d", i);
        memset(data, 'a' + i % 26, sizeof(data));
        if (pid == 0) {
            fd = open(path, O_RDWR | O_CREAT, 0600);
            _exit(write(fd, data, BYTES) == BYTES && close(fd) == 0 ? 0 : 1);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            continue;
        }
        fd = open(path, O_RDONLY);
        good += read(fd, back, BYTES) == BYTES && memcmp(data, back, BYTES) == 0;
        close(fd);
        unlink(path);
    }
    printf("filer: %d of %d\n", good, count);
}

/* A child after another; says of each that what it wrote is there. */
static void rounds(void)
{
    char path[32];
    int status;

    for (int i = 1; access("/tmp/stop", F_OK) != 0; i++) {
        const pid_t pid = fork();
        snprintf(path, sizeof(path), "/tmp/round%d", i % 4);
        if (pid == 0) {
            const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            _exit(write(fd, path, 6) == 6 ? 0 : 1);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 || unlink(path) != 0) {
            printf("filer: round %d failed: %s\n", i, strerror(errno));
            return;
        }
        if (i % 5 == 0) {
            printf("filer: round %d\n", i);
            fflush(stdout);
        }
        usleep(50000);
    }
    printf("filer: rounds are over\n");
}

static unsigned long long now(void)
{
    return __builtin_ia32_rdtsc();
}

static void measure(FILE *out, const char *who)
{
    static char block[32768];
    static const size_t sizes[] = {1, 4096, 32768};
    const int fd = open("/tmp/cost", O_RDWR | O_CREAT, 0600);

    for (int round = 0; round < 2; round++) { /* the first time pages are new */
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            const unsigned long long start = now();
            for (int i = 0; i < ROUNDS; i++) {
                if (pwrite(fd, block, sizes[s], 0) != (ssize_t)sizes[s]) {
                    fprintf(out, "filer: write: %s\n", strerror(errno));
                    return;
                }
            }
            const unsigned long long cycles = (now() - start) / ROUNDS;
            if (round == 1) {
                fprintf(out, "filer: %zu bytes of %s take %llu\n", sizes[s], who, cycles);
            }
        }
    }
}

/* The child's figures come to the console by a file, of course. */
static void costs(void)
{
    char line[80];
    measure(stdout, "the owner");
    FILE *const told = fopen("/tmp/told", "w+");
    if (told != NULL && fork() == 0) {
        measure(told, "a child");
        _exit(fclose(told) == 0 ? 0 : 1);
    }
    wait(NULL);
    rewind(told);
    while (fgets(line, sizeof(line), told) != NULL) {
        fputs(line, stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "serve") == 0) {
        return serve(atoi(argv[2]));
    }
    if (argc > 2 && strcmp(argv[1], "many") == 0) {
        many(atoi(argv[2]));
    } else if (argc > 1 && strcmp(argv[1], "rounds") == 0) {
        rounds();
    } else {
        costs();
    }
    return 0;
}
