# SPDX-License-Identifier: BSD-3-Clause
"""Importing the package starts no thread and pulls in nothing heavy."""

import sys
import threading

import fastconc

heavy = {
    "numpy",
    "onnx",
    "scipy",
    "asyncio",
    "multiprocessing",
    "queue",
    "ast",
    "inspect",
    "ctypes",
}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
assert threading.active_count() == 1
assert fastconc.cpu_count() >= 1
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
