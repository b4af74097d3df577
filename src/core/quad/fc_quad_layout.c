/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layout of panels; contract in fc_quad_layout.h. */
#include "fc_quad_layout.h"

#include <float.h>
#include <math.h>

/* Octaves of an infinite section before its ladder begins: peaks up to 2^14 from the finite end are
 * met by panels a small part of an octave wide. */
#define OCTAVES 14
#define FIRST_LEVELS 12
#define MANY_BREAKS 32

static void link_between(fc_panels *p, uint32_t before, uint32_t index, uint32_t after)
{
    p->panels[index].prev = before;
    p->panels[index].next = after;
    if (before != FC_NO_PANEL) {
        p->panels[before].next = index;
    } else {
        p->head = index;
    }
    if (after != FC_NO_PANEL) {
        p->panels[after].prev = index;
    } else {
        p->last = index;
    }
}

/* Put `index` next to `neighbour`, on the side of larger or smaller x. */
static void link_beside(fc_panels *p, uint32_t neighbour, uint32_t index, bool right)
{
    if (right) {
        link_between(p, neighbour, index, p->panels[neighbour].next);
    } else {
        link_between(p, p->panels[neighbour].prev, index, neighbour);
    }
}

/* Panels [first, p->n), added in ascending p, follow everything in the list. */
static void link_section(fc_panels *p, uint32_t first, bool falls)
{
    for (uint32_t k = 0, count = (uint32_t)p->n - first; k < count; k++) {
        link_between(p, p->last, falls ? first + count - 1 - k : first + k, FC_NO_PANEL);
    }
}

/* A linear section of n equal panels. */
static fc_status add_linear(fc_panels *p, double base, double sign, double top, unsigned n)
{
    /* Nearer to a base that is not 0, x no longer tells p well enough: the relative error is 2^-21.
     */
    double p_min = fmax(ldexp(fabs(base), -32), 1e-290);
    fc_section section = {.base = base, .sign = sign, .top = top, .p_min = p_min};
    fc_status status = fc_panels_add_section(p, &section);
    if (status == FC_OK) {
        status = fc_panels_reserve(p, n);
    }
    if (status != FC_OK) {
        return status;
    }
    uint32_t index = (uint32_t)p->n_sections - 1, first = (uint32_t)p->n;
    double step = top / n;
    for (unsigned i = 0; i < n; i++) {
        (void)fc_panels_add(p, index, i * step, i + 1 == n ? top : (i + 1) * step, FC_NO_LEVEL);
    }
    p->sections[index].inner = first;
    link_section(p, first, fc_section_falls(&section));
    return FC_OK;
}

/* The section from base +- 1 to infinity: per_octave panels for each of OCTAVES octaves, then a
 * ladder. */
static fc_status add_inverse(fc_panels *p, double base, double sign, unsigned per_octave)
{
    fc_section section = {.base = base, .sign = sign, .inverse = true, .top = 1, .p_min = 1e-150};
    fc_status status = fc_panels_add_section(p, &section);
    if (status == FC_OK) {
        status = fc_panels_reserve(p, (size_t)OCTAVES * per_octave + FIRST_LEVELS);
    }
    if (status != FC_OK) {
        return status;
    }
    uint32_t index = (uint32_t)p->n_sections - 1, first = (uint32_t)p->n;
    double low = ldexp(1, -OCTAVES - 2 * FIRST_LEVELS);
    p->sections[index].inner = first;
    p->sections[index].ladder_low = low;
    p->sections[index].n_levels = FIRST_LEVELS;
    for (int level = FIRST_LEVELS - 1; level >= 0; level--, low *= 4) {
        (void)fc_panels_add(p, index, low, 4 * low, level);
    }
    /* Equal steps of 1/p, which is x: equal resolution for whatever stands there. */
    for (unsigned i = per_octave; i > 0; i--) {
        double n = per_octave, from = 2 * n / (n + i), to = 2 * n / (n + i - 1), at = low;
        uint32_t step = per_octave - i;
        for (int octave = 0; octave < OCTAVES; octave++, at *= 2) {
            uint32_t panel = first + FIRST_LEVELS + (uint32_t)octave * per_octave + step;
            fc_panel_clear(&p->panels[panel], at * from, at * to, index, FC_NO_LEVEL);
        }
    }
    for (uint32_t i = 0; i < OCTAVES * per_octave; i++) {
        p->todo[p->n_todo++] = (uint32_t)p->n++;
    }
    link_section(p, first, fc_section_falls(&section));
    return FC_OK;
}

/* A linear section at a break that was given, or found: f is rough there, so it is graded at once.
 */
static fc_status add_half(fc_panels *p, double base, double sign, double top, unsigned n,
                          bool graded)
{
    fc_status status = add_linear(p, base, sign, top, n);
    uint32_t index = (uint32_t)p->n_sections - 1;
    int levels = status == FC_OK && graded ? fc_layout_ladder_room(p, index) : 0;
    if (levels >= 8) {
        levels = levels < FIRST_LEVELS ? levels : FIRST_LEVELS;
        status = fc_panels_reserve(p, (size_t)levels);
        if (status == FC_OK) {
            fc_layout_add_levels(p, index, levels, true);
        }
    }
    return status;
}

