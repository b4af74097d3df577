# SPDX-License-Identifier: BSD-3-Clause
"""Scripts run twice, with the standard library's classes and with ours: the same must happen.

Each function gets a namespace of classes and returns, or raises, what a script could notice;
exceptions are compared by type and text. What differs on purpose is in docs/tasks.md and sync.md.
"""

import concurrent.futures
import copy
import multiprocessing.pool
import pickle
import queue
import threading
import time
import types
import weakref

import fastconc
import pytest

STANDARD = types.SimpleNamespace(
    Future=concurrent.futures.Future,
    Executor=concurrent.futures.ThreadPoolExecutor,
    Pool=multiprocessing.pool.ThreadPool,
    wait=concurrent.futures.wait,
    Queue=queue.Queue,
    LifoQueue=queue.LifoQueue,
    PriorityQueue=queue.PriorityQueue,
)
OURS = types.SimpleNamespace(
    Future=fastconc.Future,
    Executor=fastconc.PoolExecutor,
    Pool=fastconc.Pool,
    wait=fastconc.wait,
    Queue=fastconc.Queue,
    LifoQueue=fastconc.LifoQueue,
    PriorityQueue=fastconc.PriorityQueue,
)

SCRIPTS = []


def script(function):
    SCRIPTS.append(function)
    return function


def outcome(function, lib):
    try:
        return function(lib)
    except Exception as error:
        return type(error), str(error)


def each(*calls):
    """What each of the calls gives, in a list."""
    return [outcome(lambda _, call=call: call(), None) for call in calls]


# ---- futures ----


@script
def methods_of_the_base_class_called_by_its_name(lib):
    base = concurrent.futures.Future
    done, failed, late = lib.Future(), lib.Future(), lib.Future()
    seen = []
    done.add_done_callback(lambda f: seen.append(f.result()))
    base.set_result(done, 3)
    base.set_exception(failed, ValueError("no"))
    late.set_running_or_notify_cancel()
    base.set_result(late, 4)
    return seen, done.result(), base.result(done), str(failed.exception()), late.result()


@script
def attributes_set_before_the_state(lib):
    done, failed, reset = lib.Future(), lib.Future(), lib.Future()
    done._result = 4
    done._state = "FINISHED"
    failed._exception = ValueError(2)
    failed._state = "FINISHED"
    reset._result = 5
    reset.set_result(6)
    return done.result(), each(failed.result), reset.result()


@script
def a_task_finished_by_hand(lib):
    gate = threading.Event()
    with lib.Executor(1) as executor:
        future = executor.submit(gate.wait)
        while not future.running():
            time.sleep(0.001)
        concurrent.futures.Future.set_result(future, 5)
        gate.set()
        return future.result()  # the standard library's worker is dead now, ours is not


@script
def wrong_arguments_of_the_constructor(lib):
    make = lib.Future
    return each(lambda: make(1), lambda: make(a=1), lambda: make(1, a=2), lambda: make(1, 2))


@script
def odd_time_outs(lib):
    class Half:
        def __gt__(self, other):
            return True

        def __le__(self, other):
            return False

    future = lib.Future()
    odd = ("a", float("nan"), float("inf"), 1e300, 10**30, False, -1, Half(), [], 0j)
    waits = each(*(lambda t=t: future.result(t) for t in odd))
    waits += each(*(lambda t=t: future.exception(timeout=t) for t in odd))
    return waits + each(*(lambda t=t: len(lib.wait([future], t).done) for t in odd))


# ---- executors ----


@script
def any_number_of_workers(lib):
    results = []
    for workers in (2.5, 1.0, 0.5, True, float("inf"), 10**12):
        with lib.Executor(workers) as executor:
            results.append([f.result() for f in [executor.submit(int) for _ in range(5)]])
            results.append(executor._max_workers)
    return results + each(*(lambda w=w: lib.Executor(w) for w in (0, -1, 0.0, "a", [])))


@script
def workers_are_daemons_where_their_maker_is(lib):
    found = []

    def use():
        with lib.Executor(1) as executor:
            found.append(executor.submit(lambda: threading.current_thread().daemon).result())

    for daemon in (True, False):
        thread = threading.Thread(target=use, daemon=daemon)
        thread.start()
        thread.join()
    return found


