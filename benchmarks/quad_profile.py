# SPDX-License-Identifier: BSD-3-Clause
"""Performance profiles after Lyness and Kaganove (1976): of each family of random integrals, the
share solved, known to be solved, and silently wrong against the evaluations spent.

    python benchmarks/quad_profile.py [problems of a family, 50]

Prints one table for fastconc.quad and, if SciPy is there, one for scipy.integrate.quad, for
relative tolerances of 1e-6 and 1e-10.
"""

import random
import sys
import warnings
from pathlib import Path

import fastconc

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "python"))
from quad_families import FAMILIES


def by_fastconc(f, a, b, args, epsrel):
    result = fastconc.quad(f, a, b, args=args, epsabs=0, epsrel=epsrel)
    return result.integral, result.neval, result.converged


def by_scipy(f, a, b, args, epsrel):
    from scipy.integrate import quad

    try:
        integral, _, info, *message = quad(
            f, a, b, args=args, epsabs=0, epsrel=epsrel, limit=500, full_output=1
        )
    except ArithmeticError:  # 1/0 at the middle of the range
        return float("nan"), 21, False
    return integral, info["neval"], not message


def profile(solve, epsrel, n):
    print(
        f"{'':24} {'solved':>7} {'known':>6} {'silent':>7} {'evaluations: median':>20} {'90 %':>8}"
    )
    total = [0, 0, 0]
    for name, (f, problem) in FAMILIES.items():
        r = random.Random(f"{name} profile")
        counts, spent = [0, 0, 0], []
        for _ in range(n):
            args, a, b, exact = problem(r)
            integral, neval, converged = solve(f, a, b, args, epsrel)
            right = abs(integral - exact) <= (epsrel + 4e-16) * abs(exact)
            counts[0] += right
            counts[1] += right and converged
            counts[2] += converged and not right
            spent.append(neval)
        spent.sort()
        row = [f"{100 * c / n:.0f} %" for c in counts]
        print(f"{name:24} {row[0]:>7} {row[1]:>6} {row[2]:>7} {spent[n // 2]:20} "
              f"{spent[9 * n // 10]:8}")  # fmt: skip
        total = [t + c for t, c in zip(total, counts, strict=True)]
    share = [f"{100 * t / (n * len(FAMILIES)):.1f} %" for t in total]
    print(f"{'all':24} {share[0]:>7} {share[1]:>6} {share[2]:>7}\n")


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    warnings.simplefilter("ignore")
    solvers = {"fastconc.quad": by_fastconc}
    try:
        import scipy.integrate  # noqa: F401
    except ImportError:
        pass
    else:
        solvers["scipy.integrate.quad"] = by_scipy
    for epsrel in (1e-6, 1e-10):
        for name, solve in solvers.items():
            print(f"{name}, epsrel = {epsrel:g}, {n} problems of a family")
            profile(solve, epsrel, n)


if __name__ == "__main__":
    main()
