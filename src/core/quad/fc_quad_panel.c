/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Panels and their sums; contract in fc_quad_panel.h. Values are laid out by node, then by panel,
 * so that the sums of all panels of a batch run side by side in SIMD registers. */
#include "fc_quad_panel.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_platform.h"
#include "fc_rules.h"

#define ROOM FC_PANEL_ROOM
/* Work below this is done before another thread has woken and found its caches cold. */
#define PARALLEL_NS 100000

/* The arrays of scratch [first, end), in one block that *doubles and *pointers own. */
static fc_status scratch_init(fc_panels *self, unsigned first, unsigned end, double **doubles,
                              double ***pointers)
{
    const fc_integrand *f = self->f;
    size_t n_arrays = (size_t)f->n_dim + f->n_out + 1, n = end - first, per_worker, total;
    if (!fc_size_mul(n_arrays, ROOM, &per_worker) || !fc_size_mul(per_worker, n, &total)) {
        return FC_ERR_NOMEM;
    }
    *pointers = fc_malloc(n * n_arrays, sizeof **pointers);
    *doubles = fc_malloc_aligned(FC_CACHE_LINE, total, sizeof **doubles);
    if (*pointers == NULL || *doubles == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        fc_panel_scratch *s = &self->scratch[first + i];
        s->x = *pointers + i * n_arrays;
        s->y = s->x + f->n_dim;
        for (size_t d = 0; d < n_arrays; d++) {
            s->x[d] = *doubles + i * per_worker + d * ROOM;
        }
        s->jacobian = s->x[n_arrays - 1];
        s->filled = 0;
    }
    return FC_OK;
}

fc_status fc_panels_init(fc_panels *self, const fc_run *run, const fc_integrand *f, unsigned width)
{
    *self = (fc_panels){.f = f, .run = run, .width = width, .loops = fc_gk_loops_get()};
    self->scratch = fc_calloc(width, sizeof *self->scratch);
    if (self->scratch == NULL) {
        return FC_ERR_NOMEM;
    }
    return scratch_init(self, 0, 1, &self->doubles, &self->pointers);
}

/* Scratch for the other workers, had when first needed: most integrals are over before that. */
static bool can_widen(fc_panels *self)
{
    if (self->more_doubles == NULL &&
        scratch_init(self, 1, self->width, &self->more_doubles, &self->more_pointers) != FC_OK) {
        fc_free(self->more_doubles);
        fc_free(self->more_pointers);
        self->more_doubles = NULL;
        self->more_pointers = NULL;
        self->width = 1; /* slower, but it works */
        return false;
    }
    return true;
}

void fc_panels_destroy(fc_panels *self)
{
    fc_free(self->sections);
    fc_free(self->panels);
    fc_free(self->value);
    fc_free(self->todo);
    fc_free(self->scratch);
    fc_free(self->pointers);
    fc_free(self->doubles);
    fc_free(self->more_pointers);
    fc_free(self->more_doubles);
    *self = (fc_panels){0};
}

void fc_panels_reset(fc_panels *self, const double *params, unsigned worker)
{
    self->n = self->n_sections = self->n_todo = 0;
    self->head = self->last = FC_NO_PANEL;
    self->n_nonfinite = 0;
    self->worker = worker;
    self->params = params;
    for (unsigned i = 0; i < self->width; i++) {
        self->scratch[i].filled = 0;
    }
}

/* *pointer becomes an array of new_count items with the first old_count kept; false when memory is
 * short. */
static bool grow(void *pointer, size_t old_count, size_t new_count, size_t size)
{
    void *old, *new = fc_malloc(new_count, size);
    if (new == NULL) {
        return false;
    }
    memcpy(&old, pointer, sizeof old);
    if (old_count > 0) {
        memcpy(new, old, old_count * size);
    }
    fc_free(old);
    memcpy(pointer, &new, sizeof new);
    return true;
}

