# SPDX-License-Identifier: BSD-3-Clause
"""What programs rely on in pools: initializers, threads, references, options, life and death."""

import contextvars
import gc
import logging
import os
import pickle
import sys
import sysconfig
import threading
import time
import warnings
import weakref
from concurrent.futures import BrokenExecutor, CancelledError, ThreadPoolExecutor, wait
from multiprocessing.pool import ThreadPool

import fastconc
import pytest
from fastconc import Pool, PoolExecutor


class Thing:
    def method(self):
        return None


FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        gc.collect()
        time.sleep(0.002)


# ---- widths, names, threads ----


def test_default_widths_are_the_standard_librarys():
    with PoolExecutor() as executor, ThreadPoolExecutor() as standard:
        assert executor._max_workers == executor._workers == standard._max_workers
    with Pool() as pool, ThreadPool() as standard:
        assert pool._processes == pool._workers == standard._processes


@pytest.mark.parametrize("n", [0, -1])
def test_pools_need_a_worker(n):
    for make in (lambda: Pool(n), lambda: Pool(processes=n)):
        with pytest.raises(ValueError, match="Number of processes must be at least 1"):
            make()


def test_bad_arguments():
    for cls in (Pool, PoolExecutor):
        with pytest.raises(TypeError, match="initializer must be a callable"):
            cls(1, initializer=3)
        with pytest.raises(NotImplementedError, match="'processes' is not built yet"):
            cls(1, backend="processes")
        with pytest.raises(ValueError, match="backend must be one of"):
            cls(1, backend="fibers")
    with pytest.raises(TypeError):
        Pool(1, processes=1)
    with pytest.raises(ValueError, match="maxtasksperchild must be a positive int or None"):
        Pool(1, maxtasksperchild=0)
    with PoolExecutor(1) as executor:
        with pytest.raises(TypeError, match="buffersize must be an integer or None"):
            executor.map(abs, [1], buffersize="1")
        with pytest.raises(ValueError, match="buffersize must be None or > 0"):
            executor.map(abs, [1], buffersize=0)


def test_threads_are_made_on_demand_and_named():
    gate = threading.Semaphore(0)
    with PoolExecutor(4, thread_name_prefix="Special") as executor:
        for n in range(1, 4):
            executor.submit(gate.acquire)
            assert len(executor._threads) == n
        for _ in range(57):
            executor.submit(gate.acquire)
        assert len(executor._threads) == 4
        assert {t.name for t in executor._threads} == {f"Special_{i}" for i in range(4)}
        assert not any(t.daemon for t in executor._threads)
        for _ in range(60):
            gate.release()
    with PoolExecutor(1) as executor:
        name = executor.submit(lambda: threading.current_thread().name).result()
        assert name.startswith("ThreadPoolExecutor-") and name.endswith("_0")
    with Pool(2, name="mine") as pool:
        assert {t.name for t in pool._pool} == {"mine_0", "mine_1"}
        assert all(t.daemon for t in pool._pool)


def test_an_idle_thread_is_used_again():
    with PoolExecutor() as executor:
        for _ in range(3):
            executor.submit(abs, 1).result()
            until(lambda: executor.report()["idle"] == 1)  # it is, soon after the result is there
        assert len(executor._threads) == 1


def test_only_workers_run_tasks_and_one_at_a_time():
    with PoolExecutor(1) as executor:
        idents = {f.result() for f in [executor.submit(threading.get_ident) for _ in range(1000)]}
        assert idents == {t.ident for t in executor._threads}
        counter = [0]

        def unlocked():
            value = counter[0]
            time.sleep(0)
            counter[0] = value + 1

        wait([executor.submit(unlocked) for _ in range(500)])
        assert counter == [500]


# ---- initializers ----


def test_initializers_run_once_a_thread():
    local = threading.local()

    def initialize(value):
        local.value = value

    with PoolExecutor(2, initializer=initialize, initargs=(7,)) as executor:
        assert executor.submit(lambda: local.value).result() == 7
    ran = []
    with Pool(3, ran.append, [1]):
        until(lambda: ran == [1, 1, 1])  # with no task


