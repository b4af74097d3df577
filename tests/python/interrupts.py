# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C for tests of long calls, and what must hold after it."""

import _thread
import signal
import threading
import time

import pytest


def ctrl_c(call, after=0.1):
    """Ctrl-C comes so many seconds after call() began; it must raise KeyboardInterrupt.

    It comes again every other second: CPython loses one that a weak reference's callback raises,
    which imports have. The call must be one that would not end.
    """
    ended = threading.Event()

    def interrupt():
        pause = after
        while not ended.wait(pause):
            _thread.interrupt_main()
            pause = 2

    def handler(signum, frame):
        if not ended.is_set():
            raise KeyboardInterrupt

    thread = threading.Thread(target=interrupt)
    previous = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            thread.start()  # in here: on a busy machine it may come before the call
            call()
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGINT, previous)


def comes_to_rest():
    """Nothing works on in this process: half a second goes by that costs next to no CPU time."""
    for _ in range(20):  # what other tests left behind may end first
        used = time.process_time()
        time.sleep(0.5)
        if time.process_time() - used < 0.1:
            return
    pytest.fail("threads work on")
