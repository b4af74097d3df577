# SPDX-License-Identifier: BSD-3-Clause
"""Kernels as C functions: pointers, SciPy's LowLevelCallable, source text."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any

from fastconc import _core
from fastconc._errors import KernelError

from .emit import Instruction
from .ir import Val
from .unit import Compiled

if TYPE_CHECKING:
    from fastconc._kernel import Kernel


def program_of_doubles(kernel: Kernel) -> tuple[Compiled, int]:
    """The program for float64 arguments (those without default) and one float64 result."""
    target = kernel._target
    names = [n for n in target.names if n not in target.parameters.defaults]
    if not names or target.table_names() & set(names):
        raise KernelError(f"{kernel.__name__} needs one or more arguments that are numbers")
    compiled = kernel._current().get(("D",) * len(names), "D", True)
    if compiled.n_outputs != 1:
        raise KernelError(f"{kernel.__name__} must have one result, not {compiled.n_outputs}")
    return compiled, len(names)


def capsule_of(kernel: Kernel, form: str | None) -> Any:
    compiled, n = program_of_doubles(kernel)
    return _core._native_callable(compiled.program, form or ("data" if n == 1 else "vector"))


def ctypes_function(kernel: Kernel) -> Any:
    compiled, n = program_of_doubles(kernel)
    capsule = _core._native_callable(compiled.program, "plain")
    address, _ = _core._capsule_addresses(capsule)
    function = ctypes.CFUNCTYPE(ctypes.c_double, *([ctypes.c_double] * n))(address)
    function._owner = capsule  # type: ignore[attr-defined]
    return function


# C source

_PREAMBLE = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { OK = 0, OVERFLOW_ = 9, ZERODIV = 10, DOMAIN_ = 11, INDEX = 13 };

static inline double mod_d(double a, double b)
{
    double m = fmod(a, b);
    return m != 0 ? ((b < 0) != (m < 0) ? m + b : m) : copysign(0.0, b);
}
static inline double floordiv_d(double a, double b)
{
    if (b == 0) {
        return a / b;
    }
    double m = fmod(a, b), q = (a - m) / b;
    if (m != 0 && (b < 0) != (m < 0)) {
        q -= 1.0;
    }
    if (q == 0) {
        return copysign(0.0, a / b);
    }
    double f = floor(q);
    return q - f > 0.5 ? f + 1.0 : f;
}
static inline int floordiv_i(int64_t a, int64_t b, int64_t *r)
{
    if (b == 0) {
        return ZERODIV;
    }
    if (a == INT64_MIN && b == -1) {
        return OVERFLOW_;
    }
    *r = a / b - (a % b != 0 && (a % b < 0) != (b < 0));
    return OK;
}
static inline int mod_i(int64_t a, int64_t b, int64_t *r)
{
    if (b == 0) {
        return ZERODIV;
    }
    *r = b == -1 ? 0 : a % b;
    if (*r != 0 && (*r < 0) != (b < 0)) {
        *r += b;
    }
    return OK;
}
static inline int pow_i(int64_t a, int64_t b, int64_t *r)
{
    if (b < 0) {
        return DOMAIN_;
    }
    *r = 1;
    for (;;) {
        if ((b & 1) && __builtin_mul_overflow(*r, a, r)) {
            return OVERFLOW_;
        }
        b >>= 1;
        if (b == 0) {
            return OK;
        }
        if (__builtin_mul_overflow(a, a, &a)) {
            return OVERFLOW_;
        }
    }
}
static inline int int_of(double a, int64_t *r)
{
    if (isnan(a)) {
        return DOMAIN_;
    }
    if (!(a > -9223372036854777856.0 && a < 9223372036854775808.0)) {
        return OVERFLOW_;
    }
    *r = (int64_t)a;
    return OK;
}
"""

