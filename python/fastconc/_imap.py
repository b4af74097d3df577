# SPDX-License-Identifier: BSD-3-Clause
"""The iterators of Pool.imap and imap_unordered.

Items become futures as they are read: at once from a plain container, by a feeder thread from
anything whose iteration may take time or block, and by next() itself when a buffer size bounds how
far reading may run ahead.
"""

from __future__ import annotations

import contextvars
import functools
import multiprocessing.pool
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from fastconc._future import Future, pool_timeout_error
from fastconc._progress import Bar
from fastconc._workers import daemon_threads_allowed

_END: Any = object()  # follows the last future


def _reraise(error: BaseException) -> None:
    raise error


class IMapIterator(multiprocessing.pool.IMapIterator):  # type: ignore[type-arg]
    """Results in the order of the items."""

    def __init__(
        self,
        pool: Any,
        submit: Callable[..., Any],
        priority: int,
        func: Any,
        iterable: Iterable[Any],
        is_plain: bool,
        buffersize: int | None,
        progress: bool,
    ) -> None:
        self._submit = submit
        self._priority = priority
        self._func = func
        self._pool: Any = pool  # kept alive until all is read
        self._queue = pool._crew.queue
        self._bar = Bar(getattr(iterable, "__len__", lambda: None)()) if progress else None
        self._ready: SimpleQueue[Any] = SimpleQueue()
        self._waiting: deque[Any] = deque()  # taken by a next() that then timed out
        self._lock = threading.RLock()
        self._n_added = self._n_taken = 0
        self._total: int | None = None
        self._source: Iterator[Any] | None = None
        self._queue.hold(1)
        if buffersize is not None:
            self._source = self._items(iterable)
            for _ in range(buffersize):
                self._read_one()
        elif is_plain:
            self._read_all(iterable)
        else:
            feed: Any = self._feed
            if pool._crew.copy_context:
                feed = functools.partial(contextvars.copy_context().run, feed)
            args = (pool._feeders, iterable)
            daemon = daemon_threads_allowed()
            thread = threading.Thread(target=feed, args=args, daemon=daemon)
            pool._feeders.add(thread)
            thread.start()

    @property
    def _length(self) -> int | None:
        """The number of results once it is known, as in the standard class."""
        return self._total

    def __del__(self) -> None:
        if getattr(self, "_source", None) is not None and self._total is None:
            self._queue.hold(-1)

    # ---- reading ----

    def _items(self, iterable: Iterable[Any]) -> Iterator[Any]:
        """Futures of the items; an exception of the iterable is the last one's."""
        submit, priority, func = self._submit, self._priority, self._func
        try:
            for item in iterable:
                yield submit(priority, True, func, item)
                del item
        except Exception as error:
            try:  # in its turn, as the standard library does
                yield submit(priority, True, _reraise, error)
            except Exception:  # the pool was terminated
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
                yield future

    def _read_all(self, iterable: Iterable[Any]) -> None:
        add = self._add
        n = 0
        for future in self._items(iterable):
            add(future)
            n += 1
            del future
        self._n_added = n
        self._end()

    def _feed(self, feeders: set[threading.Thread], iterable: Iterable[Any]) -> None:
        try:
            self._read_all(iterable)
        finally:
            if self._total is None:  # not even a failed future could be made
                self._end()
            feeders.discard(threading.current_thread())

    def _read_one(self) -> None:
        with self._lock:
            if self._total is not None or self._source is None:
                return
            future = next(self._source, None)
            if future is not None:
                self._n_added += 1
                self._add(future)
                return
        self._end()

    def _add(self, future: Any) -> None:
        self._ready.put(future)

    def _end(self) -> None:
        self._total = self._n_added
        self._pool = None
        self._ready.put(_END)
        self._queue.hold(-1)

    # ---- taking ----

    def __iter__(self) -> IMapIterator:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """The next result; multiprocessing.TimeoutError when it has not come after `timeout` s."""
        if timeout is None and not self._waiting:
            future = self._ready.get()
        else:
            future = self._take_until(None if timeout is None else time.monotonic() + timeout)
        if future is _END:
            self._ready.put(_END)  # for whoever asks again
            if self._bar is not None:
                self._bar.close()
            raise StopIteration
        if self._source is not None:
            self._read_one()
        if self._bar is not None:
            self._bar.update(1)
        try:
            return future.result()
        finally:
            del future  # a cycle with the exception's traceback otherwise

    __next__ = next

    def _get(self, end: float | None) -> Any:
        if end is None:
            return self._ready.get()
        left = end - time.monotonic()
        try:
            return self._ready.get(left > 0, max(left, 0))
        except Empty:
            raise pool_timeout_error()() from None

    def _take_until(self, end: float | None) -> Any:
        try:
            future = self._waiting.popleft()
        except IndexError:
            future = self._get(end)
        if end is not None and future is not _END:
            future.wait(end - time.monotonic())
            if not future.done():
                self._waiting.appendleft(future)
                raise pool_timeout_error()()
        return future


class IMapUnorderedIterator(IMapIterator):
    """Results as they are finished."""

    def _add(self, future: Any) -> None:
        future.add_done_callback(self._ready.put)

    def next(self, timeout: float | None = None) -> Any:
        """The next result; multiprocessing.TimeoutError when it has not come after `timeout` s."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._n_taken == self._total:
                self._ready.put(_END)  # for others that wait
                if self._bar is not None:
                    self._bar.close()
                raise StopIteration
            future = self._ready.get() if end is None else self._get(end)
            if future is not _END:
                break
        with self._lock:
            self._n_taken += 1
        if self._source is not None:
            self._read_one()
        if self._bar is not None:
            self._bar.update(1)
        try:
            return future.result()
        finally:
            del future

    __next__ = next


def flat(chunks: Iterable[list[Any]]) -> Iterator[Any]:
    """The items of chunks, one by one."""
    return (item for chunk in chunks for item in chunk)