fc_status fc_panels_reserve(fc_panels *self, size_t more)
{
    if (self->room - self->n >= more) {
        return FC_OK;
    }
    size_t room = self->n + more > 2 * self->room ? self->n + more : 2 * self->room;
    room = room < 96 ? 96 : room;
    if (room >= FC_NO_PANEL || !grow(&self->panels, self->n, room, sizeof *self->panels) ||
        !grow(&self->value, self->n * self->f->n_out, room * self->f->n_out, sizeof *self->value) ||
        !grow(&self->todo, self->n_todo, room, sizeof *self->todo)) {
        return FC_ERR_NOMEM;
    }
    self->room = room;
    return FC_OK;
}

fc_status fc_panels_add_section(fc_panels *self, const fc_section *section)
{
    if (self->n_sections == self->section_room) {
        size_t room = self->section_room < 8 ? 8 : 2 * self->section_room;
        if (!grow(&self->sections, self->n_sections, room, sizeof *self->sections)) {
            return FC_ERR_NOMEM;
        }
        self->section_room = room;
    }
    self->sections[self->n_sections++] = *section;
    return FC_OK;
}

uint32_t fc_panels_add(fc_panels *self, uint32_t section, double lo, double hi, int level)
{
    uint32_t index = (uint32_t)self->n++;
    fc_panel *panel = &self->panels[index];
    fc_panel_clear(panel, lo, hi, section, level);
    panel->prev = panel->next = FC_NO_PANEL;
    self->todo[self->n_todo++] = index;
    return index;
}

static void fill_params(const fc_panels *self, fc_panel_scratch *s, size_t count)
{
    size_t end = (count + 15) / 16 * 16;
    for (unsigned d = 1; s->filled < end && d < self->f->n_dim; d++) {
        for (size_t i = s->filled; i < end; i++) {
            s->x[d][i] = self->params[d - 1];
        }
    }
    s->filled = s->filled < end ? end : s->filled;
}

/* Abscissae of the panels which[0 .. count); true when some section is inverse and the jacobian was
 * filled. */
static bool fill_abscissae(const fc_panels *self, fc_panel_scratch *s, const uint32_t *which,
                           size_t count)
{
    double center[FC_PANEL_BATCH], half[FC_PANEL_BATCH], base[FC_PANEL_BATCH], sign[FC_PANEL_BATCH];
    bool any_inverse = false;
    for (size_t i = 0; i < count; i++) {
        const fc_panel *panel = &self->panels[which[i]];
        const fc_section *section = &self->sections[panel->section];
        center[i] = 0.5 * (panel->lo + panel->hi);
        half[i] = 0.5 * (panel->hi - panel->lo);
        base[i] = section->base;
        sign[i] = section->sign;
        any_inverse |= section->inverse;
    }
    if (!any_inverse) {
        self->loops->abscissae(count, center, half, base, sign, s->x[0]);
        return false;
    }
    double inverse[FC_PANEL_BATCH];
    for (size_t i = 0; i < count; i++) {
        inverse[i] = self->sections[self->panels[which[i]].section].inverse ? 1.0 : 0.0;
    }
    self->loops->abscissae_inverse(count, center, half, base, sign, inverse, s->x[0], s->jacobian);
    return true;
}

/* Something was not finite: which panels, where, and their sums are emptied. */
static void find_nonfinite(fc_panels *self, const fc_panel_scratch *s, const uint32_t *which,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fc_panel *panel = &self->panels[which[i]];
        for (int j = 0; j < FC_GK21; j++) {
            for (unsigned o = 0; o < self->f->n_out; o++) {
                double y = s->y[o][(size_t)j * count + i];
                if (isfinite(y) || panel->nan) {
                    continue;
                }
                panel->flags |= FC_PANEL_NONFINITE;
                panel->nan = isnan(y);
                panel->peak_x = s->x[0][(size_t)j * count + i];
            }
        }
        if (panel->flags & FC_PANEL_NONFINITE) {
            panel->raw = panel->error = panel->magnitude = 0;
            memset(panel->edge, 0, sizeof panel->edge);
            memset(&self->value[(size_t)which[i] * self->f->n_out], 0,
                   self->f->n_out * sizeof(double));
        }
    }
}

