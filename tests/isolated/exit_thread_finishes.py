# SPDX-License-Identifier: BSD-3-Clause
"""Threads that are not daemons finish their native work, also what begins after main has ended."""

import threading
import time

import fastconc

text = "a b c d e f g h " * 200_000


def busy():
    threading.main_thread().join()
    time.sleep(0.05)
    assert fastconc.count_words(text, workers=3)["h"] == 200_000
    print("finished")


threading.Thread(target=busy).start()
