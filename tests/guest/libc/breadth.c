// SPDX-License-Identifier: Apache-2.0
// Functions of many headers that programs ask for.
#include "tap.h"

#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <malloc.h>
#include <math.h>
#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

static bool converts(const char *to, const char *from, const char *in, size_t in_bytes,
                     const char *wanted, size_t wanted_bytes)
{
    char out[64], *at = out, *source = (char *)(uintptr_t)in;
    size_t left = sizeof(out);
    const iconv_t handle = iconv_open(to, from);
    const bool good = handle != (iconv_t)-1 && iconv(handle, &source, &in_bytes, &at, &left) == 0;
    iconv_close(handle);
    return good && sizeof(out) - left == wanted_bytes && memcmp(out, wanted, wanted_bytes) == 0;
}

static void test_iconv(void)
{
    tap_check(converts("UTF-16LE", "UTF-8", "a\xc3\xa4\xf0\x9f\x98\x80", 7,
                       "a\0\xe4\0\x3d\xd8\x00\xde", 8),
              "UTF-8 to UTF-16, with a surrogate pair");
    tap_check(converts("UTF-8", "UTF-16", "\xff\xfe\xe4\0", 4, "\xc3\xa4", 2),
              "a mark says the byte order");
    tap_check(converts("utf-8", "latin1", "\xe4", 1, "\xc3\xa4", 2), "Latin-1 to UTF-8");
    const iconv_t handle = iconv_open("ISO-8859-1", "UTF-8");
    char in[] = "\xe2\x82\xac", out[4], *from = in, *to = out;
    size_t in_left = 3, out_left = 4;
    errno = 0;
    tap_check(iconv(handle, &from, &in_left, &to, &out_left) == (size_t)-1 && errno == EILSEQ &&
                  in_left == 3,
              "what the target does not have is EILSEQ");
    in_left = 2;
    tap_check(iconv(handle, &from, &in_left, &to, &out_left) == (size_t)-1 && errno == EINVAL,
              "half a character is EINVAL");
    iconv_close(handle);
    tap_check(iconv_open("UTF-8", "KOI8-R") == (iconv_t)-1 && errno == EINVAL,
              "an unknown encoding is EINVAL");
}

static void test_locale(void)
{
    wchar_t c;
    tap_check(setlocale(LC_ALL, "C.UTF-8") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0 &&
                  mbrtowc(&c, "\xc3\xa4", 2, NULL) == 2 && c == 0xe4 && wcwidth(c) == 1,
              "C.UTF-8 knows UTF-8");
    tap_check(MB_CUR_MAX >= 4, "its characters have several bytes");
    tap_check(setlocale(LC_ALL, "C") != NULL, "C");
}

static void test_users(void)
{
    const struct passwd *u = getpwnam("root");
    tap_check(u != NULL && u->pw_uid == 0 && strcmp(u->pw_dir, "/") == 0 &&
                  strcmp(u->pw_shell, "") == 0,
              "root");
    tap_check(getpwuid(65534) != NULL && getgrnam("nobody")->gr_gid == 65534 &&
                  getpwnam("somebody") == NULL,
              "nobody, and no others");
    mkdir("/etc", 0755);
    FILE *const f = fopen("/etc/group", "w");
    fputs("wheel:x:7:root,www\nwww:x:80:\n", f);
    fclose(f);
    const struct group *const g = getgrnam("wheel");
    tap_check(g != NULL && g->gr_gid == 7 && strcmp(g->gr_mem[1], "www") == 0 &&
                  g->gr_mem[2] == NULL && getgrnam("nobody") == NULL,
              "/etc/group is read");
    gid_t list[4];
    int count = 4;
    tap_check(getgrouplist("www", 80, list, &count) == 2 && list[0] == 80 && list[1] == 7,
              "getgrouplist");
    struct passwd p, *found;
    char small[4];
    tap_check(getpwnam_r("root", &p, small, sizeof(small), &found) == ERANGE && found == NULL,
              "a buffer that is too small is ERANGE");
    tap_check(initgroups("www", 80) == 0 && getgroups(4, list) == 2 && setgid(80) == 0 &&
                  setuid(80) == 0 && getuid() == 80 && setuid(0) == -1 && errno == EPERM,
              "rights can be given up for good");
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void test_various(void)
{
    int numbers[4] = {3, 1, 2}, key = 9;
    size_t count = 3;
    tap_check(lfind(&numbers[1], numbers, &count, sizeof(int), compare) == &numbers[1] &&
                  lsearch(&key, numbers, &count, sizeof(int), compare) == &numbers[3] && count == 4,
              "lfind, lsearch");
    tap_check(setenv("X", "1", 1) == 0 && clearenv() == 0 && getenv("X") == NULL &&
                  setenv("X", "2", 1) == 0 && strcmp(getenv("X"), "2") == 0,
              "clearenv");
    struct termios t = {.c_lflag = ECHO | ICANON, .c_oflag = OPOST};
    cfmakeraw(&t);
    tap_check(t.c_lflag == 0 && t.c_oflag == 0 && (t.c_cflag & CSIZE) == CS8, "cfmakeraw");
    tap_check(pathconf("/", _PC_NAME_MAX) == 255 && pathconf("/none", _PC_NAME_MAX) == -1 &&
                  errno == ENOENT && sysconf(_SC_NGROUPS_MAX) >= 8 &&
                  confstr(_CS_PATH, NULL, 0) > 1,
              "pathconf, sysconf, confstr");
    char *const large = malloc(40u << 20);
    const size_t usable = malloc_usable_size(large);
    memset(large, 1, 40u << 20);
    free(large);
    char *const again = malloc(40u << 20);
    tap_check(large != NULL && usable >= 40u << 20 && again != NULL, "large blocks come and go");
    free(again);
    volatile long double x = 2, huge = 1e4000L;
    tap_check(fabsl(expl(logl(x)) - 2) < 4e-19L && fabsl(powl(x, 0.5L) - sqrtl(x)) < 2e-19L,
              "long double functions have 64 bits");
    tap_check(isfinite(huge) && !isinf(huge) && signbit(-huge), "a large long double is finite");
}

int main(void)
{
    test_iconv();
    test_locale();
    test_various();
    test_users();
    return tap_done();
}
