/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Discs that contain what a program computes; contract in fc_disc.h. */
#include "fc_disc.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_code.h"
#include "fc_disc_forms.h"
#include "fc_disc_impl.h"

#define SLACK (1 + 1e-12)
#define ROUNDING FC_DISC_ROUNDING

typedef fc_disc_value disc;

/* All registers, and p itself; with a frame, what is affine of them. */
typedef struct state {
    fc_disc_variable at;
    disc r[FC_DISC_REGISTERS];
    fc_disc_frame *frame;
    fc_affine *forms;
    fc_real *reals;
    uint16_t input; /* the register of input 0 until it is written to, if `flat` is more than its
                       product of a power and a disc would tell */
    disc flat;      /* base + sign / p */
    int order;      /* of the next instruction's operands, as compare() has it; 0: not known */
    double level;   /* what it steps to, where order is not 0 */
} state;

/* The largest distance from the centre that a value has at a real point, as computed. */
static double reach(const disc *x)
{
    return x->spread + 2 * x->noise; /* at the point, and at the centre */
}

/* -1: a < b wherever it matters; 1: a > b; 0: neither. Equal numbers known exactly are 2. */
static int compare(const disc *a, const disc *b)
{
    double gap = a->centre - b->centre, room = reach(a) + reach(b);
    if (gap == 0 && room == 0) {
        return 2;
    }
    return gap < -room ? -1 : gap > room ? 1 : 0;
}

/* Floor and its kin: constant where it matters, or nothing is proved. */
static bool step(const state *s, disc *d, const disc *x, double (*round_to)(double))
{
    double room = reach(x), value = round_to(x->centre - room);
    *d = (disc){.centre = s->order != 0 ? s->level : value};
    return s->order != 0 || value == round_to(x->centre + room);
}

/* a // b or a % b for a number b: one branch of it where it matters. */
static bool divide_down(const state *s, disc *d, const disc *a, const disc *b, bool modulo)
{
    const double by = b->centre, room = reach(a);
    const double low = floor((a->centre - room) / by), high = floor((a->centre + room) / by);
    const disc whole = {.centre = low * by, .noise = modulo ? ROUNDING * fabs(low * by) : 0};
    if (b->radius != 0 || !(fabs(by) > 0) || low != high || !(fabs(low) < 0x1p50)) {
        return false;
    }
    *d = (disc){.centre = low};
    return !modulo || fc_disc_add(&s->at, d, a, &whole, -1);
}

/* The float as an int, which it is. */
static bool whole(disc *d, const disc *x)
{
    *d = (disc){.centre = x->centre};
    return reach(x) == 0 && x->centre == trunc(x->centre) && fabs(x->centre) < 0x1p53;
}

static bool truth(disc *d, bool value)
{
    *d = (disc){.centre = value ? 1 : 0};
    return true;
}

/* log(p^k v) = k log(p) + log(v), in a unit of the logarithm. */
static bool logarithm_of_power(const state *s, disc *d, const disc *x, unsigned op)
{
    disc p, v = *x;
    const disc times = {.centre = x->power};
    v.power = 0;
    return fc_disc_function(&p, &s->at.p, op) && fc_disc_multiply(&p, &p, &times) &&
           fc_disc_function(&v, &v, op) && fc_disc_add(&s->at, d, &v, &p, 1);
}

/* Register `index`, which is x, without powers of p. */
static bool flatten(const state *s, disc *d, const disc *x, uint16_t index)
{
    if (index == s->input && index != FC_NO_REGISTER) {
        *d = s->flat;
        return true;
    }
    return fc_disc_lower(&s->at, d, x, 0);
}

/* Instructions that take operands with powers of p as they are. */
static bool knows_powers(unsigned op)
{
    switch (op) {
    case FC_OP_MOV_D:
    case FC_OP_SELECT_D:
    case FC_OP_ADD_D:
    case FC_OP_SUB_D:
    case FC_OP_MUL_D:
    case FC_OP_DIV_D:
    case FC_OP_FMA_D:
    case FC_OP_NEG_D:
    case FC_OP_ABS_D: /* p > 0 wherever it matters */
    case FC_OP_SQUARE_D:
    case FC_OP_CUBE_D:
    case FC_OP_SQRT_D:
    case FC_OP_POW_D:
        return true;
    default:
        return false;
    }
}

