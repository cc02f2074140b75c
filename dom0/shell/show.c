/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - see show.h. */
#include "shell/show.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "families/jobs.h"
#include "families/process.h"
#include "guests/guest.h"
#include "guests/rights.h"
#include "mayfly/hypercall.h"
#include "net/headers.h"
#include "net/uplink.h"
#include "store/lazy.h"
#include "templates/template.h"
#include "text/report.h"
#include "text/term.h"

#define ROWS_MAX 50 /* `list` without -a */
#define TOP_ROWS 20
#define TEXT_BYTES 64

static const char *state_name(const struct guest *g)
{
    switch (g->state) {
    case GUEST_CREATED:
        return "created";
    case GUEST_RUNNING:
        if (g->is_paused) {
            return "paused";
        }
        if (jobs_is_stopped(g)) {
            return "stopped";
        }
        if (g->has_exited) {
            return "exited";
        }
        if (g->is_absent) {
            return "reading";
        }
        return g->is_starved ? "no memory" : (g->is_ready ? "ready" : "running");
    default:
        return report_reason(g->reason);
    }
}

static const char *address_text(uint32_t ip, char text[TEXT_BYTES])
{
    snprintf(text, TEXT_BYTES, "%u.%u.%u.%u", (unsigned int)(ip >> 24),
             (unsigned int)(ip >> 16 & 255), (unsigned int)(ip >> 8 & 255),
             (unsigned int)(ip & 255));
    return text;
}

static const char *size_text(uint64_t bytes, char text[TEXT_BYTES])
{
    static const char units[] = "KMGT";
    uint64_t tenths = bytes * 10 / 1024;
    size_t unit = 0;
    while (tenths >= 10240 && units[unit + 1] != 0) {
        tenths /= 1024;
        unit++;
    }
    snprintf(text, TEXT_BYTES, "%" PRIu64 ".%" PRIu64 " %ciB", tenths / 10, tenths % 10,
             units[unit]);
    return text;
}

static const char *ports_text(uint32_t slot, char text[TEXT_BYTES])
{
    const struct nat_guest *n = &netback_switch.nat.guests[slot];
    size_t at = 0;

    text[0] = 0;
    for (uint32_t i = 0; i < n->published_count && at < TEXT_BYTES; i++) {
        const struct nat_published *p = &n->published[i];
        const int bytes = snprintf(text + at, TEXT_BYTES - at, "%s%u:%u%s", i == 0 ? "" : " ",
                                   (unsigned int)p->host_port, (unsigned int)p->guest_port,
                                   p->protocol == IP_PROTOCOL_UDP ? "/udp" : "");
        at += bytes > 0 ? (size_t)bytes : 0;
    }
    return text;
}

static void print_origin(const struct guest *g)
{
    const struct guest *const parent = process_parent(g);

    if (g->origin != NULL) {
        term_printf("  clone of %s", g->origin);
    } else if (parent != NULL) {
        term_printf("  child of %s", parent->name);
    }
    term_printf("\n");
}

static void print_guest_row(uint32_t slot)
{
    const struct guest *g = guest_at(slot);
    struct hv_dom_info info;
    char address[TEXT_BYTES], ports[TEXT_BYTES], memory[TEXT_BYTES];

    if (g->state == GUEST_ENDED) {
        term_printf("%-20s %-14s %-16s status %d\n", g->name, state_name(g), g->image->name,
                    (int)g->code);
        return;
    }
    const bool known = hv_dom_info(g->handle, &info) >= 0;
    term_printf("%-20s %-14s %-16s %-15s %10s  %s", g->name, state_name(g), g->image->name,
                g->has_network ? address_text(plan_guest_ip4(&netback_switch.plan, slot), address)
                               : "-",
                known ? size_text(info.resident_pages * HV_PAGE_BYTES, memory) : "-",
                ports_text(slot, ports));
    print_origin(g);
}

