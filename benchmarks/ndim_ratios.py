# SPDX-License-Identifier: BSD-3-Clause
"""How many times as fast as SciPy nquad, dblquad, tplquad and cubature are, as a table in Markdown.

    python benchmarks/ndim_ratios.py

All get the same Python function and give the same digits: the nested integrals to the tolerance
that SciPy has by default, cubature to 1e-8. Medians of processor time, warm, runs interleaved.
SciPy's cubature wants functions of arrays: it gets the same function through numpy.vectorize, and
one written in NumPy. It has 1,000 subdivisions; "no" is where they do not suffice.
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


def seconds(call, repeats=1):
    """Of processor time, all threads together: others may be using the machine."""
    start = time.process_time()
    for _ in range(repeats):
        result = call()
    return (time.process_time() - start) / repeats, result


def times(calls, budget=1.0):
    """The median time of each call."""
    runs, repeats = [], []
    for call in calls:
        call()  # what is compiled is compiled now
        took = seconds(call, 3)[0]
        repeats.append(max(1, int(500e-6 / took)))
        runs.append([took] if took > budget else [])
    start = time.perf_counter()
    while time.perf_counter() - start < budget or not all(runs):
        for own, call, n in zip(runs, calls, repeats, strict=True):
            if len(own) * n * max(own, default=0) < budget:
                own.append(seconds(call, n)[0])
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