@pytest.mark.parametrize("cls", [PoolExecutor, Pool])
def test_a_failing_initializer_breaks_the_pool(cls, caplog):
    gate = threading.Event()

    def fail():
        gate.wait(30)
        raise KeyError("no")

    pool = cls(1, initializer=fail)
    future = pool.submit(int)
    gate.set()
    with pytest.raises(BrokenExecutor, match="initializer failed"):
        future.result(30)
    for call in (lambda: pool.submit(int), lambda: list(pool.map(int, [1]))):
        with pytest.raises(BrokenExecutor, match="A thread initializer failed"):
            call()
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("concurrent.futures", logging.CRITICAL)
    assert "Exception in initializer:" in caplog.text and "KeyError" in caplog.text
    if cls is Pool:
        pool.close()
        pool.join()
    else:
        assert pool._broken
        pool.shutdown()


# ---- references ----


def test_nothing_is_kept_after_use():
    with PoolExecutor(1) as executor:
        thing = Thing()
        dead = weakref.ref(thing)
        executor.submit(thing.method)
        del thing
        until(lambda dead=dead: dead() is None)
        future = executor.submit(Thing)
        dead = weakref.ref(future.result())
        del future
        until(lambda dead=dead: dead() is None)

        def fail(thing):
            raise ValueError(thing)

        future = executor.submit(fail, Thing())
        dead = weakref.ref(future.exception().args[0])
        del future
        until(lambda dead=dead: dead() is None)
        for thing in executor.map(lambda i: Thing(), range(5)):
            dead = weakref.ref(thing)
            del thing
            until(lambda dead=dead: dead() is None)


def test_a_cancelled_task_lets_go_at_once():
    gate = threading.Event()
    with PoolExecutor(1) as executor:
        executor.submit(gate.wait, 30)
        thing = Thing()
        dead = weakref.ref(thing)
        future = executor.submit(thing.method)
        del thing
        assert future.cancel()
        until(lambda dead=dead: dead() is None)
        gate.set()


@pytest.mark.skipif(FREE_THREADED, reason="reference counts of other threads are merged later")
def test_pool_items_are_freed_one_by_one():
    alive = []

    class Item:
        def __init__(self):
            alive.append(weakref.ref(self))

    seen = []
    with Pool(1) as pool:
        pool.map(
            lambda item: seen.append(sum(r() is not None for r in alive)),
            (Item() for _ in range(5)),
            5,
        )
        assert seen == [5, 4, 3, 2, 1]
        things = pool.imap(lambda i: Thing(), range(5))
        for thing in things:
            dead = weakref.ref(thing)
            del thing
            until(lambda dead=dead: dead() is None)


# ---- options ----


def test_contextvars_are_copied_on_request():
    var = contextvars.ContextVar("var", default="none")
    var.set("mine")
    with PoolExecutor(1) as executor, PoolExecutor(1, copy_context=True) as copying:
        assert copying.submit(var.get).result() == "mine"
        assert copying.submit(lambda *a, **k: (var.get(), a, k), 1, 2, 3, 4, k=5).result() == (
            "mine",
            (1, 2, 3, 4),
            {"k": 5},
        )
        copying.submit(var.set, "task").result()
        assert var.get() == "mine" and copying.submit(var.get).result() == "mine"
        assert executor.options(copy_context=True).submit(var.get).result() == "mine"
        with ThreadPoolExecutor(1) as standard:
            assert executor.submit(var.get).result() == standard.submit(var.get).result()


def test_contextvars_reach_maps():
    variable = contextvars.ContextVar("variable", default="worker's")
    variable.set("caller's")

    def task(x, y=0):
        value = variable.get()
        variable.set("changed")
        return value

    expected = ["caller's"] * 4
    with Pool(2, copy_context=True) as pool:
        assert pool.map(task, range(4), 2) == expected
        assert pool.starmap(task, [(1, 2)] * 4, 2) == expected
        assert list(pool.imap(task, range(4))) == expected
        assert list(pool.imap(task, iter(range(4)), 2)) == expected
        assert list(pool.imap_unordered(task, iter(range(4)))) == expected
        assert list(pool.imap(task, iter(range(4)), buffersize=2)) == expected
    assert variable.get() == "caller's"


