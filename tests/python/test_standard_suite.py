# SPDX-License-Identifier: BSD-3-Clause
"""The standard library's own tests, from the running interpreter's installation, on our classes.

What they import as ThreadPoolExecutor, Future, wait, ThreadPool or queue.Queue is replaced by ours;
their code is run as it is, but that they sleep less (FASTCONC_LONG_TESTS=1: as long as they want).
An interpreter that comes without the package ``test`` skips them. Locks, events and barriers are
not among them: ours are the standard library's own objects (test_sync.py).
"""

import concurrent.futures
import functools
import importlib
import logging
import os
import time
import types
import unittest
import warnings
from pathlib import Path

import fastconc
import pytest

pytest.importorskip("test.support.script_helper")

OURS = {
    "ThreadPoolExecutor": fastconc.PoolExecutor,
    "Future": fastconc.Future,
    "wait": fastconc.wait,
    "as_completed": fastconc.as_completed,
}


class Futures(types.ModuleType):
    """concurrent.futures with our classes in it."""

    def __getattr__(self, name):
        return OURS[name] if name in OURS else getattr(concurrent.futures, name)


FUTURES = Futures("concurrent.futures")
LONG = os.environ.get("FASTCONC_LONG_TESTS") == "1"
# Short sleeps stay: what must come first has no time to lose on a busy machine.
TIME = types.SimpleNamespace(
    **{**vars(time), "sleep": lambda seconds: time.sleep(seconds / 3 if seconds > 1 else seconds)}
)
# They wait for a time-out of 5 or 6 seconds.
SLOW = ("test_map_timeout", "WaitTests.test_timeout")
# Their time limits are fractions of a second, which a busy machine exceeds now and then.
ATTEMPTS = 3
# The module queue for its tests: fastconc has its names, and others that do no harm.
QUEUE = fastconc


def found(*names):
    """The modules of those names that this interpreter has."""
    modules = []
    for name in names:
        try:
            modules.append(importlib.import_module(name))
        except (ImportError, unittest.SkipTest):
            pass
    return modules


def set_up(self):
    """As without pytest, whose handlers would keep the log away from sys.stderr."""
    root = logging.getLogger()
    self.addCleanup(setattr, root, "handlers", root.handlers)
    root.handlers = []
    super(type(self), self).setUp()


def patient(test):
    """The test, which fails when it failed ATTEMPTS times, one after the other."""

    @functools.wraps(test)
    def attempt(self):
        for _ in range(ATTEMPTS - 1):
            try:
                return test(self)
            except unittest.SkipTest:
                raise
            except Exception as error:
                warnings.warn(f"{self.id()} once more, after {error!r}", stacklevel=1)
            self.tearDown()
            self.doCleanups()
            self.setUp()
        return test(self)

    return attempt


def collect(prefix, case, **attributes):
    """Let pytest see a test case of the standard library, changed by attributes."""
    name = f"{prefix}_{case.__name__}".replace("ThreadPool", "")
    bases = (case,) if issubclass(case, unittest.TestCase) else (case, unittest.TestCase)
    attributes["__module__"] = __name__
    attributes["setUp"] = set_up
    for test in dir(case):
        if test.startswith("test") and callable(getattr(case, test)):
            attributes[test] = patient(getattr(case, test))
    for slow in () if LONG else SLOW:
        owner, _, test = slow.rpartition(".")
        if owner in name and hasattr(case, test):
            attributes[test] = unittest.skip("slow")(getattr(case, test))
    globals()[name] = type(name, bases, attributes)


# ---- concurrent.futures: one module until 3.11, then a package ----

CONSTANTS = (
    "PENDING_FUTURE",
    "RUNNING_FUTURE",
    "CANCELLED_FUTURE",
    "CANCELLED_AND_NOTIFIED_FUTURE",
    "EXCEPTION_FUTURE",
    "SUCCESSFUL_FUTURE",
)


def create_future(state="PENDING", exception=None, result=None):
    future = fastconc.Future()
    future._state = state
    future._exception = exception
    future._result = result
    return future


def substitute(module, constants):
    """Replace what the module uses of concurrent.futures."""
    if hasattr(module, "futures"):
        module.futures = FUTURES
    if hasattr(module, "time") and not LONG:
        module.time = TIME
    if hasattr(module, "Future"):
        module.Future = fastconc.Future
    if hasattr(module, "create_future"):
        module.create_future = create_future
    for name in CONSTANTS:
        if hasattr(module, name):
            setattr(module, name, constants[name])
    if hasattr(module, "assert_python_ok"):
        original = module.assert_python_ok

        def assert_python_ok(*args, **kwargs):  # a script, in isolated mode
            path = str(Path(fastconc.__file__).parents[1])
            ours = f"import sys; sys.path.insert(0, {path!r}); from fastconc import PoolExecutor"
            args = [a.replace("from concurrent.futures import PoolExecutor", ours) for a in args]
            ours += " as ThreadPoolExecutor"
            theirs = "from concurrent.futures import ThreadPoolExecutor"
            args = [a.replace(theirs, ours) for a in args]
            return original(*args, **kwargs)

        module.assert_python_ok = assert_python_ok


def collect_futures():
    package = "test.test_concurrent_futures"
    parts = ["util", "executor", "test_thread_pool", "test_wait", "test_as_completed"]
    parts += ["test_shutdown", "test_init", "test_future"]
    modules = found(package, *(f"{package}.{part}" for part in parts))
    constants = {
        "PENDING_FUTURE": create_future(),
        "RUNNING_FUTURE": create_future("RUNNING"),
        "CANCELLED_FUTURE": create_future("CANCELLED"),
        "CANCELLED_AND_NOTIFIED_FUTURE": create_future("CANCELLED_AND_NOTIFIED"),
        "EXCEPTION_FUTURE": create_future("FINISHED", exception=OSError()),
        "SUCCESSFUL_FUTURE": create_future("FINISHED", result=42),
    }
    for module in modules:
        substitute(module, constants)
    for module in modules:
        for name, case in list(vars(module).items()):
            if isinstance(case, type) and issubclass(case, unittest.TestCase):
                if name.startswith("ThreadPool"):
                    collect("Futures", case, executor_type=fastconc.PoolExecutor)
                elif name == "FutureTests":
                    collect("Futures", case)


collect_futures()

# ---- multiprocessing.pool.ThreadPool ----


def collect_pools():  # a function: pytest would take its classes for tests of their own
    for module in found("test._test_multiprocessing"):
        for name in ("_TestPool", "_TestPoolWorkerErrors", "_TestPoolWorkerLifetime"):
            case = getattr(module, name)
            if "threads" in case.ALLOWED_TYPES:
                bases = (case, module.ThreadsMixin, unittest.TestCase)
                both = type(name, bases, {"Pool": staticmethod(fastconc.Pool)})
                collect("Threads", both)
        both = type("_TestQueue", (module._TestQueue, module.ThreadsMixin, unittest.TestCase), {})
        ours = staticmethod(fastconc.Queue)
        collect("Threads", both, Queue=ours, JoinableQueue=ours)


collect_pools()

# ---- queue ----

for module in found("test.test_queue"):
    for case in ("QueueTest", "LifoQueueTest", "PriorityQueueTest", "FailingQueueTest"):
        collect("Queues", getattr(module, f"C{case}"), queue=QUEUE)