fc_status fc_layout_range(fc_panels *p, const double *breaks, size_t n, unsigned density,
                          bool graded)
{
    double length = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        double part = breaks[i + 1] / 2 - breaks[i] / 2;
        length += isfinite(part) ? part : 0;
    }
    unsigned per_unit = density / 8 > 2 ? density / 8 : 2;
    unsigned per_octave = density / 8 > 5 ? density / 8 : density / 16 > 1 ? density / 16 : 1;
    size_t ends = (isinf(breaks[0]) ? 1 : 0) + (isinf(breaks[n - 1]) ? 1 : 0);
    fc_status status = fc_panels_reserve(
        p, density + ends * ((size_t)OCTAVES * per_octave + FIRST_LEVELS + 2 * per_unit));
    graded = graded && n <= MANY_BREAKS; /* many breaks are dense enough by themselves */
    for (size_t i = 0; i + 1 < n && status == FC_OK; i++) {
        double left = breaks[i], right = breaks[i + 1];
        bool grade_left = graded && i > 0, grade_right = graded && i + 2 < n;
        if (isinf(left)) {
            status = add_inverse(p, right, -1, per_octave);
            if (status == FC_OK) {
                status = add_half(p, right, -1, 1, per_unit, grade_right);
            }
        } else if (isinf(right)) {
            status = add_half(p, left, 1, 1, per_unit, grade_left);
            if (status == FC_OK) {
                status = add_inverse(p, left, 1, per_octave);
            }
        } else {
            double half = right / 2 - left / 2, share = ceil(0.5 * density * (half / length));
            unsigned count = share > 2 ? (unsigned)share : 2;
            status = add_half(p, left, 1, half, count, grade_left);
            if (status == FC_OK) {
                status = add_half(p, right, -1, half, count, grade_right);
            }
        }
    }
    return status;
}

void fc_layout_split(fc_panels *p, uint32_t index, unsigned ways, uint32_t *first_new)
{
    fc_panel *panel = &p->panels[index];
    fc_section *section = &p->sections[panel->section];
    double lo = panel->lo, hi = panel->hi, step = (hi - lo) / ways;
    bool right = !fc_section_falls(section);
    uint8_t kept = panel->flags & FC_PANEL_STUBBORN;
    int level = panel->level;
    uint32_t before = index;
    *first_new = (uint32_t)p->n;
    fc_panel_clear(panel, lo, lo + step, panel->section, level);
    panel->flags = kept;
    p->todo[p->n_todo++] = index;
    for (unsigned k = 1; k < ways; k++) {
        uint32_t child = fc_panels_add(p, p->panels[index].section, lo + k * step,
                                       k + 1 == ways ? hi : lo + (k + 1) * step, level);
        p->panels[child].flags = kept;
        link_beside(p, before, child, right);
        before = child;
    }
}

int fc_layout_ladder_room(const fc_panels *p, uint32_t index)
{
    const fc_section *section = &p->sections[index];
    double low = section->n_levels > 0 ? section->ladder_low : p->panels[section->inner].hi;
    double room = floor(0.5 * log2(low / section->p_min)); /* -inf where the section is empty */
    int left = FC_MAX_LEVELS - section->n_levels;
    return section->cut || section->clean > 0 || !(room > 0) ? 0 : room < left ? (int)room : left;
}

void fc_layout_add_levels(fc_panels *p, uint32_t index, int count, bool pending)
{
    fc_section *section = &p->sections[index];
    bool outwards = fc_section_falls(section); /* towards p = 0 is towards larger x */
    if (section->n_levels == 0) {
        fc_panel *panel = &p->panels[section->inner];
        section->ladder_low = panel->hi / 4;
        fc_panel_clear(panel, section->ladder_low, panel->hi, index, 0);
        if (!pending) {
            p->todo[p->n_todo++] = section->inner;
        }
        section->n_levels = 1;
        count--;
    }
    for (; count > 0; count--) {
        double low = section->ladder_low / 4;
        uint32_t panel = fc_panels_add(p, index, low, section->ladder_low, section->n_levels++);
        link_beside(p, section->inner, panel, outwards);
        section->inner = panel;
        section->ladder_low = low;
    }
}

bool fc_layout_is_dead(const fc_panels *p, const fc_panel *panel)
{
    const fc_section *section = &p->sections[panel->section];
    double ulp = fc_section_ulp(section, panel->hi);
    /* Near 0 doubles are dense without end. Only a ladder at 0 itself may use them. */
    if (!section->inverse && (panel->level == FC_NO_LEVEL || section->base != 0)) {
        ulp = fmax(ulp, DBL_EPSILON * section->top * 1e-6);
    }
    return panel->hi - panel->lo <= 8 * ulp;
}
