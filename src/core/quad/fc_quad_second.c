/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What tanh-sinh knows better than panels: ends. It sees no needles, so that it is to agree with
 * the panels wherever both know; contract in fc_quad_impl.h. */
#include "fc_quad_impl.h"

#include <math.h>
#include <string.h>

#include "fc_tanhsinh.h"

#define LIMIT 60 /* of what tanh-sinh may add */

/* From low to high, to q->level, which is longer. */
static fc_status tanh_sinh(fc_quad_work *q, double low, double high, fc_quad_result *result)
{
    fc_quad_options options = *q->options;
    fc_integrals one = {1, &low, &high, q->p.params, q->p.f->n_dim - 1};
    fc_pinned pinned;
    options.limit = LIMIT;
    options.density = 0;
    options.n_points = 0;
    fc_pinned_init(&pinned, q->p.f, q->p.worker);
    return fc_tanhsinh(q->p.run, &pinned.base, &options, &one, q->level, result);
}

/* Near an end that is not 0 the panels' abscissae are rounded; a rule that allows for it may reach
 * the tolerance where they do not. It is to agree with the panels within the tolerance, and no less
 * is claimed than what they differ by. */
static fc_status ask_for_all(fc_quad_work *q, double low, double high, fc_quad_result *result)
{
    fc_quad_result other;
    fc_status status = tanh_sinh(q, low, high, &other);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval += other.n_eval;
    double apart = 0;
    for (unsigned o = 0; o < q->n_out; o++) {
        apart = hypot(apart, q->level[o] - q->sums[o]);
    }
    /* The errors of f itself are the same for both. */
    double error = fmax(other.error, apart) + fc_quad_rough_noise(q);
    if (other.state == FC_QUAD_CONVERGED && error <= q->tolerance) {
        memcpy(q->sums, q->level, q->n_out * sizeof *q->sums);
        *result = (fc_quad_result){
            .error = error, .where = NAN, .n_eval = result->n_eval, .n_panels = result->n_panels};
    }
    return FC_OK;
}

/* The section towards the end of the range that is `where`; FC_NO_PANEL if there is no one such. */
static uint32_t section_towards(const fc_quad_work *q, double where)
{
    uint32_t found = FC_NO_PANEL;
    for (uint32_t i = 0; i < q->p.n_sections; i++) {
        const fc_section *s = &q->p.sections[i];
        if (s->n_levels > 0 && !s->cut && s->clean == 0 &&
            where == (s->inverse ? s->sign * INFINITY : s->base)) {
            if (found != FC_NO_PANEL) {
                return FC_NO_PANEL;
            }
            found = i;
        }
    }
    return found;
}

/* The section's panels of the ladder, next to q->level[0 .. n_out): how far they are off. */
static double off_ladder(const fc_quad_work *q, uint32_t section)
{
    double off = 0;
    for (unsigned o = 0; o < q->n_out; o++) {
        double sum = -q->level[o];
        for (size_t i = 0; i < q->p.n; i++) {
            const fc_panel *panel = &q->p.panels[i];
            if (panel->section == section && panel->level != FC_NO_LEVEL) {
                sum += q->p.value[i * q->n_out + o];
            }
        }
        off = hypot(off, sum);
    }
    return off;
}

/* Contributions of a ladder's levels may grow for long before they fall, as those of
 * x^-0.99 log(x) do. Tanh-sinh looks nearer to the end: it may tell what the ladder leaves out, if
 * it knows the ladder itself. */
