# SPDX-License-Identifier: BSD-3-Clause
"""What one task may ask for beyond the standard library: a priority, a time-out, its context."""

from __future__ import annotations

import contextvars
import heapq
import itertools
import threading
import time
import weakref
from typing import Any

from fastconc._future import TimeoutError
from fastconc._workers import daemon_threads_allowed


class Options:
    """A pool's submit() with options; made by options() of a pool or executor."""

    def __init__(self, pool: Any, priority: int, timeout: float | None, copy_context: bool) -> None:
        check_timeout(timeout)
        self._pool = pool
        self._priority = priority
        self._timeout = timeout
        self._copy_context = copy_context

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """fn(*args, **kwargs) in the pool; a Future."""
        call = (fn,)
        if self._copy_context:
            call = (contextvars.copy_context().run, fn)  # type: ignore[assignment]
        future = self._pool._submit_as(self._priority, False, *call, *args, **kwargs)
        return expire(future, self._timeout)


class _Timer:
    """One thread that fails futures when their time is up; it ends when none is left."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.Lock())
        self.heap: list[tuple[float, int, weakref.ref[Any], float]] = []
        self.serial = itertools.count()
        self.thread: threading.Thread | None = None

    def add(self, future: Any, seconds: float) -> None:
        entry = (time.monotonic() + seconds, next(self.serial), weakref.ref(future), seconds)
        with self.changed:
            heapq.heappush(self.heap, entry)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(
                    target=self.run, name="fastconc-timeouts", daemon=daemon_threads_allowed()
                )
                self.thread.start()
            elif self.heap[0] is entry:
                self.changed.notify()

    def stop(self) -> None:
        """For an interpreter that waits for this thread before it ends."""
        with self.changed:
            self.heap.clear()
            self.changed.notify()

    def run(self) -> None:
        while True:
            with self.changed:
                while self.heap:
                    left = self.heap[0][0] - time.monotonic()
                    future = self.heap[0][2]()
                    if left <= 0 or future is None or future.done():
                        break
                    del future
                    self.changed.wait(min(left, threading.TIMEOUT_MAX))
                if not self.heap:
                    self.thread = None
                    return
                seconds = heapq.heappop(self.heap)[3]
            if future is not None and not future.done():
                try:
                    future.set_exception(TimeoutError(f"task did not finish within {seconds} s"))
                except Exception:
                    if not future.done():
                        raise
            del future


_timer = _Timer()


def check_timeout(timeout: float | None) -> None:
    """Before the task is submitted: raise what is wrong with its time-out."""
    if timeout is None:
        return
    if not isinstance(timeout, (int, float)) and not hasattr(timeout, "__float__"):
        raise TypeError(f"timeout must be a number of seconds or None, not {timeout!r}")
    if not float(timeout) > 0:
        raise ValueError(f"timeout must be positive, not {timeout!r}")


def expire(future: Any, seconds: float | None) -> Any:
    """Let the future fail with TimeoutError unless it is done in `seconds`; returns it.

    A pending task is then never run; a running one goes on, and its result is dropped.
    """
    if seconds is not None and seconds < threading.TIMEOUT_MAX:
        _timer.add(future, float(seconds))
    return future


def stop() -> None:
    _timer.stop()


def after_fork() -> None:
    """The child has no timer thread."""
    global _timer
    _timer = _Timer()
