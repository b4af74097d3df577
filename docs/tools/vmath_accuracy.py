# SPDX-License-Identifier: BSD-3-Clause
"""Measure the errors of the vector functions against mpmath and write docs/accuracy.md.

    python docs/tools/vmath_accuracy.py [--points 200000] > docs/accuracy.md

An error is |result - true value| in units of the last place of the true value. Points are drawn
where a function is hard: near multiples of pi/2, near zeros, poles and the ends of the domain, at
the thresholds of overflow and underflow, at the borders between two ways of computing, among
subnormals, over all exponents. Where the platform's long double is wider than double it screens the
points and the worst are evaluated again by mpmath, so that every figure printed is mpmath's; single
precision is measured against the double functions of the C library, on a stride of all floats.
"""

import argparse
import platform
import sys
from collections.abc import Callable

import mpmath
import numpy as np
import numpy.typing as npt
from fastconc import _core
from mpmath import mp, mpf

Array = npt.NDArray[np.float64]
UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh cbrt erf erfc tgamma lgamma"
).split()
BINARY = "pow atan2 hypot fmod remainder".split()

NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh"} | {
    "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2", "pow": "power",
}  # fmt: skip


def remainder(a: mpf, b: mpf) -> mpf:
    return a - b * mp.nint(a / b)


MPMATH: dict[str, Callable[..., mpf]] = {
    "exp2": lambda x: mpf(2) ** x,
    "log2": lambda x: mp.log(x) / mp.ln2,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "tgamma": mp.gamma,
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 1e6 else mp.re(mp.loggamma(x)),
    "pow": mp.power,
    "remainder": remainder,
    "fmod": lambda a, b: mp.sign(a) * mp.fmod(abs(a), abs(b)),
}


def isas() -> list[str]:
    names = ["baseline", "avx2", "avx512"]
    return names[: names.index(_core.isa()) + 1]