static fc_status ask_beyond_ladder(fc_quad_work *q, fc_quad_result *result)
{
    const uint32_t index = section_towards(q, result->where);
    if (index == FC_NO_PANEL) {
        return FC_OK;
    }
    fc_section *s = &q->p.sections[index];
    const double end = result->where, first = fc_section_x(s, s->ladder_low);
    double top = s->ladder_low;
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        if (panel->section == index && panel->level != FC_NO_LEVEL) {
            top = fmax(top, panel->hi);
        }
    }
    const double last = fc_section_x(s, top);
    fc_quad_result beyond, ladder;
    fc_status status = tanh_sinh(q, fmin(first, last), fmax(first, last), &ladder);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval += ladder.n_eval;
    const double off = off_ladder(q, index);
    if (ladder.state != FC_QUAD_CONVERGED) {
        return FC_OK;
    }
    status = tanh_sinh(q, fmin(first, end), fmax(first, end), &beyond);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval += beyond.n_eval;
    if (beyond.state != FC_QUAD_CONVERGED) {
        return FC_OK;
    }
    double rest[FC_QUAD_PROVEN_OUT];
    memcpy(rest, q->level, q->n_out * sizeof *rest);
    s->cut = true; /* its remainder is known */
    fc_quad_summarise(q);
    for (unsigned o = 0; o < q->n_out; o++) {
        q->sums[o] += rest[o];
    }
    q->tolerance = fmax(q->options->epsabs, q->options->epsrel * fc_quad_norm(q->sums, q->n_out));
    q->edge_error = fc_quad_check_edges(q, false);
    const double error = fc_quad_total_error(q) + beyond.error + off;
    if (error <= q->tolerance) {
        *result = (fc_quad_result){
            .error = error, .where = NAN, .n_eval = result->n_eval, .n_panels = result->n_panels};
    }
    return FC_OK;
}

/* At an end that is not 0 a ladder is over before contributions tell where they go. Tanh-sinh,
 * which continues f from there, may know the whole, if it agrees with the panels about the rest. */
static fc_status ask_for_end(fc_quad_work *q, double low, double high, fc_quad_result *result)
{
    const uint32_t index = section_towards(q, result->where);
    if (index == FC_NO_PANEL || q->p.sections[index].inverse || isinf(low) || isinf(high)) {
        return FC_OK;
    }
    const fc_section *s = &q->p.sections[index];
    double top = s->ladder_low, off = 0;
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        if (panel->section == index && panel->level != FC_NO_LEVEL) {
            top = fmax(top, panel->hi);
        }
    }
    const double last = fc_section_x(s, top);
    fc_quad_result part, whole;
    fc_status status =
        result->where == low ? tanh_sinh(q, last, high, &part) : tanh_sinh(q, low, last, &part);
    for (unsigned o = 0; o < q->n_out; o++) {
        double rest = q->sums[o] - q->level[o]; /* the sums have nothing beyond the ladder */
        for (size_t i = 0; i < q->p.n; i++) {
            const fc_panel *panel = &q->p.panels[i];
            const bool of_ladder = panel->section == index && panel->level != FC_NO_LEVEL;
            rest -= of_ladder ? q->p.value[i * q->n_out + o] : 0;
        }
        off = hypot(off, rest);
    }
    if (status == FC_OK) {
        result->n_eval += part.n_eval;
        status = tanh_sinh(q, low, high, &whole);
    }
    if (status != FC_OK) {
        return status;
    }
    result->n_eval += whole.n_eval;
    const double norm = fc_quad_norm(q->level, q->n_out), error = whole.error + off;
    const double tolerance = fmax(q->options->epsabs, q->options->epsrel * norm);
    if (part.state == FC_QUAD_CONVERGED && whole.state == FC_QUAD_CONVERGED && error <= tolerance) {
        memcpy(q->sums, q->level, q->n_out * sizeof *q->sums);
        *result = (fc_quad_result){
            .error = error, .where = NAN, .n_eval = result->n_eval, .n_panels = result->n_panels};
    }
    return FC_OK;
}

fc_status fc_quad_ask_tanh_sinh(fc_quad_work *q, double low, double high, fc_quad_result *result)
{
    if ((result->state == FC_QUAD_ROUNDOFF || result->state == FC_QUAD_SINGULAR) &&
        result->error <= FC_QUAD_COARSE * fc_quad_norm(q->sums, q->n_out)) {
        return ask_for_all(q, low, high, result);
    }
    if ((result->state == FC_QUAD_DIVERGENT || result->state == FC_QUAD_SINGULAR) &&
        q->n_out <= FC_QUAD_PROVEN_OUT && (result->where == low || result->where == high)) {
        fc_status status = ask_beyond_ladder(q, result);
        if (status == FC_OK && result->state == FC_QUAD_SINGULAR) {
            status = ask_for_end(q, low, high, result);
        }
        return status;
    }
    return FC_OK;
}
