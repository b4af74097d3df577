# SPDX-License-Identifier: BSD-3-Clause
"""Many threads on one queue: nothing lost, nothing doubled, nobody left asleep."""

import contextlib
import itertools
import os
import queue
import random
import signal
import threading
import time

import fastconc
import pytest

LONG = bool(os.environ.get("FASTCONC_LONG_TESTS"))
N_ITEMS = 200_000 if LONG else 20_000


class Hooked(fastconc.Queue):
    def _put(self, item):
        super()._put(item)


FACTORIES = {
    "bare": fastconc.Queue,
    "lifo": fastconc.LifoQueue,
    "priority": fastconc.PriorityQueue,
    "hooked": Hooked,
}


def spawn(*functions):
    threads = [threading.Thread(target=f) for f in functions]
    for t in threads:
        t.start()
    return threads


def join(threads):
    for t in threads:
        t.join()


@pytest.mark.parametrize("factory", list(FACTORIES))
@pytest.mark.parametrize("maxsize", [0, 1, 7])
def test_many_producers_and_consumers(factory, maxsize):
    q = FACTORIES[factory](maxsize)
    n_each = N_ITEMS // (4 if maxsize == 1 else 1) // 4
    results = [[] for _ in range(4)]

    def produce(k):
        for i in range(n_each):
            q.put(k * n_each + i)

    def consume(got):
        while True:
            try:
                got.append(q.get())
            except fastconc.ShutDown:
                return
            q.task_done()

    producers = spawn(*[lambda k=k: produce(k) for k in range(4)])
    consumers = spawn(*[lambda got=got: consume(got) for got in results])
    join(producers)
    q.join()
    q.shutdown()
    join(consumers)
    assert sorted(itertools.chain(*results)) == list(range(4 * n_each))
    assert q.empty() and q.unfinished_tasks == 0


def test_no_wake_up_is_lost_with_random_timeouts():
    """Getters that give up at random must not take a notification with them."""
    q = fastconc.Queue(3)
    n = N_ITEMS // 10
    got = []
    stop = threading.Event()

    def consume(seed):
        rng = random.Random(seed)
        while not stop.is_set():
            try:
                got.append(q.get(timeout=rng.choice([0, 1e-5, 1e-4, 1e-3])))
            except queue.Empty:
                pass

    def produce(seed):
        rng = random.Random(seed)
        for i in range(n):
            while True:
                try:
                    q.put((seed, i), timeout=rng.choice([0, 1e-5, 1e-4, None]))
                    break
                except queue.Full:
                    pass

    consumers = spawn(*[lambda s=s: consume(s) for s in range(3)])
    join(spawn(*[lambda s=s: produce(s) for s in range(3)]))
    while not q.empty():
        time.sleep(0.001)
    stop.set()
    join(consumers)
    assert sorted(got) == [(s, i) for s in range(3) for i in range(n)]


def test_ping_pong():
    """Each step needs a wake-up of the other side; one lost wake-up would hang here."""
    there, back = fastconc.Queue(1), fastconc.Queue(1)
    n = N_ITEMS // 4

    def echo():
        for _ in range(n):
            back.put(there.get())

    threads = spawn(echo)
    for i in range(n):
        there.put(i)
        assert back.get() == i
    join(threads)


def test_modes_change_under_way():
    """Locks and storage are asked for while other threads are busy and blocked."""
    n = 300
    for _ in range(30):
        q = fastconc.Queue(2)
        got = []

        def produce(q=q):
            for i in range(n):
                q.put(i)

        def consume(q=q, got=got):
            for _ in range(n):
                got.append(q.get())

        def look(q=q):
            for name in ("mutex", "queue", "not_full", "all_tasks_done"):
                time.sleep(0.0005)
                assert getattr(q, name) is not None

        join(spawn(produce, consume, produce, consume, look))
        assert sorted(got) == sorted(2 * list(range(n)))


def test_shutdown_in_the_middle():
    for immediate in (False, True):
        for _ in range(20):
            q = fastconc.Queue(4)
            outcomes = []

            def work(call, q=q, outcomes=outcomes):
                try:
                    while True:
                        call(q)
                except fastconc.ShutDown:
                    outcomes.append(call)

            calls = [lambda q: q.put(1), lambda q: q.get()] * 3
            threads = spawn(*[lambda c=c: work(c) for c in calls])
            time.sleep(0.002)
            q.shutdown(immediate)
            join(threads)
            assert len(outcomes) == 6


@contextlib.contextmanager
def alarm(interval, handler):
    """SIGALRM every `interval` seconds; pytest-timeout's own timer goes on afterwards."""
    previous = signal.signal(signal.SIGALRM, handler)
    left, again = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        signal.setitimer(signal.ITIMER_REAL, interval, interval)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        signal.setitimer(signal.ITIMER_REAL, left, again)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
@pytest.mark.parametrize(
    "how", ["get", "get with time-out", "put", "join", "get, mutex", "get, conditions"]
)
def test_ctrl_c_is_prompt(how):
    q = fastconc.Queue(1)
    if "mutex" in how:
        assert q.mutex
    if "conditions" in how:
        assert q.not_empty
    blocked = {
        "get": q.get,
        "get with time-out": lambda: q.get(timeout=60),
        "put": lambda: q.put(2),
        "join": q.join,
        "get, mutex": q.get,
        "get, conditions": q.get,
    }[how]
    if how in ("put", "join"):
        q.put(1)

    raised = []

    def interrupt(signum, frame):
        if not raised:
            raised.append(signum)
            raise KeyboardInterrupt

    # The timer repeats: CPython looks for signals, then sleeps, and one in between wakes nobody.
    with pytest.raises(KeyboardInterrupt), alarm(0.05, interrupt):
        blocked()
    if how in ("put", "join"):  # the queue is sound
        assert q.get(timeout=1) == 1
        q.task_done()
    q.put(3)
    assert q.get(timeout=1) == 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_a_signal_that_raises_nothing_does_not_end_the_wait():
    q = fastconc.Queue()
    ticks = []
    with alarm(0.01, lambda *_: ticks.append(1)):
        with pytest.raises(queue.Empty):
            q.get(timeout=0.1)
        threading.Timer(0.1, q.put, (1,)).start()
        assert q.get() == 1
    assert ticks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fork_with_waiting_threads():
    """The child must not wake the parent's waiters, which do not exist there."""
    q = fastconc.Queue()
    threads = spawn(*[q.get for _ in range(3)])
    time.sleep(0.05)
    child = os.fork()
    if child == 0:
        ok = False
        try:
            q.put("a")
            t = spawn(lambda: q.put("b"))
            ok = {q.get(timeout=60), q.get(timeout=60)} == {"a", "b"}
            join(t)
        finally:
            os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for _ in threads:
        q.put(None)
    join(threads)