/* Of panel i of a batch, where K and G do not agree to the last digits. For a smooth function the
 * null rules fall with their degree, and |K - G| is far too much. If they do not, then |K - G| is
 * one random number of many, which may be small by chance; the null rules of the highest degrees
 * together are not. The factors were fitted to jumps, kinks, roots, logarithms, inverse roots and
 * unresolved waves at random places: less than 1 % of the true errors are above FC_PANEL_SAFETY
 * times what this makes of `raw`, most of them jumps next to the panel's edge. */
static void look_closer(const fc_panels *self, const fc_panel_scratch *s, fc_panel *panel, size_t i,
                        size_t count)
{
    double low = 0, high = 0, peak = -1, largest = 0;
    for (int j = 0; j < FC_GK21; j++) {
        double y = fabs(s->y[0][(size_t)j * count + i]);
        if (y > peak) {
            peak = y;
            panel->peak_x = s->x[0][(size_t)j * count + i];
        }
        for (unsigned o = 0; o < self->f->n_out; o++) {
            largest = fmax(largest, fabs(s->y[o][(size_t)j * count + i]));
        }
    }
    if (!(largest > DBL_MIN && largest < DBL_MAX)) {
        return;
    }
    /* In units of the largest, so that no square is too large or too small. */
    double scale = 1 / largest;
    for (unsigned o = 0; o < self->f->n_out; o++) {
        const double *y = s->y[o] + i;
        for (int k = 0; k < FC_GK21_NULLS; k++) {
            double sum = 0;
            for (int j = 0; j < FC_GK21; j++) {
                sum += fc_gk21_null[k][j] * (scale * y[(size_t)j * count]);
            }
            *(k < FC_GK21_NULLS / 2 ? &low : &high) += sum * sum;
        }
    }
    if (high > 0.15 * 0.15 * low) {
        double rms = 0.5 * (panel->hi - panel->lo) * sqrt(high / (FC_GK21_NULLS / 2)) * largest;
        panel->raw = fmax(panel->raw, 4 * rms);
        panel->flags |= FC_PANEL_ROUGH;
    }
}

