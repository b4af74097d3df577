/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside the block VM: what a verified program looks like when it runs. Shared by fc_program.c
 * (verifies), fc_lower.c (chooses the block size, fuses, makes fc_code), fc_vm.c (blocks, loads,
 * stores, faults) and the handlers, fc_vm_impl.inc, of which there is one instance per instruction
 * set.
 *
 *     registers     varying: a block of lanes; uniform and constant: one group of FC_LANES equal
 * lanes handlers      walk groups of FC_LANES lanes; an operand advances by FC_LANES (varying) or
 * by 0 (uniform), so one loop serves every mix, and an operation on uniforms is the same loop run
 * for one group last block    lanes beyond n repeat element n - 1: they take the same branches and
 * raise the same faults as that element, so no handler needs to know n booleans      one byte a
 * lane, 0 or 1, as NumPy keeps them */
#ifndef FC_CODE_H
#define FC_CODE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fc_cpu.h"
#include "fc_program.h"
#include "fc_vm.h"
#include "fc_vmath.h"

#define FC_LANES 16
#define FC_MAX_BLOCK 1024
#define FC_N_DTYPES (FC_BOOL + 1)
#define FC_N_SPARE_VMS 4
/* A program that ran this often keeps its VMs; the memory of the others goes round among them, for
 * new pages cost more than a short run. */
#define FC_PUTS_TO_SPARE 8

typedef struct fc_code fc_code;
typedef struct fc_loop fc_loop; /* fc_narrow.h */
typedef struct fc_flow fc_flow; /* fc_flow.h */

/* Carries out one instruction and returns the next; NULL when the block is done or vm->status tells
 * why not. */
typedef const fc_code *fc_handler(fc_vm *vm, const fc_code *ins);

/* Two arithmetic operations as one: d = (a FIRST b) SECOND c, each rounded. R: reversed, c - (a
 * FIRST b). Those from SQUARE on have no c. */
enum { FC_FIRST_ADD, FC_FIRST_MUL, FC_FIRST_SUB, FC_FIRST_DIV, FC_N_FIRST };
enum {
    FC_SECOND_ADD,
    FC_SECOND_MUL,
    FC_SECOND_SUB,
    FC_SECOND_RSUB,
    FC_SECOND_DIV,
    FC_SECOND_RDIV,
    FC_SECOND_SQUARE,
    FC_SECOND_NEG,
    FC_SECOND_ABS,
    FC_SECOND_SQRT,
    FC_N_SECOND
};
/* Which of a and b vary: at least one does. */
enum { FC_BOTH_VARY, FC_A_VARIES, FC_B_VARIES, FC_N_VARIES };

#define FC_MAX_HORNER 32 /* coefficients of one instruction */

struct fc_code {
    fc_handler *run;
    union {
        fc_unary_d *unary_d;
        fc_unary_f *unary_f;
        fc_binary_d *binary_d;
        fc_binary_f *binary_f;
    } math;
    const uint16_t *horner; /* registers of a polynomial's coefficients, the highest first */
    const fc_code *target;  /* of a jump */
    const fc_loop *loop;    /* a test that may narrow the block; else NULL */
    uint16_t d, a, b, c, m; /* registers */
    uint8_t sa, sb, sc, sm; /* lanes that an operand advances a group: FC_LANES or 0 */
    uint8_t n_horner;
    uint32_t horner_minus; /* bit i: horner[i] is subtracted */
    bool uniform;          /* d is uniform: one group */
    bool backward;         /* a jump to an earlier instruction */
    int32_t imm;
    uint32_t at; /* the instruction's index in the program */
};

typedef struct fc_reg_info {
    uint8_t type;  /* fc_type */
    uint8_t kind;  /* varying, uniform, constant */
    bool zero;     /* may be read before it is written: cleared at the start of each block */
    bool assigned; /* an instruction writes it */
    bool aligned;  /* operand of a mathematical function: its block is 64-byte aligned */
    size_t offset; /* of its lanes in the VM's memory, or among the program's constants */
} fc_reg_info;

enum { FC_KIND_VARYING, FC_KIND_UNIFORM, FC_KIND_CONSTANT };

typedef struct fc_instruction {
    uint16_t op, d, a, b, c, m;
    int32_t imm;
} fc_instruction;

