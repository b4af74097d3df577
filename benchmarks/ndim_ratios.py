# SPDX-License-Identifier: BSD-3-Clause
"""How many times as fast as SciPy nquad, dblquad, tplquad and cubature are, as a table in Markdown.

    python benchmarks/ndim_ratios.py

All get the same Python function and give the same digits: the nested integrals to the tolerance
that SciPy has by default, cubature to 1e-8. Medians of interleaved runs, warm, on one core. SciPy's
cubature wants functions of arrays: it gets the same function through numpy.vectorize, and one
written in NumPy. It has 1,000 subdivisions; "no" is where they do not suffice.
"""

import statistics
import sys
import time
from pathlib import Path

import fastconc
import numpy as np
from scipy import integrate

sys.path.insert(0, str(Path(__file__).parent))
from test_ndim import NESTED, NUMPY


def seconds(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def times(calls, budget=1.0, most=200):
    """The median time of each call; fewer runs of what takes long."""
    runs = [[seconds(call)[0]] for call in calls]  # what is compiled is compiled now
    for own, call in zip(runs, calls, strict=True):
        own[0] = seconds(call)[0]
    start = time.perf_counter()
    while time.perf_counter() - start < budget:
        for own, call in zip(runs, calls, strict=True):
            if len(own) < most and own[0] * len(own) < budget / len(calls):
                own += [seconds(call)[0] for _ in range(20 if own[0] < 1e-3 else 1)]
    return [statistics.median(own) for own in runs]


def by_cubature(function, n_dim):
    return integrate.cubature(
        function, [0] * n_dim, [1] * n_dim, rtol=1e-8, atol=0, max_subdivisions=1000
    )


def pointwise(f):
    vectorized = np.vectorize(f, otypes=[float])
    return lambda points: vectorized(*points.T)


def cubature_columns(problem, f, n_dim):
    """fastconc's time, and how many times that SciPy takes: by the same function, by NumPy."""

    def ours():
        return fastconc.cubature(f, [0] * n_dim, [1] * n_dim, epsabs=0, epsrel=1e-8)

    own, columns = times([ours], 0.3)[0], []
    for theirs in (pointwise(f), NUMPY[problem]):
        took, result = seconds(lambda theirs=theirs: by_cubature(theirs, n_dim))
        if result.status != "converged":
            columns.append(f"no, {took / own:,.0f}")
            continue
        assert abs(result.estimate - ours().integral) <= 1e-7 * abs(result.estimate)
        took = times([lambda theirs=theirs: by_cubature(theirs, n_dim)], 0.3)[0]
        columns.append(f"{took / own:,.0f}")
    return [f"{own * 1e6:.1f}", *columns]


def main():
    print("| | `fastconc`, µs | SciPy, µs | times | `cubature`, µs | same function | NumPy |")
    print("|---|---|---|---|---|---|---|")
    for problem, (name, arguments) in NESTED.items():
        ours, theirs = getattr(fastconc, name), getattr(integrate, name)
        assert abs(ours(*arguments)[0] - theirs(*arguments)[0]) <= 1e-7
        own, other = times([lambda f=ours, a=arguments: f(*a), lambda f=theirs, a=arguments: f(*a)])
        columns = ["", "", ""]
        if problem in NUMPY:
            columns = cubature_columns(problem, arguments[0], len(arguments[1]))
        row = [f"`{name}`, {problem}", f"{own * 1e6:.1f}", f"{other * 1e6:,.0f}"]
        print("|", " | ".join([*row, f"{other / own:,.0f}", *columns]), "|", flush=True)


if __name__ == "__main__":
    main()
