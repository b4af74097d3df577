# SPDX-License-Identifier: BSD-3-Clause
"""Pool: multiprocessing.pool.ThreadPool with an order of magnitude less overhead.

A map is one node of the queue (MapFuture): workers take chunks of it. Callbacks run in a worker,
one at a time, before the result is ready, as programs written for the standard library rely on.
"""

from __future__ import annotations

import atexit
import contextvars
import itertools
import operator
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from concurrent.futures._base import LOGGER
from multiprocessing.pool import CLOSE, RUN, TERMINATE, MapResult, ThreadPool
from multiprocessing.pool import AsyncResult as StandardAsyncResult
from typing import Any

from fastconc import _core
from fastconc._backends import check_backend
from fastconc._errors import BrokenPool
from fastconc._future import TaskPool
from fastconc._imap import IMapIterator, IMapUnorderedIterator, flat
from fastconc._options import Options, check_timeout, expire
from fastconc._progress import watch
from fastconc._report import Report
from fastconc._workers import SHUTDOWN, TERMINATED, Crew

# Containers whose length is right and whose iteration runs no code of the user's.
_PLAIN = (list, tuple, range, dict, set, frozenset, str, bytes, bytearray)

AsyncResult = _core._tasks_pool_setup(StandardAsyncResult, MapResult)

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _default_width() -> int:
    """As the standard library of the running version computes it."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


def _refuse(crew: Crew) -> None:
    raise ValueError("Pool not running")


class Pool(TaskPool, ThreadPool):  # type: ignore[misc, valid-type]
    """A pool of threads with the interface and semantics of multiprocessing.pool.ThreadPool.

    workers (or processes)   tasks that run at once; default: the cores
    initializer, initargs    called first in every worker, whether or not a task comes
    maxtasksperchild, context   accepted for multiprocessing.Pool's sake; threads need neither
    backend                  "threads"; others are not built yet
    name                     prefix of the threads' names
    caller_runs              get() without a time-out runs a pending task in the waiting thread
    copy_context             each task runs in a copy of its submitter's contextvars context

    Beyond ThreadPool: submit(), and keywords of the methods: return_exceptions (a failed item's
    exception is its result), timeout (seconds until the future fails with TimeoutError; a running
    task is not stopped), priority (higher first, default 0), progress (a bar; tqdm's if installed),
    chunksize="auto" (batches what is short, not what is long), buffersize (imap: items in flight).

    Raises ValueError and TypeError as ThreadPool does. Use it as a context manager (which
    terminates it) or call close() and join().
    """

    _state = "INIT"

    def __init__(
        self,
        workers: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
        context: object = None,
        *,
        processes: int | None = None,
        backend: str = "threads",
        name: str | None = None,
        caller_runs: bool = False,
        copy_context: bool = False,
    ) -> None:
        check_backend(backend)
        if workers is not None and processes is not None:
            raise TypeError("workers and processes are the same argument; give one")
        width = workers if workers is not None else processes
        width = _default_width() if width is None else width
        if width < 1:
            raise ValueError("Number of processes must be at least 1")
        width = operator.index(width)
        if maxtasksperchild is not None and (
            not isinstance(maxtasksperchild, int) or maxtasksperchild <= 0
        ):
            raise ValueError("maxtasksperchild must be a positive int or None")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._processes = self._workers = self._max_workers = width
        self._feeders: set[threading.Thread] = set()
        self._crew = crew = Crew(
            width,
            initializer=initializer,
            initargs=tuple(initargs),
            thread_name=lambda i: None if name is None else f"{name}_{i}",
            refuse=_refuse,
            broken_error=BrokenPool,
            finishes_at_exit=False,
            caller_runs=caller_runs,
            copy_context=copy_context,
            async_results=True,
        )
        self._open(crew.queue)
        try:
            for _ in range(width):
                crew.queue.add_thread(1)
                crew.spawn()
        except BaseException:
            crew.queue.close(SHUTDOWN)
            raise
        self._state = RUN
        _pools.add(self)

    # ---- life ----

    def __del__(self, _warn: Any = warnings.warn, RUN: str = RUN) -> None:
        if self._state == RUN:
            _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)

    @property
    def _pool(self) -> list[threading.Thread]:
        return list(self._crew.threads)

    def __repr__(self) -> str:
        cls = type(self)
        size = len(self._crew.threads) if hasattr(self, "_crew") else 0
        return f"<{cls.__module__}.{cls.__qualname__} state={self._state} pool_size={size}>"

    def __enter__(self) -> Pool:
        self._check_running()
        return self

    def __exit__(self, *exc: object) -> None:
        self.terminate()

    def close(self) -> None:
        """Take no more tasks; the workers end when all are done."""
        if self._state == RUN:
            self._state = CLOSE
            self._crew.queue.close(SHUTDOWN)

    def terminate(self) -> None:
        """Drop all tasks that have not begun (their futures are cancelled) and end idle workers."""
        self._state = TERMINATE
        self._crew.queue.close(SHUTDOWN | TERMINATED)
        self._crew.cancel_pending()

    def join(self) -> None:
        """Wait for the workers to end; close() or terminate() comes first, else ValueError."""
        if self._state == RUN:
            raise ValueError("Pool is still running")
        if self._state not in (CLOSE, TERMINATE):
            raise ValueError("In unknown state")
        for thread in [*self._feeders, *self._crew.threads]:
            thread.join()

    def _check_running(self) -> None:
        if self._state != RUN:
            raise ValueError("Pool not running")
        if self._crew.broken:
            self._crew.refuse()

    # ---- single calls ----

    def apply(self, func: Any, args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> Any:
        """func(*args, **kwds) in a worker; wait for the result."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Any,
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        priority: int = 0,
        timeout: float | None = None,
    ) -> Any:
        """func(*args, **kwds) in a worker; a Future, which has AsyncResult's methods."""
        self._check_running()
        check_timeout(timeout)
        if callback or error_callback:
            before = self._before(callback, error_callback)
            future = self._submit_as(priority, False, _call_then, before, func, args, kwds)
        elif type(args) in (tuple, list) and type(kwds) is dict and not kwds:
            future = self._submit_as(priority, False, func, *args)
        else:  # bad arguments are the task's error, not the submitter's
            future = self._submit_as(priority, False, _call, func, args, kwds)
        return expire(future, timeout)

    def _before(
        self,
        callback: Callable[[Any], object] | None,
        error_callback: Callable[[BaseException], object] | None,
    ) -> Callable[[bool, Any], None] | None:
        """What a worker calls with (succeeded, value) before the future is ready."""
        if not callback and not error_callback:
            return None
        crew = self._crew

        def before(succeeded: bool, value: Any) -> None:
            call = callback if succeeded else error_callback
            if call:
                with crew.callback_lock:
                    try:
                        call(value)
                    except Exception:
                        LOGGER.exception("exception calling callback %r", call)

        return before

    def options(
        self, *, priority: int = 0, timeout: float | None = None, copy_context: bool = False
    ) -> Options:
        """submit() with a priority, a time-out, or the submitter's contextvars context."""
        return Options(self, priority, timeout, copy_context)

    # ---- maps ----

    def map(
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: int | str | None = None,
        *,
        return_exceptions: bool = False,
        priority: int = 0,
        timeout: float | None = None,
        progress: bool = False,
    ) -> Any:
        """[func(x) for x in iterable], run by the pool.

        The first error to happen is raised when all chunks are done. A compiled kernel and an array
        give an array, computed by native threads as fastconc.map does.
        """
        if getattr(func, "_is_kernel", False) and _is_array(iterable):
            self._check_running()
            return _map_kernel(func, iterable, self._workers)
        future = self._map(
            func, iterable, chunksize, False, None, None, return_exceptions, priority, timeout
        )
        return watch(future).get() if progress else future.get()

    def starmap(
        self,
        func: Any,
        iterable: Iterable[Iterable[Any]],
        chunksize: int | str | None = None,
        *,
        return_exceptions: bool = False,
        priority: int = 0,
        timeout: float | None = None,
        progress: bool = False,
    ) -> Any:
        """[func(*args) for args in iterable], run by the pool."""
        future = self._map(
            func, iterable, chunksize, True, None, None, return_exceptions, priority, timeout
        )
        return watch(future).get() if progress else future.get()

    def map_async(
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: int | str | None = None,
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        return_exceptions: bool = False,
        priority: int = 0,
        timeout: float | None = None,
        progress: bool = False,
    ) -> Any:
        """map() that returns a Future of the list."""
        if getattr(func, "_is_kernel", False) and _is_array(iterable):
            args = (func, iterable, self._workers)
            return self.apply_async(_map_kernel, args, {}, callback, error_callback)
        options = (return_exceptions, priority, timeout)
        future = self._map(func, iterable, chunksize, False, callback, error_callback, *options)
        return watch(future) if progress else future

    def starmap_async(
        self,
        func: Any,
        iterable: Iterable[Iterable[Any]],
        chunksize: int | str | None = None,
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        return_exceptions: bool = False,
        priority: int = 0,
        timeout: float | None = None,
        progress: bool = False,
    ) -> Any:
        """starmap() that returns a Future of the list."""
        options = (return_exceptions, priority, timeout)
        future = self._map(func, iterable, chunksize, True, callback, error_callback, *options)
        return watch(future) if progress else future

    def _map(
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: int | str | None,
        star: bool,
        callback: Callable[[Any], object] | None,
        error_callback: Callable[[BaseException], object] | None,
        return_exceptions: bool,
        priority: int,
        timeout: float | None,
    ) -> Any:
        self._check_running()
        check_timeout(timeout)
        if self._crew.copy_context:
            func = _InContext(func, star)
            star = False
        before = self._before(callback, error_callback)
        if type(iterable) in _PLAIN or not isinstance(iterable, Sized):
            items = list(iterable)
        else:
            len(iterable)  # if it raises, it does so here
            try:
                # its length may be wrong, so that list() must not trust it
                items = [x for x in iterable]
            except Exception as error:
                return _failed(error, before)
        if not items:
            future = AsyncResult()
            future.set_result([])
            return future
        chunk = _chunk(chunksize, len(items), self._workers)
        future = self._submit_map(func, items, chunk, star, return_exceptions, before, priority)
        return expire(future, timeout)

    def imap(  # type: ignore[override]
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: int = 1,
        *,
        buffersize: int | None = None,
        return_exceptions: bool = False,
        priority: int = 0,
        progress: bool = False,
    ) -> Any:
        """An iterator of func(x) for x in iterable, in order; its next() takes a timeout.

        The iterable is read at once, in a thread of its own if that may take time; with
        `buffersize`, never more than that many items ahead of the results taken.
        """
        options = (buffersize, return_exceptions, priority, progress)
        return self._imap(IMapIterator, func, iterable, chunksize, *options)

    def imap_unordered(  # type: ignore[override]
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: int = 1,
        *,
        buffersize: int | None = None,
        return_exceptions: bool = False,
        priority: int = 0,
        progress: bool = False,
    ) -> Any:
        """imap() whose results come as they are finished."""
        # A worker of this pool waits for the next in order, which it can run itself.
        cls = IMapIterator if self._crew.queue.in_worker() else IMapUnorderedIterator
        options = (buffersize, return_exceptions, priority, progress)
        return self._imap(cls, func, iterable, chunksize, *options)

    def _imap(
        self,
        cls: type[IMapIterator],
        func: Any,
        iterable: Iterable[Any],
        chunksize: int,
        buffersize: int | None,
        return_exceptions: bool,
        priority: int,
        progress: bool,
    ) -> Iterator[Any]:
        self._check_running()
        if buffersize is not None and operator.index(buffersize) < 1:
            raise ValueError(f"buffersize must be None or > 0, not {buffersize}")
        if chunksize < 1:
            text = f"{chunksize:n}" if cls is IMapIterator else repr(chunksize)
            raise ValueError(f"Chunksize must be 1+, not {text}")
        call: Any = func
        if chunksize > 1:
            is_plain = type(iterable) in _PLAIN
            iterable = _chunks(iterable, chunksize)
            if self._crew.copy_context:
                func = _InContext(func, False)
            call = _Chunk(func, return_exceptions)
        else:
            is_plain = type(iterable) in _PLAIN
            if return_exceptions:
                call = _Caught(func)
        submit = self._submit_as
        iterator = cls(self, submit, priority, call, iterable, is_plain, buffersize, progress)
        return flat(iterator) if chunksize > 1 else iterator

    def report(self) -> Report:
        """What the workers did: tasks, busy share, wait for the GIL, overhead per task."""
        return Report(self._crew.queue.stats())


