# SPDX-License-Identifier: BSD-3-Clause
"""Pools under load: many tasks, many threads, random cancellation and termination; leaks.

FASTCONC_LONG_TESTS=1 makes the numbers large (10**6 tasks, thousands of pools).
"""

import gc
import os
import random
import sys
import threading
import time
from concurrent.futures import CancelledError

import fastconc
import pytest
from fastconc import Pool, PoolExecutor

LONG = bool(os.environ.get("FASTCONC_LONG_TESTS"))
FREE_THREADED = hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled()


def scaled(short, long):
    return long if LONG else short


def in_threads(n, function):
    """Run function(i) in n threads; re-raise what one of them raised."""
    errors = []

    def run(i):
        try:
            function(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_many_tasks_are_each_run_once():
    n = scaled(100_000, 1_000_000)
    with PoolExecutor(3) as executor:
        futures = [executor.submit(int, i) for i in range(n)]
        assert sum(f.result() for f in futures) == n * (n - 1) // 2
        assert executor.report()["tasks"] == n


def test_sixty_four_threads_submit():
    per_thread = scaled(500, 20_000)
    with PoolExecutor(4) as executor:

        def submit(i):
            futures = [executor.submit(pow, i, 2) for _ in range(per_thread)]
            assert {f.result(100) for f in futures} == {i * i}

        in_threads(64, submit)


def test_random_cancellation():
    n = scaled(5_000, 100_000)
    ran = []
    with PoolExecutor(2) as executor:
        futures = [executor.submit(ran.append, i) for i in range(n)]

        def cancel(seed):
            chooser = random.Random(seed)
            for _ in range(n // 2):
                futures[chooser.randrange(n)].cancel()

        in_threads(4, cancel)
        done = fastconc.wait(futures, 100).done
    assert len(done) == n
    assert sorted(ran) == [i for i, f in enumerate(futures) if not f.cancelled()]


def test_callbacks_that_submit():
    n = scaled(2_000, 100_000)
    left = threading.Semaphore(0)
    with PoolExecutor(2) as executor:

        def again(depth):
            def callback(future):
                assert future.result() == depth
                left.release()
                if depth:
                    executor.submit(int, depth - 1).add_done_callback(again(depth - 1))

            return callback

        executor.submit(int, n).add_done_callback(again(n))
        for _ in range(n + 1):
            assert left.acquire(timeout=60)


def test_conditions_race_with_completions():
    """The standard library's waiters come while the tasks finish; none may be lost."""
    import concurrent.futures

    with PoolExecutor(2) as executor:
        for _ in range(scaled(30, 1000)):
            futures = [executor.submit(int) for _ in range(50)]
            assert len(concurrent.futures.wait(futures, 60).done) == 50
            futures = [executor.submit(int) for _ in range(50)]
            assert len(list(concurrent.futures.as_completed(futures, 60))) == 50


def test_one_future_with_many_waiters():
    for _ in range(scaled(10, 300)):
        future = fastconc.Future()
        setter = threading.Timer(0.001, future.set_result, [7])
        setter.start()
        in_threads(16, lambda i, future=future: future.result(60))
        setter.join()


def test_submit_and_result_in_turn():
    with PoolExecutor(2) as executor:
        for i in range(scaled(3_000, 100_000)):
            assert executor.submit(int, i).result() == i


def test_pools_come_and_go():
    for i in range(scaled(60, 2000)):
        with PoolExecutor(2) as executor:
            executor.submit(int)
        pool = Pool(2)
        pool.map_async(int, range(i % 7))
        (pool.close if i % 2 else pool.terminate)()
        pool.join()
        dropped = PoolExecutor(1)
        dropped.submit(int)
        del dropped


def test_terminate_at_random_moments():
    chooser = random.Random(3)
    for _ in range(scaled(40, 1000)):
        pool = Pool(2)
        futures = [pool.apply_async(time.sleep, (0.0001,)) for _ in range(50)]
        futures.append(pool.map_async(time.sleep, [0.0001] * 50, chooser.choice([1, 3, "auto"])))
        items = pool.imap_unordered(time.sleep, iter([0.0001] * 50))
        time.sleep(chooser.random() * 0.005)
        pool.terminate()
        pool.join()
        for future in futures:
            assert future.wait(60) is None and future.done()
        try:
            while True:
                items.next(60)
        except (StopIteration, CancelledError):
            pass


def test_nested_maps_at_random_depths():
    with Pool(2) as pool:

        def tree(depth):
            if depth == 0:
                return 1
            return sum(pool.map(tree, [depth - 1] * 3, 1))

        assert tree(3) == 27
        assert pool.map(tree, [4, 3, 2, 1]) == [81, 27, 9, 3]

        def fib(n):
            if n < 2:
                return n
            left = pool.submit(fib, n - 1)
            return left.result() + fib(n - 2)

        assert pool.submit(fib, scaled(12, 18)).result(100) == (2584 if LONG else 144)


@pytest.mark.skipif(FREE_THREADED, reason="reference counts of other threads are merged later")
def test_no_references_leak():
    class Marker:
        pass

    marker = Marker()

    def fail(x):
        raise ValueError(x)

    def round_trip(executor, pool):
        f = executor.submit(lambda x: x, marker)
        assert f.result() is marker
        f = executor.submit(fail, marker)
        assert f.exception().args == (marker,)
        f.add_done_callback(lambda f: marker)
        del f
        list(executor.map(lambda x, y: x, [marker] * 3, [marker] * 3))
        executor.submit(lambda *a, **k: a, *[marker] * 6, key=marker).result()
        pool.map(lambda x: x, [marker] * 10)
        pool.map(fail, [marker] * 10, return_exceptions=True)
        try:
            pool.map(fail, [marker] * 10, 2)
        except ValueError:
            pass
        list(pool.imap(lambda x: x, [marker] * 5))
        list(pool.imap_unordered(lambda x: x, iter([marker] * 5), 2))
        pool.apply_async(lambda x: x, (marker,), callback=lambda x: None).get()
        list(fastconc.as_completed([executor.submit(id, marker) for _ in range(5)]))
        fastconc.wait([executor.submit(id, marker) for _ in range(5)])
        pool.starmap(lambda x, y: x, [(marker, marker)] * 4)

    with PoolExecutor(2) as executor, Pool(2) as pool:
        round_trip(executor, pool)
        time.sleep(0.05)
        gc.collect()
        before = sys.getrefcount(marker)
        objects = len(gc.get_objects())
        for _ in range(20):
            round_trip(executor, pool)
        end = time.monotonic() + 30  # a worker lets go of its task after its result is there
        while sys.getrefcount(marker) > before and time.monotonic() < end:
            time.sleep(0.01)
        gc.collect()
        assert sys.getrefcount(marker) <= before
        assert len(gc.get_objects()) < objects + 200


def test_memory_does_not_grow():
    resource = pytest.importorskip("resource")

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with PoolExecutor(2) as executor, Pool(2) as pool:

        def work(n):
            for _ in range(n):
                fs = [executor.submit(pow, 2, 3) for _ in range(2000)]
                list(fastconc.as_completed(fs))
                pool.map(abs, range(2000), 1)

        work(10)
        before = peak()
        work(scaled(40, 400))
        assert peak() - before < 20_000  # KiB


def endless_python(executor, stop):
    def again():
        if not stop.is_set():
            executor.submit(again)

    executor.submit(again)


def endless_c(executor, stop):
    """Tasks that never enter the evaluation loop, a few milliseconds long."""

    def refill():
        if not stop.is_set():
            for _ in range(50):
                executor.submit(sum, range(100_000))
            executor.submit(refill)

    refill()


@pytest.mark.parametrize("occupy", [endless_python, endless_c])
def test_other_threads_get_their_turn(occupy):
    """A worker gives the GIL up when asked, and not shortly before: a thread that waits for it asks
    only after it was held for one switch interval without a break."""
    stop = threading.Event()
    with PoolExecutor(1) as executor:
        occupy(executor, stop)
        for _ in range(scaled(100, 400)):  # a turn takes 5 to 10 ms
            time.sleep(1e-4)
        stop.set()
