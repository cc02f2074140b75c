/* SPDX-License-Identifier: Apache-2.0 */

#include "../answers.h"

int part(void);

int main(void)
{
    return print_answers("meson") + part();
}
