# SPDX-License-Identifier: BSD-3-Clause
# exit status: -2
# stderr: KeyboardInterrupt
"""An uncaught Ctrl-C while waiting in a queue ends the process as Python does: by the signal."""

import os
import signal
import threading
import time

import fastconc


def interrupt():
    """Again and again: CPython looks for signals, then sleeps, and one in between wakes nobody."""
    for pause in (0.2, *[5] * 10):
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGINT)


fastconc.count_words("a b " * 100_000, workers=3)
threading.Thread(target=interrupt, daemon=True).start()
fastconc.Queue().get()
