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

from . import bytecode, emit, functions, ir
from .deps import MISSING

_VERSION = sys.version_info[:2]

# Kinds of instructions beyond those of bytecode.py
_LOOPS = {
    "GET_ITER": 36,
    "FOR_ITER": 37,
    **dict.fromkeys(("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"), 38),
    "POP_JUMP_BACKWARD_IF_FALSE": 39,
    "POP_JUMP_BACKWARD_IF_TRUE": 40,
}
_MATH = {
    **{n: n.upper() for n in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt")},
    **{n: n.upper() for n in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")},
    **{n: n.upper() for n in ("asinh", "acosh", "atanh", "cbrt", "erf", "erfc", "lgamma")},
    **{"gamma": "TGAMMA", "fabs": "ABS"},
}
_MATH_2 = ("atan2", "fmod", "remainder", "copysign", "hypot")


def _kinds() -> bytes:
    kinds = [kind if kind >= 0 else 255 for kind in bytecode._kind]
    for name, kind in _LOOPS.items():
        number = opcode.opmap.get(name, 256)
        if number < 256 and bytecode._KNOWN:
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
        )
    )


def _simple() -> dict[Any, tuple[str, int, int]]:
    """Functions that are one instruction: its name, the number of arguments (-1: two or more, each
    joined with the result before), and what numbers known now give: 0 the instruction as well,
    1 the function's own answer as a float, 2 as it is."""
    made: dict[Any, tuple[str, int, int]] = {}
    for name, op in _MATH.items():
        if hasattr(math, name):
            made[getattr(math, name)] = (f"{op}_D", 1, 1)
    for name in _MATH_2:
        made[getattr(math, name)] = (f"{name.upper()}_D", 2, 1)
    made[abs] = ("ABS_D", 1, 2)
    made[min] = ("MIN_D", -1, 2)
    made[max] = ("MAX_D", -1, 2)
    made[float] = ("", 1, 2)
    made[pow] = made[math.pow] = ("**", 2, 0)
    made[range] = ("", 0, 0)
    return made


def _quiet() -> Any:
    from .check import quiet

    return quiet()


_known = functions._known
_functions = _simple()
_core._set_reader(
    (
        _kinds(), _sizes(), tuple(bytecode._text), tuple(bytecode._OPERATORS),
        tuple(bytecode._COMPARISONS), _known, _functions, MISSING, vars(builtins), emit._OPCODES,
        emit._END,
        {op: ir.COST.get(op.rpartition("_")[0], 1.0) for op in _core.OPCODES},
        frozenset(INEXACT), _quiet,
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
            _functions[getattr(np, name)] = (f"{op}_D", 1, 0)
    for name, op in numpy_functions._BINARY.items():
        _functions[getattr(np, name)] = (f"{op}_D", 2, 0)
    _has_numpy = True
    return True


_is_new = True
