/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strerror.c - what errors are called, in the words that users know and tests of programs expect; newlib's are those
 * of older systems. strerror() and its kin (POSIX.1-2008), and what newlib's perror() calls.
 */
#include <errno.h>
#include <string.h>

#include "libc/texts.h"

#undef strerror_r

int __xpg_strerror_r(int error, char *buffer, size_t bytes);

/* In the order of their numbers (<errno.h>), from 0 on; empty: no error has it. */
static const char texts[] = "Success\0"
                            "Operation not permitted\0"
                            "No such file or directory\0"
                            "No such process\0"
                            "Interrupted system call\0"
                            "Input/output error\0"
                            "No such device or address\0"
                            "Argument list too long\0"
                            "Exec format error\0"
                            "Bad file descriptor\0"
                            "No child processes\0"
                            "Resource temporarily unavailable\0"
                            "Cannot allocate memory\0"
                            "Permission denied\0"
                            "Bad address\0"
                            "Block device required\0"
                            "Device or resource busy\0"
                            "File exists\0"
                            "Invalid cross-device link\0"
                            "No such device\0"
                            "Not a directory\0"
                            "Is a directory\0"
                            "Invalid argument\0"
                            "Too many open files in system\0"
                            "Too many open files\0"
                            "Inappropriate ioctl for device\0"
                            "Text file busy\0"
                            "File too large\0"
                            "No space left on device\0"
                            "Illegal seek\0"
                            "Read-only file system\0"
                            "Too many links\0"
                            "Broken pipe\0"
                            "Numerical argument out of domain\0"
                            "Numerical result out of range\0"
                            "No message of desired type\0"
                            "Identifier removed\0"
                            "Channel number out of range\0"
                            "Level 2 not synchronized\0"
                            "Level 3 halted\0"
                            "Level 3 reset\0"
                            "Link number out of range\0"
                            "Protocol driver not attached\0"
                            "No CSI structure available\0"
                            "Level 2 halted\0"
                            "Resource deadlock avoided\0"
                            "No locks available\0"
                            "\0\0\0" /* none with these numbers */
                            "Invalid exchange\0"
                            "Invalid request descriptor\0"
                            "Exchange full\0"
                            "No anode\0"
                            "Invalid request code\0"
                            "Invalid slot\0"
                            "Resource deadlock avoided\0"
                            "Bad font file format\0"
                            "\0\0" /* none with these numbers */
                            "Device not a stream\0"
                            "No data available\0"
                            "Timer expired\0"
                            "Out of streams resources\0"
                            "Machine is not on the network\0"
                            "Package not installed\0"
                            "Object is remote\0"
                            "Link has been severed\0"
                            "Advertise error\0"
                            "Srmount error\0"
                            "Communication error on send\0"
                            "Protocol error\0"
                            "\0\0" /* none with these numbers */
                            "Multihop attempted\0"
                            "Inode is remote\0"
                            "RFS specific error\0"
                            "Bad message\0"
                            "\0" /* none with these numbers */
                            "Inappropriate file type or format\0"
                            "Name not unique on network\0"
                            "File descriptor in bad state\0"
                            "Remote address changed\0"
                            "Can not access a needed shared library\0"
                            "Accessing a corrupted shared library\0"
                            ".lib section in a.out corrupted\0"
                            "Attempting to link in too many shared libraries\0"
                            "Cannot exec a shared library directly\0"
                            "Function not implemented\0"
                            "No more files\0"
                            "Directory not empty\0"
                            "File name too long\0"
                            "Too many levels of symbolic links\0"
                            "\0\0" /* none with these numbers */
                            "Operation not supported\0"
                            "Protocol family not supported\0"
                            "\0\0\0\0\0\0\0" /* none with these numbers */
                            "Connection reset by peer\0"
                            "No buffer space available\0"
                            "Address family not supported by protocol\0"
                            "Protocol wrong type for socket\0"
                            "Socket operation on non-socket\0"
                            "Protocol not available\0"
                            "Cannot send after transport endpoint shutdown\0"
                            "Connection refused\0"
                            "Address already in use\0"
                            "Software caused connection abort\0"
                            "Network is unreachable\0"
                            "Network is down\0"
                            "Connection timed out\0"
                            "Host is down\0"
                            "No route to host\0"
                            "Operation now in progress\0"
                            "Operation already in progress\0"
                            "Destination address required\0"
                            "Message too long\0"
                            "Protocol not supported\0"
                            "Socket type not supported\0"
                            "Cannot assign requested address\0"
                            "Network dropped connection on reset\0"
                            "Transport endpoint is already connected\0"
                            "Transport endpoint is not connected\0"
                            "Too many references: cannot splice\0"
                            "Too many processes\0"
                            "Too many users\0"
                            "Disk quota exceeded\0"
                            "Stale file handle\0"
                            "Operation not supported\0"
                            "No medium found\0"
                            "No such host or network path\0"
                            "File name exists with different case\0"
                            "Invalid or incomplete multibyte or wide character\0"
                            "Value too large for defined data type\0"
                            "Operation canceled\0"
                            "State not recoverable\0"
                            "Owner died\0"
                            "Streams pipe error\0";

#define UNKNOWN_BYTES 32

/* The text, if need be in `buffer` of UNKNOWN_BYTES. */
static char *describe(int error, char *buffer)
{
    const char *const text = mf_text(texts, sizeof(texts) - 1, error);
    if (text != NULL) {
        return (char *)(uintptr_t)text;
    }
    mf_text_number(buffer, "Unknown error ", error);
    return buffer;
}

char *strerror(int error)
{
    static char buffer[UNKNOWN_BYTES];
    return describe(error, buffer);
}

char *strerror_l(int error, locale_t locale)
{
    (void)locale;
    return strerror(error);
}

/* GNU's: the text, which need not be in `buffer`. */
char *strerror_r(int error, char *buffer, size_t bytes)
{
    char own[UNKNOWN_BYTES];
    char *const text = describe(error, own);
    if (text != own) {
        return text;
    }
    strlcpy(buffer, text, bytes);
    return buffer;
}

/* POSIX' strerror_r() (<string.h>). */
int __xpg_strerror_r(int error, char *buffer, size_t bytes)
{
    char own[UNKNOWN_BYTES];
    const char *const text = describe(error, own);
    if (strlcpy(buffer, text, bytes) >= bytes) {
        return ERANGE;
    }
    return text == own ? EINVAL : 0;
}

/* For newlib's perror(). */
char *_strerror_r(struct _reent *reent, int error, int is_internal, int *problem)
{
    (void)reent;
    (void)is_internal;
    (void)problem;
    return strerror(error);
}
