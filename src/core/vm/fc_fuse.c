/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Joining of instructions when a program is built.
 *
 *     t = a * b          d = a * b + c        if nobody else reads t
 *     d = t + c
 *
 *     t = k0 * x + k1    d = polynomial in x with the coefficients k0, k1, k2, ...
 *     u = t * x + k2
 *     ...
 *
 *     m = a < b          d = a < b ? x : y
 *     d = m ? x : y
 *
 *     d = a              exchange of the registers' memory, if a is read no more
 *
 * The first of a pair moves to the place of the second: its operands must still be what they were.
 * Whether t is read later is known from the registers alive at the end of its basic block. Nothing
 * is reassociated or contracted: the numbers are those of the separate operations. */
#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"
#include "fc_flow.h"

typedef struct fuser {
    fc_program *p;
    const fc_flow *flow;
    bool *gone; /* by instruction: it has become a part of another */
} fuser;

static unsigned reads(const fc_instruction *ins, uint16_t reg)
{
    return (ins->a == reg) + (ins->b == reg) + (ins->c == reg) + (ins->m == reg);
}

/* The only instruction that reads what `at` computes; UINT32_MAX if there is none or more than one,
 * or if it reads it twice. */
static uint32_t only_reader(const fuser *f, uint32_t at)
{
    const fc_program *p = f->p;
    const uint16_t reg = p->instructions[at].d;
    uint32_t reader = UINT32_MAX;
    for (uint32_t k = at + 1; k < f->flow->end[at]; k++) {
        const fc_instruction *ins = &p->instructions[k];
        unsigned n = reads(ins, reg);
        if (n > 1 || (n == 1 && reader != UINT32_MAX)) {
            return UINT32_MAX;
        }
        reader = n == 1 ? k : reader;
        if (ins->d == reg) {
            return reader;
        }
    }
    return fc_in_set(fc_live_after(f->flow, at), reg) ? UINT32_MAX : reader;
}

/* Is `reg` written by an instruction in (from, to)? */
static bool written_between(const fc_program *p, uint32_t from, uint32_t to, uint16_t reg)
{
    for (uint32_t at = from + 1; at < to; at++) {
        if (reg != FC_NO_REGISTER && p->instructions[at].d == reg) {
            return true;
        }
    }
    return false;
}

static bool varies(const fc_program *p, uint16_t reg)
{
    return p->regs[reg].kind == FC_KIND_VARYING;
}

/* What the opcode is as the first of a pair, and of which type (0 D, 1 F); -1: nothing. */
static int first_of(unsigned op, int *type)
{
    switch (op) {
#define FIRSTS(S, number)                                                                          \
    case FC_OP_ADD_##S:                                                                            \
        *type = number;                                                                            \
        return FC_FIRST_ADD;                                                                       \
    case FC_OP_SUB_##S:                                                                            \
        *type = number;                                                                            \
        return FC_FIRST_SUB;                                                                       \
    case FC_OP_MUL_##S:                                                                            \
    case FC_OP_SQUARE_##S:                                                                         \
        *type = number;                                                                            \
        return FC_FIRST_MUL;                                                                       \
    case FC_OP_DIV_##S:                                                                            \
        *type = number;                                                                            \
        return FC_FIRST_DIV;
        FIRSTS(D, 0)
        FIRSTS(F, 1)
    default:
        return -1;
    }
}

/* And as the second, where t is its operand a (or b: reversed). */
static int second_of(unsigned op, bool reversed, int *type)
{
    switch (op) {
#define SECONDS(S, number)                                                                         \
    case FC_OP_ADD_##S:                                                                            \
        *type = number;                                                                            \
        return FC_SECOND_ADD;                                                                      \
    case FC_OP_MUL_##S:                                                                            \
        *type = number;                                                                            \
        return FC_SECOND_MUL;                                                                      \
    case FC_OP_SUB_##S:                                                                            \
        *type = number;                                                                            \
        return reversed ? FC_SECOND_RSUB : FC_SECOND_SUB;                                          \
    case FC_OP_DIV_##S:                                                                            \
        *type = number;                                                                            \
        return reversed ? FC_SECOND_RDIV : FC_SECOND_DIV;                                          \
    case FC_OP_SQUARE_##S:                                                                         \
        *type = number;                                                                            \
        return FC_SECOND_SQUARE;                                                                   \
    case FC_OP_NEG_##S:                                                                            \
        *type = number;                                                                            \
        return FC_SECOND_NEG;                                                                      \
    case FC_OP_ABS_##S:                                                                            \
        *type = number;                                                                            \
        return FC_SECOND_ABS;                                                                      \
    case FC_OP_SQRT_##S:                                                                           \
        *type = number;                                                                            \
        return FC_SECOND_SQRT;
        SECONDS(D, 0)
        SECONDS(F, 1)
    default:
        return -1;
    }
}

