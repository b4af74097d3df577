# SPDX-License-Identifier: BSD-3-Clause
"""fastconc in subinterpreters with a GIL of their own: it works, and shares only cores."""

import os
import sys
import sysconfig
import threading
from pathlib import Path

import fastconc
import pytest

if sys.version_info >= (3, 13):
    import _interpreters

    def create():
        return _interpreters.create("isolated")  # own GIL

    def run(interpreter, source):
        failure = _interpreters.exec(interpreter, source)
        if failure is not None:
            raise AssertionError(failure.formatted)

    destroy = _interpreters.destroy
elif sys.version_info >= (3, 12):
    import _xxsubinterpreters

    def create():
        return _xxsubinterpreters.create(isolated=True)

    run = _xxsubinterpreters.run_string
    destroy = _xxsubinterpreters.destroy
else:
    pytest.skip("own-GIL interpreters need Python 3.12", allow_module_level=True)

PATH = f"import sys; sys.path.insert(0, {str(Path(fastconc.__file__).parent.parent)!r})\n"

WORK = (
    PATH
    + """
import fastconc

assert fastconc.count_words("a b " * 100_000, workers=3) == {"a": 100_000, "b": 100_000}
area = fastconc.integrate(lambda x: x * x, 0.0, 3.0, 10_000, rule="simpson", workers=2)
assert round(area, 9) == 9.0

for make in (fastconc.Queue, fastconc.LifoQueue, fastconc.PriorityQueue):
    q = make(3)
    for i in range(3):
        q.put(i)
    try:
        q.put_nowait(3)
    except fastconc.Full:
        pass
    assert q.mutex and sorted(q.queue) == [0, 1, 2]
    assert sorted(q.get() for _ in range(3)) == [0, 1, 2]
    q.shutdown()
    try:
        q.get()
    except fastconc.ShutDown:
        pass

with fastconc.PoolExecutor(2) as executor:
    assert list(executor.map(pow, [1, 2, 3], [2, 2, 2])) == [1, 4, 9]
with fastconc.Pool(2) as pool:
    assert pool.map(abs, [-1, 2]) == [1, 2]
    assert list(pool.imap(abs, iter([-1, 2]))) == [1, 2]
    assert pool.apply_async(abs, (-3,), timeout=60).get() == 3

counter = fastconc.Counter()
counter += 5
assert counter.increment() == 6
"""
)


@pytest.fixture
def interpreter():
    created = create()
    yield created
    destroy(created)


def test_everything_works(interpreter):
    run(interpreter, WORK)
    run(interpreter, WORK)


def test_all_public_names(interpreter):
    """Those that need NumPy are not touched: it does not support own-GIL interpreters."""
    source = """
import fastconc
for name in fastconc.__all__:
    if name != "Classifier":
        assert getattr(fastconc, name) is not None, name
"""
    run(interpreter, PATH + source)


def test_types_are_separate(interpreter):
    source = """
import fastconc
fastconc.Queue.mark = "theirs"
fastconc.set_num_threads(None)
assert fastconc.Empty.__module__ == "_queue"
"""
    run(interpreter, PATH + source)
    assert not hasattr(fastconc.Queue, "mark")


def test_many_one_after_the_other():
    for _ in range(10):
        interpreter = create()
        run(interpreter, WORK)
        destroy(interpreter)
    assert fastconc.count_words("a b " * 100_000, workers=3)["a"] == 100_000


def test_many_at_once():
    """Their native work shares one set of threads."""
    errors = []

    def use():
        try:
            interpreter = create()
            try:
                for _ in range(3):
                    run(interpreter, WORK)
            finally:
                destroy(interpreter)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        assert fastconc.count_words("a b " * 100_000, workers=3)["a"] == 100_000
    for t in threads:
        t.join()
    assert errors == []


def test_code_of_another_interpreter_in_a_task():
    """The thread is a worker of this interpreter's pool, and none of that interpreter's."""
    source = (
        PATH
        + """
import fastconc

with fastconc.PoolExecutor(2) as executor:
    def deep(n):
        return 1 + executor.submit(deep, n - 1).result() if n else 0

    for _ in range(20):
        futures = [executor.submit(deep, 3) for _ in range(5)]
        assert [f.result() for f in futures] == [3] * 5
        futures = [executor.submit(deep, 2) for _ in range(5)]
        assert len(fastconc.wait(futures).done) == 5
"""
    )

    def task():
        interpreter = create()
        try:
            run(interpreter, source)
        finally:
            destroy(interpreter)

    with fastconc.PoolExecutor(3) as executor:
        tasks = [executor.submit(task) for _ in range(3)]
        nested = [executor.submit(lambda: executor.submit(int).result()) for _ in range(10)]
        for future in tasks + nested:
            future.result(60)


def test_destroyed_with_open_pools(interpreter):
    """A thread left over would be a fatal error; what a Pool has not begun is dropped."""
    source = """
import builtins, time, fastconc
builtins.executor = fastconc.PoolExecutor(2)
builtins.executor.submit(time.sleep, 0.05)
builtins.pool = fastconc.Pool(2)
for _ in range(1000):
    builtins.pool.apply_async(time.sleep, (0.05,), timeout=60)
"""
    run(interpreter, PATH + source)


def test_destroyed_with_living_objects(interpreter):
    source = """
import builtins, fastconc
q = fastconc.Queue()
q.put([q, fastconc.Counter(3)])
builtins.keep = [q, fastconc.PriorityQueue(), fastconc.Queue[int], fastconc.Queue.put, q.get]
class Last:
    def __init__(self):
        self.queue = fastconc.Queue()
    def __del__(self):
        self.queue.put(1)
        assert self.queue.get() == 1
builtins.last = Last()
"""
    run(interpreter, PATH + source)


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded build"
)
@pytest.mark.skipif(os.environ.get("PYTHON_GIL") == "1", reason="the GIL is on")
def test_the_gil_stays_off():
    assert not sys._is_gil_enabled()
    assert fastconc.count_words("a") == {"a": 1}
    assert not sys._is_gil_enabled()