void show_guests(bool all)
{
    uint32_t rows = 0, left_out = 0;

    for (uint32_t slot = 0; slot < guest_slots(); slot++) {
        if (guest_at(slot)->state == GUEST_FREE) {
            continue;
        }
        if (!all && rows == ROWS_MAX) {
            left_out++;
            continue;
        }
        if (rows++ == 0) {
            term_printf("%-20s %-14s %-16s %-15s %10s  %s\n", "NAME", "STATE", "IMAGE", "ADDRESS",
                        "MEMORY", "PORTS, ORIGIN");
        }
        print_guest_row(slot);
    }
    if (left_out > 0) {
        term_printf("and %" PRIu32 " more; `list -a` shows all\n", left_out);
    } else if (rows == 0) {
        term_printf("There are no guests; `list -i` shows images, `start IMAGE` starts one.\n");
    }
}

void show_images(void)
{
    char size[TEXT_BYTES];
    for (uint32_t i = 0; i < image_count(); i++) {
        const struct image *image = image_at(i);
        term_printf("%-20s %10s\n", image->name, size_text(image->file.bytes, size));
    }
    if (image_count() == 0) {
        term_printf("There are no images: put them into the folder images of the boot volume.\n");
    }
}

static void print_network(uint32_t slot)
{
    const struct guest *g = guest_at(slot);
    char text[TEXT_BYTES];
    uint8_t ip6[16];

    if (!g->has_network) {
        term_printf("network     none\n");
        return;
    }
    plan_guest_ip6(&netback_switch.plan, slot, ip6);
    term_printf("address     %s  %02x%02x:%02x%02x:%02x%02x:%02x%02x::%" PRIx32 "\n",
                address_text(plan_guest_ip4(&netback_switch.plan, slot), text), ip6[0], ip6[1],
                ip6[2], ip6[3], ip6[4], ip6[5], ip6[6], ip6[7], slot + PLAN_FIRST_HOST);
    term_printf("ports       %s\n", ports_text(slot, text));
    term_printf("frames      %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64
                " lost (full), %" PRIu64 " bad\n",
                g->net.sent, g->net.received, g->net.lost, g->net.bad);
}

void show_guest(uint32_t slot)
{
    const struct guest *g = guest_at(slot);
    struct hv_dom_info info;
    char now[TEXT_BYTES], limit[TEXT_BYTES];

    term_printf("name        %s\nimage       %s\nstate       %s\n", g->name, g->image->name,
                state_name(g));
    if (g->state == GUEST_ENDED) {
        term_printf("status      %d\n", (int)g->code);
        return;
    }
    if (hv_dom_info(g->handle, &info) >= 0) {
        term_printf("memory      %s of %s\n", size_text(info.resident_pages * HV_PAGE_BYTES, now),
                    info.memory_pages == 0 ? "all"
                                           : size_text(info.memory_pages * HV_PAGE_BYTES, limit));
        term_printf("CPU         %" PRIu64 ".%06" PRIu64 " s on CPU %" PRIu32 ", weight %" PRIu32
                    ", cap %" PRIu32 "%%\n",
                    info.cpu_ns / MF_NS_PER_S, info.cpu_ns / 1000 % 1000000, info.cpu, info.weight,
                    info.cap_percent);
        term_printf("faults      %" PRIu64 "\nhypercalls  %" PRIu64 "\n", info.fault_count,
                    info.hypercall_count);
    }
    process_print(g);
    if (g->origin != NULL) {
        term_printf("cloned from %s\n", g->origin);
    }
    if (template_name(g->from) != NULL) {
        term_printf("template    %s\n", template_name(g->from));
    }
    term_printf("inspect     %s\nshare       %s\nfork        at most %" PRIu32 "\n",
                rights_inspect_text(g), g->share != NULL ? g->share : "no", g->fork_limit);
    print_network(slot);
}

static void print_dom0(void)
{
    struct hv_dom_info info;
    char memory[TEXT_BYTES];
    if (hv_dom_info(HV_SELF, &info) >= 0) {
        term_printf("dom0        %s, %" PRIu64 ".%06" PRIu64 " s of CPU, %" PRIu64 " hypercalls\n",
                    size_text(info.resident_pages * HV_PAGE_BYTES, memory),
                    info.cpu_ns / MF_NS_PER_S, info.cpu_ns / 1000 % 1000000, info.hypercall_count);
    }
}

