/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports_test.c - runs the tests of a recipe. A test starts a program of the port as a guest by
 * `mayfly run`, in a process of its own, and compares what the guest prints and its exit status; or
 * it runs a command of the host beside the guest, or instead of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "image_view.h"
#include "ports.h"
#include "process.h"
#include "report.h"

#define SECONDS_DEFAULT 60u
#define OUTPUT_SHOWN 25 /* lines of a failed test */

struct test {
    struct port *port;
    const struct port_test *about;
    char *work, *out;       /* the port's folder; the file that takes the guest's output */
    char self[4096];        /* this program */
    struct strlist publish; /* "HOST:GUEST", also as PORT_GUEST=HOST in `variables` */
    struct strlist variables;
    int input_end; /* of the pipe that a server's input is; 0: none */
    char why[256]; /* of a failure */
};

static unsigned seconds_of(const struct test *test)
{
    return test->about->seconds != 0 ? test->about->seconds : SECONDS_DEFAULT;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what the guest printed ------------------------------------------------------------------- */

/* The output as one string; bytes 0 become '?', so that regular expressions see all of it. */
static char *output_text(const struct test *test)
{
    struct buffer text = {0};
    if (buffer_read_file(&text, test->out) != 0) {
        return alloc_copy("");
    }
    for (size_t i = 0; i < text.bytes; i++) {
        text.data[i] = text.data[i] == 0 ? '?' : text.data[i];
    }
    buffer_append(&text, "", 1);
    return (char *)text.data;
}

/* Where the expression ends in the text, or NULL. */
static const char *find(const char *expression, const char *text)
{
    regex_t compiled;
    regmatch_t match;
    if (regcomp(&compiled, expression, REG_EXTENDED | REG_NEWLINE) != 0) {
        return NULL;
    }
    const int result = regexec(&compiled, text, 1, &match, 0);
    regfree(&compiled);
    return result == 0 ? text + match.rm_eo : NULL;
}

static bool prints_expected(struct test *test)
{
    char *text = output_text(test);
    const char *at = text;
    for (unsigned i = 0; at != NULL && i < test->about->expect_count; i++) {
        at = find(test->about->expect[i], at);
        if (at == NULL) {
            snprintf(test->why, sizeof(test->why), "it does not print `%s`",
                     test->about->expect[i]);
        }
    }
    free(text);
    return at != NULL;
}

static bool equals_file(struct test *test)
{
    char *path = alloc_format("%s/%s", test->work, test->about->output);
    struct buffer want = {0}, have = {0};
    const bool same = buffer_read_file(&want, path) == 0 &&
                      buffer_read_file(&have, test->out) == 0 && want.bytes == have.bytes &&
                      memcmp(want.data, have.data, want.bytes) == 0;
    if (!same) {
        snprintf(test->why, sizeof(test->why), "its output (%zu bytes) is not that of %s (%zu)",
                 have.bytes, test->about->output, want.bytes);
    }
    buffer_free(&want);
    buffer_free(&have);
    free(path);
    return same;
}

/* ---- the guest -------------------------------------------------------------------------------- */

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        port = ntohs(address.sin_port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}

/* Other host ports than those of the manifest, which somebody may use. */
static void choose_ports(struct test *test, const char *image)
{
    struct image_view view;
    if (image_view_load(&view, image) != 0) {
        return;
    }
    const json_t *ports = json_object_get(view.manifest, "ports");
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *port = json_array_get(ports, i);
        const unsigned guest = (unsigned)json_integer_value(json_object_get(port, "guest"));
        const char *proto = json_string_value(json_object_get(port, "proto"));
        const unsigned host = free_port();
        strlist_addf(&test->publish, "%u:%u/%s", host, guest, proto != NULL ? proto : "tcp");
        strlist_addf(&test->variables, "PORT_%u=%u", guest, host);
        if (i == 0) {
            strlist_addf(&test->variables, "PORT=%u", host);
        }
    }
    image_view_free(&view);
}

/* The guest's input: it ends at once, or, as some servers serve until it does, with the test. */
static int open_input(struct test *test)
{
    int ends[2];
    if (test->about->host == NULL) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    test->input_end = ends[1];
    return ends[0];
}