class _Caught:
    """func(x), or the exception that it raised."""

    def __init__(self, func: Any) -> None:
        self.func = func

    def __call__(self, x: Any) -> Any:
        try:
            return self.func(x)
        except BaseException as error:
            return error


class _InContext:
    """func in a copy of the submitter's context: a context is not entered by two at a time."""

    def __init__(self, func: Any, star: bool) -> None:
        self.func = func
        self.star = star
        self.context = contextvars.copy_context()

    def __call__(self, item: Any) -> Any:
        args = item if self.star else (item,)
        return self.context.copy().run(self.func, *args)


class _Chunk:
    """[func(x) for x in items] for the chunks of imap."""

    def __init__(self, func: Any, return_exceptions: bool) -> None:
        self.func = _Caught(func) if return_exceptions else func

    def __call__(self, items: tuple[Any, ...]) -> list[Any]:
        return list(map(self.func, items))


def _chunks(iterable: Iterable[Any], size: int) -> Iterator[tuple[Any, ...]]:
    iterator = iter(iterable)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk


def _chunk(chunksize: int | str | None, n: int, width: int) -> int:
    """Items a chunk: by default, four chunks a worker; 0 is chosen while the map runs."""
    if chunksize is None:
        size, extra = divmod(n, width * 4)
        return size + bool(extra)
    if isinstance(chunksize, str):
        if chunksize != "auto":
            raise ValueError(f"chunksize must be an int, None or 'auto', not {chunksize!r}")
        return 0
    size = operator.index(chunksize)
    if size < 1:
        raise ValueError(f"Chunksize must be 1+, not {chunksize!r}")
    return min(size, n)


def _failed(error: BaseException, before: Callable[[bool, Any], None] | None) -> Any:
    if before is not None:
        before(False, error)
    future = AsyncResult()
    future.set_exception(error)
    return future


def _call(func: Any, args: Iterable[Any], kwds: Mapping[str, Any]) -> Any:
    return func(*args, **kwds)


def _call_then(
    before: Callable[[bool, Any], None], func: Any, args: Iterable[Any], kwds: Mapping[str, Any]
) -> Any:
    try:
        result = func(*args, **kwds)
    except Exception as error:
        before(False, error)
        raise
    before(True, result)
    return result


def _is_array(obj: object) -> bool:
    if isinstance(obj, (bytes, bytearray, str)):
        return False
    try:
        memoryview(obj).release()  # type: ignore[arg-type]
    except (TypeError, BufferError, ValueError):
        return False
    return True


def _map_kernel(kernel: Any, array: Any, workers: int) -> Any:
    import fastconc

    return fastconc.map(kernel, array, workers=workers)


def _terminate_all() -> None:
    for pool in list(_pools):
        if pool._state in (RUN, CLOSE):
            pool.terminate()


atexit.register(_terminate_all)
