# SPDX-License-Identifier: BSD-3-Clause
"""The iterators of Pool.imap and imap_unordered.

Items become futures as they are read: at once from a plain container, by a feeder thread from
anything whose iteration may take time or block, and by next() itself when a buffer size bounds how
far reading may run ahead.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from fastconc._future import Future, pool_timeout_error
from fastconc._progress import Bar


def _reraise(error: BaseException) -> None:
    raise error


class IMapIterator:
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
        self._changed = threading.Condition(threading.Lock())
        self._submit = submit
        self._priority = priority
        self._func = func
        self._ended = False  # no more futures will come
        self._pool: Any = pool  # kept alive until then
        self._queue = pool._crew.queue
        self._bar = Bar(getattr(iterable, "__len__", lambda: None)()) if progress else None
        self._prepare()
        self._queue.hold(1)
        self._source: Iterator[Any] | None = None
        if buffersize is not None:
            self._source = self._items(iterable)
            for _ in range(buffersize):
                self._read_one()
        elif is_plain:
            for _ in map(self._add, self._items(iterable)):
                pass
            self._end()
        else:
            thread = threading.Thread(
                target=self._feed, args=(pool._feeders, iterable), daemon=True
            )
            pool._feeders.add(thread)
            thread.start()

    def __del__(self) -> None:
        if getattr(self, "_source", None) is not None and not self._ended:
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

    def _feed(self, feeders: set[threading.Thread], iterable: Iterable[Any]) -> None:
        try:
            for future in self._items(iterable):
                self._add(future)
                del future
        finally:
            self._end()
            feeders.discard(threading.current_thread())

    def _read_one(self) -> None:
        if self._ended or self._source is None:
            return
        future = next(self._source, None)
        if future is None:
            self._end()
        else:
            self._add(future)

    def _prepare(self) -> None:
        self._futures: deque[Any] = deque()

    def _add(self, future: Any) -> None:
        with self._changed:
            self._futures.append(future)
            self._changed.notify()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._pool = None
            self._changed.notify_all()
        self._queue.hold(-1)

    # ---- taking ----

    def __iter__(self) -> IMapIterator:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """The next result; multiprocessing.TimeoutError when it has not come after `timeout` s."""
        future = self._take(timeout)
        self._read_one()
        if self._bar is not None:
            self._bar.update(1)
        try:
            return future.result()
        finally:
            del future  # a cycle with the exception's traceback otherwise

    def __next__(self) -> Any:
        return self.next()

    def _finish(self) -> BaseException:
        if self._bar is not None:
            self._bar.close()
        return StopIteration()

    def _take(self, timeout: float | None) -> Any:
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._futures:
                if self._ended:
                    raise self._finish() from None
                if not self._changed.wait(None if end is None else end - time.monotonic()):
                    raise pool_timeout_error()() from None
            future = self._futures.popleft()
        if end is None:
            future.wait()
        else:
            future.wait(end - time.monotonic())
            if not future.done():
                with self._changed:
                    self._futures.appendleft(future)
                    self._changed.notify()
                raise pool_timeout_error()()
        return future


class IMapUnorderedIterator(IMapIterator):
    """Results as they are finished."""

    _END = object()

    def _prepare(self) -> None:
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._n_added = self._n_taken = 0

    def _add(self, future: Any) -> None:
        with self._changed:
            self._n_added += 1
        future.add_done_callback(self._done.put)

    def _end(self) -> None:
        super()._end()
        self._done.put(self._END)

    def _take(self, timeout: float | None) -> Any:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._changed:
                if self._ended and self._n_taken == self._n_added:
                    self._done.put(self._END)  # for others that wait
                    raise self._finish() from None
            try:
                if end is None:
                    future = self._done.get()
                else:
                    left = end - time.monotonic()
                    future = self._done.get(left > 0, max(left, 0))
            except Empty:
                raise pool_timeout_error()() from None
            if future is not self._END:
                with self._changed:
                    self._n_taken += 1
                return future


def flat(chunks: Iterable[list[Any]]) -> Iterator[Any]:
    """The items of chunks, one by one."""
    return (item for chunk in chunks for item in chunk)
