# SPDX-License-Identifier: BSD-3-Clause
"""Performance profiles after Lyness and Kaganove (1976) in several dimensions: the share of random
integrals that are right, and known to be right, against the evaluations allowed.

    CUBA=/path/to/libcuba.so python benchmarks/cubature_profile.py [problems of a family, 10]
                                                                   [families, comma between]
                                                                   [dimensions] [tolerances]

Compares fastconc.cubature with Cuba's Cuhre (T. Hahn, Comput. Phys. Commun. 168, 2005) given the
same function and the same limit, where the library is found. Problems: Genz's six families and the
rough ones of tests/python/rough.py.
"""

import ctypes
import ctypes.util
import math
import os
import random
import sys
import warnings
from collections import Counter
from pathlib import Path

import fastconc
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "python"))
import genz
import rough

BUDGETS = (3_000, 10_000, 30_000, 100_000, 300_000)
DIMENSIONS = (2, 3, 4, 5, 6, 8, 10)
TOLERANCES = (1e-3, 1e-6, 1e-9)
COLUMNS = ("solved", "known", "silent", "overclaimed")

double_p = ctypes.POINTER(ctypes.c_double)
int_p = ctypes.POINTER(ctypes.c_int)
INTEGRAND = ctypes.CFUNCTYPE(ctypes.c_int, int_p, double_p, int_p, double_p, ctypes.c_void_p, int_p)


def load_cuba():
    """Return libcuba, or None; told not to fork."""
    name = os.environ.get("CUBA") or ctypes.util.find_library("cuba")
    if not name:
        return None
    cuba = ctypes.CDLL(name)
    cuba.cubacores(0, 0)
    return cuba


def by_cuhre(cuba):
    def solve(f, args, n_dim, epsrel, budget):
        names = ", ".join(f"x{k}" for k in range(n_dim))
        scope = {"f": f, "args": args}
        exec(f"def g({names}):\n    return f(({names},), *args)", scope)
        kernel = fastconc.kernel(scope["g"])

        @INTEGRAND
        def integrand(_ndim, x, _ncomp, out, _data, n_points):
            n = n_points[0]
            points = np.ctypeslib.as_array(x, (n, n_dim))
            np.ctypeslib.as_array(out, (n,))[:] = kernel(*np.ascontiguousarray(points.T))
            return 0

        n_regions, n_eval, fail = (ctypes.c_int() for _ in range(3))
        integral, error, chance = (ctypes.c_double() for _ in range(3))
        cuba.Cuhre(
            n_dim, 1, integrand, None, 1 << 20, ctypes.c_double(epsrel), ctypes.c_double(0.0),
            0, 0, budget, 0, None, None, ctypes.byref(n_regions), ctypes.byref(n_eval),
            ctypes.byref(fail), ctypes.byref(integral), ctypes.byref(error), ctypes.byref(chance),
        )  # fmt: skip
        return integral.value, error.value, n_eval.value, fail.value == 0

    return solve


def by_fastconc(f, args, n_dim, epsrel, budget):
    result = fastconc.cubature(
        f, [0] * n_dim, [1] * n_dim, args=args, epsabs=0, epsrel=epsrel, max_eval=budget
    )
    return result.integral, result.error, result.neval, result.converged


MAKERS = {
    name: lambda n_dim, rng, name=name: genz.problem(name, n_dim, rng.randrange(1 << 30))
    for name in genz.DIFFICULTY
} | dict(rough.FAMILIES)


def profile(solve, problems, epsrel):
    """Counts by budget, and evaluations of the problems that converged to the truth, or None."""
    counts = {budget: Counter() for budget in BUDGETS}
    spent = []
    for f, args, n_dim, exact in problems:
        final = solve(f, args, n_dim, epsrel, BUDGETS[-1])
        true_at_end = abs(final[0] - exact) <= (epsrel + 1e-14) * abs(exact)
        spent.append(final[2] if final[3] and true_at_end else None)
        for budget in BUDGETS:
            done = final[3] and final[2] <= budget
            run = final if done or budget == BUDGETS[-1] else None
            integral, error, _, known = run or solve(f, args, n_dim, epsrel, budget)
            true = abs(integral - exact)
            right = true <= (epsrel + 1e-14) * abs(exact)
            counts[budget].update(
                solved=right,
                known=right and known,
                silent=known and true > 10 * epsrel * abs(exact),
                overclaimed=true > 1.01 * error + 1e-14 * abs(exact),
            )
    return counts, spent


def show(names, results, n):
    """A line for each budget: percent of the n problems, the solvers beside one another."""
    for budget in BUDGETS:
        cells = []
        for name in names:
            count = results[name][0][budget]
            cells.append(" ".join(f"{100 * count[c] / n:8.1f}" for c in COLUMNS))
        print(f"  {budget:>9,}  " + "   |  ".join(cells))
    if len(names) > 1:
        ratios = [
            a / b for a, b in zip(*(results[name][1] for name in names), strict=True) if a and b
        ]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            print(f"  evaluations of {names[0]} to {names[1]}'s where both know: {mean:.2f} "
                  f"({len(ratios)} problems)")  # fmt: skip


def main():
    warnings.simplefilter("ignore")
    arguments = [*sys.argv[1:], "", "", "", ""]
    n = int(arguments[0] or 10)
    families = arguments[1].split(",") if arguments[1] else list(MAKERS)
    dimensions = [int(v) for v in arguments[2].split(",")] if arguments[2] else DIMENSIONS
    tolerances = [float(v) for v in arguments[3].split(",")] if arguments[3] else TOLERANCES
    solvers = {"cubature": by_fastconc}
    cuba = load_cuba()
    if cuba is not None:
        solvers["Cuhre"] = by_cuhre(cuba)
    head = " ".join(f"{c[:8]:>8}" for c in COLUMNS)
    for epsrel in tolerances:
        totals = {name: ({b: Counter() for b in BUDGETS}, []) for name in solvers}
        n_total = 0
        print(f"\nepsrel {epsrel:g}, percent of the problems: " + ", ".join(solvers))
        print(f"  {'max_eval':>9}  " + "   |  ".join([head] * len(solvers)))
        for family in families:
            for n_dim in dimensions:
                problems = []
                for seed in range(n):
                    rng = random.Random(f"{family} {n_dim} {seed} profile")
                    f, args, exact = MAKERS[family](n_dim, rng)
                    problems.append((f, args, n_dim, exact))
                results = {
                    name: profile(solve, problems, epsrel) for name, solve in solvers.items()
                }
                print(f" {family}, {n_dim} dimensions")
                show(list(solvers), results, n)
                for name, (counts, spent) in results.items():
                    for budget in BUDGETS:
                        totals[name][0][budget].update(counts[budget])
                    totals[name][1].extend(spent)
                n_total += n
                sys.stdout.flush()
        print(f" all {n_total}")
        show(list(solvers), totals, n_total)


if __name__ == "__main__":
    main()
