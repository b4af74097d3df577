# SPDX-License-Identifier: BSD-3-Clause
"""wait and as_completed, ours and the standard one, over our futures and a mix; asyncio."""

import asyncio
import concurrent.futures
import gc
import random
import sys
import threading
import time
import weakref
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
from concurrent.futures import TimeoutError as FutureTimeoutError

import fastconc
import pytest
from fastconc import Future, PoolExecutor

waits = pytest.mark.parametrize(
    "wait", [concurrent.futures.wait, fastconc.wait], ids=["std", "own"]
)
completions = pytest.mark.parametrize(
    "as_completed", [concurrent.futures.as_completed, fastconc.as_completed], ids=["std", "own"]
)
kinds = pytest.mark.parametrize("kind", ["own", "mixed"])


def make(kind, n):
    foreign = concurrent.futures.Future if kind == "mixed" else fastconc.Future
    return [(foreign if i % 2 else fastconc.Future)() for i in range(n)]


def later(seconds, *calls):
    def run():
        for call in calls:
            time.sleep(seconds)
            call()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@waits
@kinds
def test_wait_for_all(wait, kind):
    fs = make(kind, 3)
    fs[0].set_result(0)
    thread = later(0.01, lambda: fs[1].set_exception(OSError()), lambda: fs[2].set_result(2))
    done, not_done = wait(fs * 2, return_when=ALL_COMPLETED)
    assert (done, not_done) == (set(fs), set())
    thread.join()


@waits
@kinds
def test_wait_for_the_first(wait, kind):
    fs = make(kind, 3)
    thread = later(0.01, lambda: fs[1].set_result(1))
    assert wait(fs, return_when=FIRST_COMPLETED) == ({fs[1]}, {fs[0], fs[2]})
    assert wait(fs, return_when=FIRST_COMPLETED).done == {fs[1]}
    thread.join()


@waits
@kinds
def test_wait_for_an_error(wait, kind):
    fs = make(kind, 3)
    thread = later(0.01, lambda: fs[0].set_result(0), lambda: fs[1].set_exception(OSError()))
    assert wait(fs, return_when=FIRST_EXCEPTION) == ({fs[0], fs[1]}, {fs[2]})
    assert wait(fs, return_when=FIRST_EXCEPTION).not_done == {fs[2]}
    thread.join()
    fs = make(kind, 2)
    fs[0].cancel()
    fs[0].set_running_or_notify_cancel()
    fs[1].set_result(1)
    assert wait(fs, return_when=FIRST_EXCEPTION).not_done == set()


@waits
@kinds
def test_wait_times_out(wait, kind):
    fs = make(kind, 2)
    fs[0].set_result(1)
    for timeout in (0, -1, 0.01):
        assert wait(fs, timeout) == ({fs[0]}, {fs[1]})
    assert wait([], 1) == (set(), set())
    with pytest.raises(ValueError, match="Invalid return condition: 'soon'"):
        wait(fs, 1, "soon")
    with pytest.raises(AttributeError):
        wait([1])


@waits
def test_cancel_alone_is_not_done_for_wait(wait):
    fs = make("own", 1)
    fs[0].cancel()
    assert wait(fs, 0.01).done == set()
    thread = later(0.01, fs[0].set_running_or_notify_cancel)
    assert wait(fs, 30).done == set(fs)
    thread.join()


@waits
def test_cancelled_tasks_of_a_pool_end_a_wait(wait):
    release = threading.Event()
    with PoolExecutor(1) as executor:
        first = executor.submit(release.wait, 30)
        others = [executor.submit(int) for _ in range(10)]
        assert all(f.cancel() for f in others)
        release.set()
        assert wait([first, *others], 30).not_done == set()
        assert {f._state for f in others} == {"CANCELLED_AND_NOTIFIED"}


@completions
@kinds
def test_as_completed_yields_in_order(as_completed, kind):
    fs = make(kind, 5)
    fs[3].set_result(3)
    order = [4, 1, 0, 2]
    iterator = as_completed(fs + fs)
    assert next(iterator) is fs[3]
    for i in order:
        fs[i].set_result(i)
        assert next(iterator) is fs[i]
    assert list(iterator) == []


@completions
@kinds
def test_as_completed_times_out(as_completed, kind):
    fs = make(kind, 3)
    fs[0].set_result(0)
    got = []
    with pytest.raises(FutureTimeoutError, match=r"2 \(of 3\) futures unfinished"):
        for f in as_completed(fs, timeout=0.02):
            got.append(f)
    assert got == [fs[0]]
    for f in fs[1:]:
        f.set_result(1)
    assert set(as_completed(fs, timeout=0)) == set(fs)


@completions
def test_as_completed_keeps_no_yielded_future(as_completed):
    fs = make("own", 5)
    dead = [weakref.ref(f) for f in fs]
    for f in fs:
        f.set_result(None)
    iterator = as_completed(fs)
    del fs, f
    for i in range(5):
        future = next(iterator)
        del future
        assert sum(r() is not None for r in dead) == 4 - i
    gc.collect()


