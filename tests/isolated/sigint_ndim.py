# SPDX-License-Identifier: BSD-3-Clause
# exit status: 3
"""Ctrl-C stops integration in several dimensions, native and of plain Python functions."""

import math
import os
import signal
import sys
import threading
import time
import warnings

import fastconc

warnings.simplefilter("ignore")


def native(x):
    return math.sin(1 / (x[0] * x[1] * x[2]))


def python(x):
    return float(repr(native(x)))


def interrupt(n):
    """Again and again: CPython loses a Ctrl-C that a weak reference's callback raises."""
    time.sleep(0.2)
    while len(stopped) <= n:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(2)


stopped = []
cube = [0] * 3, [1] * 3
for f in (native, python):
    for integrate in (
        lambda f: fastconc.cubature(f, *cube, epsabs=0, epsrel=1e-13, max_eval=10**15),
        lambda f: fastconc.mcquad(f, *cube, 10**11),
        lambda f: fastconc.mcquad(f, *cube, 10**11, method="vegas"),
    ):
        thread = threading.Thread(target=interrupt, args=(len(stopped),), daemon=True)
        begin = time.monotonic()
        try:
            thread.start()
            integrate(f)
            sys.exit("was not stopped")
        except KeyboardInterrupt:
            stopped.append(integrate)
            assert time.monotonic() < begin + 30
        thread.join()
assert abs(fastconc.cubature(lambda x, y: x * y, [0, 0], [1, 1]).integral - 0.25) < 1e-12
sys.exit(3)
