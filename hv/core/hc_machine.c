/* SPDX-License-Identifier: Apache-2.0 */
/* hc_machine.c - hypercalls on the machine: serial console, information, power, PCI devices. */
#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/hc.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/modules.h"
#include "hv/random.h"

#define CONSOLE_BYTES 64ul /* at once */

#ifndef HV_VERSION
#define HV_VERSION "unknown"
#endif

static bool has_cap(uint32_t cap)
{
    return (current_domain()->caps & cap) != 0;
}

struct hc_result hc_console_write(HC_ARGS)
{
    HC_UNUSED;
    char data[CONSOLE_BYTES];
    const uint64_t n = min_u64(a1, sizeof(data));

    if (!has_cap(HV_CAP_CONSOLE)) {
        return hc_return(HV_ERR_PERM);
    }
    if (copy_from_guest(data, (gva_t){a0}, n)) {
        return hc_return(HV_ERR_FAULT);
    }
    return hc_return((int64_t)serial_write_some(data, n));
}

struct hc_result hc_console_read(HC_ARGS)
{
    HC_UNUSED;
    char data[CONSOLE_BYTES];
    uint64_t n = 0;

    if (!has_cap(HV_CAP_CONSOLE)) {
        return hc_return(HV_ERR_PERM);
    }
    if (a0 >= HV_GUEST_END || a1 > HV_GUEST_END - a0) {
        return hc_return(HV_ERR_FAULT);
    }
    for (int c; n < min_u64(a1, sizeof(data)) && (c = serial_read()) >= 0; n++) {
        data[n] = (char)c;
    }
    const enum hv_err err = n != 0 ? copy_to_guest((gva_t){a0}, data, n) : HV_OK;
    return hc_return(err ? (int64_t)err : (int64_t)n);
}

struct hc_result hc_console_bind(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d = current_domain();
    struct port was;
    uint32_t port;

    if (!has_cap(HV_CAP_CONSOLE)) {
        return hc_return(HV_ERR_PERM);
    }
    enum hv_err err = port_open(d, PORT_CONSOLE, NULL, (uint32_t)a0, &port);
    if (err) {
        return hc_return(err);
    }
    err = irq_bind_console(d, port);
    if (err) {
        (void)!port_close(d, port, &was);
        return hc_return(err);
    }
    serial_enable_rx();
    return hc_return(port);
}

struct hc_result hc_machine_info(HC_ARGS)
{
    HC_UNUSED;
    struct hv_machine_info info = {
        .abi_version = HV_ABI_VERSION,
        .cpu_count = cpu_online_count(),
        .total_frames = frame_total_count(),
        .free_frames = frame_free_count(),
        .tsc_khz = clock_tsc_khz(),
        .domain_count = domain_count(),
        .hv_version = HV_VERSION,
    };

    if (!has_cap(HV_CAP_MACHINE)) {
        return hc_return(HV_ERR_PERM);
    }
    if (current_domain()->id == 1) {
        info.module_count = modules_count();
        info.modules_va = HV_MODULES_VA;
        info.pci_count = pci_count();
    }
    random_bytes(info.seed, sizeof(info.seed));
    return hc_return(copy_to_guest((gva_t){a0}, &info, sizeof(info)));
}

struct hc_result hc_machine_off(HC_ARGS)
{
    HC_UNUSED;
    if (!has_cap(HV_CAP_MACHINE)) {
        return hc_return(HV_ERR_PERM);
    }
    machine_off((int32_t)a0);
}

/* ---- PCI ------------------------------------------------------------------------------------- */

static enum hv_err find_device(uint64_t handle, struct pci_device **out)
{
    uint64_t object;

    if (handle > UINT32_MAX) {
        return HV_ERR_HANDLE;
    }
    const enum hv_err err =
        handle_find(current_domain(), (uint32_t)handle, HANDLE_PCI, HV_RIGHT_DEVICE, &object);
    if (!err) {
        *out = pci_get((uint32_t)object);
    }
    return err;
}

struct hc_result hc_pci_info(HC_ARGS)
{
    HC_UNUSED;
    struct pci_device *device;
    struct hv_pci_info info;
    enum hv_err err = find_device(a0, &device);

    if (!err) {
        pci_get_info(device, &info);
        err = copy_to_guest((gva_t){a1}, &info, sizeof(info));
    }
    return hc_return(err);
}

