# SPDX-License-Identifier: BSD-3-Clause
# exit status: -2
# stderr: KeyboardInterrupt
"""An uncaught Ctrl-C while waiting in a queue ends the process as Python does: by the signal."""

import os
import signal
import threading

import fastconc

fastconc.count_words("a b " * 100_000, workers=3)
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
fastconc.Queue().get()
