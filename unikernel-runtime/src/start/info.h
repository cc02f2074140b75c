/* SPDX-License-Identifier: Apache-2.0 */
/* info.h - the info page (format: mayfly/info.h). dom0 may write to it while the guest runs. */
#pragma once

#include "mayfly/info.h"
#include "mayfly/layout.h"

static inline volatile struct mf_info *mf_info(void)
{
    return (volatile struct mf_info *)(uintptr_t)HV_INFO_PAGE;
}
