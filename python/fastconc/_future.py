# SPDX-License-Identifier: BSD-3-Clause
"""Future, and waiting for many of them."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    CancelledError,
    TimeoutError,
)
from concurrent.futures._base import DoneAndNotDoneFutures
from typing import Any, TypeVar

from fastconc import _core

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "CancelledError",
    "Future",
    "TimeoutError",
    "as_completed",
    "wait",
]

Future, MapFuture, TaskQueue, TaskPool, Completions = _core._tasks_setup(lambda: None)

T = TypeVar("T")
_MODES = {ALL_COMPLETED: 0, FIRST_COMPLETED: 1, FIRST_EXCEPTION: 2}
_pool_timeout_error: type[Exception] | None = None


def wait(
    fs: Iterable[concurrent.futures.Future[T]],
    timeout: float | None = None,
    return_when: str = ALL_COMPLETED,
) -> DoneAndNotDoneFutures[T]:
    """Wait for futures, ours or the standard library's; return two sets (done, not_done).

    return_when is ALL_COMPLETED, FIRST_COMPLETED or FIRST_EXCEPTION; with a timeout (seconds) the
    wait ends no later. Duplicates count once. A worker that waits for tasks of its own pool runs
    those that are pending. Raises ValueError for another return_when. The GIL is released.
    """
    fs = set(fs)
    mode = _MODES.get(return_when)
    if mode is None or not all(isinstance(f, Future) for f in fs):
        return concurrent.futures.wait(fs, timeout, return_when)
    done, not_done = _core._tasks_wait(list(fs), timeout, mode)
    return DoneAndNotDoneFutures(done, not_done)


def as_completed(
    fs: Iterable[concurrent.futures.Future[T]], timeout: float | None = None
) -> Generator[concurrent.futures.Future[T], None, None]:
    """Yield futures, ours or the standard library's, as they finish.

    Those that have finished already come first; duplicates come once; no future is kept once it
    was yielded. Raises TimeoutError when not all have finished `timeout` seconds after the first
    next().
    """
    end = None if timeout is None else timeout + time.monotonic()
    fs = set(fs)
    if not all(isinstance(f, Future) for f in fs):
        yield from concurrent.futures.as_completed(fs, timeout)
        return
    completions = Completions(list(fs))
    del fs
    while completions.left:
        yield completions.next(end)


def await_future(future: concurrent.futures.Future[T]) -> Iterator[Any]:
    """``await future`` in asyncio; the event loop must be running."""
    import asyncio

    return asyncio.wrap_future(future).__await__()


def pool_timeout_error() -> type[Exception]:
    """The class that Future.get() raises: multiprocessing.TimeoutError and TimeoutError at once."""
    global _pool_timeout_error
    if _pool_timeout_error is None:
        from multiprocessing import TimeoutError as ProcessTimeoutError

        bases = (ProcessTimeoutError, TimeoutError)
        _pool_timeout_error = type("TimeoutError", bases, {"__module__": "fastconc"})
    return _pool_timeout_error
