# SPDX-License-Identifier: BSD-3-Clause
"""The queue types: the standard library's behaviour, in every mode of the implementation.

A queue keeps its items and waiters natively until somebody asks for its locks, so most tests run
three times: untouched ("bare"), after `mutex` was asked for, and after the conditions were.
"""

import copy
import gc
import pickle
import queue
import sys
import threading
import time
import weakref
from collections import deque

import fastconc
import pytest

KINDS = {
    "Queue": (fastconc.Queue, queue.Queue),
    "LifoQueue": (fastconc.LifoQueue, queue.LifoQueue),
    "PriorityQueue": (fastconc.PriorityQueue, queue.PriorityQueue),
}


def touch(q, mode):
    if mode == "mutex":
        assert not q.mutex.locked()
    elif mode == "conditions":
        assert isinstance(q.not_empty, threading.Condition)
    return q


@pytest.fixture(params=["bare", "mutex", "conditions"])
def mode(request):
    return request.param


@pytest.fixture(params=list(KINDS))
def kind(request):
    return KINDS[request.param]


def run_threads(*functions):
    threads = [threading.Thread(target=f) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def test_order_is_that_of_the_standard_library(kind, mode):
    ours, theirs = kind
    q, reference = touch(ours(), mode), theirs()
    sequence = [5, 3, 9, 1, 7, 2, 8] * 40
    for step, item in enumerate(sequence):
        q.put(item)
        reference.put(item)
        assert q.qsize() == reference.qsize()
        if step % 3 == 2:
            assert q.get() == reference.get()
    while not reference.empty():
        assert q.get() == reference.get()
    assert q.empty() and q.unfinished_tasks == len(sequence)


def test_full_and_empty(kind, mode):
    q = touch(kind[0](2), mode)
    assert q.empty() and not q.full()
    q.put(1)
    q.put_nowait(2)
    assert q.full() and q.qsize() == 2
    for attempt in (
        lambda: q.put(3, False),
        lambda: q.put(3, block=0),
        lambda: q.put(3, True, 0.01),
        lambda: q.put(3, timeout=0),
        lambda: q.put_nowait(3),
        lambda: q.put_nowait(item=3),
    ):
        with pytest.raises(queue.Full):
            attempt()
    assert q.qsize() == 2 and q.unfinished_tasks == 2
    q.get(), q.get()
    for attempt in (
        lambda: q.get(False),
        lambda: q.get(block=[]),
        lambda: q.get(True, 0.01),
        lambda: q.get(timeout=0),
        q.get_nowait,
    ):
        with pytest.raises(queue.Empty):
            attempt()
    assert fastconc.Empty is queue.Empty and fastconc.Full is queue.Full


def test_maxsize_is_writable(mode):
    q = touch(fastconc.Queue(3), mode)
    for i in range(3):
        q.put(i)
    q.maxsize = 2
    assert q.full() and q.maxsize == 2
    with pytest.raises(queue.Full):
        q.put_nowait(3)
    q.maxsize = 0
    assert not q.full()
    for i in range(100):
        q.put_nowait(i)
    q.maxsize = -5
    q.put_nowait(0)
    assert q.maxsize == -5
    q.maxsize = 10**30
    q.put_nowait(0)
    assert q.maxsize == 10**30


@pytest.mark.parametrize("maxsize", [2.5, None, True, "2"])
def test_maxsize_of_any_type_compares_as_in_python(maxsize):
    def behaviour(q):
        steps = []
        for action in [q.put_nowait, q.put_nowait, q.put_nowait, q.put_nowait, lambda _: q.full()]:
            try:
                steps.append(action(1))
            except Exception as error:
                steps.append(type(error))
        return steps, q.qsize(), q.maxsize

    assert behaviour(fastconc.Queue(maxsize)) == behaviour(queue.Queue(maxsize))


def test_bad_arguments(mode):
    q = touch(fastconc.Queue(1), mode)
    for call in [
        lambda: q.get(timeout=-1),
        lambda: q.get(True, -0.001),
        lambda: q.put(1, timeout=-1),
        lambda: q.put(1, True, -(10**400)),
    ]:
        with pytest.raises(ValueError, match="'timeout' must be a non-negative number"):
            call()
    q.put(1)
    with pytest.raises(ValueError):  # also when there is an item
        q.get(timeout=-1)
    assert q.get(False, -1) == 1  # not blocking: the time-out is ignored
    fastconc.Queue().put(1, timeout=-1)  # no limit: likewise
    for call in [
        lambda: q.get(timeout="1"),
        lambda: q.put(),
        lambda: q.put(1, True, None, None),
        lambda: q.put(1, item=1),
        lambda: q.put(1, blocking=True),
        lambda: q.get(1, block=True),
        lambda: q.get(True, None, 1),
        lambda: fastconc.Queue(1, 2),
        lambda: fastconc.Queue(size=1),
    ]:
        with pytest.raises(TypeError):
            call()


def test_timeout_limits_are_those_of_locks(mode):
    q = touch(fastconc.Queue(1), mode)
    for timeout in [threading.TIMEOUT_MAX * 2, float("inf"), 1e300]:
        with pytest.raises(OverflowError):
            q.get(timeout=timeout)
    with pytest.raises(OverflowError):
        q.get(timeout=10**400)
    q.put(1)
    with pytest.raises(OverflowError):
        q.put(1, timeout=float("inf"))
    assert q.get(timeout=float("inf")) == 1  # never waited
    if mode != "conditions":  # threading.Condition spins for ever
        with pytest.raises(ValueError):
            q.get(timeout=float("nan"))
    with pytest.raises(OverflowError):
        threading.Lock().acquire(timeout=threading.TIMEOUT_MAX * 2)


def test_blocked_get_and_put_wake_up(kind, mode):
    q = touch(kind[0](1), mode)
    got = []
    threads = [threading.Thread(target=lambda: got.append(q.get(timeout=60))) for _ in range(3)]
    for t in threads:
        t.start()
    for i in range(3):
        q.put(i, timeout=60)  # waits for its getter
    for t in threads:
        t.join()
    assert sorted(got) == [0, 1, 2]
    q.put(0)
    putters = [threading.Thread(target=q.put, args=(i,)) for i in range(1, 4)]
    for t in putters:
        t.start()
    assert sorted(q.get(timeout=60) for _ in range(4)) == [0, 1, 2, 3]
    for t in putters:
        t.join()


def test_waiters_are_served_in_turn(mode):
    in_turn = [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    served = []
    for pause in (0.02, 0.2, 2):  # on a busy machine a thread may begin late
        q = touch(fastconc.Queue(), mode)
        served = []
        threads = []
        for i in range(4):
            t = threading.Thread(target=lambda i=i, q=q, s=served: s.append((i, q.get())))
            t.start()
            threads.append(t)
            time.sleep(pause)  # so that they begin to wait in this order
        for n, item in enumerate("abcd", 1):
            q.put(item)
            while len(served) < n:
                time.sleep(0.001)
        for t in threads:
            t.join()
        if sorted(served) == in_turn:
            break
    assert sorted(served) == in_turn


def test_conditions_asked_for_while_threads_wait():
    q = fastconc.Queue()
    got = []
    threads = [threading.Thread(target=lambda: got.append(q.get())) for _ in range(3)]
    for t in threads:
        t.start()
    time.sleep(0.05)
    with q.not_empty:  # as subclasses of queue.Queue do
        q.queue.append("by hand")
        q.unfinished_tasks += 1
        q.not_empty.notify()
    q.put("by put")
    time.sleep(0.05)
    q.put("by put")
    for t in threads:
        t.join()
    assert sorted(got) == ["by hand", "by put", "by put"] and q.unfinished_tasks == 3


def test_program_waits_on_the_conditions():
    q = fastconc.Queue(1)
    seen = []

    def watch(condition, ready):
        with condition:
            assert condition.wait_for(ready, 60)
            seen.append(condition)

    q.put("full")
    watchers = [
        threading.Thread(target=watch, args=(q.not_full, lambda: not q._qsize())),
        threading.Thread(target=watch, args=(q.all_tasks_done, lambda: q.unfinished_tasks == 0)),
    ]
    for t in watchers:
        t.start()
    time.sleep(0.02)
    q.get()
    q.task_done()
    for t in watchers:
        t.join()
    assert len(seen) == 2


def test_mutex_keeps_everyone_out(mode):
    q = touch(fastconc.Queue(), mode)
    with q.mutex:
        t = threading.Thread(target=q.put, args=(1,))
        t.start()
        time.sleep(0.05)
        assert t.is_alive() and q._qsize() == 0
    t.join()
    assert q.qsize() == 1


def test_task_done_and_join(mode):
    q = touch(fastconc.Queue(), mode)
    q.join()
    with pytest.raises(ValueError, match=r"task_done\(\) called too many times"):
        q.task_done()
    for i in range(200):
        q.put(i)
    done = []

    def work():
        while (item := q.get()) is not None:
            done.append(item)
            q.task_done()
        q.task_done()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    q.join()
    assert sorted(done) == list(range(200)) and q.unfinished_tasks == 0
    for _ in threads:
        q.put(None)
    q.join()
    for t in threads:
        t.join()
    with pytest.raises(ValueError):
        q.task_done()


def test_shutdown(kind, mode):
    q = touch(kind[0](3), mode)
    q.put(1)
    assert q.is_shutdown is False
    q.shutdown()
    assert q.is_shutdown is True
    for attempt in (lambda: q.put(2), lambda: q.put_nowait(2), lambda: q.put(2, timeout=1)):
        with pytest.raises(fastconc.ShutDown):
            attempt()
    assert q.get() == 1
    for attempt in (q.get, q.get_nowait, lambda: q.get(timeout=1)):
        with pytest.raises(fastconc.ShutDown):
            attempt()
    q.task_done()
    q.join()
    if sys.version_info >= (3, 13):
        assert fastconc.ShutDown is queue.ShutDown


def test_shutdown_at_once_drops_items_and_ends_join(kind, mode):
    q = touch(kind[0](), mode)
    for i in range(5):
        q.put(i)
    joined = threading.Thread(target=q.join)
    joined.start()
    q.shutdown(immediate=True)
    joined.join()
    assert q.empty() and q.unfinished_tasks == 0
    with pytest.raises(fastconc.ShutDown):
        q.get()


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_everyone(mode, immediate):
    q, full = touch(fastconc.Queue(), mode), touch(fastconc.Queue(1), mode)
    full.put(0)
    outcomes = []

    def expect(call):
        try:
            call()
        except fastconc.ShutDown:
            outcomes.append("shut down")

    calls = [q.get, lambda: q.get(timeout=60), lambda: full.put(1), lambda: full.put(1, timeout=60)]
    threads = [threading.Thread(target=expect, args=(c,)) for c in calls]
    for t in threads:
        t.start()
    time.sleep(0.05)
    q.shutdown(immediate)
    full.shutdown(immediate)
    for t in threads:
        t.join()
    assert outcomes == ["shut down"] * 4


class Recorder(fastconc.Queue):
    """Overrides every hook, and knows that they are called with the mutex held."""

    def _init(self, maxsize):
        self.calls = ["_init"]
        self.queue = deque()

    def _qsize(self):
        assert self.mutex.locked()
        self.calls.append("_qsize")
        return len(self.queue)

    def _put(self, item):
        assert self.mutex.locked()
        self.calls.append("_put")
        self.queue.append(item)

    def _get(self):
        assert self.mutex.locked()
        self.calls.append("_get")
        return self.queue.popleft()


def test_hooks_are_called_with_the_mutex_held():
    q = Recorder(3)
    q.put("a")
    assert q.get() == "a" and q.empty() and not q.full()
    assert {"_init", "_put", "_qsize", "_get"} <= set(q.calls)
    q.put("b")
    q.shutdown(immediate=True)
    assert not q.queue


class UniqueQueue(fastconc.Queue):
    """The well-known recipe: a set as storage; the other hooks' defaults use len(self.queue)."""

    def _init(self, maxsize):
        self.queue = set()

    def _put(self, item):
        self.queue.add(item)

    def _get(self):
        return self.queue.pop()


def test_other_storage():
    q = UniqueQueue()
    for item in [1, 2, 1, 1, 2]:
        q.put(item)
    assert q.qsize() == 2 and {q.get(), q.get()} == {1, 2} and q.empty()
    q = fastconc.Queue()
    q.put(1)
    q.queue = deque([7, 8])
    assert q.qsize() == 2 and q.get() == 7
    q = fastconc.LifoQueue()
    q.queue = [7, 8]
    q.put(9)
    assert [q.get(), q.get(), q.get()] == [9, 8, 7]


def test_hooks_through_super_and_from_outside():
    class Doubled(fastconc.PriorityQueue):
        def _put(self, item):
            super()._put(item * 2)

        def _get(self):
            return -super()._get()

    q = Doubled()
    for i in (3, 1, 2):
        q.put(i)
    assert [q.get() for _ in range(3)] == [-2, -4, -6]
    q = fastconc.Queue()
    q._put(1)
    assert q._qsize() == 1 and q.qsize() == 1 and q._get() == 1
    for empty in (fastconc.Queue(), fastconc.LifoQueue(), fastconc.PriorityQueue()):
        with pytest.raises(IndexError):
            empty._get()


def test_hooks_set_late():
    class Late(fastconc.Queue):
        pass

    q = Late()
    q.put(1)
    Late._put = lambda self, item: fastconc.Queue._put(self, -item)
    q.put(2)
    q._put = lambda item: fastconc.Queue._put(q, item * 100)
    q.put(3)
    del q._put, Late._put
    q.put(4)
    assert [q.get() for _ in range(4)] == [1, -2, 300, 4]


def test_put_nowait_calls_an_overridden_put():
    class Sized(fastconc.Queue):
        def put(self, item, block=True, timeout=None):
            super().put((item, block), block, timeout)

        def get(self, block=True, timeout=None):
            return super().get(block, timeout), block

    q = Sized()
    q.put(1)
    q.put_nowait(2)
    assert q.get() == ((1, True), True) and q.get_nowait() == ((2, False), False)


class Oops(Exception):
    pass


@pytest.mark.parametrize("hook", ["_put", "_get", "_qsize"])
def test_a_hook_that_raises_leaves_the_queue_sound(hook):
    class Failing(fastconc.Queue):
        fail = False

    def method(self, *args):
        if self.fail:
            raise Oops(hook)
        return getattr(fastconc.Queue, hook)(self, *args)

    setattr(Failing, hook, method)
    q = Failing(2)
    q.put(1)
    q.fail = True
    with pytest.raises(Oops):
        q.put(2) if hook == "_put" else q.get()
    assert not q.mutex.locked()
    q.fail = False
    q.put(2)
    assert q.unfinished_tasks == 2 and [q.get(), q.get()] == [1, 2] and q.empty()


def test_items_that_cannot_be_compared():
    q = fastconc.PriorityQueue()
    q.put(1)
    with pytest.raises(TypeError):
        q.put("a")
    assert not q.mutex.locked()


def test_attributes():
    q = fastconc.Queue(4)
    for i in range(3):
        q.put(i)
    q.get()
    assert q.queue == deque([1, 2]) and isinstance(q.queue, deque)
    assert q.queue is q.queue and q.mutex is q.mutex and q.not_empty is q.not_empty
    with q.mutex:
        q.queue.clear()
    assert q.empty()
    q.unfinished_tasks = 1
    q.task_done()
    q.join()
    assert type(fastconc.LifoQueue().queue) is list
    assert type(fastconc.PriorityQueue().queue) is list
    q.anything = 1
    assert vars(q)["anything"] == 1
    for name in ("mutex", "queue", "maxsize", "not_full", "unfinished_tasks", "is_shutdown"):
        with pytest.raises(AttributeError):
            delattr(q, name)


def test_replaced_locks_are_used():
    class Reentrant(fastconc.Queue):
        def __init__(self):
            super().__init__()
            self.mutex = threading.RLock()
            self.not_empty = threading.Condition(self.mutex)
            self.not_full = threading.Condition(self.mutex)
            self.all_tasks_done = threading.Condition(self.mutex)

        def _put(self, item):
            if item > 0:
                self.put(item - 1)  # re-enters
            super()._put(item)

    q = Reentrant()
    q.put(3)
    assert [q.get() for _ in range(4)] == [0, 1, 2, 3]


def test_init_again_makes_it_new(kind):
    q = kind[0](1)
    q.put(1)
    assert q.mutex and q.queue
    q.shutdown()
    q.__init__(5)
    assert (q.maxsize, q.qsize(), q.unfinished_tasks, q.is_shutdown) == (5, 0, 0, False)
    q.put(1)


def test_class_things(kind):
    ours, theirs = kind
    assert ours.__name__ == theirs.__name__ and ours.__module__ == "fastconc"
    assert ours[int].__origin__ is ours and ours[int].__args__ == (int,)
    q = ours()
    assert weakref.ref(q)() is q
    for copier in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle '_thread.lock' object"):
            copier(q)
    assert issubclass(ours, fastconc.Queue) and issubclass(ours, theirs)
    assert isinstance(q, queue.Queue)
    assert {m for m in dir(theirs) if not m.startswith("__")} <= set(dir(ours))


def test_subclass_of_several():
    class Mixin(fastconc.Queue):
        pass

    class Both(Mixin, fastconc.PriorityQueue):
        def __init__(self, extra, maxsize=0):
            super().__init__(maxsize)
            self.extra = extra

    q = Both("x", maxsize=2)
    q.put(2)
    q.put(1)
    assert q.extra == "x" and q.full() and q.get() == 1


class Thing:
    pass


def test_items_are_released_as_soon_as_they_leave(kind, mode):
    q = touch(kind[0](), mode)
    thing = Thing()
    gone = weakref.ref(thing)
    q.put(thing)
    del thing
    assert gone() is not None
    q.get()
    gc.collect()
    assert gone() is None
    thing = Thing()
    gone = weakref.ref(thing)
    q.put(thing)
    del thing
    q.shutdown(immediate=True)
    assert gone() is None


def test_cycles_are_collected(mode):
    q = touch(fastconc.Queue(), mode)
    gone = weakref.ref(q)
    q.put(q)
    q.me = q
    del q
    gc.collect()
    assert gone() is None


def test_references_are_neither_lost_nor_leaked(mode):
    item = Thing()
    before = sys.getrefcount(item)
    q = touch(fastconc.Queue(), mode)
    for _ in range(100):
        q.put(item)
    for _ in range(60):
        q.get()
    assert q.queue and sys.getrefcount(item) == before + 40
    del q
    gc.collect()
    assert sys.getrefcount(item) == before


def test_deeply_nested_queues_are_freed():
    outer = None
    for _ in range(200_000):
        q = fastconc.Queue()
        q.put(outer)
        outer = q
    del q, outer


def test_memory_shrinks_again():
    q = fastconc.Queue()
    small = sys.getsizeof(q)
    for i in range(100_000):
        q.put(i)
    assert sys.getsizeof(q) > 100_000 * 8
    for i in range(100_000):
        assert q.get() == i
    assert sys.getsizeof(q) < small + 1000


def test_put_from_del_during_put():
    """A bare queue runs no Python code while it works, so a collection in the middle may use it."""
    q = fastconc.Queue()

    class Putter:
        def __init__(self):
            self.me = self

        def __del__(self):
            q.put("from __del__")

    gc.collect()
    for _ in range(2000):
        Putter()
        q.put([])
    gc.collect()
    assert sum(q.get() == "from __del__" for _ in range(q.qsize())) == 2000


def test_simple_queue_is_reentrant():
    q = fastconc.SimpleQueue()
    assert fastconc.SimpleQueue is queue.SimpleQueue

    class Putter:
        def __del__(self):
            q.put("from __del__")

    q.put(Putter())
    q.get()
    assert q.get_nowait() == "from __del__"