/* Joins instruction `at` with its only reader, if they make a pair. */
static void try_pair(fuser *f, uint32_t at)
{
    const fc_program *p = f->p;
    const fc_instruction *one = &p->instructions[at];
    int type_one, type_two;
    int first = first_of(one->op, &type_one);
    if (first < 0 || p->code[at].run != p->handlers->op[one->op] || !varies(p, one->d)) {
        return;
    }
    uint16_t a = one->a, b = one->b == FC_NO_REGISTER ? one->a : one->b; /* a square is a * a */
    if (!varies(p, a) && !varies(p, b)) {
        return;
    }
    bool commutes = first == FC_FIRST_ADD || first == FC_FIRST_MUL;
    if (commutes && !varies(p, a)) {
        uint16_t other = a;
        a = b;
        b = other;
    }
    const uint32_t to = only_reader(f, at);
    if (to == UINT32_MAX) {
        return;
    }
    const fc_instruction *two = &p->instructions[to];
    const bool reversed = two->a != one->d;
    int second = second_of(two->op, reversed, &type_two);
    fc_code *code = &f->p->code[to];
    /* A pair that has already taken its first cannot take another. */
    if (second < 0 || type_one != type_two || !varies(p, two->d) ||
        code->run != p->handlers->op[two->op] || written_between(p, at, to, a) ||
        written_between(p, at, to, b)) {
        return;
    }
    uint16_t c = reversed ? two->a : two->b;
    c = c == FC_NO_REGISTER ? a : c; /* unused, but an address is taken */
    int vary = !varies(p, a) ? FC_B_VARIES : varies(p, b) ? FC_BOTH_VARY : FC_A_VARIES;
    bool has_c = second < FC_SECOND_SQUARE;
    code->run = p->handlers->pair[type_one][first][vary][second][has_c && varies(p, c)];
    code->a = a;
    code->b = b;
    code->c = c;
    f->gone[at] = true;
}

/* Is the code at `at` one step of a polynomial in x, `acc` * x + k or `acc` * x - k? Gives acc, k
 * and which of the two. */
static bool is_step(const fuser *f, uint32_t at, int type, uint16_t x, uint16_t *acc, uint16_t *k,
                    bool *minus)
{
    const fc_program *p = f->p;
    const fc_code *code = &p->code[at];
    fc_handler *const(*pairs)[FC_N_SECOND][2] = p->handlers->pair[type][FC_FIRST_MUL];
    const bool plus = code->run == pairs[FC_BOTH_VARY][FC_SECOND_ADD][0] ||
                      code->run == pairs[FC_A_VARIES][FC_SECOND_ADD][0];
    *minus = code->run == pairs[FC_BOTH_VARY][FC_SECOND_SUB][0] ||
             code->run == pairs[FC_A_VARIES][FC_SECOND_SUB][0];
    if (f->gone[at] || !(plus || *minus) || (code->a != x && code->b != x)) {
        return false;
    }
    *acc = code->a == x ? code->b : code->a;
    *k = code->c;
    return true;
}

/* Makes a selection by a comparison's result the selection by the comparison itself; the result is
 * not computed if nobody else reads it. */
static void try_choose(fuser *f, uint32_t at)
{
    fc_program *p = f->p;
    const fc_instruction *compare = &p->instructions[at];
    int type, relation;
    switch (compare->op) {
#define COMPARES(S, number)                                                                        \
    case FC_OP_LT_##S:                                                                             \
    case FC_OP_LE_##S:                                                                             \
    case FC_OP_EQ_##S:                                                                             \
    case FC_OP_NE_##S:                                                                             \
        type = number;                                                                             \
        relation = compare->op - FC_OP_LT_##S;                                                     \
        break;
        COMPARES(D, 0)
        COMPARES(F, 1)
    default:
        return;
    }
    if (!varies(p, compare->d)) {
        return;
    }
    const unsigned op = type == 0 ? FC_OP_SELECT_D : FC_OP_SELECT_F;
    unsigned left = 0; /* readers that remain */
    bool kept = fc_in_set(fc_live_after(f->flow, at), compare->d);
    for (uint32_t k = at + 1; k < f->flow->end[at]; k++) {
        const fc_instruction *ins = &p->instructions[k];
        fc_code *code = &p->code[k];
        if (ins->op == op && ins->c == compare->d && code->run == p->handlers->op[op] &&
            !f->gone[k] && ins->d != compare->d && !written_between(p, at, k, compare->a) &&
            !written_between(p, at, k, compare->b)) {
            code->run = p->handlers->choose[type][relation];
            code->c = ins->a;
            code->m = ins->b;
            code->a = compare->a;
            code->b = compare->b;
            code->sc = varies(p, code->c) ? FC_LANES : 0;
            code->sm = varies(p, code->m) ? FC_LANES : 0;
            code->sa = varies(p, code->a) ? FC_LANES : 0;
            code->sb = varies(p, code->b) ? FC_LANES : 0;
        } else {
            left += reads(ins, compare->d);
        }
        if (ins->d == compare->d) {
            kept = false;
            break;
        }
    }
    f->gone[at] = left == 0 && !kept;
}