def evaluate(name: str, isa: str, *x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    out = np.empty_like(x[0])
    _core._vmath_eval(name, isa, out, *x)
    return out


def points(rng: np.random.Generator, n: int) -> Array:
    """About n doubles, a few kinds of each."""
    n = n // 14 + 1
    borders = [1, -1, 0.5, -0.5, 2, 3, 0.75, 0.70710678, 1.41421356, 0.41421356, 2.41421356, 22]
    borders += [709.78, -745.13, 1024, -1074, 710.4758, 171.6, 26.5, 6, -2.4570247, 37]
    around = np.array(borders)
    return np.concatenate([
        rng.integers(0, 2**64, n, dtype=np.uint64).view(np.float64),
        rng.uniform(-1, 1, n),
        rng.uniform(-4, 4, n),
        rng.uniform(-40, 40, n),
        rng.uniform(-800, 800, n),
        rng.uniform(0, 180, n),
        1 + rng.uniform(-1, 1, n) * 2.0 ** rng.uniform(-52, -3, n),
        rng.uniform(0.5, 2, n),
        np.round(rng.uniform(-(2.0**20), 2.0**20, n)) * (np.pi / 2),
        np.round(2.0 ** rng.uniform(0, 60, n)) * (np.pi / 2),
        rng.choice([-1, 1], n) * 2.0 ** rng.uniform(-60, 10, n),
        rng.choice([-1, 1], n) * 2.0 ** rng.uniform(-1074, -1020, n),
        np.round(rng.uniform(-30, 30, n)) + rng.uniform(-1, 1, n) * 2.0 ** rng.uniform(-40, -1, n),
        rng.choice(around, n) * (1 + rng.uniform(-1, 1, n) * 2.0 ** rng.uniform(-50, -4, n)),
    ])  # fmt: skip


def arguments(name: str, rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    x = points(rng, n)
    if name == "pow":
        y = np.concatenate([rng.permutation(x)[: len(x) // 2], rng.uniform(-40, 40, len(x))])
        y = y[: len(x)]
        with np.errstate(all="ignore"):  # a third of the results near overflow and underflow
            edge = rng.choice([-745.0, 709.7, -708.0], len(x)) / np.log(np.abs(x))
        return np.where(rng.random(len(x)) < 0.7, np.abs(x), x), np.where(
            rng.random(len(x)) < 0.3, edge, y
        )
    return (x,) if name in UNARY else (x, rng.permutation(x))


def true_value(name: str, x: list[float]) -> mpf:
    """To 120 bits and more, with the guard digits that huge angles and gamma's zeros need."""
    with mp.workprec(1300 if name in ("sin", "cos", "tan", "fmod", "remainder") else 300):
        return MPMATH.get(name, getattr(mpmath, name, None))(*(mpf(v) for v in x))  # type: ignore[misc]


def ulps_mp(name: str, got: float, x: list[float]) -> float:
    try:
        want = true_value(name, x)
    except (ValueError, ZeroDivisionError, OverflowError):
        return 0.0  # a pole or outside the domain: special values are tested elsewhere
    if not mp.isfinite(want) or isinstance(want, mpmath.mpc):
        return 0.0
    e = max(mp.frexp(want)[1] - 53, -1074)
    if not np.isfinite(got):
        return 0.0 if abs(want) >= mpf(sys.float_info.max) else float("inf")
    return float(abs(mpf(got) - want) / mpf(2) ** e)


def ulps_long(got: Array, want: npt.NDArray[np.longdouble]) -> Array:
    with np.errstate(all="ignore"):
        e = np.maximum(np.frexp(np.abs(want))[1] - 53, -1074)
        u = np.abs(got - want) / np.ldexp(np.longdouble(1), e)
    return np.where(np.isfinite(want) & np.isfinite(got), u, 0).astype(np.float64)


def worst_double(name: str, isa: str, seed: int, n: int) -> tuple[float, list[float]]:
    """The largest error found, in ULP, and its arguments."""
    rng = np.random.default_rng(seed)
    numpy_name = NUMPY.get(name, name)
    wide = np.finfo(np.longdouble).nmant > 60 and hasattr(np, numpy_name)
    x = arguments(name, rng, n if wide else n // 10)
    x = tuple(v[np.isfinite(x[0]) & np.isfinite(x[-1])] for v in x)
    if name == "lgamma":  # mpmath is slow there, and the function easy
        x = (x[0][np.abs(x[0]) < 1e8],)
    if name in ("fmod", "remainder"):
        x = tuple(v[np.abs(x[1]) > 1e-300] for v in x)
    got = evaluate(name, isa, *x)
    if wide:
        with np.errstate(all="ignore"):
            want = getattr(np, numpy_name)(*(v.astype(np.longdouble) for v in x))
        order = np.argsort(-ulps_long(got, want))[:20]
    else:
        order = np.arange(len(got))
    results = [(ulps_mp(name, float(got[i]), [float(v[i]) for v in x]), int(i)) for i in order]
    worst, i = max(results)
    return worst, [float(v[i]) for v in x]


def worst_single(name: str, isa: str, seed: int, n: int) -> tuple[float, list[float]]:
    stride = max(1, 2**32 // n)
    rng = np.random.default_rng(seed)
    bits = np.arange(rng.integers(stride), 2**32, stride, dtype=np.uint64).astype(np.uint32)
    x32 = [bits.view(np.float32)]
    with np.errstate(all="ignore"):
        x32[0] = np.concatenate([x32[0], points(rng, n // 2).astype(np.float32)])
        if name in BINARY:
            y = points(rng, len(x32[0])).astype(np.float32)[: len(x32[0])]
            x32.append(rng.permutation(y))
            x32[0] = x32[0][: len(x32[1])]
            x32[1] = x32[1][: len(x32[0])]
    with np.errstate(all="ignore"):
        got = evaluate(name, isa, *x32).astype(np.float64)
        want = evaluate(name, "exact", *(v.astype(np.float64) for v in x32))
    with np.errstate(all="ignore"):
        e = np.maximum(np.frexp(np.abs(want))[1] - 24, -149)
        u = np.abs(got - want) / np.ldexp(1.0, e)
        limit = float(np.finfo(np.float32).max)
        u = np.where(np.isfinite(want) & (np.abs(want) <= limit), u, 0)
    i = int(np.argmax(u))
    return float(u[i]), [float(v[i]) for v in x32]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=200_000)
    n = parser.parse_args().points
    names = isas()
    print("# Accuracy of the mathematical functions\n")
    print("Largest error found, in units in the last place (ULP) of the true value; a correctly")
    print("rounded function has 0.5. The promise is 2 for every function, argument and instruction")
    print(
        "set. `accuracy=\"exact\"` gives CPython's own bits instead (the C library's functions and"
    )
    print("CPython's gamma, lgamma and hypot, as of 3.12).\n")
    print(f"Made by `docs/tools/vmath_accuracy.py` with {n} hard points a function, on")
    print(
        f"{platform.system()} {platform.machine()}, {platform.libc_ver()[0]} "
        f"{platform.libc_ver()[1]}. The AVX-512 instance is the AVX2 template in wider vectors and"
    )
    print(
        "gives the same bits (`tests/c/test_fc_vmath.c` checks it). fmod and remainder are exact.\n"
    )
    print("| function | " + " | ".join(f"double, {i}" for i in names) + " | "
          + " | ".join(f"float, {i}" for i in names) + " | worst double argument |")  # fmt: skip
    print("|---" * (2 * len(names) + 2) + "|")
    for name in [*UNARY, *BINARY]:
        double = [worst_double(name, isa, 1, n) for isa in names]
        single = [worst_single(name, isa, 1, n) for isa in names]
        cells = [f"{u:.2f}" for u, _ in double + single]
        where = ", ".join(f"{v!r}" for v in max(double)[1])
        print(f"| {name} | " + " | ".join(cells) + f" | {where} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