@script
def the_queue_of_an_executor(lib):
    gate = threading.Event()
    with lib.Executor(1) as executor:
        sizes = [(executor._work_queue.qsize(), executor._work_queue.empty())]
        running = executor.submit(gate.wait)
        while not running.running():
            time.sleep(0.001)
        executor.submit(int)
        sizes.append((executor._work_queue.qsize(), executor._work_queue.empty()))
        gate.set()
    return sizes


# ---- pools ----


@script
def chunks_left_of_a_map(lib):
    found = []
    for n, chunk in ((4, 1), (5, 2), (9, 100)):
        gate = threading.Event()
        with lib.Pool(1) as pool:
            result = pool.map_async(lambda _, gate=gate: gate.wait(), range(n), chunk)
            found.append(result._number_left)
            gate.set()
            result.get()
            found.append(result._number_left)
    return found


@script
def classes_of_results(lib):
    single, many = multiprocessing.pool.AsyncResult, multiprocessing.pool.MapResult
    with lib.Pool(1) as pool:
        results = (
            pool.apply_async(int),
            pool.map_async(abs, [1]),
            pool.map_async(abs, []),
            pool.starmap_async(max, [(1, 2)]),
        )
        found = [(isinstance(r, single), r.get(), r.ready(), r.successful()) for r in results]
        return found, [isinstance(r, many) for r in (*results[:2], results[3])]


@script
def iterators_of_a_pool(lib):
    with lib.Pool(1) as pool:
        ordered, unordered = pool.imap(abs, [-1, 2]), pool.imap_unordered(abs, iter([3]))
        is_standard = isinstance(ordered, multiprocessing.pool.IMapIterator)
        results = list(ordered), list(unordered)
        return is_standard, results, ordered._length, unordered._length


@script
def huge_chunks(lib):
    with lib.Pool(2) as pool:
        return pool.map(abs, [-1, 2], 10**12), list(pool.imap(abs, [-1, 2], 10**12))


@script
def odd_numbers_of_processes(lib):
    return each(*(lambda n=n: lib.Pool(n) for n in (0, -1, "a")))


# ---- queues ----


@script
def copies_and_pickles_of_queues(lib):
    found = []
    for make in (lib.Queue, lib.LifoQueue, lib.PriorityQueue):
        original = make(3)
        original.put(1)
        original.tag = ["x"]
        twin = copy.copy(original)
        original.put(2)
        found.append((type(twin) is make, twin.maxsize, twin.qsize(), twin.tag is original.tag))
        found.append((twin.mutex is original.mutex, twin.get()))
        found += each(lambda q=original: pickle.dumps(q), lambda q=original: copy.deepcopy(q))
    return found


class Picklable:
    """A mix-in as programs have it: what cannot be pickled is left out."""

    def __getstate__(self):
        return list(self.queue)

    def __setstate__(self, items):
        self.__init__()
        for item in items:
            self.put(item)


class StandardPicklable(Picklable, queue.Queue):
    pass


class OurPicklable(Picklable, fastconc.Queue):
    pass


@script
def a_subclass_that_pickles(lib):
    original = (OurPicklable if lib is OURS else StandardPicklable)()
    original.put("a")
    found = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        found.append(pickle.loads(pickle.dumps(original, protocol)).get())
    return found


@script
def wrong_arguments_of_queues(lib):
    q = lib.Queue()
    return each(
        lambda: q.put(),
        lambda: q.put(1, 2, 3, 4),
        lambda: q.put(1, foo=2),
        lambda: q.put(1, item=2),
        lambda: q.get(1, 2, 3),
        lambda: q.get(foo=1),
        lambda: q.put_nowait(),
        lambda: q.put_nowait(1, 2),
    )


@pytest.mark.parametrize("function", SCRIPTS, ids=lambda f: f.__name__)
def test_same_as_standard(function):
    assert outcome(function, OURS) == outcome(function, STANDARD)


def test_an_outcome_set_early_is_freed():
    class Result:
        pass

    for finish in (
        lambda f: f.set_result(1),
        lambda f: f.cancel(),
        lambda f: (f.set_running_or_notify_cancel(), f.set_exception(ValueError())),
    ):
        future, early = fastconc.Future(), Result()
        future._result = early
        reference = weakref.ref(early)
        del early
        finish(future)
        assert reference() is None
