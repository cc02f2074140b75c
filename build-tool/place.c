/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - see place.h. */
#include "place.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "report.h"

#define COMPILER "x86_64-mayfly-elf-gcc"

char *place_beside(const char *below)
{
    char self[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length > 0 ? length : 0] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(self, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    char *installed = alloc_format("%s/lib/mayfly/%s", self, below);
    if (access(installed, F_OK) == 0) {
        return installed;
    }
    free(installed);
    return alloc_format("%s/%s", self, below);
}

static char *in_sdk(const char *below)
{
    const char *sdk = getenv("MAYFLY_SDK");
    if (sdk != NULL && sdk[0] != '\0') {
        return alloc_format("%s/%s", sdk, below);
    }
    char *beside = place_beside("sdk");
    char *path = alloc_format("%s/%s", beside, below);
    free(beside);
    return path;
}

char *place_runtime_hash(void)
{
    return in_sdk("lib/runtime.sha256");
}

char *place_compiler(void)
{
    char *path = in_sdk("bin/" COMPILER);
    char *absolute = access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
    if (absolute != NULL) {
        free(path);
        return absolute; /* it is to run in another folder */
    }
    report_error("there is no compiler at %s: build Mayfly with `make`, or set MAYFLY_SDK", path);
    free(path);
    return NULL;
}

char *place_boot_file(const char *name)
{
    const char *folder = getenv("MAYFLY_BOOT");
    char *path = folder != NULL && folder[0] != '\0' ? alloc_format("%s/%s", folder, name)
                                                     : place_beside(name);
    if (access(path, R_OK) == 0) {
        return path;
    }
    report_error("%s is missing: build Mayfly with `make`, or set MAYFLY_BOOT to its folder", path);
    free(path);
    return NULL;
}

char *place_firmware(void)
{
    static const char *const usual[] = {
        "/usr/share/ovmf/OVMF.fd",        /* Debian, Ubuntu */
        "/usr/share/edk2/ovmf/OVMF.fd",   /* Fedora */
        "/usr/share/edk2/x64/OVMF.4m.fd", /* Arch */
    };
    const char *chosen = getenv("MAYFLY_OVMF");
    if (chosen != NULL && access(chosen, R_OK) == 0) {
        return alloc_copy(chosen);
    }
    for (size_t i = 0; chosen == NULL && i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (access(usual[i], R_OK) == 0) {
            return alloc_copy(usual[i]);
        }
    }
    report_error("the UEFI firmware %s is missing: `sudo apt install ovmf`, or set MAYFLY_OVMF",
                 chosen != NULL ? chosen : usual[0]);
    return NULL;
}