/* The same, and whether `index` and `bytes` are such as can be meant. */
static enum hv_err find_part(uint64_t handle, uint64_t index, uint64_t bytes,
                             struct pci_device **out)
{
    return find_device(handle, out) ?: (index > UINT32_MAX || bytes > 4 ? HV_ERR_RANGE : HV_OK);
}

struct hc_result hc_pci_read(HC_ARGS)
{
    HC_UNUSED;
    struct pci_device *device;
    uint32_t value = 0;
    const enum hv_err err = find_part(a0, a1, a2, &device)
                                ?: pci_config_read(device, (uint32_t)a1, (uint32_t)a2, &value);
    return hc_return(err ? (int64_t)err : (int64_t)value);
}

struct hc_result hc_pci_write(HC_ARGS)
{
    HC_UNUSED;
    struct pci_device *device;

    return hc_return(find_part(a0, a1, a2, &device)
                         ?: pci_config_write(device, (uint32_t)a1, (uint32_t)a2, (uint32_t)a3));
}

/* Maps a BAR: the pages that hold the MSI-X table, [first, first + count), read-only. */
static enum hv_err map_bar(struct aspace *as, uint64_t va, paddr_t base, uint64_t pages,
                           uint64_t first, uint64_t count)
{
    const struct {
        uint64_t from, to;
        uint32_t prot;
    } part[] = {
        {0, count != 0 ? first : pages, HV_PROT_READ | HV_PROT_WRITE},
        {first, first + count, HV_PROT_READ},
        {first + count, count != 0 ? pages : 0, HV_PROT_READ | HV_PROT_WRITE},
    };
    enum hv_err err = HV_OK;

    for (uint32_t i = 0; i < ARRAY_COUNT(part) && !err; i++) {
        if (part[i].from < part[i].to) {
            err = aspace_map_phys(as, (gva_t){va + (part[i].from << PAGE_SHIFT)},
                                  (paddr_t){base.v + (part[i].from << PAGE_SHIFT)},
                                  part[i].to - part[i].from, part[i].prot, true);
        }
    }
    gva_t at = {va};
    const gva_t end = {va + (pages << PAGE_SHIFT)};
    while (err && err != HV_ERR_EXISTS && at.v < end.v && !aspace_unmap_step(as, at, end, &at)) {
    }
    return err;
}

struct hc_result hc_pci_map_bar(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d = current_domain();
    struct pci_device *device;
    paddr_t base;
    uint64_t bytes, table_first = 0, table_count = 0;
    enum hv_err err = find_device(a0, &device);

    if (!err) {
        err = a1 > 5 ? HV_ERR_NOENT
                     : pci_bar(device, (uint32_t)a1, &base, &bytes, &table_first, &table_count);
    }
    const uint64_t pages = err ? 0 : (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
    err = err ?: hc_check_range(a2, pages);
    if (!err && (base.v & (PAGE_SIZE - 1))) {
        err = HV_ERR_IO; /* it would share a page with another device */
    }
    if (!err) {
        d->has_devices = true;
        err = map_bar(&d->aspace, a2, base, pages, table_first, table_count);
    }
    cpu_flush_current();
    return hc_return(err ? (int64_t)err : (int64_t)bytes);
}

struct hc_result hc_pci_msix(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d = current_domain();
    struct pci_device *device;
    struct port was;
    uint32_t port;
    enum hv_err err =
        find_part(a0, a1, 0, &device) ?: port_open(d, PORT_DEVICE, NULL, (uint32_t)a2, &port);
    if (err) {
        return hc_return(err);
    }
    const uint8_t vector = irq_alloc(d, port, device, (uint32_t)a1);
    if (vector == 0) {
        err = HV_ERR_LIMIT;
    } else {
        port_set_vector(d, port, vector);
        err = pci_msix_set(device, (uint32_t)a1, this_cpu()->apic_id, vector);
        if (err) {
            irq_free(vector);
        }
    }
    if (err) {
        (void)!port_close(d, port, &was);
        return hc_return(err);
    }
    return hc_return(port);
}

struct hc_result hc_dma_address(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d = current_domain();
    struct pci_device *device;
    paddr_t pa = {0};
    enum hv_err err =
        find_device(a0, &device) ?: aspace_resolve(&d->aspace, (gva_t){a1}, HV_PROT_WRITE);

    if (!err) {
        err = aspace_page(&d->aspace, (gva_t){a1}, true, &pa);
        cpu_flush_current();
        d->has_devices = true;
    }
    return hc_return(err ? (int64_t)err : (int64_t)(pa.v + (a1 & (PAGE_SIZE - 1))));
}
