# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C for tests of long calls."""

import _thread
import contextlib
import threading

import pytest


@contextlib.contextmanager
def ctrl_c(after=0.1):
    """Ctrl-C comes so many seconds into the block, which must raise KeyboardInterrupt."""
    timer = threading.Timer(after, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        timer.cancel()
        timer.join()
