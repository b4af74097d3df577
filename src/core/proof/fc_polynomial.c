/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Polynomials among programs; contract in fc_polynomial.h. One walk through a program without
 * jumps, that carries a degree for each input, and what is affine, from register to register. */
#include "fc_polynomial.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"
#include "fc_disc_forms.h"
#include "fc_disc_impl.h"

#define REGISTERS 40
#define INSTRUCTIONS 32
#define MOST_DEGREES 64

typedef struct value {
    uint8_t degree[FC_AFFINE_DIM];
    fc_affine form;
} value;

static unsigned limited(unsigned degree)
{
    return degree <= MOST_DEGREES ? degree : FC_NO_DEGREE;
}

/* The degree of what an instruction makes of operands of these degrees. */
static unsigned degree_of(unsigned op, unsigned a, unsigned b, unsigned c,
                          const fc_affine *exponent)
{
    if (a == 0 && b == 0 && c == 0) {
        return 0; /* whatever it is, it is the same everywhere */
    }
    if (a == FC_NO_DEGREE || b == FC_NO_DEGREE || c == FC_NO_DEGREE) {
        return FC_NO_DEGREE;
    }
    const unsigned most = a > b ? a : b;
    double power;
    switch (op) {
    case FC_OP_MOV_D:
    case FC_OP_NEG_D:
        return a;
    case FC_OP_ADD_D:
    case FC_OP_SUB_D:
        return most;
    case FC_OP_MUL_D:
        return limited(a + b);
    case FC_OP_FMA_D:
        return limited(a + b > c ? a + b : c);
    case FC_OP_DIV_D:
        return b == 0 ? a : FC_NO_DEGREE;
    case FC_OP_SQUARE_D:
        return limited(2 * a);
    case FC_OP_CUBE_D:
        return limited(3 * a);
    case FC_OP_POW_D:
        power = exponent->known ? exponent->c[0] : -1;
        return b == 0 && power >= 0 && power <= MOST_DEGREES && power == floor(power)
                   ? limited(a * (unsigned)power)
                   : FC_NO_DEGREE;
    default:
        return FC_NO_DEGREE;
    }
}

static void compute(value *r, const fc_instruction *ins, unsigned n)
{
    static const value none;
    const value *a = ins->a != FC_NO_REGISTER ? &r[ins->a] : &none;
    const value *b = ins->b != FC_NO_REGISTER ? &r[ins->b] : &none;
    const value *c = ins->c != FC_NO_REGISTER ? &r[ins->c] : &none;
    const fc_form_operands in = {ins->a != FC_NO_REGISTER ? &a->form : NULL,
                                 ins->b != FC_NO_REGISTER ? &b->form : NULL,
                                 ins->c != FC_NO_REGISTER ? &c->form : NULL, false};
    value d = none;
    fc_affine exponent = b->form;
    for (unsigned k = 0; k < n; k++) {
        exponent.known = exponent.known && exponent.c[1 + k] == 0;
    }
    for (unsigned k = 0; k < n; k++) {
        d.degree[k] =
            (uint8_t)degree_of(ins->op, a->degree[k], b->degree[k], c->degree[k], &exponent);
    }
    if (ins->op != FC_OP_SELECT_D) { /* of which nobody knows here what is chosen */
        d.form = fc_form_of(ins->op, &in, n, 0);
    }
    r[ins->d] = d;
}

static bool find(const fc_program *p, fc_polynomial *out)
{
    value r[REGISTERS];
    if (p->jumps || p->n_tables != 0 || p->n_inputs > FC_AFFINE_DIM || p->n_registers > REGISTERS ||
        p->n_instructions > INSTRUCTIONS) {
        return false;
    }
    memset(r, 0, p->n_registers * sizeof *r);
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < p->n_registers; i++) {
        if (p->regs[i].kind == FC_KIND_CONSTANT) {
            r[i].form.known = fc_disc_constant(p, &p->regs[i], &r[i].form.c[0]);
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        value *x = &r[p->inputs[i]];
        if (p->regs[p->inputs[i]].type != FC_TYPE_D) {
            return false;
        }
        memset(x, 0, sizeof *x);
        x->degree[i] = 1;
        x->form.known = true;
        x->form.c[1 + i] = 1;
    }
    for (unsigned i = 0; i < p->n_instructions && p->instructions[i].op != FC_OP_END; i++) {
        const fc_instruction *ins = &p->instructions[i];
        if (ins->d == FC_NO_REGISTER || ins->m != FC_NO_REGISTER) {
            return false; /* it may raise */
        }
        compute(r, ins, p->n_inputs);
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        const value *y = &r[p->outputs[o]];
        if (p->regs[p->outputs[o]].type != FC_TYPE_D) {
            return false;
        }
        for (unsigned k = 0; k < p->n_inputs; k++) {
            out->degree[k] = y->degree[k] > out->degree[k] ? y->degree[k] : out->degree[k];
        }
        if (o < FC_POLYNOMIAL_OUT) {
            out->affine[o] = y->form;
        }
    }
    return true;
}

const fc_polynomial *fc_polynomial_of(fc_program *p)
{
    fc_polynomial *kept = atomic_load_explicit(&p->polynomial, memory_order_acquire);
    if (kept == NULL) {
        fc_polynomial *made = fc_calloc(1, sizeof *made);
        if (made == NULL) {
            return NULL;
        }
        if (!find(p, made)) {
            memset(made->degree, FC_NO_DEGREE, sizeof made->degree);
        }
        /* The first that comes makes it (release) for all others (acquire). */
        if (atomic_compare_exchange_strong_explicit(&p->polynomial, &kept, made,
                                                    memory_order_acq_rel, memory_order_acquire)) {
            kept = made;
        } else {
            fc_free(made);
        }
    }
    return kept;
}
