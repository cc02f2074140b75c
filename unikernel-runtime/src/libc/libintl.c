/* SPDX-License-Identifier: Apache-2.0 */
/* libintl.c - see <libintl.h>: messages as they are, plurals by English rules. */
#include <libintl.h>

#include <errno.h>
#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 256

/* Folders of domains that were bound. Never freed: callers keep what they were given. */
struct binding {
    struct binding *next;
    char *folder;
    char domain[];
};

static struct binding *bindings;

static char *as_is(const char *message)
{
    return (char *)(uintptr_t)message;
}

char *dcngettext(const char *domain, const char *one, const char *many, unsigned long count,
                 int category)
{
    (void)domain;
    (void)category;
    return as_is(count == 1 ? one : many);
}

char *dngettext(const char *domain, const char *one, const char *many, unsigned long count)
{
    (void)domain;
    return as_is(count == 1 ? one : many);
}

char *ngettext(const char *one, const char *many, unsigned long count)
{
    return as_is(count == 1 ? one : many);
}

char *dcgettext(const char *domain, const char *message, int category)
{
    (void)domain;
    (void)category;
    return as_is(message);
}

char *dgettext(const char *domain, const char *message)
{
    (void)domain;
    return as_is(message);
}

char *gettext(const char *message)
{
    return as_is(message);
}

/* NULL asks, "" is the one of the beginning. */
char *textdomain(const char *domain)
{
    static char current[NAME_BYTES] = "messages";
    if (domain != NULL) {
        if (strlen(domain) >= sizeof(current)) {
            errno = EINVAL;
            return NULL;
        }
        strcpy(current, *domain == '\0' ? "messages" : domain);
    }
    return current;
}

static struct binding *bind(const char *domain)
{
    struct binding *b = bindings;
    while (b != NULL && strcmp(b->domain, domain) != 0) {
        b = b->next;
    }
    if (b == NULL) {
        b = malloc(sizeof(*b) + strlen(domain) + 1);
        if (b != NULL) {
            strcpy(b->domain, domain);
            b->folder = NULL;
            b->next = bindings;
            bindings = b;
        }
    }
    return b;
}

char *bindtextdomain(const char *domain, const char *folder)
{
    static char usual[] = "/usr/share/locale";
    if (domain == NULL || *domain == '\0') {
        errno = EINVAL;
        return NULL;
    }
    struct binding *const b = bind(domain);
    if (b == NULL) {
        return NULL;
    }
    if (folder != NULL && (b->folder == NULL || strcmp(b->folder, folder) != 0)) {
        char *const copy = strdup(folder);
        if (copy == NULL) {
            return NULL;
        }
        b->folder = copy;
    }
    return b->folder != NULL ? b->folder : usual;
}

/* Messages are not converted: the encoding is the locale's. NULL asks: none was set. */
char *bind_textdomain_codeset(const char *domain, const char *codeset)
{
    if (domain == NULL || *domain == '\0' || codeset == NULL) {
        return NULL;
    }
    char *const own = nl_langinfo(CODESET);
    if (strcasecmp(codeset, own) == 0 || strcasecmp(codeset, "UTF-8") == 0) {
        return as_is(codeset);
    }
    errno = EINVAL;
    return NULL;
}