_C_TYPES = {"D": "double", "F": "float", "I": "int64_t", "B": "bool"}
_INFIX = {
    **{"ADD": "+", "SUB": "-", "MUL": "*", "DIV": "/"},
    **{"LT": "<", "LE": "<=", "EQ": "==", "NE": "!="},
}
_EXPRESSIONS = {
    "FLOORDIV_D": "floordiv_d({0}, {1})",
    "MOD_D": "mod_d({0}, {1})",
    "MIN_D": "({1} < {0} ? {1} : {0})",
    "MAX_D": "({1} > {0} ? {1} : {0})",
    "MIN_I": "({1} < {0} ? {1} : {0})",
    "MAX_I": "({1} > {0} ? {1} : {0})",
    "FMA_D": "fma({0}, {1}, {2})",
    "NEG_D": "-{0}",
    "ABS_D": "fabs({0})",
    "SQUARE_D": "{0} * {0}",
    "CUBE_D": "pow({0}, 3.0)",
    "AND_I": "{0} & {1}",
    "OR_I": "{0} | {1}",
    "XOR_I": "{0} ^ {1}",
    "NOT_I": "~{0}",
    "ADDW_I": "(int64_t)((uint64_t){0} + (uint64_t){1})",
    "SUBW_I": "(int64_t)((uint64_t){0} - (uint64_t){1})",
    "MULW_I": "(int64_t)((uint64_t){0} * (uint64_t){1})",
    "NEGW_I": "(int64_t)(0 - (uint64_t){0})",
    "I_B": "{0}",
    "D_I": "(double){0}",
    "B_D": "{0} != 0",
    "B_I": "{0} != 0",
    "ISNAN_D": "isnan({0}) != 0",
    "ISINF_D": "isinf({0}) != 0",
    "ISFINITE_D": "isfinite({0}) != 0",
    "SIGNBIT_D": "signbit({0}) != 0",
    "IBITS_D": "((union {{ double d; int64_t i; }}){{.d = {0}}}).i",
    "DBITS_I": "((union {{ int64_t i; double d; }}){{.i = {0}}}).d",
    "AND_B": "{0} && {1}",
    "OR_B": "{0} || {1}",
    "XOR_B": "{0} != {1}",
    "ANDN_B": "{0} && !{1}",
    "NOT_B": "!{0}",
    "ANY_B": "{0}",
    "ALL_B": "{0}",
}
_CHECKED = {
    "ADD_I": "if (__builtin_add_overflow({0}, {1}, &{d})) return OVERFLOW_;",
    "SUB_I": "if (__builtin_sub_overflow({0}, {1}, &{d})) return OVERFLOW_;",
    "MUL_I": "if (__builtin_mul_overflow({0}, {1}, &{d})) return OVERFLOW_;",
    "NEG_I": "if (__builtin_sub_overflow((int64_t)0, {0}, &{d})) return OVERFLOW_;",
    "ABS_I": "if ({0} == INT64_MIN) return OVERFLOW_; {d} = {0} < 0 ? -{0} : {0};",
    "FLOORDIV_I": "if ((status = floordiv_i({0}, {1}, &{d}))) return status;",
    "MOD_I": "if ((status = mod_i({0}, {1}, &{d}))) return status;",
    "POW_I": "if ((status = pow_i({0}, {1}, &{d}))) return status;",
    "I_D": "if ((status = int_of({0}, &{d}))) return status;",
    "TRUEDIV_I": "if ({1} == 0) return ZERODIV; {d} = (double){0} / (double){1};",
    "SHR_I": "if ({1} < 0) return DOMAIN_; {d} = {1} > 63 ? ({0} < 0 ? -1 : 0) : {0} >> {1};",
    "SHRW_I": "if ({1} < 0) return DOMAIN_; {d} = {1} > 63 ? 0 : (int64_t)((uint64_t){0} >> {1});",
    "SHLW_I": "if ({1} < 0) return DOMAIN_; {d} = {1} > 63 ? 0 : (int64_t)((uint64_t){0} << {1});",
    "LOW_I": "if (({d} = {0} & {1}) < 0) return OVERFLOW_;",
    "SHL_I": "if ({1} < 0) return DOMAIN_; if ({1} > 62 && {0} != 0) return OVERFLOW_; "
    "{d} = {1} > 62 ? 0 : (int64_t)((uint64_t){0} << {1}); "
    "if ({1} <= 62 && {d} >> {1} != {0}) return OVERFLOW_;",
}


