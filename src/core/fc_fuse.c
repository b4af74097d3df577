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
 * The first of a pair moves to the place of the second: its operands must still be what they were.
 * Whether t is read later needs the registers alive at the end of each run of instructions without
 * jumps (a basic block), found by the usual iteration. Nothing is reassociated or contracted: the
 * numbers are those of the separate operations. */
#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"

/* Programs whose sets of live registers take more bytes are left as they are. */
#define MAX_LIVENESS ((size_t)4 << 20)

typedef struct fuser {
    fc_program *p;
    uint32_t *end;      /* by instruction: one past its basic block */
    uint64_t *live;     /* by basic block: registers alive at its end */
    uint32_t *block_of; /* by instruction */
    size_t words;
    bool *gone; /* by instruction: it has become a part of another */
} fuser;

static bool get(const uint64_t *set, uint16_t reg)
{
    return (set[reg / 64] >> (reg % 64) & 1) != 0;
}

static void put(uint64_t *set, uint16_t reg, bool value)
{
    const uint64_t bit = (uint64_t)1 << (reg % 64);
    set[reg / 64] = value ? set[reg / 64] | bit : set[reg / 64] & ~bit;
}

static unsigned reads(const fc_instruction *ins, uint16_t reg)
{
    return (ins->a == reg) + (ins->b == reg) + (ins->c == reg) + (ins->m == reg);
}

static bool is_jump(const fc_instruction *ins)
{
    return strchr(fc_opcode_flags[ins->op], 'J') != NULL;
}

/* Registers alive before the block [begin, end), from those after it. */
static void step_back(const fc_program *p, uint32_t begin, uint32_t end, uint64_t *live)
{
    for (uint32_t at = end; at-- > begin;) {
        const fc_instruction *ins = &p->instructions[at];
        const uint16_t operands[4] = {ins->a, ins->b, ins->c, ins->m};
        if (ins->d != FC_NO_REGISTER) {
            put(live, ins->d, false);
        }
        for (int i = 0; i < 4; i++) {
            if (operands[i] != FC_NO_REGISTER) {
                put(live, operands[i], true);
            }
        }
    }
}

/* One round over all blocks, backwards; true if anything has changed. */
static bool flow_once(fuser *f, uint64_t *scratch)
{
    const fc_program *p = f->p;
    bool changed = false;
    for (uint32_t at = p->n_instructions; at-- > 0;) {
        if (f->end[at] != at + 1) {
            continue; /* not the last of its block */
        }
        uint32_t begin = at;
        while (begin > 0 && f->block_of[begin - 1] == f->block_of[at]) {
            begin--;
        }
        const fc_instruction *last = &p->instructions[at];
        uint64_t *out = f->live + f->block_of[at] * f->words;
        uint32_t next[2];
        int n_next = 0;
        if (is_jump(last)) {
            next[n_next++] = (uint32_t)last->imm;
        }
        if (last->op != FC_OP_END && last->op != FC_OP_JUMP) {
            next[n_next++] = at + 1;
        }
        for (int i = 0; i < n_next; i++) {
            memcpy(scratch, f->live + f->block_of[next[i]] * f->words, f->words * sizeof *scratch);
            step_back(p, next[i], f->end[next[i]], scratch);
            for (size_t w = 0; w < f->words; w++) {
                changed = changed || (scratch[w] & ~out[w]) != 0;
                out[w] |= scratch[w];
            }
        }
    }
    return changed;
}

