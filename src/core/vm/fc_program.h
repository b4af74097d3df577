/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs of the block VM: their serialised form, and the verifier that every program passes once,
 * when it is built. The VM then trusts it. The bytes come from the compiler in Python, but also out
 * of pickles: they are the trust boundary, and nothing that they say may make the VM crash, hang
 * uncancellably, or touch foreign memory.
 *
 * Serialised, little-endian, no padding:
 *
 *     offset  size
 *     0       4      "FCP1"
 *     4       2      n_registers                   at most 4096
 *     6       2      n_inputs
 *     8       2      n_outputs                     at least 1
 *     10      2      n_tables
 *     12      4      n_instructions                at most 65536
 *     16      4      flags                         FC_PROGRAM_*
 *     20      8*R    registers: u8 type (0 D, 1 F, 2 I, 3 B), u8 kind (0 varying, 1 uniform, 2
 * constant), u16 0, u32 index into the constants (kind 2) or 0 4      n_constants 8*C    constants:
 * the bits of a float64, an int64, a bool as int64; a float32 as float64 2*I    register that each
 * input fills (varying: elementwise array; uniform: a scalar) 2*O    register that each output is
 * taken from 1*T    element type of each table (as the register types) 16*N   instructions: u16 op,
 * d, a, b, c, m; i32 imm       (0xFFFF: no register)
 *
 * A constant register is uniform and read-only. All other registers hold 0 at the start of a block,
 * then the inputs are loaded, then instruction 0 runs. The last instruction is END. Registers may
 * be assigned many times (the front end uses that for variables of loops). */
#ifndef FC_PROGRAM_H
#define FC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "fc_opcodes.h"
#include "fc_status.h"

enum {
    FC_PROGRAM_EXACT = 1, /* libm's scalar functions: CPython's bits */
};

#define FC_NO_REGISTER 0xFFFF

typedef enum fc_type { FC_TYPE_D, FC_TYPE_F, FC_TYPE_I, FC_TYPE_B } fc_type;

typedef struct fc_program
    fc_program; /* immutable once built, shared by threads, reference counted */

/* Builds and verifies. On FC_ERR_FORMAT `reason` (at least 160 bytes) tells what is wrong and
 * where. */
FC_MUST_CHECK fc_status fc_program_create(const void *bytes, size_t size, fc_program **out,
                                          char *reason);
void fc_program_retain(fc_program *program);
void fc_program_release(fc_program *program); /* NULL is fine */

unsigned fc_program_n_inputs(const fc_program *program);
unsigned fc_program_n_outputs(const fc_program *program);
unsigned fc_program_n_tables(const fc_program *program);

#endif
