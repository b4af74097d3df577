# SPDX-License-Identifier: BSD-3-Clause
# exit status: 3
"""Ctrl-C stops native work in the main thread and leaves everything usable."""

import os
import signal
import sys
import threading
import time

import fastconc

text = "aaab" * 20_000_000
begin = time.monotonic()
try:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    while time.monotonic() < begin + 60:
        fastconc.count_words(text, "aa", workers=2)
except KeyboardInterrupt:
    assert time.monotonic() < begin + 30
    assert fastconc.count_words("a b " * 100_000, workers=3)["b"] == 100_000
    sys.exit(3)
