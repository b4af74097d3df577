# SPDX-License-Identifier: BSD-3-Clause
"""Generated functions on generated inputs: the compiled kernel against CPython, element by element.

Only operations with one right answer are generated (arithmetic, comparisons, integers, control
flow, exact functions), so results must be identical to the bit, and an exception of Python's must
be an exception or, for floats, inf or nan. FASTCONC_LONG_TESTS=1 runs for hours.
"""

import linecache
import math
import os
import sys

import numpy as np
import pytest
from fastconc import KernelError, kernel
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("FASTCONC_LONG_TESTS"))
SETTINGS = settings(
    max_examples=200_000 if LONG else 120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not LONG,
    database=None,
)

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e300, 5e-324, math.inf, -math.inf, math.nan, 3.7]
floats = st.one_of(st.sampled_from(SPECIAL), st.floats(), st.floats(-10, 10))
ints = st.one_of(st.integers(-20, 20), st.integers(-(2**62), 2**62), st.integers(-(2**31), 2**31))

NAMES = ["x", "y", "n", "m"]


def expressions(kind):
    """Source text of a float ("f"), int ("i") or bool ("b") expression over x, y, n, m."""
    leaf_f = st.one_of(
        st.sampled_from(["x", "y"]), st.sampled_from(["0.5", "2.0", "-1.5", "1e10", "3.0"])
    )
    leaf_i = st.one_of(st.sampled_from(["n", "m"]), st.sampled_from(["0", "1", "2", "-3", "7"]))

    def extend(pair):
        f, i, b = pair
        new_f = st.one_of(
            f,
            st.tuples(f, st.sampled_from(["+", "-", "*", "/", "//", "%"]), f).map(bracket),
            st.tuples(f, st.sampled_from(["+", "-", "*", "/"]), i).map(bracket),
            st.tuples(i, st.just("/"), i).map(bracket),
            f.map(lambda a: f"(-{a})"),
            f.map(lambda a: f"abs({a})"),
            f.map(lambda a: f"({a})**2"),
            i.map(lambda a: f"float({a})"),
            st.tuples(f, f).map(lambda p: f"min({p[0]}, {p[1]})"),
            st.tuples(f, f).map(lambda p: f"max({p[0]}, {p[1]})"),
            f.map(lambda a: f"math.sqrt(abs({a}))"),
            st.tuples(f, f).map(lambda p: f"math.copysign({p[0]}, {p[1]})"),
            st.tuples(f, b, f).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
            st.tuples(f, f).map(lambda p: f"({p[0]} or {p[1]})"),
            st.tuples(f, f).map(lambda p: f"({p[0]} and {p[1]})"),
            f.map(lambda a: f"round({a}, 2)"),
        )
        new_i = st.one_of(
            i,
            st.tuples(i, st.sampled_from(["+", "-", "*", "//", "%", "&", "|", "^"]), i).map(
                bracket
            ),
            i.map(lambda a: f"(-{a})"),
            i.map(lambda a: f"(~{a})"),
            i.map(lambda a: f"abs({a})"),
            st.tuples(i, b, i).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
            st.tuples(i, i).map(lambda p: f"min({p[0]}, {p[1]})"),
            st.tuples(i, i).map(lambda p: f"math.gcd({p[0]}, {p[1]})"),
            b.map(lambda a: f"int({a})"),
            i.map(lambda a: f"({a} >> 3)"),
        )
        compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
        new_b = st.one_of(
            b,
            st.tuples(f, compare, f).map(bracket),
            st.tuples(i, compare, i).map(bracket),
            st.tuples(f, compare, i).map(bracket),
            st.tuples(i, compare, f).map(bracket),
            st.tuples(f, f, f).map(lambda p: f"({p[0]} < {p[1]} <= {p[2]})"),
            st.tuples(b, st.sampled_from(["and", "or"]), b).map(bracket),
            b.map(lambda a: f"(not {a})"),
            f.map(lambda a: f"math.isnan({a})"),
            i.map(lambda a: f"bool({a})"),
        )
        return new_f, new_i, new_b

    level = (leaf_f, leaf_i, st.tuples(leaf_f, st.just("<"), leaf_f).map(bracket))
    for _ in range(3):
        level = extend(level)
    return dict(zip("fib", level, strict=True))[kind]


def bracket(parts):
    return "(" + " ".join(parts) + ")"


F, INT, B = (expressions(kind) for kind in "fib")


def indent(lines):
    return ["    " + line for line in lines]