static fc_status evaluate_batch(fc_panels *self, unsigned slot, unsigned worker,
                                const uint32_t *which, size_t count)
{
    static const int edge_node[6] = {0, 1, 2, FC_GK21 - 3, FC_GK21 - 2, FC_GK21 - 1};
    const fc_integrand *f = self->f;
    fc_panel_scratch *s = &self->scratch[slot];
    double kronrod[FC_PANEL_BATCH], gauss[FC_PANEL_BATCH], magnitude[FC_PANEL_BATCH];
    double odd[FC_PANEL_BATCH], largest_odd[FC_PANEL_BATCH] = {0};
    bool inverse = fill_abscissae(self, s, which, count);
    fill_params(self, s, count * FC_GK21);
    for (size_t i = count * FC_GK21; i % 16 != 0; i++) {
        s->x[0][i] = 0; /* read, though nothing is made of it: let it be a number */
    }
    fc_status status =
        f->eval(f->context, worker, count * FC_GK21, (const double *const *)s->x, s->y);
    if (status != FC_OK) {
        return status;
    }
    double total = 0;
    for (unsigned o = 0; o < f->n_out; o++) {
        double *y = s->y[o];
        self->loops->sums(count, y, inverse ? s->jacobian : NULL, kronrod, gauss, magnitude, odd);
        for (size_t i = 0; i < count; i++) {
            fc_panel *panel = &self->panels[which[i]];
            double half = 0.5 * (panel->hi - panel->lo),
                   difference = half * (kronrod[i] - gauss[i]);
            self->value[(size_t)which[i] * f->n_out + o] = half * kronrod[i];
            panel->raw = o == 0 ? fabs(difference) : hypot(panel->raw, difference);
            panel->magnitude += half * magnitude[i];
            double asymmetry = half * fabs(odd[i]);
            largest_odd[i] = asymmetry > largest_odd[i] ? asymmetry : largest_odd[i];
            for (int k = 0; k < 6; k++) {
                panel->edge[k] += (o + 1) * y[(size_t)edge_node[k] * count + i];
            }
            total += magnitude[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        fc_panel *panel = &self->panels[which[i]];
        panel->raw = panel->raw > 0.25 * largest_odd[i] ? panel->raw : 0.25 * largest_odd[i];
        if (panel->raw > 1e-13 * panel->magnitude) {
            look_closer(self, s, panel, i, count);
        }
        panel->raw = fmin(panel->raw, FC_PANEL_MAX_ERROR / FC_PANEL_SAFETY);
        panel->error = FC_PANEL_SAFETY * panel->raw;
        if ((panel->flags & FC_PANEL_ROUGH) && panel->hi - panel->lo > 1e-3 * panel->hi) {
            /* Where f changes by as much as itself over the panel, rounding x does this to it. No
             * split helps, and the null rules have measured what noise does to K without need of a
             * safety. */
            const fc_section *section = &self->sections[panel->section];
            double noise = fc_section_ulp(section, panel->hi) / (panel->hi - panel->lo);
            if (panel->raw <= 4 * noise * panel->magnitude) {
                panel->flags |= FC_PANEL_STALLED;
                panel->error = panel->raw;
            }
        }
    }
    if (!isfinite(total)) {
        find_nonfinite(self, s, which, count);
    }
    return FC_OK;
}

static fc_status run_batches(void *context, size_t begin, size_t end, unsigned worker)
{
    fc_panels *self = context;
    return evaluate_batch(self, worker, worker, self->todo + begin, end - begin);
}

fc_status fc_panels_evaluate(fc_panels *self)
{
    size_t done = 0, n = self->n_todo;
    fc_status status = FC_OK;
    bool may_widen = !self->nested && self->width > 1 && n > FC_PANEL_BATCH;
    self->n_eval += (uint64_t)n * FC_GK21;
    while (done < n && status == FC_OK) {
        int64_t start = may_widen ? fc_now_ns() : 0;
        size_t count = n - done < FC_PANEL_BATCH ? n - done : FC_PANEL_BATCH;
        status = fc_cancel_check(self->run->cancel);
        if (status == FC_OK) {
            status = evaluate_batch(self, 0, self->worker, self->todo + done, count);
        }
        done += count;
        if (may_widen && status == FC_OK && n > done &&
            (fc_now_ns() - start) * (int64_t)(n - done) > (int64_t)(PARALLEL_NS * count) &&
            can_widen(self)) {
            fc_run run = *self->run;
            uint32_t *todo = self->todo;
            run.width = self->width;
            self->todo += done;
            status = fc_pool_for(&run, run_batches, self, n - done, FC_PANEL_BATCH);
            self->todo = todo;
            done = n;
        }
    }
    for (size_t i = 0; i < n; i++) {
        self->n_nonfinite += (self->panels[self->todo[i]].flags & FC_PANEL_NONFINITE) != 0;
    }
    self->n_todo = 0;
    return status;
}

fc_status fc_panels_sample(fc_panels *self, const double *x, size_t count, const double **values)
{
    const fc_integrand *f = self->f;
    fc_panel_scratch *s = &self->scratch[0];
    memcpy(s->x[0], x, count * sizeof *x);
    fill_params(self, s, count);
    self->n_eval += count;
    fc_status status = fc_cancel_check(self->run->cancel);
    if (status == FC_OK) {
        status = f->eval(f->context, self->worker, count, (const double *const *)s->x, s->y);
    }
    for (size_t i = 0; status == FC_OK && i < count; i++) {
        s->jacobian[i] = 0;
        for (unsigned o = 0; o < f->n_out; o++) {
            s->jacobian[i] += fabs(s->y[o][i]);
        }
    }
    *values = s->jacobian;
    return status;
}
