# SPDX-License-Identifier: BSD-3-Clause
"""Future: each test runs on the standard library's class too, which is the specification."""

import concurrent.futures
import gc
import pickle
import re
import sys
import threading
import time
import weakref
from concurrent.futures import CancelledError, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError

import fastconc
import pytest

both = pytest.mark.parametrize(
    "Future", [concurrent.futures.Future, fastconc.Future], ids=["standard", "fastconc"]
)


def address_free(text):
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def states(Future):
    pending, running, cancelled, notified, ok, failed = (Future() for _ in range(6))
    running.set_running_or_notify_cancel()
    cancelled.cancel()
    notified.cancel()
    notified.set_running_or_notify_cancel()
    ok.set_result(42)
    failed.set_exception(OSError("no"))
    return [pending, running, cancelled, notified, ok, failed]


def outcome(function, *args):
    try:
        return "returned", function(*args)
    except BaseException as error:
        return "raised", type(error), address_free(str(error))


QUESTIONS = ["cancelled", "running", "done", "cancel", "set_running_or_notify_cancel"]
CALLS = [
    *((name, ()) for name in QUESTIONS),
    ("result", (0,)),
    ("result", (-1,)),
    ("exception", (0,)),
    ("set_result", (1,)),
    ("set_exception", (ValueError("late"),)),
    ("result", (0, 0)),
    ("set_result", ()),
]


@pytest.mark.parametrize("name, args", CALLS, ids=[f"{name}{args}" for name, args in CALLS])
def test_every_call_in_every_state_is_the_standard_librarys(name, args):
    ours = [
        (outcome(getattr(f, name), *args), f._state, address_free(repr(f)))
        for f in states(fastconc.Future)
    ]
    theirs = [
        (outcome(getattr(f, name), *args), f._state, address_free(repr(f)))
        for f in states(concurrent.futures.Future)
    ]
    for mine, standard in zip(ours, theirs, strict=True):
        if name == "exception" and mine[0][0] == "returned" and mine[0][1] is not None:
            assert type(mine[0][1]) is type(standard[0][1])  # two instances of one error
        else:
            assert mine == standard


def test_is_a_standard_future():
    assert issubclass(fastconc.Future, concurrent.futures.Future)
    assert fastconc.Future.__module__ == "fastconc"
    assert fastconc.Future[int] is not None
    with pytest.raises(TypeError):
        fastconc.Future(1)
    with pytest.raises(TypeError):
        fastconc.Future(name=1)
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(fastconc.Future())


@both
def test_arguments_may_be_named(Future):
    future = Future()
    future.add_done_callback(fn=lambda f: None)
    future.set_result(result=3)
    assert future.result(timeout=None) == 3 and future.exception(timeout=1) is None
    failed = Future()
    failed.set_exception(exception=KeyError("k"))
    with pytest.raises(KeyError):
        failed.result()
    with pytest.raises(TypeError):
        future.result(timeot=1)