def test_as_completed_may_be_left_early():
    fs = make("own", 100)
    fs[7].set_result(7)
    iterator = fastconc.as_completed(fs)
    assert next(iterator) is fs[7]
    iterator.close()
    for f in fs:
        if not f.done():
            f.set_result(0)


@pytest.mark.parametrize("n", [10, 100_000])
def test_none_of_many_is_lost_or_doubled(n):
    with PoolExecutor(2) as executor:
        fs = [executor.submit(int) for _ in range(n)]
        seen = list(fastconc.as_completed(fs, timeout=100))
        assert len(seen) == n and set(seen) == set(fs)
        fs = [executor.submit(int) for _ in range(n)]
        assert len(fastconc.wait(fs, timeout=100).done) == n


@waits
def test_many_threads_wait_while_others_complete(wait):
    fs = make("own", 300)
    results = []
    waiters = [
        threading.Thread(target=lambda: results.append(len(wait(fs, 60).done))) for _ in range(8)
    ]
    for thread in waiters:
        thread.start()
    order = list(range(300))
    random.Random(1).shuffle(order)
    setters = [
        threading.Thread(target=lambda k=k: [fs[i].set_result(i) for i in order[k::4]])
        for k in range(4)
    ]
    for thread in setters:
        thread.start()
    for thread in [*setters, *waiters]:
        thread.join(60)
    assert results == [300] * 8


# ---- workers ----


def test_a_worker_that_waits_for_many_runs_them():
    with PoolExecutor(1) as executor:

        def nested(how):
            fs = [executor.submit(pow, 2, i) for i in range(20)]
            if how == "wait":
                return sum(f.result() for f in fastconc.wait(fs).done)
            if how == "first":
                return len(fastconc.wait(fs, return_when=FIRST_COMPLETED).done)
            return sum(f.result() for f in fastconc.as_completed(fs))

        assert executor.submit(nested, "wait").result(60) == 2**20 - 1
        assert executor.submit(nested, "as_completed").result(60) == 2**20 - 1
        assert executor.submit(nested, "first").result(60) >= 1


def test_a_worker_that_waits_with_a_time_out_is_replaced():
    with PoolExecutor(1) as executor:

        def nested():
            inner = executor.submit(threading.get_ident)
            return inner.result(timeout=60), threading.get_ident()

        inner, outer = executor.submit(nested).result(60)
        assert inner != outer
        fs = executor.submit(lambda: fastconc.wait([executor.submit(int)], timeout=60).done)
        assert len(fs.result(60)) == 1
        assert executor.submit(int).result(60) == 0  # the pool is as it was


def test_a_replacement_leaves_before_two_tasks_run_at_once():
    running, most = 0, 0
    lock = threading.Lock()

    def count():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1

    with PoolExecutor(1) as executor:

        def outer():
            executor.submit(count).result(timeout=60)
            count()

        for f in [executor.submit(outer) for _ in range(20)]:
            f.result(60)
    assert most == 1


def test_nested_results_in_one_worker():
    with PoolExecutor(1) as executor:

        def depth(n):
            return 0 if n == 0 else 1 + executor.submit(depth, n - 1).result()

        assert executor.submit(depth, 50).result(60) == 50

        def too_deep(n):
            return executor.submit(too_deep, n + 1).result()

        assert isinstance(executor.submit(too_deep, 0).exception(60), RecursionError)


def test_a_nested_task_does_not_see_the_handled_exception():
    import sys

    with PoolExecutor(1) as executor:

        def outer():
            try:
                raise KeyError
            except KeyError:
                seen = executor.submit(sys.exc_info).result()
                return seen, sys.exc_info()[0]

        assert executor.submit(outer).result(60) == ((None, None, None), KeyError)


def test_a_cycle_is_named():
    ready = threading.Barrier(3)
    with PoolExecutor(2) as executor:
        futures = {}

        def wait_on_b():
            ready.wait(30)
            return futures["b"].result()

        def wait_on_a():
            ready.wait(30)
            return futures["a"].result()

        futures["a"] = executor.submit(wait_on_b)
        futures["b"] = executor.submit(wait_on_a)
        ready.wait(30)
        errors = [f.exception(60) for f in futures.values()]
    assert all(isinstance(e, fastconc.DeadlockError) for e in errors)
    assert "wait_on_a" in str(errors[0]) and "wait_on_b" in str(errors[0])


def test_a_task_that_waits_for_itself():
    with PoolExecutor(1) as executor:
        box = []
        begun = threading.Event()

        def myself():
            begun.wait(30)
            return box[0].result()

        box.append(executor.submit(myself))
        begun.set()
        with pytest.raises(fastconc.DeadlockError, match="myself waits for its own result"):
            box[0].result(60)


def test_a_cycle_through_a_map_and_through_two_pools():
    with fastconc.Pool(2) as pool, PoolExecutor(1) as executor:
        box = []
        begun = threading.Event()

        def item(x):
            begun.wait(30)
            return box[1].result()

        def other():
            begun.wait(30)
            return box[0].get()

        box.append(pool.map_async(item, [1], 1))
        box.append(executor.submit(other))
        begun.set()
        assert isinstance(box[1].exception(60), fastconc.DeadlockError)
        with pytest.raises(fastconc.DeadlockError):
            box[0].get(60)


