# SPDX-License-Identifier: BSD-3-Clause
"""Kernels over arrays beside NumPy, numexpr, Numba and C: one group per expression and size.

    pytest benchmarks/test_kernels.py --benchmark-group-by=group
    python benchmarks/kernel_summary.py             the same as one table of ratios

Every answer is compared with plain Python before it is timed. FASTCONC_BENCH_LARGE=1 adds
10**7 elements.
"""

import os

import kernel_summary
import pytest
from kernel_cases import CASES, RUNNERS, check

SIZES = [1_000, 100_000] + ([10_000_000] if os.environ.get("FASTCONC_BENCH_LARGE") else [])


@pytest.mark.parametrize("peer", RUNNERS)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_map(benchmark, case, n, peer):
    run = RUNNERS[peer](case)
    if run is None:
        pytest.skip(f"{peer} is not installed, or has no such function")
    check(case, run)
    benchmark.group = f"{case.name} {n}"
    arrays = case.arrays(n)
    if n > 1_000_000:  # NumPy's loops take seconds
        benchmark.pedantic(run, arrays, rounds=3, warmup_rounds=1)
    else:
        benchmark(run, *arrays)


@pytest.mark.parametrize("peer", ["fastconc", "numba"])
def test_first_call(benchmark, peer):
    """Compilation and one call on 1,000 elements, in a fresh process; imports are not timed."""
    if peer == "numba":
        pytest.importorskip("numba")
    benchmark.group = "first call"
    rounds = 3 if benchmark.enabled else 1
    benchmark.pedantic(kernel_summary.first_call, (peer, "softplus"), rounds=rounds)
    benchmark.extra_info["seconds"] = kernel_summary.first_call(peer, "softplus")
