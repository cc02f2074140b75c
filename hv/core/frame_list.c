/* SPDX-License-Identifier: Apache-2.0 */
/* frame_list.c - lists of pages: see frame.h. The owner's lock guards a list. */
#include "arch.h"
#include "hv/frame.h"

enum hv_err frame_list_grow(void ***list, uint32_t index)
{
    if (*list == NULL) {
        const paddr_t pages = frame_alloc_zero();
        if (pages.v == 0) {
            return HV_ERR_NOMEM;
        }
        *list = phys_to_virt(pages);
    }
    if ((*list)[index] == NULL) {
        const paddr_t page = frame_alloc_zero();
        if (page.v == 0) {
            return HV_ERR_NOMEM;
        }
        (*list)[index] = phys_to_virt(page);
    }
    return HV_OK;
}

void frame_list_free(void ***list)
{
    if (*list == NULL) {
        return;
    }
    for (uint32_t i = 0; i < FRAME_LIST_MAX && (*list)[i] != NULL; i++) {
        frame_put(virt_to_phys((*list)[i]));
    }
    frame_put(virt_to_phys(*list));
    *list = NULL;
}
