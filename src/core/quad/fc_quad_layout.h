/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where fc_quad puts its panels: the first layout over a range with break points, splits, and
 * ladders. */
#ifndef FC_QUAD_LAYOUT_H
#define FC_QUAD_LAYOUT_H

#include "fc_quad_panel.h"

#define FC_MAX_LEVELS 480

/* Sections and panels for [breaks[0], breaks[n-1]], n >= 2, ascending; the first and last may be
 * infinite. About `density` panels on a finite range; on an infinite one a linear part of length 1
 * and octaves beyond, to which a ladder is added at once. With
 * `graded`, the inner breaks get ladders too, unless they are many. All panels are put on the todo
 * list. */
FC_MUST_CHECK fc_status fc_layout_range(fc_panels *panels, const double *breaks, size_t n,
                                        unsigned density, bool graded);

/* Split a panel into `ways` equal ones: the first keeps the index, the others are indices
 * *first_new and up. Room for them must have been reserved. */
void fc_layout_split(fc_panels *panels, uint32_t index, unsigned ways, uint32_t *first_new);

/* Levels that can still be added to a section's ladder (or put in place of its inner panel when it
 * has none). */
int fc_layout_ladder_room(const fc_panels *panels, uint32_t section);

/* Add `count` levels; `pending`: the inner panel is on the todo list already. Room for as many
 * panels must have been reserved. */
void fc_layout_add_levels(fc_panels *panels, uint32_t section, int count, bool pending);

/* A few ulp wide: its nodes would coincide after another split. */
bool fc_layout_is_dead(const fc_panels *panels, const fc_panel *panel);

#endif
