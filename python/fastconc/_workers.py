# SPDX-License-Identifier: BSD-3-Clause
"""The worker threads of a pool: their start, their initializer, and their end at exit or fork.

Workers are ordinary ``threading.Thread`` objects whose target ends in the C loop
``TaskQueue.work``, so that names, ``threading.enumerate()``, profilers and debuggers see what they
expect.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from concurrent.futures._base import LOGGER
from typing import Any

from fastconc import _core
from fastconc._future import TaskQueue

# Reasons to take no more tasks; the bits of tasks.h.
SHUTDOWN, BROKEN, EXITING, TERMINATED = 1, 2, 4, 16

INITIALIZER_FAILED = "A thread initializer failed, the thread pool is not usable anymore"

_crews: weakref.WeakSet[Crew] = weakref.WeakSet()
_exiting = False
_exit_lock = threading.Lock()


def daemon_threads_allowed() -> bool:
    """Whether threads may outlive the interpreter: not those of a subinterpreter, whose end is a
    fatal error while it has threads, and which forbids them if it is isolated."""
    return _core._is_main_interpreter()


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """The queue must not keep what keeps it, or threads would live on until the next collection."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        alive = reference()
        if alive is not None:
            alive()

    return call


class Crew:
    """The threads of one pool, which it does not know, so that the pool can be dropped."""

    def __init__(
        self,
        width: int,
        *,
        initializer: Callable[..., object] | None,
        initargs: tuple[Any, ...],
        thread_name: Callable[[int], str | None],
        refuse: Callable[[Crew], None],
        broken_error: Callable[[str], BaseException],
        finishes_at_exit: bool,
        caller_runs: bool,
        copy_context: bool,
        async_results: bool = False,
    ) -> None:
        self.queue = TaskQueue(width, caller_runs, copy_context, async_results)
        self.threads: set[threading.Thread] = set()
        self.finishes_at_exit = finishes_at_exit
        self.copy_context = copy_context
        self.initializer = initializer
        self.initargs = initargs
        self.thread_name = thread_name
        self.broken: str | bool = False
        self.callback_lock = threading.RLock()
        self.broken_error = broken_error
        self._refuse = refuse
        self.queue.connect(_weakly(self.spawn), _weakly(self.refuse))
        with _exit_lock:
            _crews.add(self)
            # A Pool may be made by an atexit function, where threads can still be started.
            if _exiting and (finishes_at_exit or not daemon_threads_allowed()):
                self.queue.close(EXITING)

    def spawn(self) -> None:
        """Start one more thread; the queue has counted it."""
        thread = threading.Thread(
            target=worker,
            args=(self,),
            name=self.thread_name(len(self.threads)),
            daemon=None if self.finishes_at_exit else daemon_threads_allowed(),
        )
        self.threads.add(thread)
        try:
            thread.start()
        except BaseException:
            self.threads.discard(thread)
            raise

    def refuse(self) -> None:
        """Raise why no task is taken."""
        if self.broken:
            raise self.broken_error(str(self.broken))
        self._refuse(self)

    def fail(self) -> None:
        """An initializer failed: pending tasks fail, later ones are refused."""
        self.broken = INITIALIZER_FAILED
        self.queue.close(BROKEN)
        self.queue.add_thread(-1)
        for future in self.queue.take_all():
            try:
                future.set_exception(self.broken_error(self.broken))
            except Exception:
                if future.cancelled():
                    future.set_running_or_notify_cancel()

    def cancel_pending(self) -> None:
        """Cancel what no worker has begun; of a map, what is left."""
        for future in self.queue.take_all():
            try:
                if future.cancel():
                    future.set_running_or_notify_cancel()
                else:
                    future.set_exception(_cancelled())
            except Exception:
                if not future.done():
                    raise

    def after_fork(self) -> None:
        """In a child: the threads are the parent's, and so is what they had to do."""
        self.threads.clear()
        self.callback_lock = threading.RLock()  # a thread that is not here may hold the old one
        lost = self.queue.after_fork()
        if lost:
            error = BrokenExecutor("the task belongs to the parent of this forked process")
            for future in lost:
                future._abandon(error)


def _cancelled() -> BaseException:
    from concurrent.futures import CancelledError

    return CancelledError()


def worker(crew: Crew) -> None:
    """What a worker thread does. (The name is seen in thread names.)"""
    if crew.initializer is not None:
        try:
            crew.initializer(*crew.initargs)
        except BaseException:
            LOGGER.critical("Exception in initializer:", exc_info=True)
            crew.fail()
            return
    queue = crew.queue
    try:
        queue.work()
    except BaseException:
        LOGGER.critical("Exception in worker", exc_info=True)


def _finish_at_exit() -> None:
    """Before the interpreter joins its threads: run what executors have queued, end workers."""
    global _exiting
    with _exit_lock:
        _exiting = True
        crews = list(_crews)
    for crew in crews:
        if crew.finishes_at_exit:
            crew.queue.close(EXITING)
        elif not daemon_threads_allowed():
            crew.queue.close(SHUTDOWN | TERMINATED)
            crew.cancel_pending()
    for crew in crews:
        if crew.finishes_at_exit:
            for thread in list(crew.threads):
                thread.join()
            if crew.threads:  # as the standard library's workers do when they leave
                crew.queue.close(SHUTDOWN)
    options = sys.modules.get("fastconc._options")
    if options is not None and not daemon_threads_allowed():
        options.stop()


def _after_fork_in_child() -> None:
    global _exit_lock
    _exit_lock = threading.Lock()
    _core._tasks_after_fork()
    for crew in list(_crews):
        crew.after_fork()
    options = sys.modules.get("fastconc._options")
    if options is not None:
        options.after_fork()


try:
    threading._register_atexit(_finish_at_exit)  # type: ignore[attr-defined]
except RuntimeError:  # imported while the interpreter exits
    _exiting = True
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
