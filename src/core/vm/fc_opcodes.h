/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The instruction set of the block VM, one table. From it the preprocessor makes the enum, the
 * names, the verifier's signatures, the disassembler, the dispatch, and `_core.OPCODES` from which
 * the compiler in Python takes its numbers: an opcode is added here and nowhere else.
 *
 * An instruction works on a whole block of elements: `d = a + b` means d[i] = a[i] + b[i] for every
 * element. Registers are typed: D float64, F float32, I int64, B bool. Each is *varying* (a value
 * an element) or *uniform* (one value for the block: constants, scalar arguments, counters of
 * uniform loops). A uniform operand may stand wherever a varying one may; a uniform destination
 * needs uniform operands.
 *
 * Signature: type of d, then of a, b, c; '-' where there is none. Flags:
 *   M  takes a mask register m (B, or none): lanes outside it compute garbage, raise nothing, index
 * nothing U  d must be uniform (a reduction over the lanes of the block) J  imm is the index of the
 * instruction to jump to T  imm is the index of a table (array argument read by index) X  imm is an
 * fc_status to raise
 *
 * Floats follow IEEE 754 and never raise. Integers are exact or raise FC_ERR_OVERFLOW,
 * FC_ERR_ZERODIV. Python's own exceptions for floats (errors="raise") are compiled as tests
 * followed by RAISE_IF. */
#ifndef FC_OPCODES_H
#define FC_OPCODES_H

