# SPDX-License-Identifier: BSD-3-Clause
"""The corpus: how much of it compiles, and that each function equals CPython's results.

Tolerance: 2 ULP, beyond the spread that one-ULP nudges of the mathematical functions inside cause
in plain Python; with accuracy="exact", the spread alone is not needed: results agree to the last
bits.
"""

import math
import random
import sys
import types
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from fastconc import KernelError, kernel

sys.path.insert(0, str(Path(__file__).parent))
NAMES = ("numerics", "physics", "statistics", "integers", "signals", "samples", "bits", "programs")
MODULES = [import_module(f"corpus.{name}") for name in NAMES]
CASES = [(module, f, ranges) for module in MODULES for f, ranges in module.CASES.items()]
N = 80


def name_of(case):
    f = getattr(case[1], "func", case[1])
    return f"{case[0].__name__.split('.')[-1]}-{f.__name__}"


def columns_of(ranges, seed):
    rng = random.Random(seed)
    columns = []
    for r in ranges:
        if isinstance(r, range):
            columns.append(np.array([rng.choice(r) for _ in range(N)], dtype=np.int64))
        elif isinstance(r, list):
            columns.append(np.array(r))
        else:
            columns.append(np.array([rng.uniform(*r) for _ in range(N)]))
    return columns


def rows_of(columns, ranges):
    lists = [c.tolist() for c in columns]
    tables = [isinstance(r, list) for r in ranges]
    return [[v if t else v[i] for v, t in zip(lists, tables, strict=False)] for i in range(N)]


def nudged_module(rng):
    """math, every function off by up to one ULP."""
    fake = types.ModuleType("math")
    for name, value in vars(math).items():
        setattr(fake, name, nudge(value, rng) if callable(value) else value)
    return fake


def nudge(function, rng):
    def call(*args):
        value = function(*args)
        if type(value) is not float or not math.isfinite(value):
            return value
        step = rng.choice((-1, 0, 1))
        return value if step == 0 else math.nextafter(value, math.inf * step)

    return call


def spread_of(module, f, row, expected):
    """The most that nudged functions move each result."""
    rng = random.Random(7)
    saved = dict(vars(module))
    spread = [0.0] * len(expected)
    try:
        module.math = nudged_module(rng)
        for name, value in saved.items():
            if getattr(math, name, None) is value and callable(value):
                setattr(module, name, nudge(value, rng))
        for _ in range(12):
            # The operator ** is a part, too, but cannot be replaced: nudge what it is given.
            result = f(*(nudge(lambda v=v: v, rng)() for v in row))
            for k, value in enumerate(result if isinstance(result, tuple) else (result,)):
                spread[k] = max(spread[k], abs(value - expected[k]))
    finally:
        vars(module).clear()
        vars(module).update(saved)
    return spread


def test_share_that_compiles():
    failed = []
    for case in CASES:
        try:
            kernel(case[1])
        except KernelError as error:
            failed.append(f"{name_of(case)}: {error}")
    share = 1 - len(failed) / len(CASES)
    print(f"\n{len(CASES)} functions, {share:.1%} compile", *failed, sep="\n")
    assert len(CASES) >= 300
    assert share >= 0.95


@pytest.mark.parametrize("accuracy", ["fast", "exact"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_equals_python(case, accuracy):
    module, f, ranges = case
    columns = columns_of(ranges, seed=len(name_of(case)))
    k = kernel(f, accuracy=accuracy)
    results = k(*columns)
    results = results if isinstance(results, tuple) else (results,)
    for i, row in enumerate(rows_of(columns, ranges)):
        expected = f(*row)
        expected = expected if isinstance(expected, tuple) else (expected,)
        got = tuple(r[i].item() for r in results)
        assert len(got) == len(expected)
        spread = None
        for index, (g, e) in enumerate(zip(got, expected, strict=False)):
            if g == e or (g != g and e != e):
                continue
            assert isinstance(e, float), (row, g, e)
            error = abs(g - e)
            if error <= 2 * math.ulp(e):
                continue
            spread = spread or spread_of(module, f, row, expected)
            assert error <= 2 * math.ulp(e) + 2 * spread[index], (row, g, e, error / math.ulp(e))