struct fc_program {
    atomic_uint references;
    uint32_t flags;
    unsigned n_registers, n_inputs, n_outputs, n_tables, n_instructions;
    bool loops;   /* has a jump backwards */
    bool jumps;   /* has any jump */
    bool narrows; /* has a loop that may narrow the block */
    fc_reg_info *regs;
    uint16_t *inputs, *outputs; /* registers */
    uint8_t *table_types;
    fc_instruction *instructions;
    uint16_t *zeroed; /* registers with `zero` */
    unsigned n_zeroed;
    char *constants; /* groups of equal lanes, 64-byte aligned */
    size_t constants_size;
    /* made by fc_lower.c */
    fc_isa isa;
    uint16_t *horner; /* what fc_code.horner points into */
    fc_code *code;
    unsigned n_code;
    size_t block;   /* lanes of a varying register, a multiple of FC_LANES */
    size_t vm_size; /* bytes of registers a VM has */
    size_t scratch; /* offset of three blocks of doubles in that memory */
    int sum_ramp;   /* index of handlers->sum_ramp for programs that are just that; -1 */
    const struct fc_handlers *handlers;
    _Atomic(fc_vm *) spare[FC_N_SPARE_VMS]; /* idle VMs; taken and put back by atomic exchange */
    _Atomic(struct fc_polynomial *) polynomial; /* fc_polynomial.h's; made when asked for */
    atomic_uint n_puts; /* of VMs, up to FC_PUTS_TO_SPARE: then the program keeps them */
};

struct fc_vm {
    void **reg;   /* where the lanes of each register are during this block */
    size_t lanes; /* of this block: its elements rounded up to FC_LANES */
    const fc_program *program;
    const fc_table *tables;
    fc_cancel *cancel;
    uint64_t iterations, max_iterations; /* backward jumps of this block; 0: no bound */
    fc_status status; /* of the block, with lane and instruction when it is an error */
    size_t fault_lane;
    uint32_t fault_at;
    double *scratch[3]; /* a block each, for handlers */
    char *memory;
    /* Narrowing, fc_narrow.h. */
    const fc_loop *loop; /* NULL: all lanes of the block are there */
    size_t wide_lanes, n_narrow;
    size_t lost; /* work on useless lanes */
    void **wide; /* where the registers of the whole block are */
    char *narrow;
    uint16_t *lane_of; /* by narrowed lane */
};

/* Loads n elements, `stride` bytes apart, into a register; FC_OK or FC_ERR_OVERFLOW with *bad. */
typedef fc_status fc_load_fn(size_t n, const char *data, ptrdiff_t stride, void *reg, size_t *bad);
typedef fc_status fc_store_fn(size_t n, const void *reg, char *data, ptrdiff_t stride, size_t *bad);

/* What an instruction set provides. */
typedef struct fc_handlers {
    fc_handler *op[FC_N_OPCODES];
    fc_handler *pair[2][FC_N_FIRST][FC_N_VARIES][FC_N_SECOND][2]; /* [D, F]...[c varies] */
    fc_handler *horner[2];                                        /* d = a polynomial in a */
    fc_handler *choose[2][4];         /* [D, F][LT, LE, EQ, NE]: d = a < b ? c : m */
    fc_handler *swap;                 /* d and a exchange their memory */
    fc_handler *test_loop;            /* JUMP_NONE with a loop */
    fc_load_fn *load[4][FC_N_DTYPES]; /* [fc_type][fc_dtype]; NULL: not allowed */
    fc_store_fn *store[4][FC_N_DTYPES];
    void (*ramp)(size_t lanes, double start, double step, double first, double *reg);
    /* Sum of the lanes: lane i goes into accumulator i % FC_LANES, those are added pairwise. */
    double (*sum)(size_t lanes, const double *reg);
    /* The sum of the identity, or of the square, of a ramp: see FC_SUM_RAMP_*. */
    double (*sum_ramp[2])(size_t lanes, double start, double step, double first);
} fc_handlers;

extern const fc_handlers fc_handlers_baseline, fc_handlers_avx2, fc_handlers_avx512;

