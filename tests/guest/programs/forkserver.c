// SPDX-License-Identifier: Apache-2.0
// Servers that fork, on port 80, with a child's answers coming from the owner's sockets:
//   echo        a child per connection; "die" has the child killed, "count" answers with the open descriptors
//   prefork N   N children accept by themselves; "quit" ends one of them, who is replaced
//   daemon      the first process exits, its child serves on until somebody sends "stop"
//   late        a daemon as most are: the first process exits, its child opens the socket and forks, as echo
//   cost        what read() and write() take, in cycles of the TSC
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 80
#define ROUNDS 1000

static int open_listener(void)
{
    const struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const int one = 1;
    const int s = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(s, (const struct sockaddr *)&a, sizeof(a)) != 0 || listen(s, 200) != 0) {
        printf("forkserver: %s\n", strerror(errno));
        exit(1);
    }
    return s;
}

static void say(const char *text)
{
    printf("forkserver: %s\n", text);
    fflush(stdout);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static bool write_all(int s, const char *data, size_t bytes)
{
    while (bytes != 0) {
        const ssize_t n = write(s, data, bytes);
        if (n <= 0) {
            return false;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* ---- a child per connection ---------------------------------------------------------------------- */

static int echo_connection(int s, int descriptors)
{
    static char data[65536];

    for (ssize_t n; (n = read(s, data, sizeof(data))) != 0;) {
        if (n < 0) {
            return 1;
        }
        if (n >= 3 && memcmp(data, "die", 3) == 0) {
            kill(getpid(), SIGKILL);
        }
        if (n >= 5 && memcmp(data, "count", 5) == 0) {
            n = snprintf(data, sizeof(data), "%d\n", descriptors);
        }
        if (!write_all(s, data, (size_t)n)) {
            return 1;
        }
    }
    return 0;
}

static void on_child(int sig)
{
    const int saved = errno;
    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = saved;
}

static void echo(void)
{
    const struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
    const int listener = open_listener();

    sigaction(SIGCHLD, &action, NULL);
    say("listening");
    for (;;) {
        const int s = accept(listener, NULL, NULL);
        if (s < 0) {
            continue;
        }
        const int descriptors = count_descriptors();
        const pid_t pid = fork();
        if (pid == 0) {
            close(listener);
            _exit(echo_connection(s, descriptors));
        }
        if (pid < 0) {
            printf("forkserver: fork: %s\n", strerror(errno));
            fflush(stdout);
        }
        close(s);
    }
}

/* ---- children that accept ------------------------------------------------------------------------ */

/* Returns false: it is to end. */
static bool answer_http(int s)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: 19"
        "\r\n\r\nHello from Mayfly!\n";
    char request[4096], text[256];
    size_t bytes = 0;

    for (;;) {
        const ssize_t n = read(s, request + bytes, sizeof(request) - 1 - bytes);
        if (n <= 0) {
            return true;
        }
        bytes += (size_t)n;
        request[bytes] = 0;
        if (strncmp(request, "quit", 4) == 0) {
            return false;
        }
        if (strstr(request, "\r\n\r\n") == NULL) {
            continue;
        }
        const bool is_last = strcasestr(request, "connection: close") != NULL;
        const int length =
            snprintf(text, sizeof(text), answer, is_last ? "Connection: close\r\n" : "");
        if (!write_all(s, text, (size_t)length) || is_last) {
            return true;
        }
        bytes = 0;
    }
}

static int serve_http(int listener)
{
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        struct pollfd f = {.fd = listener, .events = POLLIN};
        if (poll(&f, 1, -1) < 0) {
            continue;
        }
        const int s = accept(listener, NULL, NULL);
        if (s < 0 && errno == EAGAIN) {
            continue;
        }
        if (s < 0) {
            return 1;
        }
        const bool goes_on = answer_http(s);
        close(s);
        if (!goes_on) {
            return 0;
        }
    }
}

static pid_t spawn(int listener)
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(serve_http(listener));
    }
    return pid;
}

static void prefork(int count)
{
    const int listener = open_listener();

    fcntl(listener, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < count; i++) {
        (void)spawn(listener);
    }
    say("listening");
    for (;;) {
        int status;
        const pid_t pid = wait(&status);
        if (pid < 0) {
            say("no children");
            return;
        }
        printf("forkserver: %d ended with %x\n", pid, status);
        fflush(stdout);
        (void)spawn(listener);
    }
}

/* ---- a daemon ------------------------------------------------------------------------------------ */

static int serve_alone(void)
{
    const int listener = open_listener();

    if (fork() > 0) {
        return 4; /* what it has goes on being served */
    }
    while (getppid() != 0) {
        usleep(1000);
    }
    say("a daemon");
    for (;;) {
        char text[64];
        const int s = accept(listener, NULL, NULL);
        if (s < 0) {
            printf("forkserver: accept: %s\n", strerror(errno));
            return 1;
        }
        const ssize_t n = read(s, text, sizeof(text));
        if (n > 0) {
            (void)write_all(s, text, (size_t)n);
        }
        close(s);
        if (n >= 4 && memcmp(text, "stop", 4) == 0) {
            return 0;
        }
    }
}

static int serve_late(void)
{
    if (fork() > 0) {
        return 0;
    }
    setsid();
    while (getppid() != 0) {
        usleep(1000);
    }
    echo();
    return 0;
}

/* ---- costs --------------------------------------------------------------------------------------- */

static unsigned long long now(void)
{
    return __builtin_ia32_rdtsc();
}

/* Writes and reads `bytes` on a pair, both ends being ours. */
static void measure(FILE *out, const char *who, const int p[2], size_t bytes)
{
    static char data[32768];
    unsigned long long writes = 0, reads = 0;

    for (int i = 0; i < ROUNDS; i++) {
        const unsigned long long start = now();
        if (write(p[0], data, bytes) != (ssize_t)bytes) {
            fprintf(out, "forkserver: write: %s\n", strerror(errno));
            return;
        }
        const unsigned long long middle = now();
        if (read(p[1], data, bytes) != (ssize_t)bytes) {
            fprintf(out, "forkserver: read: %s\n", strerror(errno));
            return;
        }
        writes += middle - start;
        reads += now() - middle;
    }
    fprintf(out, "forkserver: %s, %zu bytes: write %llu, read %llu\n", who, bytes, writes / ROUNDS,
            reads / ROUNDS);
}

static void costs(void)
{
    static const size_t sizes[] = {1, 4096, 32768};
    char line[100];
    int p[2];
    FILE *const told = fopen("/tmp/told", "w+");

    if (told == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        measure(stdout, "owner", p, sizes[i]);
    }
    if (fork() == 0) {
        for (int i = 0; i < 3; i++) {
            measure(told, "child", p, sizes[i]);
        }
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
    const char *const what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "echo") == 0) {
        echo();
    } else if (strcmp(what, "prefork") == 0 && argc > 2) {
        prefork(atoi(argv[2]));
    } else if (strcmp(what, "daemon") == 0) {
        return serve_alone();
    } else if (strcmp(what, "late") == 0) {
        return serve_late();
    } else if (strcmp(what, "cost") == 0) {
        costs();
    }
    return 0;
}
