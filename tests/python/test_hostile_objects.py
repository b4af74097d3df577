# SPDX-License-Identifier: BSD-3-Clause
"""Objects whose methods change what the C code is working on, or are of an unexpected type.

Each of these once read freed or foreign memory, or made a call with an exception set.
"""

import gc
import threading
import weakref

import fastconc
import pytest
from fastconc import Counter, Future, Pool, PoolExecutor, Queue


class ComparedInPython(Counter):
    """Compares through Python code, as many other classes do."""

    __hash__ = None

    def __eq__(self, other):
        return super().__eq__(other)

    def __lt__(self, other):
        return super().__lt__(other)


class Other:
    __slots__ = ()

    def __eq__(self, other):
        return NotImplemented

    __hash__ = None


def test_counter_compares_with_counters_and_ints_only():
    for counter in (Counter(3), ComparedInPython(3)):
        assert counter == 3 and counter == Counter(3) and counter == ComparedInPython(3)
        assert counter < 4 and counter < Counter(4) and counter < ComparedInPython(4)
        assert counter != Other()
        with pytest.raises(TypeError, match="'<' not supported"):
            counter < Other()  # noqa: B015


class Nameless(type):
    @property
    def __name__(cls):
        return 42


def test_repr_of_a_result_whose_class_has_no_proper_name():
    future = Future()
    future.set_result(Nameless("Result", (), {})())
    assert repr(future).endswith("state=finished returned 42>")
    assert repr(Nameless("Sub", (Future,), {})()).startswith("<42 at 0x")


def test_deadlock_of_a_callable_without_a_proper_name():
    class Call:
        def __init__(self, function):
            self.function = function

        def __getattr__(self, name):
            return 42

        def __call__(self):
            return self.function()

        def __repr__(self):
            return "<the call>"

    given = threading.Event()
    futures = []

    def task():
        given.wait(30)
        return futures[0].result()

    with PoolExecutor(1) as executor:
        futures.append(executor.submit(Call(task)))
        given.set()
        with pytest.raises(fastconc.DeadlockError, match="the task <the call> waits for its own"):
            futures[0].result(30)


def test_integrand_whose_values_change_its_list():
    values = []

    class Clears:
        def __float__(self):
            values.clear()
            return 1.0

    def f(x):
        values[:] = [Clears(), 2.0, 3.0]
        return values

    with pytest.warns(fastconc.PerformanceWarning):
        integral, _ = fastconc.quad(f, 0, 1)
    assert integral == pytest.approx((1, 2, 3))


@pytest.mark.parametrize("method", ["__gt__", "__le__"])
def test_maxsize_that_replaces_itself(method):
    queue = Queue()

    def replace(self, other):
        queue.maxsize = 7
        return NotImplemented

    bound = type("Bound", (), {"__gt__": lambda self, other: True, method: replace})
    queue.maxsize = bound()
    gc.collect()
    with pytest.raises(TypeError, match="not supported between"):
        queue.put(1)
    queue.put(2)
    assert queue.maxsize == 7 and queue.qsize() == 1


def test_iterable_that_opens_its_executor_anew():
    executor = PoolExecutor(1)

    def numbers():
        yield -1
        executor.shutdown()
        executor.__init__(1)
        gc.collect()
        yield -2

    with pytest.raises(RuntimeError, match="after shutdown"):
        list(executor.map(abs, numbers()))
    assert list(executor.map(abs, [-3])) == [3]
    executor.shutdown()


@pytest.mark.parametrize("finish", [Future.cancel, lambda future: future.set_result(1)])
def test_condition_that_raises_does_not_keep_the_callbacks_from_running(finish):
    def interrupted():
        raise KeyboardInterrupt

    future, called = Future(), []
    future._condition.notify_all = interrupted
    future.add_done_callback(called.append)
    with pytest.raises(KeyboardInterrupt):
        finish(future)
    assert called == [future] and future.done()


def test_state_assigned_by_hand_leaves_no_call_to_make():
    started, release = threading.Event(), threading.Event()

    def task():
        started.set()
        release.wait(30)

    with PoolExecutor(1, caller_runs=True) as executor:
        future = executor.submit(task)
        started.wait(30)
        future._state = "PENDING"
        with pytest.raises(RuntimeError, match="no call"):
            future.result()
        release.set()


def test_cancelled_map_tells_its_waiters_and_is_collected():
    class Item:
        pass

    release = threading.Event()
    pool = Pool(1)
    running = pool.apply_async(release.wait, (30,))
    item = Item()
    item.future = future = pool.map_async(abs, [item])
    gone = weakref.ref(item)
    assert future.cancel()
    release.set()
    running.get(30)
    assert fastconc.wait([future], 30).done == {future}
    del item, future
    pool.close()
    pool.join()
    gc.collect()
    assert gone() is None
