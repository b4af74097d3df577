# SPDX-License-Identifier: BSD-3-Clause
"""PoolExecutor.submit, map and shutdown: ThreadPoolExecutor's semantics."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastconc import PoolExecutor


def capture(*args, **kwargs):
    return args, kwargs


def test_submit_returns_the_result():
    with PoolExecutor(2) as executor:
        assert isinstance(executor, ThreadPoolExecutor)
        assert executor.submit(pow, 2, 8).result() == 256
        assert executor._max_workers == executor._workers == 2


def test_keywords_named_self_and_fn_pass_through():
    with PoolExecutor(1) as executor:
        assert executor.submit(capture, 1, self=2, fn=3).result() == ((1,), {"self": 2, "fn": 3})
        with pytest.raises(TypeError):
            executor.submit(fn=capture, arg=1)
        with pytest.raises(TypeError):
            executor.submit()


@pytest.mark.parametrize("n", range(8))
def test_any_number_of_arguments(n):
    with PoolExecutor(1) as executor:
        assert executor.submit(capture, *range(n)).result() == (tuple(range(n)), {})
        assert executor.submit(capture, *range(n), k=n).result() == (tuple(range(n)), {"k": n})


def test_map_is_eager_and_in_order():
    begun = threading.Event()
    with PoolExecutor(3) as executor:
        executor.map(lambda x: begun.set(), [1])
        assert begun.wait(60)
        assert list(executor.map(pow, range(10), range(10))) == [x**x for x in range(10)]


@pytest.mark.parametrize("n", [0, -1])
def test_width_must_be_positive(n):
    with pytest.raises(ValueError, match="max_workers must be greater than 0"):
        PoolExecutor(n)


def test_submit_after_shutdown():
    executor = PoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(int)
