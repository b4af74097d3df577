# SPDX-License-Identifier: BSD-3-Clause
"""Textbook integrals: the time of fastconc.quad beside that of scipy.integrate.quad, warm.

    python benchmarks/quad_textbook.py [repetitions, 200] [part of the source]

Times are the shortest of the repetitions, which take turns. Prints the integrals from the least
gain on, and the shares that each peer solves within the default tolerances and claims truly.
"""

import inspect
import math
import statistics
import sys
import time
import warnings
from pathlib import Path

import fastconc
from scipy.integrate import quad as scipy_quad

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "python"))
from quad_textbook import INTEGRALS

TOLERANCE = 1.49e-8
ROUNDING = 4e-16


def shortest(peers, arguments, repetitions):
    best = [math.inf] * len(peers)
    for _ in range(repetitions):
        for i, quad in enumerate(peers):
            start = time.perf_counter()
            quad(*arguments)
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def text_of(f, a, b):
    source = inspect.getsource(f).strip().removeprefix("(")
    text = source.split(", ")[0] if source.startswith("lambda") else f.__name__
    return f"{text.removeprefix('lambda x: ')}  [{a:.6g}, {b:.6g}]"


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    warnings.simplefilter("ignore")
    rows, raises = [], 0
    counts = {"fastconc": [0, 0, 0], "scipy": [0, 0, 0]}
    for f, a, b, exact in INTEGRALS:
        text = text_of(f, a, b)
        if part not in text:
            continue
        peers = {"fastconc": fastconc.quad, "scipy": scipy_quad}
        for peer, quad in peers.items():
            try:
                integral, error = quad(f, a, b)
            except (ArithmeticError, ValueError):  # exp(1000), 1/0, log(0)
                raises += 1
                break
            off = abs(integral - exact)
            right = off <= TOLERANCE * max(1, abs(exact))
            for i, count in enumerate((1, right, off <= error + ROUNDING * abs(exact))):
                counts[peer][i] += count
        else:
            ours, theirs = shortest((fastconc.quad, scipy_quad), (f, a, b), repetitions)
            rows.append((theirs / ours, text, ours * 1e6, theirs * 1e6, fastconc.quad(f, a, b)))
    rows.sort(key=lambda row: row[0])
    print(f"{'gain':>6} {'fastconc':>9} {'scipy us':>9} {'points':>7}")
    for gain, text, ours, theirs, result in rows:
        print(f"{gain:6.2f} {ours:9.1f} {theirs:9.1f} {result.neval:7}  {text}")
    gains = [row[0] for row in rows]
    print(f"\n{len(rows)} integrals: gain {gains[0]:.2f} to {gains[-1]:.2f}, "
          f"median {statistics.median(gains):.2f}; below 1: {sum(g < 1 for g in gains)}; "
          f"SciPy raises on {raises} more")  # fmt: skip
    for peer, (n, right, honest) in counts.items():
        print(f"{peer}: right {right} of {n}, error as claimed {honest}")


if __name__ == "__main__":
    main()
