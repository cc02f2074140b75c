/* SPDX-License-Identifier: Apache-2.0 */
/* choose.c - see choose.h. */
#include "choose.h"

#define GIB_PAGES 0x40000ul

static uint64_t random_state;

void choose_seed(uint64_t seed)
{
    random_state = seed * 0x9e3779b97f4a7c15ul + 1;
}

/* xorshift64* */
uint64_t choose(uint64_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545f4914f6cdd1dul >> 20) % n;
}

bool once_in(uint64_t n)
{
    return choose(n) == 0;
}

uint64_t choose_page(const struct model *m)
{
    static const uint64_t places[] = {FIRST_PAGE,        0x3fe,         0x5ff,
                                      0x3fffc,           GIB_PAGES,     GIB_PAGES + 510,
                                      2 * GIB_PAGES - 2, 3 * GIB_PAGES, 64 * GIB_PAGES + 1022,
                                      END_PAGE - 514,    END_PAGE - 4};
    uint64_t page = places[choose(ARRAY_COUNT(places))] + choose(12);

    if (m->page_count != 0 && once_in(3)) {
        page = m->page[choose(m->page_count)].number + choose(2);
    } else if (m->run_count != 0 && !once_in(5)) {
        const struct model_run *run = &m->run[choose(m->run_count)];
        const uint64_t offset = choose(min_u64(run->end - run->first, once_in(3) ? 700 : 6));
        page = once_in(2) ? run->first + offset : run->end - 1 - offset;
    }
    return page < FIRST_PAGE ? FIRST_PAGE : page >= END_PAGE ? END_PAGE - 1 : page;
}

uint64_t choose_place(const struct model *m)
{
    if (m->run_count == 0 || once_in(3)) {
        return choose_page(m);
    }
    return min_u64(m->run[choose(m->run_count)].end + choose(3), END_PAGE - 1);
}

uint64_t choose_count(uint64_t page)
{
    static const uint64_t large[] = {
        511, 512, 513, 1024, GIB_PAGES - 2, GIB_PAGES, GIB_PAGES + 514, 3 * GIB_PAGES};

    if (!once_in(6)) {
        return min_u64(1 + choose(once_in(3) ? 20 : 3), END_PAGE - page);
    }
    if (once_in(3)) { /* to where something begins or ends */
        const uint64_t span = once_in(4) ? GIB_PAGES : 512;
        return (page | (span - 1)) + 1 - page;
    }
    return min_u64(large[choose(ARRAY_COUNT(large))], END_PAGE - page);
}

uint32_t choose_prot(void)
{
    static const uint32_t prots[] = {HV_PROT_READ, HV_PROT_READ | HV_PROT_WRITE,
                                     HV_PROT_READ | HV_PROT_WRITE, HV_PROT_READ | HV_PROT_EXEC};
    return prots[choose(ARRAY_COUNT(prots))];
}
