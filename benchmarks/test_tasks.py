# SPDX-License-Identifier: BSD-3-Clause
"""Cost of a task: fastconc's pools beside the standard library's.

    python -m pytest benchmarks/test_tasks.py --benchmark-group-by=group \\
        --benchmark-columns=median,iqr,ops

Each benchmark checks its answer first. Divide a time by the n in the group's name for the cost of
a task; "floor" is the loop without any pool.
"""

import asyncio
import concurrent.futures
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import fastconc
import pytest
from fastconc import Pool, PoolExecutor

pytest.importorskip("pytest_benchmark")

N = 100_000
WIDTH = 2
EXECUTORS = {"fastconc": PoolExecutor, "ThreadPoolExecutor": ThreadPoolExecutor}
POOLS = {"fastconc": Pool, "ThreadPool": ThreadPool}


def noop():
    return None


def identity(x):
    return x


def rounds_of(name):
    return 5 if name == "fastconc" else 1


def measure(benchmark, name, function, *args):
    benchmark.pedantic(function, args, rounds=rounds_of(name), warmup_rounds=rounds_of(name) // 5)


@pytest.mark.parametrize("name", ["floor", *EXECUTORS])
def test_submit_and_result(benchmark, name):
    benchmark.group = f"submit + result, n={N}"
    if name == "floor":
        benchmark.pedantic(lambda: [noop() for _ in range(N)], rounds=5)
        return
    with EXECUTORS[name](WIDTH) as executor:

        def run():
            futures = [executor.submit(noop) for _ in range(N)]
            return [future.result() for future in futures]

        assert executor.submit(identity, 3).result() == 3
        measure(benchmark, name, run)


@pytest.mark.parametrize("name", [*EXECUTORS, "fastconc, caller_runs"])
def test_round_trip(benchmark, name):
    """One task at a time: the worker sleeps when it comes."""
    n = 1000
    benchmark.group = f"submit(f).result() in turn, n={n}"
    caller_runs = name.endswith("caller_runs")
    executor = PoolExecutor(WIDTH, caller_runs=True) if caller_runs else EXECUTORS[name](WIDTH)
    with executor:

        def run():
            for _ in range(n):
                executor.submit(noop).result()

        assert executor.submit(identity, 3).result() == 3
        benchmark.pedantic(run, rounds=10, warmup_rounds=1)


@pytest.mark.parametrize("name", ["floor", *POOLS, "fastconc, auto", "ThreadPoolExecutor"])
def test_map(benchmark, name):
    benchmark.group = f"map, n={N}"
    items = list(range(N))
    if name == "floor":
        benchmark.pedantic(lambda: list(map(identity, items)), rounds=20, warmup_rounds=1)
    elif name == "ThreadPoolExecutor":
        with ThreadPoolExecutor(WIDTH) as executor:
            benchmark.pedantic(lambda: list(executor.map(identity, items)), rounds=1)
    else:
        with (ThreadPool if name == "ThreadPool" else Pool)(WIDTH) as pool:
            chunk = "auto" if name.endswith("auto") else None
            assert pool.map(identity, items, chunk) == items
            benchmark.pedantic(pool.map, (identity, items, chunk), rounds=20, warmup_rounds=1)


@pytest.mark.parametrize("name", EXECUTORS)
def test_executor_map(benchmark, name):
    benchmark.group = f"Executor.map, n={N}"
    items = list(range(N))
    with EXECUTORS[name](WIDTH) as executor:
        assert list(executor.map(identity, items[:100])) == items[:100]
        measure(benchmark, name, lambda: list(executor.map(identity, items)))


@pytest.mark.parametrize("name", POOLS)
def test_imap(benchmark, name):
    n = N // 10
    benchmark.group = f"imap, n={n}"
    with POOLS[name](WIDTH) as pool:
        assert list(pool.imap(identity, range(100))) == list(range(100))
        benchmark.pedantic(lambda: list(pool.imap(identity, iter(range(n)))), rounds=3)


@pytest.mark.parametrize("name", EXECUTORS)
def test_as_completed(benchmark, name):
    benchmark.group = f"as_completed, n={N}"
    ours = name == "fastconc"
    as_completed = fastconc.as_completed if ours else concurrent.futures.as_completed
    with EXECUTORS[name](WIDTH) as executor:

        def run():
            return len(set(as_completed([executor.submit(noop) for _ in range(N)])))

        assert run() == N
        measure(benchmark, name, run)


@pytest.mark.parametrize("name", EXECUTORS)
def test_wait(benchmark, name):
    benchmark.group = f"wait, n={N}"
    wait = fastconc.wait if name == "fastconc" else concurrent.futures.wait
    with EXECUTORS[name](WIDTH) as executor:

        def run():
            return len(wait([executor.submit(noop) for _ in range(N)]).done)

        assert run() == N
        measure(benchmark, name, run)


@pytest.mark.parametrize("name", EXECUTORS)
def test_asyncio(benchmark, name):
    n = 5000
    benchmark.group = f"run_in_executor, n={n}"
    with EXECUTORS[name](WIDTH) as executor:

        async def main():
            loop = asyncio.get_running_loop()
            calls = [loop.run_in_executor(executor, identity, i) for i in range(n)]
            return sum(await asyncio.gather(*calls))

        assert asyncio.run(main()) == n * (n - 1) // 2
        benchmark.pedantic(lambda: asyncio.run(main()), rounds=3)


@pytest.mark.parametrize("name", ["fastconc", "ThreadPool", "ThreadPoolExecutor"])
def test_create_use_close(benchmark, name):
    benchmark.group = "a pool of 2, created, used and closed"

    def run_pool(cls):
        pool = cls(WIDTH)
        assert pool.apply(identity, (3,)) == 3
        pool.close()
        pool.join()

    def run_executor(cls):
        with cls(WIDTH) as executor:
            assert executor.submit(identity, 3).result() == 3

    is_pool = name == "ThreadPool"
    if name == "fastconc":
        benchmark.pedantic(run_pool, (Pool,), rounds=50, warmup_rounds=2)
    else:
        cls = POOLS[name] if is_pool else EXECUTORS[name]
        run = run_pool if is_pool else run_executor
        benchmark.pedantic(run, (cls,), rounds=5 if is_pool else 50, warmup_rounds=1)


@pytest.mark.parametrize("name", EXECUTORS)
def test_sleeping_tasks_overlap(benchmark, name):
    """Not overhead but concurrency: 64 tasks of 2 ms in 16 workers take 8 ms at best."""
    benchmark.group = "64 sleeps of 2 ms in 16 workers"
    with EXECUTORS[name](16) as executor:
        run = lambda: list(executor.map(time.sleep, [0.002] * 64))  # noqa: E731
        assert run() == [None] * 64
        benchmark.pedantic(run, rounds=10)
