# SPDX-License-Identifier: BSD-3-Clause
"""The quick way from a function of floats to its program, in C (src/binding/compiler/): the tables
that it needs, which differ by version."""

from __future__ import annotations

import builtins
import math
import opcode
import sys
from typing import Any

from fastconc import _core
from fastconc._integrand import INEXACT

from . import bytecode, emit, functions, ir, values
from .deps import MISSING

_VERSION = sys.version_info[:2]

# Kinds of instructions beyond those of bytecode.py, in the order of read_code.h
_MORE: tuple[tuple[str, ...], ...] = (
    ("GET_ITER",),
    ("FOR_ITER",),
    ("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"),
    ("POP_JUMP_BACKWARD_IF_FALSE",),
    ("POP_JUMP_BACKWARD_IF_TRUE",),
    ("BUILD_LIST",),
    ("LIST_EXTEND",),
    ("LIST_APPEND",),
    ("LIST_TO_TUPLE",),
    ("STORE_SUBSCR",),
    ("BINARY_SLICE",),
    ("BUILD_SLICE",),
    ("MAKE_CELL",),
    ("STORE_DEREF",),
    ("LOAD_CLOSURE",),
    ("MAKE_FUNCTION",),
    ("SET_FUNCTION_ATTRIBUTE",),
    ("YIELD_VALUE",),
    ("LOAD_FAST_AND_CLEAR",),
    ("CALL_FUNCTION_EX",),
    ("IS_OP",),
    ("POP_JUMP_IF_NONE", "POP_JUMP_FORWARD_IF_NONE"),
    ("POP_JUMP_IF_NOT_NONE", "POP_JUMP_FORWARD_IF_NOT_NONE"),
)
_SAME = {  # as another instruction
    "GEN_START": "NOP",
    "RETURN_GENERATOR": "PUSH_NULL",
    "LOAD_FAST_CHECK": "LOAD_FAST",
    "STORE_FAST_MAYBE_NULL": "STORE_FAST",
}
_MATH = {
    **{n: n.upper() for n in ("exp", "exp2", "expm1", "log2", "log10", "log1p", "sqrt", "sin")},
    **{n: n.upper() for n in ("cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")},
    **{n: n.upper() for n in ("asinh", "acosh", "atanh", "cbrt", "erf", "erfc", "lgamma")},
    **{"gamma": "TGAMMA", "fabs": "ABS"},
}
_MATH_2 = ("atan2", "fmod", "remainder", "copysign")
# Functions that are more than one instruction, by number, in the order of read_calls.c
_SPECIAL: tuple[Any, ...] = (
    range, len, sum, min, max, math.prod, any, all, enumerate, zip, reversed, tuple, list, bool,
    int, math.floor, math.ceil, math.trunc, round, divmod, math.log, math.degrees, math.radians,
    math.isnan, math.isinf, math.isfinite, abs, float, pow, math.pow, math.hypot,
)  # fmt: skip
_NUMPY_SPECIAL = (
    "maximum", "minimum", "where", "sign", "square", "heaviside", "sinc", "clip",
)  # fmt: skip
_COMBINATORIAL = (math.factorial, math.comb, math.perm, math.gcd, math.isqrt)
_NUMPY_SAME = {
    "absolute": abs, "deg2rad": math.radians, "radians": math.radians, "rad2deg": math.degrees,
    "degrees": math.degrees, "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite,
    "power": pow, "float64": float,
}  # fmt: skip
_NUMPY_OPERATORS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "mod": "%", "floor_divide": "//",
    "less": "<", "greater": ">", "less_equal": "<=", "greater_equal": ">=",
}  # fmt: skip


def _kinds() -> bytes:
    kinds = [kind if kind >= 0 else 255 for kind in bytecode._kind]
    if bytecode._KNOWN:
        more = {
            name: kind
            for kind, names in enumerate(_MORE, bytecode.TRUE_OR_POP + 1)
            for name in names
        }
        more.update((name, bytecode._KINDS[other]) for name, other in _SAME.items())
        for name, kind in more.items():
            number = opcode.opmap.get(name, 256)
            if number < 256:
                kinds[number] = kind
    return bytes(kinds)


