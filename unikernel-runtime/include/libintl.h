/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libintl.h - messages in the user's language, as GNU gettext has them. The locales are C and C.UTF-8,
 * in which every message is its own translation: catalogues are never looked for.
 */
#pragma once

#include <sys/cdefs.h>

#define __USE_GNU_GETTEXT 1
#define __GNU_GETTEXT_SUPPORTED_REVISION(major) ((major) == 0 ? 1 : -1)

__BEGIN_DECLS
char *gettext(const char *message) __attribute__((format_arg(1)));
char *dgettext(const char *domain, const char *message) __attribute__((format_arg(2)));
char *dcgettext(const char *domain, const char *message, int category)
    __attribute__((format_arg(2)));
char *ngettext(const char *one, const char *many, unsigned long count)
    __attribute__((format_arg(1), format_arg(2)));
char *dngettext(const char *domain, const char *one, const char *many, unsigned long count)
    __attribute__((format_arg(2), format_arg(3)));
char *dcngettext(const char *domain, const char *one, const char *many, unsigned long count,
                 int category) __attribute__((format_arg(2), format_arg(3)));
char *textdomain(const char *domain);
char *bindtextdomain(const char *domain, const char *folder);
char *bind_textdomain_codeset(const char *domain, const char *codeset);
__END_DECLS