static void print_uplink(void)
{
    const struct plan_uplink *u = &netback_switch.uplink;
    char address[TEXT_BYTES], gateway[TEXT_BYTES], dns[TEXT_BYTES];

    if (!uplink_is_present()) {
        term_printf("uplink      none\n");
        return;
    }
    term_printf("uplink      %s/%d, gateway %s, dns %s, mac %02x:%02x:%02x:%02x:%02x:%02x\n",
                address_text(u->address, address), __builtin_popcount(u->mask),
                address_text(u->gateway, gateway), address_text(u->dns, dns), u->mac[0], u->mac[1],
                u->mac[2], u->mac[3], u->mac[4], u->mac[5]);
}

void show_machine(void)
{
    struct hv_machine_info m;
    char free_text[TEXT_BYTES], total[TEXT_BYTES], net[TEXT_BYTES];

    if (hv_machine_info(&m) < 0) {
        term_printf("The hypervisor does not say anything about the machine.\n");
        return;
    }
    m.hv_version[sizeof(m.hv_version) - 1] = 0;
    term_printf("hypervisor  %s, ABI %" PRIu32 "\nCPUs        %" PRIu32 ", TSC %" PRIu64 " MHz\n",
                m.hv_version, m.abi_version, m.cpu_count, m.tsc_khz / 1000);
    term_printf("memory      %s free of %s (%" PRIu64 " of %" PRIu64 " pages)\n",
                size_text(m.free_frames * HV_PAGE_BYTES, free_text),
                size_text(m.total_frames * HV_PAGE_BYTES, total), m.free_frames, m.total_frames);
    term_printf("domains     %" PRIu64 " (guests: %" PRIu32 ")\n", m.domain_count, guest_count());
    print_dom0();
    print_uplink();
    lazy_print();
    term_printf("guest net   %s/%d, %" PRIu32 " flows\n",
                address_text(netback_switch.plan.net, net),
                __builtin_popcount(netback_switch.plan.mask), netback_switch.nat.flow_count);
    for (int i = 0; i < SWITCH_COUNTER_COUNT; i++) {
        if (netback_switch.dropped[i] != 0) {
            term_printf("dropped     %" PRIu64 " %s\n", netback_switch.dropped[i],
                        switch_counter_text((enum switch_counter)i));
        }
    }
}

struct usage {
    uint32_t slot;
    uint64_t cpu_ns, pages;
};

/* Keeps the largest TOP_ROWS in order. */
static uint32_t insert_usage(struct usage rows[TOP_ROWS], uint32_t count, struct usage u)
{
    uint32_t at = count < TOP_ROWS ? count : TOP_ROWS;
    while (at > 0 && rows[at - 1].cpu_ns < u.cpu_ns) {
        if (at < TOP_ROWS) {
            rows[at] = rows[at - 1];
        }
        at--;
    }
    if (at < TOP_ROWS) {
        rows[at] = u;
    }
    return count < TOP_ROWS ? count + 1 : TOP_ROWS;
}

void show_top(void)
{
    static uint64_t last_ns;
    struct usage rows[TOP_ROWS];
    struct hv_dom_info info;
    struct hv_machine_info m = {0};
    char memory[TEXT_BYTES];
    uint32_t count = 0;
    const uint64_t now_ns = mf_clock_ns();
    const uint64_t passed_us = (now_ns - last_ns) / 1000 + 1;

    for (uint32_t slot = 0; slot < guest_slots(); slot++) {
        struct guest *g = guest_at(slot);
        if (g->state != GUEST_RUNNING || hv_dom_info(g->handle, &info) < 0) {
            continue;
        }
        const struct usage u = {slot, info.cpu_ns - g->top_cpu_ns, info.resident_pages};
        g->top_cpu_ns = info.cpu_ns;
        count = insert_usage(rows, count, u);
    }
    last_ns = now_ns;
    hv_machine_info(&m);
    term_printf("\033[H\033[2J%" PRIu32 " guests, %s free; any key ends this\n", guest_count(),
                size_text(m.free_frames * HV_PAGE_BYTES, memory));
    term_printf("%-20s %-16s %7s %12s\n", "NAME", "IMAGE", "CPU %", "MEMORY");
    for (uint32_t i = 0; i < count; i++) {
        const struct guest *g = guest_at(rows[i].slot);
        const uint64_t tenths = rows[i].cpu_ns / passed_us;
        term_printf("%-20s %-16s %5" PRIu64 ".%" PRIu64 " %12s\n", g->name, g->image->name,
                    tenths / 10, tenths % 10, size_text(rows[i].pages * HV_PAGE_BYTES, memory));
    }
}