@both
def test_callbacks_run_in_order_and_errors_are_logged(Future, caplog):
    future, seen = Future(), []
    future.add_done_callback(lambda f: seen.append(1))
    future.add_done_callback(lambda f: 1 // 0)
    future.add_done_callback(lambda f: seen.append(f.result()))
    future.set_result(2)
    assert seen == [1, 2]
    future.add_done_callback(seen.append)
    assert seen[2] is future
    future.add_done_callback(lambda f: 1 // 0)
    assert caplog.text.count("exception calling callback for <Future at") == 2
    assert {r.name for r in caplog.records} == {"concurrent.futures"}


@both
def test_callbacks_of_a_cancelled_future_come_once(Future):
    future, seen = Future(), []
    future.add_done_callback(seen.append)
    assert future.cancel() and future.cancel()
    assert not future.set_running_or_notify_cancel()
    assert seen == [future]


@both
def test_a_base_exception_of_a_callback_is_the_setters(Future):
    future, seen = Future(), []
    future.add_done_callback(lambda f: sys.exit(3))
    future.add_done_callback(seen.append)
    with pytest.raises(SystemExit):
        future.set_result(1)
    assert future.result() == 1 and seen == []


@both
@pytest.mark.parametrize("how", ["set_result", "set_exception", "cancel"])
def test_a_waiting_thread_is_woken(Future, how):
    future, got = Future(), []
    thread = threading.Thread(target=lambda: got.append(outcome(future.result, 30)))
    thread.start()
    time.sleep(0.02)
    {
        "set_result": lambda: future.set_result(5),
        "set_exception": lambda: future.set_exception(KeyError("k")),
        "cancel": future.cancel,
    }[how]()
    thread.join(30)
    assert got == [
        {
            "set_result": ("returned", 5),
            "set_exception": ("raised", KeyError, "'k'"),
            "cancel": ("raised", CancelledError, ""),
        }[how]
    ]


@both
def test_time_outs(Future):
    future = Future()
    for timeout in (0, -1, 0.001, float("-inf")):
        with pytest.raises(FutureTimeoutError):
            future.result(timeout)
    with pytest.raises(OverflowError):
        future.result(threading.TIMEOUT_MAX * 2)
    with pytest.raises(OverflowError):
        future.result(1e100)
    with pytest.raises(TypeError):
        future.result("1")


@both
def test_an_exception_keeps_one_traceback_and_its_context(Future):
    error = ValueError("x")
    future = Future()
    future.set_exception(error)
    for _ in range(2):
        with pytest.raises(ValueError) as caught:
            future.result()
        assert caught.value is error and future.exception() is error
    try:
        raise KeyError("outer")
    except KeyError as outer:
        with pytest.raises(ValueError):
            future.result()
        assert error.__context__ is outer


@both
def test_odd_exceptions(Future):
    future = Future()
    future.set_exception(None)
    assert future.result() is None and future.exception() is None
    future = Future()
    future.set_exception(ValueError)
    assert future.exception() is ValueError
    with pytest.raises(ValueError):
        future.result()


@both
def test_attributes_weak_references_and_cycles(Future):
    future = Future()
    future.mine = future
    assert future.__dict__["mine"] is future and vars(future)["mine"] is future
    dead = weakref.ref(future)
    del future
    gc.collect()
    assert dead() is None
    for close in (
        lambda f: f.set_result([f]),
        lambda f: f.add_done_callback(lambda g: f),
        lambda f: f._waiters.append(f),
        lambda f: f.set_exception(ValueError(f)),
    ):
        future = Future()
        close(future)
        dead = weakref.ref(future)
        del future
        gc.collect()
        assert dead() is None


@both
def test_subclasses(Future):
    class Mine(Future):
        def __init__(self, tag):
            super().__init__()
            self.tag = tag

    future = Mine("t")
    future.set_result(1)
    assert future.tag == "t" and future.result() == 1
    assert re.fullmatch(r"<Mine at 0x[0-9a-f]+ state=finished returned int>", repr(future))

    class Slotted(Future):
        __slots__ = ("extra",)

    future = Slotted()
    future.extra = future
    dead = weakref.ref(future)
    del future
    gc.collect()
    assert dead() is None


@both
def test_the_condition_is_the_standard_one(Future):
    future = Future()
    condition = future._condition
    assert type(condition) is threading.Condition and future._condition is condition
    woken = threading.Event()

    def wait():
        with condition:
            condition.wait(60)
            woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    while not condition._waiters:
        time.sleep(0.001)
    future.set_result(1)
    assert woken.wait(60)
    thread.join(30)
    with condition:
        assert future._state == "FINISHED" and future._result == 1 and future._exception is None


def test_a_held_condition_delays_the_completion():
    future = fastconc.Future()
    with future._condition:
        thread = threading.Thread(target=future.set_result, args=(1,))
        thread.start()
        time.sleep(0.05)
        assert not future.done()
    thread.join(30)
    assert future.result() == 1


def test_standard_tests_may_set_the_attributes():
    future = fastconc.Future()
    future._state = "FINISHED"
    future._exception = None
    future._result = 42
    assert future.result() == 42
    future = fastconc.Future()
    future._state = "FINISHED"
    future._exception = OSError()
    future._result = None
    assert isinstance(future.exception(), OSError)


def test_async_result_methods():
    future = fastconc.Future()
    assert not future.ready()
    with pytest.raises(ValueError, match="<Future at .* not ready"):
        future.successful()
    assert future.wait(0.001) is None
    import multiprocessing

    with pytest.raises(multiprocessing.TimeoutError) as caught:
        future.get(0.001)
    assert isinstance(caught.value, FutureTimeoutError)
    assert isinstance(caught.value, fastconc.TimeoutError)
    future.set_result(1)
    assert future.ready() and future.successful() and future.get() == 1 and future.get(1) == 1
    failed = fastconc.Future()
    failed.set_exception(KeyError())
    assert failed.ready() and not failed.successful()
    with pytest.raises(KeyError):
        failed.get()


def test_memory_of_a_finished_future():
    import tracemalloc

    with fastconc.PoolExecutor(1) as executor:
        executor.submit(int).result()
        futures = [None] * 2000
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for i in range(len(futures)):
                futures[i] = executor.submit(int)
            for future in futures:
                future.result()
            used = (tracemalloc.get_traced_memory()[0] - before) / len(futures)
        finally:
            tracemalloc.stop()
    assert used <= 200


def test_set_twice_raises():
    future = fastconc.Future()
    future.set_result(1)
    with pytest.raises(InvalidStateError, match="FINISHED: <Future at 0x.* returned int>"):
        future.set_result(2)
    with pytest.raises(InvalidStateError):
        future.set_exception(OSError())
    assert future.result() == 1


def test_deep_chains_are_freed():
    future = None
    for _ in range(200_000):
        outer = fastconc.Future()
        outer.set_result(future)
        future = outer
    del future, outer


@both
def test_a_state_set_by_hand_wakes_who_waits(Future):
    """As tests of code that uses futures do it, with the outcome after the state."""
    future = Future()
    seen = []
    waiting = threading.Thread(target=lambda: seen.append(future.exception(60)))
    waiting.start()
    time.sleep(0.05)
    with future._condition:
        future._state = "FINISHED"
        time.sleep(0.05)
        future._exception = OSError("by hand")
        future._condition.notify_all()
    waiting.join(60)
    assert str(seen[0]) == "by hand"


def test_a_state_set_by_hand_takes_the_call_away():
    release = threading.Event()
    with fastconc.PoolExecutor(1) as executor:
        executor.submit(release.wait, 60)
        argument = type("Argument", (), {})()
        alive = weakref.ref(argument)
        future = executor.submit(print, argument)
        del argument
        future._state = "FINISHED"
        assert alive() is None and future.result() is None
        release.set()
