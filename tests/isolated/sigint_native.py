# SPDX-License-Identifier: BSD-3-Clause
# exit status: 3
"""Ctrl-C stops native work in the main thread and leaves everything usable."""

import os
import signal
import sys
import threading
import time

import fastconc


def interrupt():
    """Again and again: CPython loses a Ctrl-C that a weak reference's callback raises."""
    time.sleep(0.2)
    while not stopped:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(2)


text = "aaab" * 20_000_000
stopped = False
begin = time.monotonic()
try:
    threading.Thread(target=interrupt, daemon=True).start()
    while time.monotonic() < begin + 60:
        fastconc.count_words(text, "aa", workers=2)
except KeyboardInterrupt:
    stopped = True
    assert time.monotonic() < begin + 30
    assert fastconc.count_words("a b " * 100_000, workers=3)["b"] == 100_000
    sys.exit(3)
