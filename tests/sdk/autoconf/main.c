/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "../answers.h"

int part(void);

int main(void)
{
    return print_answers("autoconf") + part();
}