static bool put(state *s, const fc_instruction *ins, const disc *out)
{
    s->r[ins->d] = *out;
    s->input = ins->d == s->input ? FC_NO_REGISTER : s->input;
    return true;
}

/* One instruction that computes d; false if nothing is proved. */
static bool compute(void *context, const fc_instruction *ins)
{
    static const disc none;
    state *s = context;
    disc out, *r = s->r, flat[2];
    const disc *a = ins->a != FC_NO_REGISTER ? &r[ins->a] : &none;
    const disc *b = ins->b != FC_NO_REGISTER ? &r[ins->b] : &none;
    const disc *c = ins->c != FC_NO_REGISTER ? &r[ins->c] : &none;
    bool proved = false;
    int known, order;
    if ((a->power | b->power) != 0 && !knows_powers(ins->op)) {
        const bool log =
            ins->op == FC_OP_LOG_D || ins->op == FC_OP_LOG2_D || ins->op == FC_OP_LOG10_D;
        if ((a->power > 0 && fc_disc_by_quotient(&s->at, &out, a, ins->op)) ||
            (log && logarithm_of_power(s, &out, a, ins->op))) {
            return put(s, ins, &out);
        }
        if (!flatten(s, &flat[0], a, ins->a) || !flatten(s, &flat[1], b, ins->b)) {
            return false;
        }
        a = &flat[0];
        b = &flat[1];
    }
    switch (ins->op) {
    case FC_OP_MOV_D:
    case FC_OP_MOV_I:
    case FC_OP_MOV_B:
    case FC_OP_I_B:
        out = *a;
        proved = true;
        break;
    case FC_OP_D_I:
        out = *a;
        proved = fabs(a->centre) < 0x1p53;
        break;
    case FC_OP_SELECT_D:
    case FC_OP_SELECT_I:
    case FC_OP_SELECT_B:
        out = c->centre != 0 ? *a : *b;
        proved = true;
        break;
    case FC_OP_ADD_D:
        proved = fc_disc_add(&s->at, &out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = fc_disc_add(&s->at, &out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = ins->a == ins->b ? fc_disc_square(&out, a) : fc_disc_multiply(&out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = fc_disc_divide(&out, a, b);
        break;
    case FC_OP_FMA_D: {
        disc product;
        proved = fc_disc_multiply(&product, a, b) && fc_disc_add(&s->at, &out, &product, c, 1);
        break;
    }
    case FC_OP_NEG_D:
        out = (disc){-a->centre, a->radius, a->spread, a->noise, a->power, a->least};
        proved = true;
        break;
    case FC_OP_SQUARE_D:
        proved = fc_disc_square(&out, a);
        break;
    case FC_OP_HYPOT_D:
        proved = fc_disc_square(&flat[0], a) && fc_disc_square(&flat[1], b) &&
                 fc_disc_add(&s->at, &out, &flat[0], &flat[1], 1) && fc_disc_power(&out, &out, 0.5);
        break;
    case FC_OP_FLOORDIV_D:
    case FC_OP_MOD_D:
        proved = divide_down(s, &out, a, b, ins->op == FC_OP_MOD_D);
        break;
    case FC_OP_CUBE_D:
        proved = fc_disc_power(&out, a, 3);
        break;
    case FC_OP_ABS_D:
        out = (disc){fabs(a->centre), a->radius, a->spread, a->noise, a->power, a->least};
        if (s->order != 0) {
            out.centre = s->order * a->centre;
            proved = s->order != 2;
        } else {
            proved = fabs(a->centre) >= reach(a);
        }
        break;
    case FC_OP_MIN_D:
        order = s->order != 0 ? s->order : compare(a, b);
        out = order == -1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_MAX_D:
        order = s->order != 0 ? s->order : compare(a, b);
        out = order == 1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_FLOOR_D:
        proved = step(s, &out, a, floor);
        break;
    case FC_OP_CEIL_D:
        proved = step(s, &out, a, ceil);
        break;
    case FC_OP_TRUNC_D:
        proved = step(s, &out, a, trunc);
        break;
    case FC_OP_RINT_D:
        proved = step(s, &out, a, rint);
        break;
    case FC_OP_I_D:
        proved = whole(&out, a);
        break;
    case FC_OP_SQRT_D:
        proved = fc_disc_power(&out, a, 0.5) ||
                 (flatten(s, &flat[0], a, ins->a) && fc_disc_power(&out, &flat[0], 0.5));
        break;
    case FC_OP_POW_D:
        if (b->radius == 0 && b->power == 0) {
            proved = fc_disc_power(&out, a, b->centre) ||
                     (flatten(s, &flat[0], a, ins->a) && fc_disc_power(&out, &flat[0], b->centre));
        } else if (flatten(s, &flat[0], a, ins->a) &&
                   flatten(s, &flat[1], b, ins->b)) { /* exp(b log(a)) */
            disc exponent;
            proved = fc_disc_function(&exponent, &flat[0], FC_OP_LOG_D) &&
                     fc_disc_multiply(&exponent, &flat[1], &exponent) &&
                     fc_disc_function(&out, &exponent, FC_OP_EXP_D);
        }
        break;
    case FC_OP_ADD_I:
    case FC_OP_SUB_I:
    case FC_OP_MUL_I:
        /* Exact, as long as the numbers are small. */
        out = none;
        out.centre = ins->op == FC_OP_ADD_I   ? a->centre + b->centre
                     : ins->op == FC_OP_SUB_I ? a->centre - b->centre
                                              : a->centre * b->centre;
        proved = fabs(out.centre) < 0x1p53;
        break;
    case FC_OP_NEG_I:
        out = (disc){.centre = -a->centre};
        proved = true;
        break;
    case FC_OP_ISNAN_D:
    case FC_OP_ISINF_D:
    case FC_OP_ISFINITE_D: /* a disc holds numbers; an argument or a constant may be none */
        proved = isfinite(a->centre) && truth(&out, ins->op == FC_OP_ISFINITE_D);
        break;
    case FC_OP_B_I:
        proved = truth(&out, a->centre != 0);
        break;
    default:
        order = !fc_disc_compares(ins->op) ? 0 : s->order != 0 ? s->order : compare(a, b);
        known = fc_disc_truth(ins->op, order, a->centre != 0, b->centre != 0);
        proved = known >= 0 ? truth(&out, known) : fc_disc_function(&out, a, ins->op);
        break;
    }
    return proved && put(s, ins, &out);
}

/* What is decided by the sign of a - b, or where a steps from one whole number to the next. */
static bool is_decision(unsigned op, double a, double b, double *level)
{
    *level = 0;
    switch (op) {
    case FC_OP_FLOOR_D:
    case FC_OP_CEIL_D:
    case FC_OP_TRUNC_D:
        *level = rint(a);
        return true;
    case FC_OP_RINT_D:
        *level = floor(a) + 0.5;
        return true;
    case FC_OP_MOD_D:
    case FC_OP_FLOORDIV_D: /* the gap is a - b - level */
        *level = (rint(a / b) - 1) * b;
        return true;
    case FC_OP_ABS_D:
    case FC_OP_MIN_D:
    case FC_OP_MAX_D:
    case FC_OP_LT_D:
    case FC_OP_LE_D:
    case FC_OP_LT_DI:
    case FC_OP_LE_DI:
    case FC_OP_LT_ID:
    case FC_OP_LE_ID:
        return true;
    default:
        return false;
    }
}

/* The centre of a register, without powers; nan if there is none. */
static double centre_of(const state *s, uint16_t index)
{
    disc flat;
    if (index == FC_NO_REGISTER) {
        return 0;
    }
    const disc *x = &s->r[index];
    return x->power == 0 ? x->centre : fc_disc_lower(&s->at, &flat, x, 0) ? flat.centre : NAN;
}

/* What the decision `ins`, which could not be made, depends on. */
static void tell_doubt(const state *s, const fc_instruction *ins, uint32_t step, fc_doubt *doubt)
{
    double a = centre_of(s, ins->a), b = centre_of(s, ins->b);
    if (is_decision(ins->op, a, b, &doubt->level)) {
        doubt->step = step;
        doubt->gap = a - b - doubt->level;
    }
}

bool fc_disc_constant(const fc_program *p, const fc_reg_info *reg, double *out)
{
    const char *at = p->constants + reg->offset;
    if (reg->type == FC_TYPE_D) {
        memcpy(out, at, sizeof *out);
    } else if (reg->type == FC_TYPE_I) {
        int64_t value;
        memcpy(&value, at, sizeof value);
        *out = (double)value;
        return value < (INT64_C(1) << 53) && value > -(INT64_C(1) << 53);
    } else if (reg->type == FC_TYPE_B) {
        *out = *at != 0 ? 1 : 0;
    } else {
        return false;
    }
    return isfinite(*out);
}

/* The variable p at the place. */
static disc variable_of(const fc_disc_place *at)
{
    return (disc){
        at->centre, at->radius, at->radius * at->inner, ROUNDING * (fabs(at->centre) + at->radius),
        0,          0};
}

/* Input 0 at the place. */
static disc input_of(const fc_disc_place *at)
{
    double near = at->radius * at->inner, far = fabs(at->centre) + at->radius;
    if (at->inverse) { /* (base p + sign) / p */
        double m = fabs(at->base) * SLACK;
        return (disc){at->base * at->centre + at->sign,
                      m * at->radius,
                      m * near,
                      ROUNDING * (m * far + 1),
                      -1,
                      0};
    }
    if (at->base == 0 && at->centre <= at->radius && at->centre >= near) {
        return (disc){at->sign, 0, 0, 0, 1, 0}; /* 0 is on the disc, where x may divide what is 0 */
    }
    return (disc){at->base + at->sign * at->centre,  at->radius, near,
                  ROUNDING * (fabs(at->base) + far), 0,          0};
}

/* Registers before the first instruction, but for the inputs. */
static bool begin(const fc_program *p, state *s)
{
    if (p->n_registers > FC_DISC_REGISTERS || p->n_tables != 0) {
        return false;
    }
    memset(s->r, 0, p->n_registers * sizeof *s->r);
    for (unsigned i = 0; i < p->n_registers; i++) {
        if (p->regs[i].kind == FC_KIND_CONSTANT &&
            !fc_disc_constant(p, &p->regs[i], &s->r[i].centre)) {
            s->r[i].centre = NAN; /* whatever is made of it proves nothing */
            s->r[i].radius = INFINITY;
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (p->regs[p->inputs[i]].type != FC_TYPE_D) {
            return false;
        }
    }
    return true;
}

uint32_t fc_disc_follow(const fc_program *p, void *state, const fc_disc_walk *walk, uint32_t wanted,
                        const fc_instruction **stopped)
{
    uint32_t at = 0, steps = 1;
    *stopped = NULL;
    for (; steps <= FC_DISC_STEPS; steps++) {
        const fc_instruction *ins = &p->instructions[at++];
        if (steps == wanted || ins->op == FC_OP_END) {
            *stopped = ins;
            break;
        }
        switch (ins->op) {
        case FC_OP_JUMP:
            at = (uint32_t)ins->imm;
            break;
        case FC_OP_JUMP_IF:
        case FC_OP_JUMP_ANY:
            at = walk->is_true(state, ins->a) ? (uint32_t)ins->imm : at;
            break;
        case FC_OP_JUMP_UNLESS:
        case FC_OP_JUMP_NONE:
            at = walk->is_true(state, ins->a) ? at : (uint32_t)ins->imm;
            break;
        case FC_OP_RAISE_IF:
            if (walk->is_true(state, ins->a)) {
                return steps;
            }
            break;
        default:
            if (ins->d == FC_NO_REGISTER || !walk->compute(state, ins)) {
                *stopped = ins;
                return steps;
            }
        }
    }
    return steps;
}

static bool is_true(const void *context, uint16_t index)
{
    const state *s = context;
    return s->r[index].centre != 0;
}

/* An operand of an instruction that has been carried out since. */
typedef struct operand {
    fc_real real;
    double noise;
} operand;

/* What intervals tell of the result at real points: discs are wide where a function is steep
 * somewhere, or 0. */
static void narrow(state *s, const fc_instruction *ins, const operand *a, const operand *b)
{
    disc *d = &s->r[ins->d];
    fc_real r = fc_real_of(ins->op, &a->real, &b->real, ins->a == ins->b);
    const double low = d->centre - SLACK * d->spread - d->noise;
    const double high = d->centre + SLACK * d->spread + d->noise;
    r.low = r.low > low ? r.low : low;
    r.high = r.high < high ? r.high : high;
    s->reals[ins->d] = r;
    const double above = r.high - d->centre, below = d->centre - r.low;
    const double spread = SLACK * (above > below ? above : below);
    d->spread = spread < d->spread && spread >= 0 ? spread : d->spread;
    double noise = d->noise;
    const double size = fabs(r.low) > fabs(r.high) ? fabs(r.low) : fabs(r.high);
    if (ins->op == FC_OP_EXP_D && a->noise < 1) {
        noise = r.high * (2 * a->noise + 2 * ROUNDING);
    } else if (ins->op == FC_OP_DIV_D && (b->real.low > 0 || b->real.high < 0)) {
        const double least = fmin(fabs(b->real.low), fabs(b->real.high));
        noise = (a->noise + size * b->noise) / (least - b->noise) + ROUNDING * size;
        noise = b->noise < least ? noise : INFINITY;
    }
    d->noise = noise < d->noise ? noise + DBL_MIN : d->noise;
}

/* compute(), and what is affine. */
static bool compute_with_forms(void *context, const fc_instruction *ins)
{
    state *s = context;
    const bool has_c = ins->c != FC_NO_REGISTER;
    const fc_form_operands in = {ins->a != FC_NO_REGISTER ? &s->forms[ins->a] : NULL,
                                 ins->b != FC_NO_REGISTER ? &s->forms[ins->b] : NULL,
                                 has_c ? &s->forms[ins->c] : NULL,
                                 has_c && s->r[ins->c].centre != 0};
    const unsigned ia = ins->a != FC_NO_REGISTER ? ins->a : ins->d;
    const unsigned ib = ins->b != FC_NO_REGISTER ? ins->b : ins->d;
    const operand a = {s->reals[ia], s->r[ia].noise}, b = {s->reals[ib], s->r[ib].noise};
    s->order = fc_form_decide(ins->op, &in, s->frame, &s->level);
    const fc_affine form = fc_form_of(ins->op, &in, s->frame->n, s->order);
    const bool proved = compute(s, ins);
    s->order = 0;
    disc *d = &s->r[ins->d];
    if (!proved) {
        return false;
    }
    s->frame->doubt.known = false; /* the discs knew better */
    s->forms[ins->d] = form;
    if (form.known) {
        const fc_disc_range exact = fc_disc_of_affine(s->frame, &form);
        d->radius = exact.radius + d->noise;
        d->spread = exact.spread;
    } else if (d->radius == 0) { /* an int, or a truth value */
        s->forms[ins->d] = (fc_affine){.known = true, .c = {d->centre}};
    }
    narrow(s, ins, &a, &b);
    return true;
}

/* What a function that proves nothing here may want of the distance from its singularity. */
static unsigned root_hint(unsigned op)
{
    switch (op) {
    case FC_OP_SQRT_D:
    case FC_OP_ASIN_D:
    case FC_OP_ACOS_D:
    case FC_OP_ACOSH_D:
        return 2;
    case FC_OP_LOG_D:
    case FC_OP_LOG2_D:
    case FC_OP_LOG10_D:
    case FC_OP_LGAMMA_D:
        return FC_DISC_LOG_ROOT;
    default:
        return 0;
    }
}

typedef enum outcome { NOT_PROVED, AT_END, GAP_FOUND } outcome;

/* Runs the program, to its end or to the step that *doubt wants. */
static outcome follow(const fc_program *p, state *s, fc_doubt *doubt)
{
    static const fc_disc_walk alone = {compute, is_true}, both = {compute_with_forms, is_true};
    const uint32_t wanted = doubt->step;
    const fc_instruction *ins;
    const uint32_t steps = fc_disc_follow(p, s, s->forms == NULL ? &alone : &both, wanted, &ins);
    if (ins == NULL) {
        return NOT_PROVED;
    }
    if (wanted != 0) {
        doubt->gap =
            steps == wanted ? centre_of(s, ins->a) - centre_of(s, ins->b) - doubt->level : NAN;
        return isfinite(doubt->gap) ? GAP_FOUND : NOT_PROVED;
    }
    if (ins->op == FC_OP_END) {
        return AT_END;
    }
    tell_doubt(s, ins, steps, doubt);
    doubt->root = root_hint(ins->op);
    return NOT_PROVED;
}

bool fc_disc_of(const fc_program *p, const fc_disc_place *place, const double *rest, fc_disc *out,
                fc_doubt *doubt)
{
    state s;
    s.forms = NULL;
    s.order = 0;
    s.input = FC_NO_REGISTER;
    if (place->series) {
        return fc_disc_of_series(p, place, rest, out, doubt);
    }
    s.at.p = variable_of(place);
    s.at.over_p = (disc){0};
    if (place->inverse && s.at.p.radius <= FC_DISC_NEARLY * s.at.p.centre) {
        const disc one = {.centre = 1};
        if (!fc_disc_divide(&s.at.over_p, &one, &s.at.p)) {
            s.at.over_p = (disc){0};
        }
    }
    if (!begin(p, &s)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        s.r[p->inputs[i]] = i == 0 ? input_of(place) : (disc){.centre = rest[i - 1]};
    }
    if (p->n_inputs > 0 && place->base != 0 && s.at.over_p.centre != 0) {
        const disc base = {.centre = place->base, .noise = ROUNDING * fabs(place->base)};
        s.input =
            fc_disc_add(&s.at, &s.flat, &base, &s.at.over_p, place->sign) ? p->inputs[0] : s.input;
    }
    const outcome how = follow(p, &s, doubt);
    if (how != AT_END) {
        return how == GAP_FOUND;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        disc y = s.r[p->outputs[o]];
        y.power -= place->inverse ? 2 : 0;
        if (!fc_disc_lower(&s.at, &y, &y, 0)) {
            return false;
        }
        double by_jacobian = place->inverse ? 2 * ROUNDING * (fabs(y.centre) + y.spread) : 0;
        out[o] = (fc_disc){.centre = y.centre, .radius = y.radius, .noise = y.noise + by_jacobian};
        if (p->regs[p->outputs[o]].type == FC_TYPE_F ||
            !(fabs(out[o].centre) + out[o].radius < INFINITY)) {
            return false;
        }
    }
    return true;
}

bool fc_disc_of_box(const fc_program *p, const fc_disc_range *inputs, fc_disc_frame *frame,
                    fc_disc_range *out)
{
    state s;
    fc_doubt doubt = {0};
    fc_affine forms[FC_DISC_REGISTERS];
    fc_real reals[FC_DISC_REGISTERS];
    s.at.p = s.at.over_p = (disc){0}; /* no register is a power of it */
    s.forms = NULL;
    s.order = 0;
    s.input = FC_NO_REGISTER;
    if (!begin(p, &s)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        const fc_disc_range *x = &inputs[i];
        s.r[p->inputs[i]] = (disc){x->centre, x->radius, x->spread, x->noise, 0, 0};
    }
    if (frame != NULL) {
        s.frame = frame;
        s.forms = forms;
        s.reals = reals;
        frame->doubt.known = false;
        frame->slit = 0;
        for (unsigned i = 0; i < p->n_registers; i++) {
            const bool number = p->regs[i].kind == FC_KIND_CONSTANT && isfinite(s.r[i].centre);
            forms[i] = (fc_affine){.known = number, .c = {s.r[i].centre}};
            reals[i] = (fc_real){s.r[i].centre, s.r[i].centre};
        }
        for (unsigned i = 0; i < p->n_inputs; i++) {
            const fc_disc_range *x = &inputs[i];
            forms[p->inputs[i]] = frame->inputs[i];
            reals[p->inputs[i]] = (fc_real){x->centre - x->spread, x->centre + x->spread};
        }
    }
    if (follow(p, &s, &doubt) != AT_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        const disc *y = &s.r[p->outputs[o]];
        out[o] = (fc_disc_range){y->centre, y->radius, y->spread, y->noise};
        if (frame != NULL && frame->outputs != NULL) {
            frame->outputs[o] = forms[p->outputs[o]];
        }
        if (y->power != 0 || p->regs[p->outputs[o]].type == FC_TYPE_F ||
            !(fabs(y->centre) + y->radius < INFINITY)) {
            return false;
        }
    }
    return true;
}
