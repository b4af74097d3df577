# SPDX-License-Identifier: BSD-3-Clause
"""``python -m fastconc bench``: the three main jobs, each beside what one would use otherwise.

Every way of doing a job computes its answer first, which is compared with a known one; then all
ways are timed in turn, round after round, so that a slow minute of the machine hits all of them. A
peer that is not installed is left out. The peers are written as their manuals show them.
"""

import argparse
import math
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import fastconc

Way = tuple[str, Callable[[], Any]]


@dataclass
class Job:
    """One job: its ways, fastconc's last, and how an answer is told right from wrong."""

    name: str
    is_right: Callable[[Any], bool]
    ways: list[Way] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    first_call: dict[str, float] = field(default_factory=dict)


# ---- plain Python, at the top level so that multiprocessing can pickle it ----


def square(x: float) -> float:
    return x**2


def bell(x: float) -> float:
    return math.sin(x) * math.exp(-x * x) + 1 / (1 + x * x)


def softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def riemann(f: Callable[[float], float], a: float, b: float, n: int, begin: int, end: int) -> float:
    """The lecture's left sum over panels begin to end of n."""
    dx = (b - a) / n
    total = 0.0
    for i in range(begin, end):
        total += f(a + i * dx) * dx
    return total


def _riemann_task(task: tuple[Any, ...]) -> float:
    return riemann(*task)


_inherited: dict[str, Callable[[list[float]], int]] = {}  # by the children of a fork


def _classify_task(image: list[float]) -> int:
    return _inherited["classify"](image)