/* clang-format off */
#define FC_OPCODES(X) \
    /* moves and conversions */ \
    X(MOV_D,      "DD--", "",  "d = a") \
    X(MOV_F,      "FF--", "",  "d = a") \
    X(MOV_I,      "II--", "",  "d = a") \
    X(MOV_B,      "BB--", "",  "d = a") \
    X(SELECT_D,   "DDDB", "",  "d = c ? a : b") \
    X(SELECT_F,   "FFFB", "",  "d = c ? a : b") \
    X(SELECT_I,   "IIIB", "",  "d = c ? a : b") \
    X(SELECT_B,   "BBBB", "",  "d = c ? a : b") \
    X(D_F,        "DF--", "",  "d = float64(a)") \
    X(F_D,        "FD--", "",  "d = float32(a)") \
    X(D_I,        "DI--", "",  "d = float64(a)") \
    X(F_I,        "FI--", "",  "d = float32(a)") \
    X(I_B,        "IB--", "",  "d = int(a)") \
    X(I_D,        "ID--", "M", "d = int(a), truncated; nan raises FC_ERR_DOMAIN, beyond int64 FC_ERR_OVERFLOW") \
    X(B_D,        "BD--", "",  "d = a != 0 (nan is true)") \
    X(B_F,        "BF--", "",  "d = a != 0 (nan is true)") \
    X(B_I,        "BI--", "",  "d = a != 0") \
    /* float arithmetic; FLOORDIV and MOD with Python's signs, MIN and MAX as Python's (a, unless b < a / b > a) */ \
    X(ADD_D,      "DDD-", "",  "d = a + b") \
    X(SUB_D,      "DDD-", "",  "d = a - b") \
    X(MUL_D,      "DDD-", "",  "d = a * b") \
    X(DIV_D,      "DDD-", "",  "d = a / b") \
    X(FLOORDIV_D, "DDD-", "",  "d = a // b") \
    X(MOD_D,      "DDD-", "",  "d = a % b") \
    X(POW_D,      "DDD-", "",  "d = a ** b; nan where Python gives a complex number") \
    X(MIN_D,      "DDD-", "",  "d = min(a, b)") \
    X(MAX_D,      "DDD-", "",  "d = max(a, b)") \
    X(FMA_D,      "DDDD", "",  "d = a * b + c, rounded once") \
    X(NEG_D,      "DD--", "",  "d = -a") \
    X(ABS_D,      "DD--", "",  "d = abs(a)") \
    X(SQRT_D,     "DD--", "",  "d = sqrt(a)") \
    X(SQUARE_D,   "DD--", "",  "d = a * a") \
    X(CUBE_D,     "DD--", "",  "d = a**3, nearly always correctly rounded") \
    X(FLOOR_D,    "DD--", "",  "d = floor(a) as a float") \
    X(CEIL_D,     "DD--", "",  "d = ceil(a) as a float") \
    X(TRUNC_D,    "DD--", "",  "d = trunc(a) as a float") \
    X(RINT_D,     "DD--", "",  "d = round half to even, as a float") \
    X(COPYSIGN_D, "DDD-", "",  "d = copysign(a, b)") \
    X(ADD_F,      "FFF-", "",  "d = a + b") \
    X(SUB_F,      "FFF-", "",  "d = a - b") \
    X(MUL_F,      "FFF-", "",  "d = a * b") \
    X(DIV_F,      "FFF-", "",  "d = a / b") \
    X(FLOORDIV_F, "FFF-", "",  "d = a // b") \
    X(MOD_F,      "FFF-", "",  "d = a % b") \
    X(POW_F,      "FFF-", "",  "d = a ** b") \
    X(MIN_F,      "FFF-", "",  "d = min(a, b)") \
    X(MAX_F,      "FFF-", "",  "d = max(a, b)") \
    X(FMA_F,      "FFFF", "",  "d = a * b + c, rounded once") \
    X(NEG_F,      "FF--", "",  "d = -a") \
    X(ABS_F,      "FF--", "",  "d = abs(a)") \
    X(SQRT_F,     "FF--", "",  "d = sqrt(a)") \
    X(SQUARE_F,   "FF--", "",  "d = a * a") \
    X(CUBE_F,     "FF--", "",  "d = a**3") \
    X(FLOOR_F,    "FF--", "",  "d = floor(a)") \
    X(CEIL_F,     "FF--", "",  "d = ceil(a)") \
    X(TRUNC_F,    "FF--", "",  "d = trunc(a)") \
    X(RINT_F,     "FF--", "",  "d = round half to even") \
    X(COPYSIGN_F, "FFF-", "",  "d = copysign(a, b)") \
    /* integer arithmetic, exact or an error */ \
    X(ADD_I,      "III-", "M", "d = a + b") \
    X(SUB_I,      "III-", "M", "d = a - b") \
    X(MUL_I,      "III-", "M", "d = a * b") \
    X(FLOORDIV_I, "III-", "M", "d = a // b") \
    X(MOD_I,      "III-", "M", "d = a % b") \
    X(TRUEDIV_I,  "DII-", "M", "d = a / b, correctly rounded as Python's; b == 0 raises FC_ERR_ZERODIV") \
    X(POW_I,      "III-", "M", "d = a ** b; b < 0 raises FC_ERR_DOMAIN (Python would change the type)") \
    X(MIN_I,      "III-", "",  "d = min(a, b)") \
    X(MAX_I,      "III-", "",  "d = max(a, b)") \
    X(NEG_I,      "II--", "M", "d = -a") \
    X(ABS_I,      "II--", "M", "d = abs(a)") \
    X(AND_I,      "III-", "",  "d = a & b") \
    X(OR_I,       "III-", "",  "d = a | b") \
    X(XOR_I,      "III-", "",  "d = a ^ b") \
    X(NOT_I,      "II--", "",  "d = ~a") \
    X(SHL_I,      "III-", "M", "d = a << b; b < 0 raises FC_ERR_DOMAIN") \
    X(SHR_I,      "III-", "M", "d = a >> b; b < 0 raises FC_ERR_DOMAIN; b >= 64 gives 0 or -1") \
    /* the low 64 bits of the exact result: for values of which no more is needed */ \
    X(ADDW_I,     "III-", "",  "d = a + b modulo 2^64") \
    X(SUBW_I,     "III-", "",  "d = a - b modulo 2^64") \
    X(MULW_I,     "III-", "",  "d = a * b modulo 2^64") \
    X(NEGW_I,     "II--", "",  "d = -a modulo 2^64") \
    X(SHLW_I,     "III-", "M", "d = a << b modulo 2^64; b < 0 raises FC_ERR_DOMAIN") \
    X(SHRW_I,     "III-", "M", "d = a >> b, a without sign; b < 0 raises FC_ERR_DOMAIN") \
    X(LOW_I,      "III-", "M", "d = a & b, both without sign; 2^63 or more raises FC_ERR_OVERFLOW") \
    X(GCD_I,      "III-", "M", "d = gcd(a, b) >= 0") \
    X(COMB_I,     "III-", "M", "d = comb(a, b); negative raises FC_ERR_DOMAIN") \
    X(FACTORIAL_I,"II--", "M", "d = a!; negative raises FC_ERR_DOMAIN") \
    X(ISQRT_I,    "II--", "M", "d = isqrt(a); negative raises FC_ERR_DOMAIN") \
    /* comparisons (GT, GE: swap the operands) and tests */ \
    X(LT_D,       "BDD-", "",  "d = a < b") \
    X(LE_D,       "BDD-", "",  "d = a <= b") \
    X(EQ_D,       "BDD-", "",  "d = a == b") \
    X(NE_D,       "BDD-", "",  "d = a != b") \
    X(LT_F,       "BFF-", "",  "d = a < b") \
    X(LE_F,       "BFF-", "",  "d = a <= b") \
    X(EQ_F,       "BFF-", "",  "d = a == b") \
    X(NE_F,       "BFF-", "",  "d = a != b") \
    X(LT_I,       "BII-", "",  "d = a < b") \
    X(LE_I,       "BII-", "",  "d = a <= b") \
    X(EQ_I,       "BII-", "",  "d = a == b") \
    X(NE_I,       "BII-", "",  "d = a != b") \
    X(LT_DI,      "BDI-", "",  "d = a < b, exactly (no rounding of b)") \
    X(LE_DI,      "BDI-", "",  "d = a <= b, exactly") \
    X(LT_ID,      "BID-", "",  "d = a < b, exactly") \
    X(LE_ID,      "BID-", "",  "d = a <= b, exactly") \
    X(EQ_DI,      "BDI-", "",  "d = a == b, exactly") \
    X(ISNAN_D,    "BD--", "",  "d = isnan(a)") \
    X(ISINF_D,    "BD--", "",  "d = isinf(a)") \
    X(ISFINITE_D, "BD--", "",  "d = isfinite(a)") \
    X(ISNAN_F,    "BF--", "",  "d = isnan(a)") \
    X(ISINF_F,    "BF--", "",  "d = isinf(a)") \
    X(ISFINITE_F, "BF--", "",  "d = isfinite(a)") \
    X(SIGNBIT_D,  "BD--", "",  "d = sign bit of a is set") \
    X(IBITS_D,    "ID--", "",  "d = the bits of a, as an int") \
    X(DBITS_I,    "DI--", "",  "d = the float whose bits are a") \
    X(AND_B,      "BBB-", "",  "d = a and b") \
    X(OR_B,       "BBB-", "",  "d = a or b") \
    X(XOR_B,      "BBB-", "",  "d = a != b") \
    X(ANDN_B,     "BBB-", "",  "d = a and not b") \
    X(NOT_B,      "BB--", "",  "d = not a") \
    X(ANY_B,      "BB--", "U", "d = any lane of a") \
    X(ALL_B,      "BB--", "U", "d = every lane of a") \
    /* mathematical functions, from the table of fc_vmath.h */ \
    FC_OPCODES_UNARY(X, EXP) FC_OPCODES_UNARY(X, EXP2) FC_OPCODES_UNARY(X, EXPM1) \
    FC_OPCODES_UNARY(X, LOG) FC_OPCODES_UNARY(X, LOG2) FC_OPCODES_UNARY(X, LOG10) FC_OPCODES_UNARY(X, LOG1P) \
    FC_OPCODES_UNARY(X, SIN) FC_OPCODES_UNARY(X, COS) FC_OPCODES_UNARY(X, TAN) \
    FC_OPCODES_UNARY(X, ASIN) FC_OPCODES_UNARY(X, ACOS) FC_OPCODES_UNARY(X, ATAN) \
    FC_OPCODES_UNARY(X, SINH) FC_OPCODES_UNARY(X, COSH) FC_OPCODES_UNARY(X, TANH) \
    FC_OPCODES_UNARY(X, ASINH) FC_OPCODES_UNARY(X, ACOSH) FC_OPCODES_UNARY(X, ATANH) \
    FC_OPCODES_UNARY(X, CBRT) FC_OPCODES_UNARY(X, ERF) FC_OPCODES_UNARY(X, ERFC) \
    FC_OPCODES_UNARY(X, TGAMMA) FC_OPCODES_UNARY(X, LGAMMA) \
    FC_OPCODES_BINARY(X, ATAN2) FC_OPCODES_BINARY(X, HYPOT) \
    FC_OPCODES_BINARY(X, FMOD) FC_OPCODES_BINARY(X, REMAINDER) \
    /* tables: array arguments read by index; a negative index counts from the end, out of range raises FC_ERR_INDEX */ \
    X(INDEX_D,    "DI--", "MT", "d = table[imm][a]") \
    X(INDEX_F,    "FI--", "MT", "d = table[imm][a]") \
    X(INDEX_I,    "II--", "MT", "d = table[imm][a]") \
    X(INDEX_B,    "BI--", "MT", "d = table[imm][a]") \
    X(LEN_I,      "I---", "UT", "d = len(table[imm])") \
    /* control; a jump backwards polls for cancellation and counts against max_iterations */ \
    X(JUMP,       "----", "J", "go to imm") \
    X(JUMP_IF,    "-B--", "J", "go to imm if a, which must be uniform") \
    X(JUMP_UNLESS,"-B--", "J", "go to imm if not a, which must be uniform") \
    X(JUMP_ANY,   "-B--", "J", "go to imm if any lane of a") \
    X(JUMP_NONE,  "-B--", "J", "go to imm if no lane of a") \
    X(RAISE_IF,   "-B--", "X", "raise imm if any lane of a; the lowest such element is the one reported") \
    X(END,        "----", "",  "the block is done")

#define FC_OPCODES_UNARY(X, NAME) \
    X(NAME##_D, "DD--", "", "d = " #NAME "(a), see fc_vmath.h") \
    X(NAME##_F, "FF--", "", "d = " #NAME "(a), see fc_vmath.h")
#define FC_OPCODES_BINARY(X, NAME) \
    X(NAME##_D, "DDD-", "", "d = " #NAME "(a, b), see fc_vmath.h") \
    X(NAME##_F, "FFF-", "", "d = " #NAME "(a, b), see fc_vmath.h")
/* clang-format on */

typedef enum fc_opcode {
#define FC_OPCODE_ENUM(name, signature, flags, text) FC_OP_##name,
    FC_OPCODES(FC_OPCODE_ENUM)
#undef FC_OPCODE_ENUM
        FC_N_OPCODES
} fc_opcode;

#endif