def _sizes() -> bytes:
    v = _VERSION
    return bytes(
        (
            bytecode._GLOBAL_SHIFT,
            bytecode._ATTRIBUTE_SHIFT,
            bytecode._HAS_DEPTH,
            bytecode._CALL_TAKES_TWO,
            bytecode._COMPARE_SHIFT,
            bytecode._COMPARE_MASK,
            bytecode._ABSOLUTE,
            max(bytecode._FORWARD, 0) & 255,
            bytecode._JUMP_CACHES,
            v >= (3, 11),
            v >= (3, 12),
            0 if v < (3, 12) else 1 if v == (3, 12) else 2,
            bytecode._POSITIVE,
            6,  # INTRINSIC_LIST_TO_TUPLE
            v == (3, 10),
            v >= (3, 14),
        )
    )


def _texts() -> tuple[str, ...]:
    """Of instructions that are one operator; "+=" and the like are told apart."""
    texts = list(bytecode._text)
    for name, number in opcode.opmap.items():
        if name.startswith("INPLACE_") and number < 256 and texts[number]:
            texts[number] += "="
    return tuple(texts)


def _simple() -> dict[Any, Any]:
    """Functions that are known: the number of one in _SPECIAL, or of one that is an instruction its
    name, the number of arguments, and what numbers known now give: 0 the instruction as well, 1 the
    function's own answer as a float, 2 the instruction too, but only of floats."""
    made: dict[Any, Any] = {}
    for name, op in _MATH.items():
        if hasattr(math, name):
            made[getattr(math, name)] = (f"{op}_D", 1, 1)
    for name in _MATH_2:
        made[getattr(math, name)] = (f"{name.upper()}_D", 2, 1)
    made.update((function, k) for k, function in enumerate(_SPECIAL))
    last = len(_SPECIAL) + len(_NUMPY_SPECIAL)
    made.update((function, last) for function in _COMBINATORIAL)
    return made


def _quiet() -> Any:
    from .check import quiet

    return quiet()


_known = functions._known
_functions = _simple()
_core._set_reader(
    (
        _kinds(), _sizes(), _texts(),
        (*bytecode._OPERATORS, *(f"{op}=" for op in bytecode._OPERATORS), "[]"),
        tuple(bytecode._COMPARISONS), _known, _functions, MISSING, vars(builtins), emit._OPCODES,
        emit._END,
        {op: ir.COST.get(op.rpartition("_")[0], 1.0) for op in _core.OPCODES},
        frozenset(INEXACT), _quiet, ir.MASKED, values.Vector, sum, type(iter(())),
    )
)  # fmt: skip


_has_numpy = False


def prepare() -> bool:
    """Make ready for what is in the process now; whether there was anything to do since the reader
    was last tried."""
    global _has_numpy, _is_new
    was_new, _is_new = _is_new, False
    if _has_numpy or "numpy" not in sys.modules:
        return was_new
    from . import numpy_functions

    np = sys.modules["numpy"]
    functions.lookup(np.sin)  # all of them are known from then on
    for name, op in numpy_functions._UNARY.items():
        if hasattr(np, name):
            rounds = op in ("FLOOR", "CEIL", "TRUNC", "RINT")
            _functions[getattr(np, name)] = (f"{op}_D", 1, 2 if rounds else 0)
    for name, op in numpy_functions._BINARY.items():
        _functions[getattr(np, name)] = (f"{op}_D", 2, 0)
    for name, op in _NUMPY_OPERATORS.items():
        _functions[getattr(np, name)] = (op, 2, 0)
    for name, function in _NUMPY_SAME.items():
        _functions[getattr(np, name)] = _functions[function]
    for k, name in enumerate(_NUMPY_SPECIAL, len(_SPECIAL)):
        _functions[getattr(np, name)] = k
    _has_numpy = True
    return True


_is_new = True
