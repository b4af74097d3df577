# SPDX-License-Identifier: BSD-3-Clause
"""Synchronisation between threads.

The queues and ``Counter`` are written in C (``fastconc._core``). What the standard library already
does in C, or has no reason to do faster, is its own object under our name, so that ``isinstance``
and its documentation hold.
"""

import operator
import queue
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
from typing import Any, SupportsIndex, TypeVar

from fastconc import _core
from fastconc._core import Counter

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


_T = TypeVar("_T")
_ATTRIBUTES = ("maxsize", "queue", "mutex", "not_empty", "not_full", "all_tasks_done")

# The methods are all those of _core. The standard classes are bases as well, so that isinstance()
# in other people's code is content.


class Queue(_core.Queue[_T], queue.Queue):  # type: ignore[type-arg]
    __doc__ = _core.Queue.__doc__
    __module__ = "fastconc"
    __slots__ = ()

    def __getstate__(self) -> dict[str, Any]:
        """The attributes of the standard class: a copy shares items and locks, a pickle refuses."""
        state = {name: getattr(self, name) for name in _ATTRIBUTES}
        state["unfinished_tasks"] = self.unfinished_tasks
        state["is_shutdown"] = self.is_shutdown
        return {**state, **self.__dict__}

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        # Protocols 0 and 1 know no types written in C.
        return super().__reduce_ex__(max(operator.index(protocol), 2))

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class LifoQueue(_core.LifoQueue[_T], Queue[_T], queue.LifoQueue):  # type: ignore[type-arg]
    __doc__ = _core.LifoQueue.__doc__
    __module__ = "fastconc"
    __slots__ = ()


class PriorityQueue(_core.PriorityQueue[_T], Queue[_T], queue.PriorityQueue):  # type: ignore[type-arg]
    __doc__ = _core.PriorityQueue.__doc__
    __module__ = "fastconc"
    __slots__ = ()