static pid_t start_guest(struct test *test)
{
    char *image = port_image(test->port, test->about->run);
    choose_ports(test, image);
    struct strlist argv = {0};
    strlist_add(&argv, test->self);
    strlist_add(&argv, "run");
    strlist_addf(&argv, "--timeout=%u", seconds_of(test));
    for (size_t i = 0; i < test->publish.count; i++) {
        strlist_addf(&argv, "-p%s", test->publish.items[i]);
    }
    strlist_add(&argv, image);
    for (unsigned i = 0; i < test->about->args_count; i++) {
        strlist_add(&argv, test->about->args[i]);
    }
    free(image);
    const int in = open_input(test);
    const int out = open(test->out, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    const pid_t pid = in < 0 || out < 0 ? -1 : process_start_guarded(&argv, in, out);
    close(in);
    close(out);
    strlist_free(&argv);
    return pid;
}

static bool guest_passes(struct test *test)
{
    const pid_t pid = start_guest(test);
    const int status = pid < 0 ? 127 : process_wait(pid);
    if (status != test->about->status) {
        snprintf(test->why, sizeof(test->why), "exit status %d instead of %d", status,
                 test->about->status);
        return false;
    }
    return prints_expected(test) && (test->about->output == NULL || equals_file(test));
}

/* ---- commands of the host --------------------------------------------------------------------- */

/* Waits until the guest has printed the line that says that it serves. */
static bool wait_ready(struct test *test, pid_t pid)
{
    const double limit = now() + seconds_of(test);
    while (test->about->ready != NULL && now() < limit) {
        char *text = output_text(test);
        const bool found = find(test->about->ready, text) != NULL;
        free(text);
        if (found) {
            return true;
        }
        if (waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT | WNOHANG) == 0 &&
            kill(pid, 0) == 0) {
            siginfo_t ended = {0};
            waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT | WNOHANG);
            if (ended.si_pid == pid) {
                break;
            }
        }
        nap();
    }
    if (test->about->ready != NULL) {
        snprintf(test->why, sizeof(test->why), "it did not print `%s`", test->about->ready);
    }
    return test->about->ready == NULL;
}

/* The command runs in the port's folder, where source, prefix and images are. */
static bool host_passes(struct test *test)
{
    struct strlist argv = {0};
    strlist_add(&argv, "env");
    strlist_addf(&argv, "MAYFLY=%s", test->self);
    strlist_addf(&argv, "WORK=%s", test->work);
    strlist_addf(&argv, "SUPPORT=%s", test->port->support);
    strlist_addf(&argv, "GUEST_OUTPUT=%s", test->out);
    for (size_t i = 0; i < test->variables.count; i++) {
        strlist_add(&argv, test->variables.items[i]);
    }
    strlist_add(&argv, "timeout");
    strlist_addf(&argv, "%u", seconds_of(test));
    strlist_add(&argv, "sh");
    strlist_add(&argv, "-euc");
    strlist_addf(&argv, "exec >>\"$GUEST_OUTPUT.host\" 2>&1; %s", test->about->host);
    char *log = alloc_format("%s.host", test->out);
    unlink(log);
    free(log);
    const pid_t pid = process_start(&argv, test->work);
    const int status = pid < 0 ? 127 : process_wait(pid);
    strlist_free(&argv);
    if (status != 0) {
        snprintf(test->why, sizeof(test->why), "the command on the host ended with %d", status);
    }
    return status == 0;
}

static bool server_passes(struct test *test)
{
    const pid_t pid = start_guest(test);
    if (pid < 0) {
        snprintf(test->why, sizeof(test->why), "it cannot be started");
        return false;
    }
    bool passes = wait_ready(test, pid) && host_passes(test);
    kill(pid, SIGTERM);
    process_wait(pid);
    close(test->input_end);
    return passes && prints_expected(test);
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void show_output(const struct test *test)
{
    char *command = alloc_format("for f in '%1$s' '%1$s.host'; do [ ! -s \"$f\" ] || tail -n %2$d "
                                 "\"$f\" | cat -v | sed 's/^/#    /'; done",
                                 test->out, OUTPUT_SHOWN);
    fflush(stdout);
    if (system(command) != 0) {
        puts("#    (no output)");
    }
    free(command);
}

static bool run_test(struct port *port, const struct port_test *about, const char *work)
{
    struct test test = {
        .port = port,
        .about = about,
        .work = alloc_copy(work),
        .out = alloc_format("%s/tests/%s", work, about->name),
    };
    const ssize_t length = readlink("/proc/self/exe", test.self, sizeof(test.self) - 1);
    test.self[length > 0 ? length : 0] = '\0';
    for (char *c = test.out + strlen(work) + 7; *c != '\0'; c++) {
        *c = *c == '/' || *c == ' ' ? '-' : *c;
    }
    const double start = now();
    const bool passes = about->run == NULL    ? host_passes(&test)
                        : about->host != NULL ? server_passes(&test)
                                              : guest_passes(&test);
    printf("%-6s %s: %s  %.1f s\n", passes ? "ok" : "FAIL", port->name, about->name, now() - start);
    if (!passes) {
        printf("#    %s\n", test.why);
        show_output(&test);
    }
    fflush(stdout);
    strlist_free(&test.publish);
    strlist_free(&test.variables);
    free(test.work);
    free(test.out);
    return passes;
}

int port_test(struct port *port, bool quick)
{
    if (port_build(port, false) != 0) {
        return -1;
    }
    char *below = alloc_format("build/%s", port->name);
    char *work = ports_built(below);
    char *folder = alloc_format("%s/tests", work);
    int failed = mkdir(folder, 0755) != 0 && errno != EEXIST ? -1 : 0;
    for (unsigned i = 0; failed >= 0 && i < port->fields->tests_count; i++) {
        const struct port_test *test = &port->fields->tests[i];
        if (!(quick && test->slow) && !run_test(port, test, work)) {
            failed++;
        }
    }
    free(folder);
    free(work);
    free(below);
    return failed;
}