def test_priorities():
    started, gate, order = threading.Event(), threading.Event(), []
    with Pool(1) as pool:
        pool.submit(lambda: started.set() or gate.wait(30))
        assert started.wait(30)  # else tasks of higher priority overtake it
        for priority in (0, -5, 5, 1, 0, 5):
            pool.apply_async(order.append, (priority,), priority=priority)
        last = pool.options(priority=-9).submit(order.append, -9)
        gate.set()
        last.result(30)
    assert order == [5, 5, 1, 0, 0, -5, -9]


def test_time_outs_of_tasks():
    gate, ran = threading.Event(), []
    with Pool(1) as pool:
        running = pool.apply_async(gate.wait, (30,), timeout=0.05)
        pending = pool.options(timeout=0.05).submit(ran.append, 1)
        mapped = pool.map_async(ran.append, [1, 2], timeout=0.05)
        for future in (running, pending, mapped):
            with pytest.raises(fastconc.TimeoutError, match="did not finish within"):
                future.result(30)
        gate.set()
        assert pool.apply_async(abs, (-1,), timeout=30).get(30) == 1
        assert ran == []
        with pytest.raises(ValueError, match="timeout must be positive"):
            pool.apply_async(abs, (1,), timeout=0)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", None, 1e30, float("inf")])
def test_a_bad_time_out_submits_nothing(timeout):
    calls = []
    good = timeout is None or (isinstance(timeout, float) and timeout > 0)
    with Pool(1) as pool:
        for use in (
            lambda: pool.map(calls.append, [1], timeout=timeout),
            lambda: pool.apply_async(calls.append, (1,), timeout=timeout).get(),
            lambda: pool.options(timeout=timeout).submit(calls.append, 1).result(),
        ):
            if good:
                use()
            else:
                with pytest.raises((TypeError, ValueError), match="timeout must be"):
                    use()
        # the thread that watches the time is well
        gate = threading.Event()
        late = pool.apply_async(gate.wait, (60,), timeout=0.01)
        assert isinstance(late.exception(60), fastconc.TimeoutError)
        gate.set()
    assert len(calls) == 3 * good


def test_caller_runs():
    me = threading.get_ident()
    gate = threading.Event()
    with PoolExecutor(1) as executor, PoolExecutor(1, caller_runs=True) as helping:
        for pool in (executor, helping):
            pool.submit(gate.wait, 30)
        assert executor.submit(threading.get_ident).result(caller_runs=True) == me
        assert helping.submit(threading.get_ident).result() == me
        with pytest.raises(fastconc.TimeoutError):
            helping.submit(threading.get_ident).result(timeout=0.01)
        gate.set()
    with Pool(1, caller_runs=True) as pool:
        assert pool.map(abs, range(-50, 0), 1) == list(range(50, 0, -1))


def test_report_has_ten_lines():
    with Pool(2) as pool:
        pool.map(abs, range(1000))
        report = pool.report()
        assert report["tasks"] == 1000 and len(str(report).splitlines()) == 10
    with PoolExecutor(2) as executor:
        executor.submit(abs, 1).result()
        until(lambda: executor.report()["tasks"] == 1)


def test_progress(capsys):
    pytest.importorskip("tqdm")
    with Pool(2) as pool:
        assert pool.map(abs, range(20), progress=True) == list(range(20))
        assert list(pool.imap(abs, range(20), progress=True)) == list(range(20))
    until(lambda: capsys.readouterr().err or True)


# ---- map of executors ----


