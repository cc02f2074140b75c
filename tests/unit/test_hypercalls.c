// SPDX-License-Identifier: Apache-2.0
// Each hypercall has a number, a name and a handler of its own (include/mayfly/hypercalls.def).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    unsigned int number;
    const char *name, *handler;
} calls[] = {
#define HYPERCALL(number, name, handler) {number, #name, #handler},
#include "mayfly/hypercalls.def"
#undef HYPERCALL
};

#define COUNT (sizeof(calls) / sizeof(calls[0]))

static void no_two_have_the_same_number_name_or_handler(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i; j++) {
            if (calls[i].number == calls[j].number || strcmp(calls[i].name, calls[j].name) == 0 ||
                strcmp(calls[i].handler, calls[j].handler) == 0) {
                fail_msg("%u %s and %u %s", calls[j].number, calls[j].name, calls[i].number,
                         calls[i].name);
            }
        }
    }
}

static void they_stand_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT; i++) {
        assert_true(calls[i].number > calls[i - 1].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_have_the_same_number_name_or_handler),
        cmocka_unit_test(they_stand_in_the_order_of_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
