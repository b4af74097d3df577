# SPDX-License-Identifier: BSD-3-Clause
"""The process ends while daemon threads are in the middle of native work: no crash, no hang."""

import threading
import time

import fastconc

text = "a b c d e f g h " * 500_000


def busy():
    while True:
        fastconc.count_words(text, workers=3)


for _ in range(3):
    threading.Thread(target=busy, daemon=True).start()
time.sleep(0.2)