@pytest.mark.parametrize("leave", ["close", "time out"])
def test_map_cancels_when_left_or_timed_out(leave):
    gate, ran = threading.Event(), []

    def task(x):
        ran.append(x)
        return x == 0 or gate.wait(30)

    with PoolExecutor(1) as executor:
        results = executor.map(task, range(9), timeout=0.1 if leave == "time out" else None)
        if leave == "close":
            assert next(results) is True
            results.close()
        else:
            with pytest.raises(fastconc.TimeoutError):
                list(results)
        gate.set()
    assert len(ran) <= 2


def test_map_with_a_buffer():
    read = []

    def items():
        for i in range(100):
            read.append(i)
            yield i

    with PoolExecutor(2) as executor:
        results = executor.map(abs, items(), buffersize=3)
        assert len(read) == 3
        assert next(results) == 0 and len(read) == 4
        assert list(results) == list(range(1, 100))


def test_a_subclass_sees_what_map_submits():
    class Counting(PoolExecutor):
        n = 0

        def submit(self, fn, /, *args, **kwargs):
            self.n += 1
            return super().submit(fn, *args, **kwargs)

    with Counting(1) as executor:
        assert list(executor.map(abs, [-1, -2])) == [1, 2] and executor.n == 2


# ---- life and death ----


def test_pool_states():
    pool = Pool(1)
    assert repr(pool).endswith("state=RUN pool_size=1>")
    with pytest.raises(ValueError, match="Pool is still running"):
        pool.join()
    with pytest.raises(NotImplementedError, match="cannot be passed between processes or pickled"):
        pickle.dumps(pool)
    pool.close()
    pool.join()
    for call in (
        lambda: pool.apply(int),
        lambda: pool.map(int, [1]),
        lambda: pool.imap(int, [1]),
        lambda: pool.submit(int),
        lambda: pool.apply_async(int),
        pool.__enter__,
    ):
        with pytest.raises(ValueError, match="Pool not running"):
            call()
    pool.terminate()
    pool.join()


def test_close_lets_queued_tasks_finish():
    done = []
    pool = Pool(2)
    for i in range(100):
        pool.apply_async(done.append, (i,))
    pool.close()
    pool.join()
    assert sorted(done) == list(range(100))


def test_terminate_drops_ten_thousand_tasks_at_once():
    gate, begun = threading.Event(), threading.Event()
    with Pool(1) as pool:
        running = pool.apply_async(lambda: (begun.set(), gate.wait(30)))
        begun.wait(30)
        dropped = [pool.apply_async(time.sleep, (1000,)) for _ in range(10_000)]
        mapped = pool.map_async(time.sleep, [1000] * 10, 1)
        items = pool.imap(time.sleep, iter([1000] * 10))
    assert all(f.cancelled() for f in dropped)
    with pytest.raises(CancelledError):
        mapped.get(30)
    with pytest.raises(CancelledError):
        items.next(30)
    gate.set()
    assert running.get(30)[1] is True
    pool.join()


def test_terminate_in_the_middle_of_a_map():
    begun = threading.Event()
    gate = threading.Event()
    with Pool(1) as pool:
        mapped = pool.map_async(lambda x: (begun.set(), gate.wait(30)), range(1000), 1)
        begun.wait(30)
    with pytest.raises(CancelledError):
        mapped.get(30)
    gate.set()
    pool.join()


def test_a_pool_that_is_dropped_warns_and_ends():
    gc.collect()  # what other tests left would warn as well
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pool = Pool(2)
        threads = pool._pool
        result = pool.map_async(abs, range(100))
        del pool
        gc.collect()
        assert result.get(30) == list(range(100))
    assert [w.category for w in caught] == [ResourceWarning]
    assert "unclosed running multiprocessing pool <fastconc._pool.Pool" in str(caught[0].message)
    caught.clear()  # the warning keeps its source
    until(lambda: not any(t.is_alive() for t in threads))


def test_shutdown_may_be_called_again_and_cancels():
    gate = threading.Event()
    executor = PoolExecutor(1)
    first = executor.submit(gate.wait, 30)
    until(first.running)
    others = [executor.submit(int) for _ in range(100)]
    executor.shutdown(wait=False, cancel_futures=True)
    executor.shutdown(wait=False)
    assert all(f.cancelled() for f in others) and wait(others, 30).not_done == set()
    gate.set()
    executor.shutdown()
    assert first.result() is True and executor._shutdown