extern const char *const fc_opcode_names[FC_N_OPCODES];
extern const char *const fc_opcode_signatures[FC_N_OPCODES];
extern const char *const fc_opcode_flags[FC_N_OPCODES];

static inline size_t fc_type_size(unsigned type)
{
    return type == FC_TYPE_B ? 1 : type == FC_TYPE_F ? 4 : 8;
}
size_t fc_dtype_size(fc_dtype dtype);

/* The functions of fc_vmath.h, each an opcode of two types. */
#define FC_MATH_UNARY(X)                                                                           \
    X(EXP, exp)                                                                                    \
    X(EXP2, exp2)                                                                                  \
    X(EXPM1, expm1)                                                                                \
    X(LOG, log)                                                                                    \
    X(LOG2, log2)                                                                                  \
    X(LOG10, log10)                                                                                \
    X(LOG1P, log1p)                                                                                \
    X(SIN, sin)                                                                                    \
    X(COS, cos)                                                                                    \
    X(TAN, tan)                                                                                    \
    X(ASIN, asin)                                                                                  \
    X(ACOS, acos)                                                                                  \
    X(ATAN, atan)                                                                                  \
    X(SINH, sinh)                                                                                  \
    X(COSH, cosh)                                                                                  \
    X(TANH, tanh)                                                                                  \
    X(ASINH, asinh)                                                                                \
    X(ACOSH, acosh)                                                                                \
    X(ATANH, atanh) X(CBRT, cbrt) X(ERF, erf) X(ERFC, erfc) X(TGAMMA, tgamma) X(LGAMMA, lgamma)
#define FC_MATH_BINARY(X)                                                                          \
    X(POW, pow) X(ATAN2, atan2) X(HYPOT, hypot) X(FMOD, fmod) X(REMAINDER, remainder)

/* As fc_program_create, for tests: an instruction set no better than the processor's. */
FC_MUST_CHECK fc_status fc_program_create_isa(const void *bytes, size_t size, fc_isa isa,
                                              fc_program **out, char *reason);
/* Fills the fields that stand below "made by fc_lower.c". */
FC_MUST_CHECK fc_status fc_lower(fc_program *program, fc_isa isa);

/* Joins instructions of the code under way, fc_fuse.c: n_code and code[0 .. n_code) become fewer.
 * Leaves them alone where memory is short, or `flow` NULL. `start` maps an instruction to the code
 * it begins at. */
void fc_fuse(fc_program *program, const fc_flow *flow, uint32_t *start);
void fc_free_loops(fc_program *program);

/* A VM for the program, from its spares if there is one; give it back with fc_vm_put. */
FC_MUST_CHECK fc_status fc_vm_take(fc_program *program, fc_vm **out);
void fc_vm_put(fc_vm *vm); /* NULL is fine */

/* Runs the program on n elements and hands output 0 to `visit`, block by block: n elements of its
 * type, or if it is uniform one that stands for n. */
typedef void fc_visit_fn(void *context, const fc_vm *vm, const void *lanes, size_t n);
FC_MUST_CHECK fc_status fc_vm_visit(fc_vm *vm, size_t n, const fc_operand *inputs,
                                    const fc_table *tables, fc_cancel *cancel,
                                    uint64_t max_iterations, fc_visit_fn *visit, void *context,
                                    fc_fault *fault);

/* Adds x to *sum, and what that rounds off to *correction (D. E. Knuth, TAOCP 2, 4.2.2, theorem B).
 * A sum that leaves the finite numbers has no correction. */
void fc_add_exactly(double x, double *sum, double *correction);

/* Writes the program as text, as snprintf would; returns the length. */
size_t fc_program_text(const fc_program *program, char *text, size_t size);

/* Integer functions that are loops (fc_vm_int.c); each FC_OK or what the opcode table says. */
fc_status fc_int_truediv(int64_t a, int64_t b, double *out);
fc_status fc_int_pow(int64_t a, int64_t b, int64_t *out);
fc_status fc_int_gcd(int64_t a, int64_t b, int64_t *out);
fc_status fc_int_comb(int64_t a, int64_t b, int64_t *out);
fc_status fc_int_factorial(int64_t a, int64_t *out);
fc_status fc_int_isqrt(int64_t a, int64_t *out);

#endif
