# SPDX-License-Identifier: BSD-3-Clause
"""Daemon threads that wait on queues do not keep the process, and a queue may die last."""

import threading
import time

import fastconc

queues = [fastconc.Queue(1), fastconc.LifoQueue(1), fastconc.PriorityQueue(1)]
with_conditions = fastconc.Queue(1)
assert with_conditions.not_empty
queues.append(with_conditions)
for q in queues:
    q.put(q.maxsize)
    for method in (
        lambda q=q: q.put(0),
        q.join,
        fastconc.Queue().get,
        lambda: fastconc.Queue().get(timeout=60),
    ):
        threading.Thread(target=method, daemon=True).start()


class Last:
    def __init__(self):
        self.queue = fastconc.Queue()
        self.counter = fastconc.Counter()

    def __del__(self):
        self.queue.put(1)
        self.counter += self.queue.get()
        assert self.counter == 1


last = Last()
cycle = fastconc.Queue()
cycle.put([cycle, Last()])
time.sleep(0.1)
