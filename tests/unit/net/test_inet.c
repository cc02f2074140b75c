// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/net/inet.c
// cflags: -D_GNU_SOURCE -Iunikernel-runtime/src
// libs: -ldl
// -Dinet_pton=inet_pton -Dinet_ntop=inet_ntop -Din6addr_any=mf_in6addr_any
// -Din6addr_loopback=mf_in6addr_loopback
/* Our address functions against rows, and, on random text and addresses, against the host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>

/* The host's functions, which ours hide. */
static int (*host_pton)(int family, const char *text, void *address);
static const char *(*host_ntop)(int family, const void *address, char *text, socklen_t bytes);
static int (*host_aton)(const char *text, struct in_addr *address);

static int find_host(void **state)
{
    (void)state;
    *(void **)&host_pton = dlsym(RTLD_NEXT, "inet_pton");
    *(void **)&host_ntop = dlsym(RTLD_NEXT, "inet_ntop");
    *(void **)&host_aton = dlsym(RTLD_NEXT, "inet_aton");
    return host_pton == NULL || host_ntop == NULL || host_aton == NULL;
}

static void agrees_on(const char *text)
{
    uint8_t ours[16] = {0}, theirs[16] = {0};
    struct in_addr our_in = {0}, their_in = {0};

    for (int i = 0; i < 2; i++) {
        const int family = i == 0 ? AF_INET : AF_INET6;
        const int r = inet_pton(family, text, ours);
        const int expected = host_pton(family, text, theirs);
        if (r != expected || (r == 1 && memcmp(ours, theirs, sizeof(ours)) != 0)) {
            fail_msg("inet_pton(%d, \"%s\") = %d", family, text, r);
        }
    }
    const int r = inet_aton(text, &our_in);
    if (r != host_aton(text, &their_in) || (r == 1 && our_in.s_addr != their_in.s_addr)) {
        fail_msg("inet_aton(\"%s\") = %d", text, r);
    }
}

static void text_is_read_as_on_the_host(void **state)
{
    (void)state;
    static const char *const row[] = {
        "",
        "1",
        "1.2",
        "1.2.3",
        "1.2.3.4",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.256",
        "01.2.3.4",
        "1..2.3",
        ".1.2.3",
        "1.2.3.",
        "0x7f.1",
        "0x7f000001",
        "4294967295",
        "4294967296",
        "127.1",
        "1.65535",
        "1.16777216",
        "1.2.65536",
        "1.2.3.4 ",
        "1.2.3.4x",
        "0x",
        "08",
        "::",
        "::1",
        "1::",
        ":1",
        "1:",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::",
        "::1:2:3:4:5:6:7",
        "1:2:3:4::5:6:7:8",
        "12345::",
        "fe80::g",
        "::ffff:1.2.3.4",
        "::1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "::1.2.3.4:5",
        "fe80::1%1",
        "FE80::ABCD",
        "2001:db8::",
        "0:0:0:0:0:0:0:0",
        "1::1.2.3.4",
        "::01.2.3.4",
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        agrees_on(row[i]);
    }
}

static void random_text_is_read_as_on_the_host(void **state)
{
    (void)state;
    static const char alphabet[] = "0012:::..afx9";
    for (int round = 0; round < 400000; round++) {
        char text[24];
        const size_t length = (size_t)rand() % (sizeof(text) - 1);
        for (size_t i = 0; i < length; i++) {
            text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
        }
        text[length] = '\0';
        agrees_on(text);
    }
}

static void addresses_are_written_as_on_the_host(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[16];
        char ours[INET6_ADDRSTRLEN], theirs[INET6_ADDRSTRLEN];
        for (size_t i = 0; i < sizeof(bytes); i += 2) { /* zero groups are what is special */
            bytes[i] = (uint8_t)(rand() % 4 == 0 ? rand() : 0);
            bytes[i + 1] = (uint8_t)(rand() % 2 == 0 ? rand() : 0);
        }
        for (int i = 0; i < 2; i++) {
            const int family = i == 0 ? AF_INET : AF_INET6;
            assert_non_null(inet_ntop(family, bytes, ours, sizeof(ours)));
            host_ntop(family, bytes, theirs, sizeof(theirs));
            /* glibc writes ::a.b.c.d for the deprecated compatible addresses, RFC 5952 does not. */
            if (family == AF_INET || strchr(theirs, '.') == NULL) {
                assert_string_equal(ours, theirs);
            }
        }
    }
}

static void mapped_address_is_written_with_dots(void **state)
{
    (void)state;
    const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    char text[INET6_ADDRSTRLEN];
    assert_string_equal(inet_ntop(AF_INET6, mapped, text, sizeof(text)), "::ffff:127.0.0.1");
    assert_null(inet_ntop(AF_INET6, mapped, text, 16)); /* no room for the end */
    assert_non_null(inet_ntop(AF_INET6, mapped, text, 17));
    assert_null(inet_ntop(AF_UNSPEC, mapped, text, sizeof(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_as_on_the_host),
        cmocka_unit_test(random_text_is_read_as_on_the_host),
        cmocka_unit_test(addresses_are_written_as_on_the_host),
        cmocka_unit_test(mapped_address_is_written_with_dots),
    };
    return cmocka_run_group_tests(tests, find_host, NULL);
}
