/* SPDX-License-Identifier: Apache-2.0 */
/* ldwcvt.c - the digits of a long double for wprintf(): those of ldcvt.c, as wide characters. */
#include <reent.h>
#include <stdlib.h>
#include <wchar.h>

char *__mf_ldcvt(struct _reent *reent, long double value, int precision, int alternative,
                 char *sign, int *point, int conversion, int *length, char **buffer);
wchar_t *__mf_ldwcvt(struct _reent *reent, long double value, int precision, int alternative,
                     wchar_t *sign, int *point, wint_t conversion, int *length, wchar_t **buffer);

/* As __mf_ldcvt(). *buffer, which may be NULL, is freed, and becomes the one that the digits are in. */
// NOLINTNEXTLINE(readability-function-size): the parameters of newlib's wcvt(), which it stands in for
wchar_t *__mf_ldwcvt(struct _reent *reent, long double value, int precision, int alternative,
                     wchar_t *sign, int *point, wint_t conversion, int *length, wchar_t **buffer)
{
    char narrow_sign = '\0', *narrow = NULL;
    const char *const digits = __mf_ldcvt(reent, value, precision, alternative, &narrow_sign, point,
                                          (int)conversion, length, &narrow);
    free(*buffer);
    *buffer = digits == NULL ? NULL : (wchar_t *)malloc((size_t)(*length + 1) * sizeof(wchar_t));
    for (int i = 0; *buffer != NULL && i < *length; i++) {
        (*buffer)[i] = (wchar_t)digits[i];
    }
    *sign = (wchar_t)narrow_sign;
    free(narrow);
    return *buffer;
}