def test_a_dropped_executor_ends_its_threads():
    executor = PoolExecutor(3)
    assert list(executor.map(abs, range(-5, 5))) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    threads = list(executor._threads)
    cycle = [executor]
    cycle.append(cycle)
    del executor, cycle
    until(lambda: not any(t.is_alive() for t in threads))


@pytest.mark.skipif(FREE_THREADED, reason="reference counts of other threads are merged later")
@pytest.mark.parametrize("cls", [Pool, PoolExecutor])
def test_a_dropped_pool_needs_no_garbage_collection(cls):
    gc.collect()
    gc.disable()
    try:
        pool = cls(2)
        assert list(pool.map(abs, range(10))) == list(range(10))
        assert pool.submit(abs, -1).result() == 1
        if cls is Pool:
            assert list(pool.imap(abs, iter([1, 2]))) == [1, 2]
            pool.close()
            pool.join()
        else:
            pool.shutdown()
        threads = [weakref.ref(t) for t in pool._crew.threads]
        queue, fresh = pool._crew.queue, object()
        del pool
        assert [t() for t in threads] == [None] * len(threads)
        assert sys.getrefcount(queue) == sys.getrefcount(fresh)
    finally:
        gc.enable()


def test_base_exceptions_of_callbacks_leave_the_worker_alive(caplog):
    with PoolExecutor(1) as executor:
        gate = threading.Event()
        future = executor.submit(gate.wait, 30)
        future.add_done_callback(lambda f: sys.exit(1))
        gate.set()
        assert future.result(30) is True
        assert executor.submit(abs, -1).result(30) == 1
        until(lambda: "Exception in worker" in caplog.text)


def test_a_future_that_somebody_else_finishes():
    gate, ran = threading.Event(), []
    with PoolExecutor(1) as executor:
        running = executor.submit(gate.wait, 30)
        pending = executor.submit(ran.append, 1)
        until(running.running)
        running.set_result("mine")
        pending.set_result("too")
        gate.set()
        assert executor.submit(int).result(30) == 0
        assert running.result() == "mine" and pending.result() == "too" and ran == []


# ---- clients ----


def test_dask_takes_both():
    dask = pytest.importorskip("dask")
    with Pool(2) as pool, PoolExecutor(2) as executor:
        total = dask.delayed(sum)([dask.delayed(pow)(i, 2) for i in range(50)])
        for scheduler_pool in (pool, executor):
            assert total.compute(scheduler="threads", pool=scheduler_pool) == 40425


def test_scipy_takes_a_map():
    optimize = pytest.importorskip("scipy.optimize")
    with Pool(2) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = optimize.differential_evolution(
            lambda x: float((x**2).sum()),
            [(-1, 1)] * 2,
            workers=pool.map,
            updating="deferred",
            maxiter=5,
            seed=1,
        )
    assert result.fun < 0.1


def test_tqdm_counts_completions():
    tqdm = pytest.importorskip("tqdm")
    with PoolExecutor(2) as executor:
        futures = [executor.submit(abs, i) for i in range(50)]
        bar = tqdm.tqdm(fastconc.as_completed(futures), total=50, file=open(os.devnull, "w"))
        assert len([f.result() for f in bar]) == 50


def test_kernels_map_arrays():
    np = pytest.importorskip("numpy")
    if "kernel" not in fastconc.__all__:
        pytest.skip("no kernels in this build")
    square = fastconc.kernel(lambda x: x * x)
    x = np.linspace(0, 1, 1001)
    with Pool(2) as pool:
        assert np.array_equal(pool.map(square, x), x * x)
        assert np.array_equal(pool.map_async(square, x).get(30), x * x)
        assert pool.map(square, [1.0, 2.0]) == [1.0, 4.0]
        assert pool.apply(square, (3.0,)) == 9.0