/* Collects the polynomial whose first step, k0 * x + k1, is the code at `at`. */
static void try_horner(fuser *f, uint32_t at, uint16_t *pool, size_t *used)
{
    fc_program *p = f->p;
    for (int type = 0; type < 2; type++) {
        uint16_t k[FC_MAX_HORNER], acc;
        uint32_t minus = 0; /* bit i: k[i] is subtracted */
        bool subtract;
        const uint16_t x = p->code[at].a; /* of a pair k0 * x, the varying one */
        if (!is_step(f, at, type, x, &k[0], &k[1], &subtract) || varies(p, k[0])) {
            continue;
        }
        minus |= (uint32_t)subtract << 1;
        uint32_t last = at, steps[FC_MAX_HORNER];
        int n = 2;
        steps[0] = at;
        while (n < FC_MAX_HORNER) {
            uint32_t next = only_reader(f, last);
            while (next != UINT32_MAX && f->gone[next]) {
                next =
                    only_reader(f, next); /* the product's own instruction has moved to its sum */
            }
            if (next == UINT32_MAX || !is_step(f, next, type, x, &acc, &k[n], &subtract) ||
                acc != p->instructions[last].d || acc == x || written_between(p, last, next, x)) {
                break;
            }
            bool stable = true; /* coefficients may be registers of uniforms that change */
            for (int i = 0; i < n; i++) {
                stable = stable && !written_between(p, last - 1, next, k[i]);
            }
            if (!stable) {
                break;
            }
            steps[n - 1] = next;
            minus |= (uint32_t)subtract << n;
            n++;
            last = next;
        }
        /* The value must not be overwritten between the steps by other instructions' use of x's
         * register. */
        if (n < 4) {
            continue;
        }
        for (int i = 0; i + 2 < n; i++) {
            f->gone[steps[i]] = true;
        }
        fc_code *code = &p->code[last];
        memcpy(pool + *used, k, (size_t)n * sizeof *k);
        code->run = p->handlers->horner[type];
        code->a = x;
        code->b = code->c = x;
        code->horner = pool + *used;
        code->n_horner = (uint8_t)n;
        code->horner_minus = minus;
        *used += (size_t)n;
    }
}

static bool is_operand(const fc_program *p, uint16_t reg)
{
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (p->inputs[i] == reg) {
            return true;
        }
    }
    for (unsigned i = 0; i < p->n_outputs; i++) {
        if (p->outputs[i] == reg) {
            return true;
        }
    }
    return false;
}

static bool is_read_by(const fc_code *code, uint16_t reg)
{
    for (unsigned i = 0; i < code->n_horner; i++) {
        if (code->horner[i] == reg) {
            return true;
        }
    }
    return code->a == reg || code->b == reg || code->c == reg || code->m == reg;
}

/* A move whose source is read no more exchanges the registers' memory, if that is the VM's own. */
static void try_swap(fuser *f, uint32_t at)
{
    const fc_program *p = f->p;
    const fc_instruction *ins = &p->instructions[at];
    if (f->gone[at] || (ins->op != FC_OP_MOV_D && ins->op != FC_OP_MOV_F &&
                        ins->op != FC_OP_MOV_I && ins->op != FC_OP_MOV_B)) {
        return;
    }
    if (ins->a == ins->d || !varies(p, ins->a) || !varies(p, ins->d) || is_operand(p, ins->a) ||
        is_operand(p, ins->d)) {
        return;
    }
    bool dead = !fc_in_set(fc_live_after(f->flow, at), ins->a);
    for (uint32_t k = at + 1; k < f->flow->end[at]; k++) {
        if (f->gone[k]) {
            continue; /* what it reads is read later, what it writes is not written */
        }
        if (is_read_by(&p->code[k], ins->a)) {
            return;
        }
        if (p->instructions[k].d == ins->a) {
            dead = true;
            break;
        }
    }
    if (dead) {
        f->p->code[at].run = p->handlers->swap;
    }
}

void fc_fuse(fc_program *p, const fc_flow *flow, uint32_t *start)
{
    const uint32_t n = p->n_instructions;
    fuser f = {.p = p, .flow = flow};
    f.gone = fc_calloc(n, sizeof *f.gone);
    uint16_t *pool = fc_calloc((size_t)n + FC_MAX_HORNER, sizeof *pool);
    if (flow != NULL && f.gone != NULL && pool != NULL) {
        for (uint32_t at = 0; at < n; at++) {
            try_pair(&f, at);
        }
        for (uint32_t at = 0; at < n; at++) {
            try_choose(&f, at);
        }
        size_t used = 0;
        for (uint32_t at = 0; at < n; at++) {
            try_horner(&f, at, pool, &used);
        }
        for (uint32_t at = 0; at < n; at++) {
            try_swap(&f, at);
        }
    }
    uint32_t kept = 0;
    for (uint32_t at = 0; at < n; at++) {
        start[at] = kept;
        if (f.gone == NULL || !f.gone[at]) {
            p->code[kept++] = p->code[at];
        }
    }
    p->n_code = kept;
    p->horner = pool;
    fc_free(f.gone);
}
