/* SPDX-License-Identifier: Apache-2.0 */
/* errors.c - see errors.h. */
#include "text/errors.h"

#include "mayfly/abi.h"

const char *error_text(int64_t err)
{
    static const char *const texts[] = {
        [-HV_OK] = "no error",
        [-HV_ERR_INVAL] = "invalid argument",
        [-HV_ERR_ALIGN] = "wrong alignment",
        [-HV_ERR_RANGE] = "out of range",
        [-HV_ERR_EXISTS] = "exists already",
        [-HV_ERR_NOENT] = "does not exist",
        [-HV_ERR_NOMEM] = "the machine has no memory left",
        [-HV_ERR_LIMIT] = "a limit is reached",
        [-HV_ERR_FAULT] = "bad address",
        [-HV_ERR_HANDLE] = "bad handle",
        [-HV_ERR_PERM] = "not permitted",
        [-HV_ERR_STATE] = "not possible in this state",
        [-HV_ERR_BUSY] = "busy",
        [-HV_ERR_NOSYS] = "not known to this hypervisor",
        [-HV_ERR_IO] = "the device failed",
        [-HV_ERR_ABSENT] = "a part of its memory is still on the disk",
    };
    const uint64_t index = (uint64_t)-err;
    return index < sizeof(texts) / sizeof(texts[0]) ? texts[index] : "unknown error";
}