def _literal(val: Val) -> str:
    value = val.payload
    if val.type == "B":
        return "true" if value else "false"
    if val.type == "I":
        return f"INT64_C({value})" if value > -(2**63) else "INT64_MIN"
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"({float(value).hex()})"


def c_source(kernel: Kernel, name: str | None = None) -> str:
    """C11 source of a function that does what the kernel does for float64 arguments.

    ``int name(double x, ..., double *result)`` returns 0, or the status of the error that the
    function met (9 integer overflow, 10 division by zero, 11 domain, 13 index, 14 assertion).
    """
    compiled, n = program_of_doubles(kernel)
    name = name or (kernel.__name__ if kernel.__name__.isidentifier() else "kernel")
    registers = compiled.emitted.registers
    types: dict[int, str] = {}
    code: list[str] = []
    targets = {i.target for i in compiled.emitted.instructions if i.target >= 0}

    def operand(val: Val) -> str:
        if val.op == "CONST":
            return _literal(val)
        register = registers[id(val)]
        types[register] = val.type
        return f"r{register}"

    for position, instruction in enumerate(compiled.emitted.instructions):
        if position in targets:
            code.append(f"L{position}:;")
        code.append("    " + _statement(instruction, operand))
    outputs = [operand(v) for v in compiled.emitted.outputs]
    inputs = [operand(v) for v in compiled.emitted.inputs]
    names = [f"a{k}" for k in range(n)]
    parameters = ", ".join([*(f"double {a}" for a in names), "double *result"])
    lines = [_PREAMBLE, f"int {name}({parameters})", "{", "    int status = OK;"]
    for register, type in sorted(types.items()):
        lines.append(f"    {_C_TYPES[type]} r{register} = 0;")
    lines += [f"    {r} = {a};" for r, a in zip(inputs, names, strict=True)]
    lines += code
    lines.append("    (void)status;")
    lines.append(f"    *result = {outputs[0]};")
    lines += ["    return OK;", "}"]
    return "\n".join(line for line in lines if line.strip()) + "\n"


def _statement(ins: Instruction, operand: Any) -> str:
    args = [operand(a) for a in ins.args]
    op = ins.op
    if op == "END":
        return ";"
    if op == "JUMP":
        return f"goto L{ins.target};"
    if op in ("JUMP_NONE", "JUMP_UNLESS"):
        return f"if (!{args[0]}) goto L{ins.target};"
    if op in ("JUMP_ANY", "JUMP_IF"):
        return f"if ({args[0]}) goto L{ins.target};"
    if op == "RAISE_IF":
        return f"if ({args[0]}) return {ins.imm};"
    assert ins.dest is not None
    dest = operand(ins.dest)
    if op in _CHECKED:
        text = _CHECKED[op].format(*args, d=dest)
        return f"if ({operand(ins.mask)}) {{ {text} }}" if ins.mask is not None else text
    base, _, kind = op.rpartition("_")
    if base == "MOV":
        return f"{dest} = {args[0]};"
    if base == "SELECT":
        return f"{dest} = {args[2]} ? {args[0]} : {args[1]};"
    if op in _EXPRESSIONS:
        return f"{dest} = {_EXPRESSIONS[op].format(*args)};"
    if base in _INFIX and kind in ("D", "I"):
        return f"{dest} = {args[0]} {_INFIX[base]} {args[1]};"
    if kind in ("DI", "ID") and base in _INFIX:
        return f"{dest} = (long double){args[0]} {_INFIX[base]} (long double){args[1]};"
    if kind == "D":
        return f"{dest} = {base.lower()}({', '.join(args)});"
    raise KernelError(f"the operation {op} has no C source yet")
