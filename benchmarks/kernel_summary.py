# SPDX-License-Identifier: BSD-3-Clause
"""The kernels of kernel_cases.py beside their peers, as tables of times and ratios.

    python benchmarks/kernel_summary.py [--sizes 1000,100000,10000000] [--cases softplus,...]
                                        [--peers numpy,...] [--rounds 7] [--no-first-call] [--cpu]

Rounds are interleaved, so that a busy machine hurts all alike; figures are medians. A ratio is the
peer's time over fastconc's: above 1 fastconc is faster. --cpu compares the processor time of one
thread each, which other people's work on the machine distorts least.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BUDGET = 20.0  # seconds for one case at one size

FIRST_CALL = """
import sys, time
sys.path.insert(0, {here!r})
import numpy as np
from kernel_cases import CASES, RUNNERS
case = next(c for c in CASES if c.name == {case!r})
arrays = case.arrays(1000)
if {peer!r} == "numba":
    import numba
else:
    import fastconc
    fastconc.kernel
start = time.perf_counter()
RUNNERS[{peer!r}](case)(*arrays)
print(time.perf_counter() - start)
"""


def first_call(peer: str, case: str) -> float:
    """Seconds from the function to its first result, in a fresh process, imports excluded."""
    code = FIRST_CALL.format(here=str(HERE), case=case, peer=peer)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_of(
    run: Callable[..., Any], arrays: tuple[Any, ...], clock: Callable[[], float]
) -> float:
    """Seconds per call; calls too short for the clock are repeated."""
    start = clock()
    run(*arrays)
    once = clock() - start
    if once > 1e-3:
        return once
    repeats = max(1, int(2e-3 / max(once, 1e-7)))
    start = clock()
    for _ in range(repeats):
        run(*arrays)
    return (clock() - start) / repeats


def measure(
    case: Any, peers: list[str], n: int, rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    from kernel_cases import RUNNERS, check

    runs = {peer: RUNNERS[peer](case) for peer in peers}
    runs = {peer: run for peer, run in runs.items() if run is not None}
    arrays = case.arrays(n)
    times: dict[str, list[float]] = {peer: [] for peer in runs}
    for run in runs.values():
        check(case, run)
        run(*(a[:1000] for a in arrays))
    began = time.perf_counter()
    for _ in range(rounds):
        for peer, run in runs.items():
            times[peer].append(seconds_of(run, arrays, clock))
        if time.perf_counter() - began > BUDGET:
            break
    return {peer: statistics.median(t) for peer, t in times.items()}


def shown(seconds: float) -> str:
    if seconds >= 1.0:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def table(
    n: int, cases: list[Any], peers: list[str], rounds: int, clock: Callable[[], float]
) -> None:
    others = [p for p in peers if p != "fastconc"]
    print(f"\n{n:,} elements")
    print(f"{'':17}{'fastconc':>10}" + "".join(f"{p:>10}{'':8}" for p in others))
    ratios: dict[str, list[float]] = {p: [] for p in others}
    for case in cases:
        times = measure(case, peers, n, rounds, clock)
        line = f"{case.name:17}{shown(times['fastconc']):>10}"
        for p in others:
            if p in times:
                ratio = times[p] / times["fastconc"]
                ratios[p].append(ratio)
                line += f"{shown(times[p]):>10} x{ratio:<6.2f}"
            else:
                line += f"{'-':>10}{'':8}"
        print(line, flush=True)
    print(f"{'geometric mean':17}{'':10}", end="")
    for p in others:
        mean = f"x{statistics.geometric_mean(ratios[p]):.2f}" if ratios[p] else "-"
        print(f"{'':10} {mean:<7}", end="")
    print()


def first_calls(cases: list[Any], rounds: int) -> None:
    print("\nfirst call, compilation included, 1,000 elements, fresh process")
    ratios = []
    for case in cases:
        ours, numba = (
            statistics.median(first_call(peer, case.name) for _ in range(rounds))
            for peer in ("fastconc", "numba")
        )
        ratios.append(numba / ours)
        print(f"{case.name:17}{shown(ours):>10}{shown(numba):>10} x{numba / ours:.0f}", flush=True)
    print(f"{'geometric mean':37} x{statistics.geometric_mean(ratios):.0f}")


ONE_THREAD = ("FASTCONC", "OMP", "NUMBA", "NUMEXPR")  # ..._NUM_THREADS


def main() -> None:
    sys.path.insert(0, str(HERE))
    from kernel_cases import CASES, RUNNERS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,100000,10000000")
    parser.add_argument("--cases", default=",".join(c.name for c in CASES))
    parser.add_argument("--peers", default=",".join(p for p in RUNNERS if p != "fastconc"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-first-call", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    clock = time.process_time if args.cpu else time.perf_counter
    for name in ONE_THREAD if args.cpu else ():  # read when the libraries start
        os.environ[f"{name}_NUM_THREADS"] = "1"
    cases = [c for c in CASES if c.name in args.cases.split(",")]
    peers = ["fastconc", *(p for p in args.peers.split(",") if p)]
    for n in args.sizes.split(","):
        table(int(n), cases, peers, args.rounds, clock)
    if not args.no_first_call and "numba" in peers:
        try:
            first_calls(cases, 3)
        except subprocess.CalledProcessError as error:
            print(f"no first calls: {error.stderr.splitlines()[-1]}")


if __name__ == "__main__":
    main()