def _parts(n: int, workers: int) -> list[tuple[int, int]]:
    edges = [n * k // workers for k in range(workers + 1)]
    return list(pairwise(edges))


def _riemann_threads(
    f: Callable[[float], float], a: float, b: float, n: int, workers: int
) -> float:
    results = [0.0] * workers

    def work(k: int, begin: int, end: int) -> None:
        results[k] = riemann(f, a, b, n, begin, end)

    threads = [
        threading.Thread(target=work, args=(k, *part)) for k, part in enumerate(_parts(n, workers))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(results)


def _riemann_processes(
    f: Callable[[float], float], a: float, b: float, n: int, workers: int
) -> float:
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return sum(pool.map(_riemann_task, [(f, a, b, n, *part) for part in _parts(n, workers)]))


# ---- the jobs ----


def _numba_riemann(f: Callable[[float], float]) -> Callable[..., float]:
    import numba

    g = numba.njit(fastmath=True)(f)

    @numba.njit(parallel=True, fastmath=True)
    def integral(a: float, b: float, n: int) -> float:
        dx = (b - a) / n
        total = 0.0
        for i in numba.prange(n):
            total += g(a + i * dx)
        return total * dx

    result: Callable[..., float] = integral
    return result


def _integral(
    name: str, f: Callable[[float], float], expression: str, exact: float, n: int, workers: int
) -> Job:
    a, b = 0.0, 10.0
    # The left rule's error is half of this, to first order.
    tolerance = (b - a) / n * abs(f(b) - f(a))
    job = Job(name, lambda answer: abs(answer - exact) <= tolerance)
    job.ways += [
        ("plain Python", lambda: riemann(f, a, b, n, 0, n)),
        ("threading", lambda: _riemann_threads(f, a, b, n, workers)),
        ("multiprocessing", lambda: _riemann_processes(f, a, b, n, workers)),
    ]
    if find_spec("numpy"):
        import numpy as np

        formula = compile(expression, "<expression>", "eval")
        names = {"sin": np.sin, "exp": np.exp}

        def with_numpy() -> float:
            x = np.linspace(a, b, n, endpoint=False)
            return float(eval(formula, names, {"x": x}).sum() * ((b - a) / n))

        job.ways.append(("NumPy", with_numpy))
    if find_spec("numexpr"):
        import numexpr
        import numpy as np

        def with_numexpr() -> float:
            x = np.linspace(a, b, n, endpoint=False)
            y = numexpr.evaluate(expression, {"x": x})
            return float(y.sum() * ((b - a) / n))

        job.ways.append(("numexpr", with_numexpr))
    if find_spec("numba"):
        compiled = _numba_riemann(f)
        job.ways.append(("Numba prange, fastmath", lambda: compiled(a, b, n)))
    job.ways.append(("fastconc.integrate", lambda: fastconc.integrate(f, a, b, n, workers=workers)))
    return job


def _map(n: int, workers: int) -> Job | None:
    if not find_spec("numpy"):
        return None
    import numpy as np

    x = np.linspace(-20, 20, n)
    listed = x.tolist()
    exact = np.logaddexp(0.0, x)
    job = Job(
        f"map softplus, {n:.0e} elements".replace("e+0", "e"),
        lambda answer: bool(np.allclose(answer, exact, rtol=1e-13, atol=0)),
    )

    def with_threads() -> list[float]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:
            parts = pool.map(
                lambda part: list(map(softplus, listed[part[0] : part[1]])), _parts(n, workers)
            )
            return [y for part in parts for y in part]

    def with_processes() -> list[float]:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return pool.map(softplus, listed, chunksize=max(1, n // (4 * workers)))

    job.ways += [
        ("plain Python", lambda: list(map(softplus, listed))),
        ("threading", with_threads),
        ("multiprocessing", with_processes),
        ("NumPy", lambda: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)),
    ]
    if find_spec("numexpr"):
        import numexpr

        job.ways.append(
            (
                "numexpr",
                lambda: numexpr.evaluate("log1p(exp(-abs(x))) + where(x > 0, x, 0)", {"x": x}),
            )
        )
    if find_spec("numba"):
        import numba

        decorator: Any = numba.vectorize  # it has no types
        vectorized = decorator(["float64(float64)"], target="parallel")(softplus)
        job.ways.append(("Numba vectorize, parallel", lambda: vectorized(x)))
    job.ways.append(("fastconc.map", lambda: fastconc.map(softplus, x, workers=workers)))
    return job


def _digits(workers: int) -> Job | None:
    if not find_spec("numpy"):
        return None
    import numpy as np

    from fastconc.classify import Classifier, load_digits
    from fastconc.classify._digits import PATH

    classifier = Classifier.load_digits(workers=workers)
    images, labels, _ = load_digits()
    with np.load(PATH) as weights:
        layers = [(weights[f"W{i}"], weights[f"b{i}"]) for i in range(2)]
    plain = [(w.T.tolist(), b.tolist()) for w, b in layers]
    listed = images.tolist()

    def one(image: list[float]) -> int:
        for depth, (rows, bias) in enumerate(plain):
            out = [
                sum(map(float.__mul__, row, image)) + c for row, c in zip(rows, bias, strict=True)
            ]
            image = out if depth == len(plain) - 1 else [max(v, 0.0) for v in out]
        return image.index(max(image))

    def with_numpy() -> Any:
        x = images
        for depth, (w, b) in enumerate(layers):
            x = x @ w + b
            if depth < len(layers) - 1:
                x = np.maximum(x, 0)
        return x.argmax(axis=1)

    def with_threads() -> list[int]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, listed))

    def with_processes() -> list[int]:
        # The weights reach the children by fork; only images and answers travel.
        _inherited["classify"] = one
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return pool.map(_classify_task, listed, chunksize=100)

    def is_right(answer: Any) -> bool:
        return float(np.mean(np.asarray(answer) == labels)) > 0.9

    job = Job(f"classify {len(labels)} digits", is_right)
    job.ways += [
        ("plain Python", lambda: [one(image) for image in listed]),
        ("threading", with_threads),
        ("multiprocessing", with_processes),
        ("NumPy", with_numpy),
        ("fastconc.Classifier", lambda: classifier.predict(images).argmax(axis=1)),
    ]
    return job


# ---- measuring, reporting ----


def _timed(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def measure(job: Job, rounds: int) -> None:
    """Check every way's answer, then time all ways in turn; those that stay slow only once.

    A turn is two calls, of which the faster counts: while the others ran, the system may have taken
    the memory and the caches away that an array of this size needs.
    """
    times: dict[str, list[float]] = {}
    for name, run in job.ways:
        begin = time.perf_counter()
        answer = run()
        job.first_call[name] = time.perf_counter() - begin
        if not job.is_right(answer):
            raise AssertionError(f"{job.name}: {name} gives a wrong answer")
        times[name] = []
    for _ in range(rounds):
        for name, run in job.ways:
            if not times[name] or times[name][-1] < 0.5:
                times[name].append(min(_timed(run), _timed(run)))
    job.seconds = {name: statistics.median(list_) for name, list_ in times.items()}


def table(jobs: Sequence[Job]) -> str:
    """The medians as a Markdown table, with each way's time as a multiple of fastconc's."""
    rows = ["| job | way | median, ms | first call, ms | times fastconc |", "|---|---|--:|--:|--:|"]
    for job in jobs:
        ours = job.seconds[job.ways[-1][0]]
        for name, _ in job.ways:
            seconds, first = job.seconds[name], job.first_call[name]
            figures = f"{1e3 * seconds:.2f} | {1e3 * first:.2f} | {seconds / ours:.1f}"
            rows.append(f"| {job.name} | {name} | {figures} |")
    return "\n".join(rows)


def plot(jobs: Sequence[Job], path: str) -> None:
    """Draw the ratios, one panel a job, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(jobs), figsize=(5 * len(jobs), 3.5), squeeze=False)
    for axis, job in zip(axes[0], jobs, strict=True):
        names = [name for name, _ in job.ways]
        axis.barh(names, [1e3 * job.seconds[name] for name in names], color="tab:blue")
        axis.set_xscale("log")
        axis.set_xlabel("median time, ms")
        axis.set_title(job.name, fontsize=10)
        axis.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def versions() -> str:
    import importlib.metadata as metadata
    import platform

    found = [f"CPython {platform.python_version()}", f"fastconc {fastconc.__version__}"]
    for name in ("numpy", "numexpr", "numba"):
        if find_spec(name):
            found.append(f"{name} {metadata.version(name)}")
    return ", ".join(found)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fastconc bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, two rounds")
    parser.add_argument("--workers", type=int, default=fastconc.cpu_count())
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--plot", metavar="FILE", help="also draw the table (needs matplotlib)")
    options = parser.parse_args(argv)
    if options.workers < 1 or options.rounds < 1:
        parser.error("--workers and --rounds must be at least 1")
    n = 10**5 if options.quick else 10**7
    rounds = 2 if options.quick else options.rounds
    made = [
        _integral("integrate x**2", square, "x**2", 1000 / 3, n, options.workers),
        _integral(
            "integrate sin(x)*exp(-x*x) + 1/(1+x*x)",
            bell,
            "sin(x)*exp(-x*x) + 1/(1+x*x)",
            1.8955640578057569,
            n,
            options.workers,
        ),
        _map(n, options.workers),
        _digits(options.workers),
    ]
    jobs = [job for job in made if job is not None]
    for job in jobs:
        print(f"measuring: {job.name}", file=sys.stderr)
        measure(job, rounds)
    print(f"{options.workers} workers on {fastconc.cpu_count()} cores; {versions()}\n")
    print(table(jobs))
    if options.plot:
        plot(jobs, options.plot)
    return 0
