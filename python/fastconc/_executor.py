# SPDX-License-Identifier: BSD-3-Clause
"""PoolExecutor: concurrent.futures.ThreadPoolExecutor with an order of magnitude less overhead."""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
from typing import TYPE_CHECKING, Any, TypeVar

from fastconc._backends import check_backend
from fastconc._future import TaskPool
from fastconc._options import Options
from fastconc._report import Report
from fastconc._workers import SHUTDOWN, Crew

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


def _default_width() -> int:
    """As the standard library of the running version computes it."""
    cpus = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    return min(32, cpus + 4)


def _width(max_workers: float) -> int:
    """The standard class takes any number: it starts threads while there are fewer."""
    return math.ceil(min(max_workers, 2**31 - 1))


def _refuse(crew: Crew) -> None:
    if crew.queue.closed & SHUTDOWN:
        raise RuntimeError("cannot schedule new futures after shutdown")
    raise RuntimeError("cannot schedule new futures after interpreter shutdown")


class PoolExecutor(TaskPool, ThreadPoolExecutor):  # type: ignore[misc, valid-type]
    """A thread pool with the interface and semantics of ThreadPoolExecutor.

    max_workers       tasks that run at once; default: the standard library's, min(32, cores + 4)
    thread_name_prefix, initializer, initargs   as there
    backend           "threads"; others are not built yet
    caller_runs       result() without a time-out runs a pending task in the waiting thread,
                      whichever thread that is
    copy_context      each task runs in a copy of its submitter's contextvars context; by default,
                      and in the standard library, tasks see the context of the worker thread

    Raises ValueError and TypeError as ThreadPoolExecutor does. Use it as a context manager or call
    shutdown().
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        backend: str = "threads",
        caller_runs: bool = False,
        copy_context: bool = False,
    ) -> None:
        check_backend(backend)
        if max_workers is None:
            max_workers = _default_width()
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        prefix = thread_name_prefix or f"ThreadPoolExecutor-{ThreadPoolExecutor._counter()}"  # type: ignore[attr-defined]
        self._max_workers = max_workers
        self._thread_name_prefix = prefix
        self._initializer = initializer  # type: ignore[assignment]
        self._initargs = initargs
        self._shutdown_lock = threading.Lock()
        self._crew = crew = Crew(
            _width(max_workers),
            initializer=initializer,
            initargs=initargs,
            thread_name=lambda i: f"{prefix}_{i}",
            refuse=_refuse,
            broken_error=BrokenThreadPool,
            finishes_at_exit=True,
            caller_runs=caller_runs,
            copy_context=copy_context,
        )
        self._work_queue = crew.queue
        self._threads = crew.threads
        self._open(crew.queue)

    @property
    def _workers(self) -> int:
        return int(self._crew.queue.width)

    @property
    def _shutdown(self) -> bool:  # type: ignore[override]
        return bool(self._crew.queue.closed & ~2)

    @property
    def _broken(self) -> str | bool:  # type: ignore[override]
        return self._crew.broken

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """Like map(fn, *iterables), run by the pool; results come in order.

        All calls are submitted at once, or at most `buffersize` ahead of the results taken. With a
        timeout (seconds from the call) the iterator raises TimeoutError; ending it early cancels
        what has not begun. `chunksize` is ignored, as by ThreadPoolExecutor.
        """
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        end = None if timeout is None else timeout + time.monotonic()
        arguments = zip(*iterables)  # noqa: B905 - the standard library's map stops with the shortest
        first = arguments if buffersize is None else itertools.islice(arguments, buffersize)
        if type(self).submit is TaskPool.submit and "submit" not in self.__dict__:
            futures = self._submit_each(fn, first)
        else:  # a subclass wants to see each call
            futures = [self.submit(fn, *args) for args in first]
        if buffersize is None:
            return _results(futures, end)
        return _buffered_results(weakref.ref(self), fn, arguments, deque(futures), end)

    def options(
        self, *, priority: int = 0, timeout: float | None = None, copy_context: bool = False
    ) -> Options:
        """submit() with a priority, a time-out, or the submitter's contextvars context."""
        return Options(self, priority, timeout, copy_context)

    def report(self) -> Report:
        """What the workers did: tasks, busy share, wait for the GIL, overhead per task."""
        return Report(self._crew.queue.stats())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; with `wait`, return when all have finished and the threads ended."""
        self._crew.queue.close(SHUTDOWN)
        if cancel_futures:
            self._crew.cancel_pending()
        if wait:
            for thread in list(self._threads):
                thread.join()


def _result_or_cancel(future: Future[T], end: float | None) -> T:
    try:
        try:
            return future.result(None if end is None else end - time.monotonic())
        finally:
            future.cancel()
    finally:
        del future  # breaks a cycle with the exception's traceback


def _results(futures: list[Future[T]], end: float | None) -> Iterator[T]:
    try:
        futures.reverse()
        while futures:
            yield _result_or_cancel(futures.pop(), end)
    finally:
        for future in futures:
            future.cancel()


def _buffered_results(
    executor: weakref.ref[Executor],
    fn: Callable[..., T],
    arguments: Iterator[tuple[Any, ...]],
    futures: deque[Future[T]],
    end: float | None,
) -> Iterator[T]:
    try:
        while futures:
            if (alive := executor()) is not None and (args := next(arguments, None)) is not None:
                futures.append(alive.submit(fn, *args))
                del args
            del alive
            yield _result_or_cancel(futures.popleft(), end)
    finally:
        for future in futures:
            future.cancel()