# ---- asyncio ----


def test_futures_can_be_awaited():
    async def main(executor):
        assert await executor.submit(pow, 2, 3) == 8
        with pytest.raises(ZeroDivisionError):
            await executor.submit(divmod, 1, 0)
        got = await asyncio.gather(*[executor.submit(pow, 2, i) for i in range(100)])
        assert got == [2**i for i in range(100)]
        gate = threading.Event()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(executor.submit(gate.wait, 60)), 0.01)
        gate.set()
        pending = executor.submit(int)
        assert await asyncio.wrap_future(pending) == 0

    with PoolExecutor(2) as executor:
        asyncio.run(main(executor))


def test_event_loops_take_the_executor():
    async def main():
        loop = asyncio.get_running_loop()
        executor = PoolExecutor(2)
        assert await loop.run_in_executor(executor, pow, 2, 5) == 32
        loop.set_default_executor(executor)
        assert await loop.run_in_executor(None, pow, 2, 6) == 64
        assert await asyncio.to_thread(pow, 2, 7) == 128

    asyncio.run(main())


def test_many_futures_through_asyncio():
    async def main(executor):
        futures = [executor.submit(int, i) for i in range(20_000)]
        loop = asyncio.get_running_loop()
        return sum(await asyncio.gather(*[asyncio.wrap_future(f, loop=loop) for f in futures]))

    with PoolExecutor(2) as executor:
        assert asyncio.run(main(executor)) == sum(range(20_000))


def test_cancelling_the_asyncio_future_cancels_the_task():
    release = threading.Event()

    async def main(executor):
        blocker = executor.submit(release.wait, 30)
        future = executor.submit(int)
        wrapped = asyncio.wrap_future(future)
        wrapped.cancel()
        await asyncio.sleep(0.01)
        assert future.cancelled()
        release.set()
        assert await blocker

    with PoolExecutor(1) as executor:
        asyncio.run(main(executor))


@pytest.mark.parametrize("wait", [concurrent.futures.as_completed, fastconc.as_completed])
def test_odd_time_outs_of_as_completed(wait):
    release = threading.Event()
    with fastconc.PoolExecutor(1) as executor:
        with pytest.raises(OverflowError):
            list(wait([executor.submit(release.wait, 30)], 1e30))
        release.set()
        if sys.version_info < (3, 14):  # then a ValueError there
            assert len(list(wait([executor.submit(time.sleep, 0.05)], float("nan")))) == 1


def gated(executor, function, n=1):
    """Futures of n tasks that call function(futures) once all are submitted."""
    gate = threading.Event()
    futures = []

    def task():
        gate.wait(60)
        return function(futures)

    futures += [executor.submit(task) for _ in range(n)]
    gate.set()
    return futures


@pytest.mark.parametrize(
    "waits",
    [
        lambda futures: fastconc.wait(futures),
        lambda futures: fastconc.wait(futures, return_when=FIRST_COMPLETED),
        lambda futures: list(fastconc.as_completed(futures)),
    ],
    ids=["wait", "first", "as_completed"],
)
def test_a_task_that_waits_for_itself_among_others_is_told(waits):
    with PoolExecutor(2) as executor:
        (future,) = gated(executor, waits)
        with pytest.raises(fastconc.DeadlockError, match="waits for its own result"):
            future.result(60)


def test_two_tasks_that_wait_for_each_other_are_told():
    with PoolExecutor(2) as executor:
        futures = gated(executor, lambda futures: fastconc.wait(futures) and 1, 2)
        errors = [future.exception(60) for future in futures]
    assert any(isinstance(error, fastconc.DeadlockError) for error in errors)


def test_no_deadlock_while_one_of_them_may_finish():
    release = threading.Event()
    with PoolExecutor(2) as executor:
        other = executor.submit(release.wait, 60)
        gate = threading.Event()
        box = []

        def task():
            gate.wait(60)
            return fastconc.wait([box[0], other], return_when=FIRST_COMPLETED).done

        box.append(executor.submit(task))
        gate.set()
        threading.Timer(0.1, release.set).start()
        assert box[0].result(60) == {other}


def test_futures_that_callbacks_finish_wake_their_waiters_at_once():
    first, second = Future(), Future()
    release, seen = threading.Event(), threading.Event()
    waits = []

    def finish_first(_):
        first.set_result(1)
        waits.append(seen.wait(30))  # for one that waits for the future just finished

    def wait_for_first():
        first.result(30)
        seen.set()

    with PoolExecutor(1) as executor:
        task = executor.submit(release.wait, 30)
        task.add_done_callback(finish_first)
        task.add_done_callback(lambda _: second.set_result(2))
        threads = [
            threading.Thread(target=wait_for_first),
            threading.Thread(target=second.result, args=(30,)),
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        release.set()
        for thread in threads:
            thread.join()
    assert waits == [True] and second.result(0) == 2
