# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C for tests of long calls, and what must hold after it."""

import _thread
import threading
import time

import pytest


def ctrl_c(call, after=0.1):
    """Ctrl-C comes so many seconds after call() began; it must raise KeyboardInterrupt."""
    timer = threading.Timer(after, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        timer.start()  # in here: on a busy machine it may come before the call
        call()
    timer.join()


def comes_to_rest():
    """Nothing works on in this process: half a second goes by that costs next to no CPU time."""
    for _ in range(20):  # what other tests left behind may end first
        used = time.process_time()
        time.sleep(0.5)
        if time.process_time() - used < 0.1:
            return
    pytest.fail("threads work on")
