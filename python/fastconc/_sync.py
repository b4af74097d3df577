# SPDX-License-Identifier: BSD-3-Clause
"""Synchronisation between threads.

The queues and ``Counter`` are written in C (``fastconc._core``). What the standard library already
does in C, or has no reason to do faster, is its own object under our name, so that ``isinstance``
and its documentation hold.
"""

import sys
from queue import Empty, Full, SimpleQueue
from threading import (
    Barrier,
    BoundedSemaphore,
    BrokenBarrierError,
    Condition,
    Event,
    Lock,
    RLock,
    Semaphore,
)

from fastconc._core import Counter, LifoQueue, PriorityQueue, Queue

__all__ = [
    "Barrier",
    "BoundedSemaphore",
    "BrokenBarrierError",
    "Condition",
    "Counter",
    "Empty",
    "Event",
    "Full",
    "LifoQueue",
    "Lock",
    "PriorityQueue",
    "Queue",
    "RLock",
    "Semaphore",
    "ShutDown",
    "SimpleQueue",
]

if sys.version_info >= (3, 13):
    from queue import ShutDown
else:

    class ShutDown(Exception):
        """Raised by put and get of a queue that was shut down."""

        __module__ = "fastconc"