def blocks(depth, in_loop):
    """Lists of lines: statements that assign a, b (floats) and k (an int)."""
    simple = st.one_of(
        F.map(lambda e: [f"a = {e}"]),
        F.map(lambda e: [f"b = a * 0.5 + {e}"]),
        INT.map(lambda e: [f"k = {e}"]),
        F.map(lambda e: [f"a -= {e}"]),
        st.just(["a, b = b, a"]),
        st.just(["k = (k + 1) % 1000"]),
        st.just(["x, a = a, x"]),
    )
    choices = [simple, simple]
    if depth > 0:
        inner = blocks(depth - 1, in_loop)
        choices.append(
            st.tuples(B, inner, inner).map(
                lambda p: [f"if {p[0]}:", *indent(p[1]), "else:", *indent(p[2])]
            )
        )
        choices.append(st.tuples(B, inner).map(lambda p: [f"if {p[0]}:", *indent(p[1])]))
        choices.append(B.map(lambda c: [f"if {c}:", "    return a + b"]))
        body = blocks(depth - 1, True)
        choices.append(
            st.tuples(st.integers(0, 20), body, st.booleans()).map(
                lambda p: [
                    f"for j in range({p[0]}):",
                    *indent(p[1]),
                    *(["else:", "    b = b + 1.0"] if p[2] else []),
                ]
            )
        )
        choices.append(
            st.tuples(body, B).map(
                lambda p: [
                    "c = 0",
                    f"while c < 6 and {p[1]}:",
                    "    c += 1",
                    *indent(p[0]),
                ]
            )
        )
        choices.append(
            body.map(lambda p: ["for i in range(abs(n) % 5):", *indent(p), "    k = k ^ i"])
        )
    if in_loop:
        choices.append(
            st.tuples(B, st.sampled_from(["break", "continue"])).map(
                lambda p: [f"if {p[0]}:", f"    {p[1]}"]
            )
        )
    return st.lists(st.one_of(*choices), min_size=1, max_size=3).map(
        lambda b: [line for lines in b for line in lines]
    )


functions = st.tuples(
    blocks(2, False), st.sampled_from(["a", "b + a", "float(k)", "(a, k)", "a if k else b"])
).map(
    lambda p: [
        "def f(x, y, n, m):",
        "    a, b, k = x, y, n",
        *indent(p[0]),
        f"    return {p[1]}",
    ]
)

rows = st.lists(st.tuples(floats, floats, ints, ints), min_size=1, max_size=9)
_count = iter(range(10**9))


def define(lines):
    text = "\n".join(lines) + "\n"
    filename = f"<generated {next(_count)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"math": math}
    exec(compile(text, filename, "exec"), namespace)
    return namespace["f"]


def call(f, row):
    """Python's result, or its exception."""
    try:
        result = f(*row)
    except (ArithmeticError, ValueError) as error:
        return error
    return result if isinstance(result, tuple) else (result,)


def same(got, expected):
    if got != got or expected != expected:
        return got != got and expected != expected
    return got == expected


INT64 = 2**63


def check(f, row):
    k = kernel(f, accuracy="exact")  # x**2 is x * x otherwise, where libm's pow may be an ulp off
    columns = [np.array(c) for c in zip(*row, strict=True)]
    expected = [call(f, r) for r in row]
    try:
        results = k(*columns)
    except OverflowError as error:
        # an int beyond 64 bits on the way (Python has no bound); or Python raises as well
        note(repr(error))
        return
    except (ArithmeticError, ValueError) as error:
        assert any(isinstance(e, Exception) for e in expected), error
        return
    results = results if isinstance(results, tuple) else (results,)
    for index, e in enumerate(expected):
        got = tuple(r[index].item() for r in results)
        if isinstance(e, Exception):
            # Python raises for a float: the policy is inf or nan, which may decide branches
            continue
        for g, want in zip(got, e, strict=True):
            if isinstance(want, int) and abs(want) >= INT64:
                raise AssertionError(f"{want} does not fit, but {g} came")
            assert same(g, want), (row[index], got, e)


def clean(row, f):
    """Rows on which Python does not raise: there the answers must be equal."""
    return [r for r in row if not isinstance(call(f, r), Exception)]


@given(F, rows)
@SETTINGS
def test_float_expressions(text, row):
    f = define(["def f(x, y, n, m):", f"    return {text}"])
    note(text)
    check(f, row)
    kept = clean(row, f)
    if kept:
        check(f, kept)


@given(INT, rows)
@SETTINGS
def test_int_expressions(text, row):
    note(text)
    check(define(["def f(x, y, n, m):", f"    return {text}"]), row)


@given(B, rows)
@SETTINGS
def test_bool_expressions(text, row):
    note(text)
    check(define(["def f(x, y, n, m):", f"    return {text}"]), row)


@given(functions, rows)
@SETTINGS
def test_functions(lines, row):
    note("\n".join(lines))
    f = define(lines)
    kept = clean(row, f)
    try:
        kernel(f)
        if kept:
            check(f, kept)
    except KernelError as error:
        # Names that one branch leaves undefined are the generator's fault, all else is ours.
        allowed = (
            *("may be used before", "64 bits", "the return statements give"),
            "cannot hold it exactly",
        )
        assert any(text in str(error) for text in allowed), error


@pytest.mark.skipif(sys.version_info < (3, 11), reason="takes long")
@given(functions, st.tuples(floats, floats, ints, ints))
@settings(SETTINGS, max_examples=SETTINGS.max_examples // 2)
def test_scalars(lines, row):
    f = define(lines)
    note("\n".join(lines))
    expected = call(f, row)
    if isinstance(expected, Exception):
        return
    try:
        got = kernel(f, accuracy="exact")(*row)
    except (KernelError, OverflowError):
        return
    for g, want in zip(got if isinstance(got, tuple) else (got,), expected, strict=True):
        assert same(g, want)
