# SPDX-License-Identifier: BSD-3-Clause
"""Queues against the standard library's, Counter against a lock.

Each answer is checked before it is timed.
"""

import queue
import threading

import fastconc
import pytest

N = 20_000

QUEUES = {
    "fastconc.Queue": fastconc.Queue,
    "queue.Queue": queue.Queue,
    "queue.SimpleQueue": queue.SimpleQueue,
    "fastconc.LifoQueue": fastconc.LifoQueue,
    "queue.LifoQueue": queue.LifoQueue,
    "fastconc.PriorityQueue": fastconc.PriorityQueue,
    "queue.PriorityQueue": queue.PriorityQueue,
}


def put_then_get(make):
    q = make()
    for i in range(N):
        q.put(i)
    return sum(q.get() for _ in range(N))


@pytest.mark.parametrize("name", list(QUEUES))
@pytest.mark.benchmark(group="put and get, one thread")
def test_one_thread(benchmark, name):
    assert put_then_get(QUEUES[name]) == sum(range(N))
    benchmark(put_then_get, QUEUES[name])


def producers_and_consumers(make, maxsize):
    q = make(maxsize) if maxsize else make()
    sums = []

    def produce():
        for i in range(N // 2):
            q.put(i)
        q.put(None)

    def consume():
        total = 0
        while (item := q.get()) is not None:
            total += item
        sums.append(total)

    threads = [threading.Thread(target=f) for f in (produce, produce, consume, consume)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sum(sums)


@pytest.mark.parametrize("name", ["fastconc.Queue", "queue.Queue", "queue.SimpleQueue"])
@pytest.mark.benchmark(group="two producers, two consumers")
def test_threads(benchmark, name):
    assert producers_and_consumers(QUEUES[name], 0) == 2 * sum(range(N // 2))
    benchmark(producers_and_consumers, QUEUES[name], 0)


@pytest.mark.parametrize("name", ["fastconc.Queue", "queue.Queue"])
@pytest.mark.benchmark(group="two producers, two consumers, maxsize 10")
def test_bounded(benchmark, name):
    assert producers_and_consumers(QUEUES[name], 10) == 2 * sum(range(N // 2))
    benchmark(producers_and_consumers, QUEUES[name], 10)


def ping_pong(make):
    there, back = make(), make()
    n = N // 10

    def echo():
        for _ in range(n):
            back.put(there.get())

    thread = threading.Thread(target=echo)
    thread.start()
    total = 0
    for i in range(n):
        there.put(i)
        total += back.get()
    thread.join()
    return total


@pytest.mark.parametrize("name", ["fastconc.Queue", "queue.Queue", "queue.SimpleQueue"])
@pytest.mark.benchmark(group="wake-ups: ping-pong between two threads")
def test_ping_pong(benchmark, name):
    assert ping_pong(QUEUES[name]) == sum(range(N // 10))
    benchmark(ping_pong, QUEUES[name])


def count_with_lock(n_threads):
    total = 0
    lock = threading.Lock()

    def count():
        nonlocal total
        for _ in range(N):
            with lock:
                total += 1

    run(count, n_threads)
    return total


def count_with_counter(n_threads):
    total = fastconc.Counter()

    def count():
        nonlocal total
        for _ in range(N):
            total += 1

    run(count, n_threads)
    return total.value


def run(function, n_threads):
    threads = [threading.Thread(target=function) for _ in range(n_threads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


@pytest.mark.parametrize("n_threads", [1, 4])
@pytest.mark.parametrize("count", [count_with_lock, count_with_counter])
@pytest.mark.benchmark(group="counting in threads")
def test_counter(benchmark, count, n_threads):
    assert count(n_threads) == N * n_threads
    benchmark(count, n_threads)