static bool find_blocks(fuser *f)
{
    const fc_program *p = f->p;
    const uint32_t n = p->n_instructions;
    bool *leader = fc_calloc((size_t)n + 1, sizeof *leader);
    if (leader == NULL) {
        return false;
    }
    leader[0] = true;
    for (uint32_t at = 0; at < n; at++) {
        const fc_instruction *ins = &p->instructions[at];
        if (is_jump(ins)) {
            leader[ins->imm] = true;
        }
        leader[at + 1] = leader[at + 1] || is_jump(ins) || ins->op == FC_OP_END;
    }
    uint32_t n_blocks = 0;
    for (uint32_t at = 0; at < n; at++) {
        n_blocks += leader[at];
        f->block_of[at] = n_blocks - 1;
    }
    for (uint32_t at = n; at-- > 0;) {
        f->end[at] = at + 1 == n || leader[at + 1] ? at + 1 : f->end[at + 1];
    }
    fc_free(leader);
    f->words = p->n_registers / 64 + 1;
    size_t size = (size_t)n_blocks * f->words * sizeof(uint64_t);
    if (size > MAX_LIVENESS) {
        return false;
    }
    f->live = fc_calloc(1, size);
    uint64_t *scratch = fc_calloc(f->words, sizeof *scratch);
    if (f->live == NULL || scratch == NULL) {
        fc_free(scratch);
        return false;
    }
    for (uint32_t at = 0; at < n; at++) {
        for (unsigned o = 0; p->instructions[at].op == FC_OP_END && o < p->n_outputs; o++) {
            put(f->live + f->block_of[at] * f->words, p->outputs[o], true);
        }
    }
    /* Each round adds registers, so this ends; the bound only cuts short what would take long. */
    bool settled = false;
    for (int round = 0; round < 64 && !settled; round++) {
        settled = !flow_once(f, scratch);
    }
    fc_free(scratch);
    return settled;
}

/* The only instruction that reads what `at` computes; UINT32_MAX if there is none or more than one,
 * or if it reads it twice. */
static uint32_t only_reader(const fuser *f, uint32_t at)
{
    const fc_program *p = f->p;
    const uint16_t reg = p->instructions[at].d;
    uint32_t reader = UINT32_MAX;
    for (uint32_t k = at + 1; k < f->end[at]; k++) {
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
    return get(f->live + f->block_of[at] * f->words, reg) ? UINT32_MAX : reader;
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

/* Is the code at `at` one step of a polynomial in x, `acc` * x + k? Gives acc and k. */
static bool is_step(const fuser *f, uint32_t at, int type, uint16_t x, uint16_t *acc, uint16_t *k)
{
    const fc_program *p = f->p;
    const fc_code *code = &p->code[at];
    bool both = code->run == p->handlers->pair[type][FC_FIRST_MUL][FC_BOTH_VARY][FC_SECOND_ADD][0];
    bool one = code->run == p->handlers->pair[type][FC_FIRST_MUL][FC_A_VARIES][FC_SECOND_ADD][0];
    if (f->gone[at] || !(both || one) || (code->a != x && code->b != x)) {
        return false;
    }
    *acc = code->a == x ? code->b : code->a;
    *k = code->c;
    return true;
}

/* Collects the polynomial whose first step, k0 * x + k1, is the code at `at`. */
static void try_horner(fuser *f, uint32_t at, uint16_t *pool, size_t *used)
{
    fc_program *p = f->p;
    for (int type = 0; type < 2; type++) {
        uint16_t k[FC_MAX_HORNER], acc;
        const uint16_t x = p->code[at].a; /* of a pair k0 * x, the varying one */
        if (!is_step(f, at, type, x, &k[0], &k[1]) || varies(p, k[0])) {
            continue;
        }
        uint32_t last = at, steps[FC_MAX_HORNER];
        int n = 2;
        steps[0] = at;
        while (n < FC_MAX_HORNER) {
            uint32_t next = only_reader(f, last);
            while (next != UINT32_MAX && f->gone[next]) {
                next =
                    only_reader(f, next); /* the product's own instruction has moved to its sum */
            }
            if (next == UINT32_MAX || !is_step(f, next, type, x, &acc, &k[n]) ||
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
        *used += (size_t)n;
    }
}

void fc_fuse(fc_program *p, uint32_t *start)
{
    const uint32_t n = p->n_instructions;
    fuser f = {.p = p};
    f.end = fc_calloc(n, sizeof *f.end);
    f.block_of = fc_calloc(n, sizeof *f.block_of);
    f.gone = fc_calloc(n, sizeof *f.gone);
    uint16_t *pool = fc_calloc((size_t)n + FC_MAX_HORNER, sizeof *pool);
    if (f.end != NULL && f.block_of != NULL && f.gone != NULL && pool != NULL && find_blocks(&f)) {
        for (uint32_t at = 0; at < n; at++) {
            try_pair(&f, at);
        }
        size_t used = 0;
        for (uint32_t at = 0; at < n; at++) {
            try_horner(&f, at, pool, &used);
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
    fc_free(f.end);
    fc_free(f.block_of);
    fc_free(f.gone);
    fc_free(f.live);
}
