# SPDX-License-Identifier: BSD-3-Clause
"""What is re-exported from the standard library is that, and works together with what is ours."""

import queue
import threading
import time

import fastconc
import pytest


def test_names_are_the_standard_ones():
    for name in ("Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "RLock", "Semaphore"):
        assert getattr(fastconc, name) is getattr(threading, name)
    assert fastconc.SimpleQueue is queue.SimpleQueue
    assert fastconc.BrokenBarrierError is threading.BrokenBarrierError


def test_condition_on_an_rlock():
    condition = threading.Condition(fastconc.RLock())
    ready = []

    def wait():
        with condition, condition:  # re-entrant: wait() gives up both levels
            while not ready:
                condition.wait()

    t = threading.Thread(target=wait)
    t.start()
    time.sleep(0.02)
    with condition:
        ready.append(1)
        condition.notify_all()
    t.join()


def test_event_set_and_cleared_at_once_wakes_all():
    event = fastconc.Event()
    woken = []
    threads = [threading.Thread(target=lambda: woken.append(event.wait(60))) for _ in range(5)]
    for t in threads:
        t.start()
    while len(event._cond._waiters) < 5:
        time.sleep(0.001)
    event.set()
    event.clear()
    for t in threads:
        t.join()
    assert woken == [True] * 5


def test_timeout_limits():
    lock = fastconc.Lock()
    lock.acquire()
    for acquire in (lock.acquire, fastconc.RLock().acquire):
        with pytest.raises(OverflowError):
            acquire(timeout=threading.TIMEOUT_MAX + 1)
        with pytest.raises(ValueError):
            acquire(timeout=-2)
        with pytest.raises(ValueError):
            acquire(False, 1)
    with pytest.raises(OverflowError):
        fastconc.Event().wait(threading.TIMEOUT_MAX * 2)
    with pytest.raises(OverflowError):
        fastconc.SimpleQueue().get(timeout=threading.TIMEOUT_MAX * 2)
    with pytest.raises(ValueError):
        fastconc.SimpleQueue().get(timeout=-1)
    with pytest.raises(ValueError):
        fastconc.BoundedSemaphore().release()
