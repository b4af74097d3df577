# SPDX-License-Identifier: BSD-3-Clause
"""The vector functions: errors against mpmath, and accuracy="exact" against the math module.

tests/c/test_fc_vmath.c has the special values, sizes and instruction sets."""

import importlib.util
import math
import os
import random
import struct
import sys
from array import array
from pathlib import Path

import pytest
from fastconc import _core

N_EXACT = 1_000_000 if os.environ.get("FASTCONC_LONG_TESTS") else 20_000
N_ULP = 200_000 if os.environ.get("FASTCONC_LONG_TESTS") else 6_000
UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh cbrt erf erfc tgamma lgamma"
).split()
BINARY = "pow atan2 hypot fmod remainder".split()


def number(rng: random.Random) -> float:
    kind = rng.randrange(6)
    if kind == 0:
        return struct.unpack("d", rng.randbytes(8))[0]
    if kind == 1:
        return rng.uniform(-1, 1)
    if kind == 2:
        return rng.uniform(-200, 200)
    if kind == 3:
        return float(rng.randrange(-30, 30))
    if kind == 4:
        return rng.gauss(0, 1)
    return math.ldexp(rng.uniform(-1, 1), rng.randrange(-1000, 1020))


@pytest.mark.parametrize("name", UNARY + BINARY)
def test_exact_table_gives_the_bits_of_the_math_module(name):
    python_name = {"tgamma": "gamma"}.get(name, name)
    if not hasattr(math, python_name):
        pytest.skip(f"this Python has no math.{python_name}")
    function = getattr(math, python_name)
    rng = random.Random(name)
    arguments = [
        array("d", [number(rng) for _ in range(N_EXACT)]) for _ in range(1 + (name in BINARY))
    ]
    if name == "hypot" and sys.version_info < (3, 12):  # whose subnormal results are inaccurate
        arguments[0] = array("d", [x if abs(x) > 1e-300 else 1.0 for x in arguments[0]])
    out = array("d", bytes(8 * N_EXACT))
    _core._vmath_eval(name, "exact", out, *arguments)
    for *x, got in zip(*arguments, out, strict=True):
        try:
            want = function(*x)
        except (ValueError, OverflowError):
            assert not math.isfinite(got), (x, got)
            continue
        same = struct.pack("d", want) == struct.pack("d", got)
        assert same or (math.isnan(want) and math.isnan(got)), (x, got, want)


@pytest.mark.parametrize("name", UNARY + BINARY)
def test_errors_stay_within_2_ulp_of_mpmath(name):
    pytest.importorskip("mpmath")
    pytest.importorskip("numpy")
    path = Path(__file__).parents[2] / "docs" / "tools" / "vmath_accuracy.py"
    spec = importlib.util.spec_from_file_location("vmath_accuracy", path)
    accuracy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(accuracy)
    seed = random.randrange(2**30) if os.environ.get("FASTCONC_LONG_TESTS") else 7
    for isa in accuracy.isas():
        for worst in (accuracy.worst_double, accuracy.worst_single):
            error, where = worst(name, isa, seed, N_ULP)
            assert error <= 2, (isa, worst.__name__, seed, where)


def test_eval_refuses_what_it_cannot_evaluate():
    a = array("d", [1.0])
    for arguments, error in [
        (("nothing", "exact", a, a), ValueError),
        (("exp", "altivec", a, a), ValueError),
        (("exp", "exact", a, a, a), TypeError),
        (("pow", "exact", a, a), TypeError),
        (("exp", "exact", a, array("f", [1.0])), TypeError),
        (("exp", "exact", a, array("d", [1.0, 2.0])), TypeError),
        (("exp", "exact", b"12345678", a), BufferError),
    ]:
        with pytest.raises(error):
            _core._vmath_eval(*arguments)
