# SPDX-License-Identifier: BSD-3-Clause
"""A forked child starts native threads of its own, whenever and wherever it was forked."""

import os
import threading
import warnings

import fastconc

if not hasattr(os, "fork"):
    raise SystemExit("skip: needs fork")
warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads, on purpose

WORDS = "to be or not to be " * 60_000
EXPECTED = {"to": 120_000, "be": 120_000, "or": 60_000, "not": 60_000}


def work():
    return fastconc.count_words(WORDS, workers=3) == EXPECTED


def child_works(depth=1):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if work() and work() and (depth == 1 or child_works(depth - 1)):
                status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


assert child_works()  # before the parent has threads
assert work()
for _ in range(10):
    assert child_works() and work()
assert child_works(depth=3)

# While other threads are in the middle of native work, at whatever place.
stop = threading.Event()


def busy():
    while not stop.is_set():
        assert work()


threads = [threading.Thread(target=busy) for _ in range(3)]
for t in threads:
    t.start()
for _ in range(20):
    assert child_works()
results = []
forking = threading.Thread(target=lambda: results.append(child_works()))
forking.start()
forking.join()
stop.set()
for t in threads:
    t.join()
assert results == [True] and work()
