# SPDX-License-Identifier: BSD-3-Clause
"""Pool.map and its kin: ThreadPool's results, errors and callbacks."""

import threading
import time
from multiprocessing.pool import ThreadPool

import pytest
from fastconc import Pool


class Oops(Exception):
    pass


def square(x):
    return x * x


@pytest.fixture
def pool():
    with Pool(3) as pool:
        yield pool
    pool.join()


def test_pool_is_a_thread_pool(pool):
    assert isinstance(pool, ThreadPool)
    assert pool._workers == pool._processes == len(pool._pool) == 3


@pytest.mark.parametrize("chunksize", [None, 1, 2, 7, 1000, "auto"])
@pytest.mark.parametrize("n", [0, 1, 2, 10, 101])
def test_map_is_in_order(pool, n, chunksize):
    assert pool.map(square, range(n), chunksize) == [x * x for x in range(n)]
    assert pool.starmap(pow, [(x, 2) for x in range(n)], chunksize) == [x * x for x in range(n)]
    assert pool.map_async(square, iter(range(n)), chunksize).get(60) == [x * x for x in range(n)]


@pytest.mark.parametrize("chunksize", [0, -1])
def test_chunks_are_not_empty(pool, chunksize):
    for method in (pool.map, pool.imap, pool.imap_unordered):
        with pytest.raises(ValueError, match="Chunksize must be 1"):
            method(square, [1, 2], chunksize)


def test_map_with_an_error_runs_the_other_chunks(pool):
    done = []

    def task(x):
        if x == 0:
            raise Oops
        time.sleep(0.01)
        done.append(x)

    with pytest.raises(Oops):
        pool.map(task, range(10), 1)
    assert sorted(done) == list(range(1, 10))


def test_an_error_ends_its_chunk():
    done = []

    def task(x):
        if x == 1:
            raise Oops
        done.append(x)

    with Pool(1) as pool, pytest.raises(Oops):
        pool.map(task, range(6), 3)
    assert done == [0, 3, 4, 5]


def test_return_exceptions(pool):
    got = pool.map(lambda x: 1 // x, [1, 0, 1], return_exceptions=True)
    assert got[::2] == [1, 1] and isinstance(got[1], ZeroDivisionError)
    got = list(pool.imap(lambda x: 1 // x, [1, 0, 1], 2, return_exceptions=True))
    assert got[::2] == [1, 1] and isinstance(got[1], ZeroDivisionError)


def failing_after(n):
    yield from range(n)
    raise Oops


class FailingWithLength:
    def __len__(self):
        return 1

    def __iter__(self):
        return self

    def __next__(self):
        raise Oops


def test_errors_of_the_iterable(pool):
    for iterable in (failing_after(0), failing_after(5)):
        with pytest.raises(Oops):
            pool.map_async(square, iterable)  # raised here: it has no length
    result = pool.map_async(square, FailingWithLength())
    with pytest.raises(Oops):
        result.get(60)
    for method in (pool.imap, pool.imap_unordered):
        for chunksize in (1, 2):
            got, results = [], method(square, failing_after(4), chunksize)
            while True:
                try:
                    got.append(next(results))
                except Oops:
                    got.append(-1)
                    if chunksize > 1:  # the generator that flattens chunks has ended
                        break
                except StopIteration:
                    break
            assert set(got) <= {0, 1, 4, 9, -1} and got.count(-1) == 1
            if chunksize == 1 or method == pool.imap:
                assert sorted(got) == [-1, 0, 1, 4, 9]


@pytest.mark.parametrize("length", [0, 3, 10, 10**15])
def test_a_lying_length(pool, length):
    class Liar:
        def __len__(self):
            return length

        def __iter__(self):
            return iter(range(5))

    assert pool.map(square, Liar()) == [0, 1, 4, 9, 16]


def test_callbacks_come_before_the_result_one_at_a_time(pool):
    got, inside = [], []

    def callback(value):
        inside.append(1)
        assert len(inside) == 1
        time.sleep(0.001)
        got.append(value)
        inside.pop()

    results = [pool.apply_async(square, (x,), callback=callback) for x in range(10)]
    assert sorted(r.get(60) for r in results) == sorted(got) == [x * x for x in range(10)]
    assert pool.map_async(square, [3], callback=callback).get(60) == [9]
    assert got[-1] == [9]
    error = pool.apply_async(divmod, (1, 0), callback=callback, error_callback=got.append)
    with pytest.raises(ZeroDivisionError):
        error.get(60)
    assert isinstance(got[-1], ZeroDivisionError)
    error = pool.map_async(lambda x: 1 // x, [1, 0], error_callback=got.append)
    with pytest.raises(ZeroDivisionError):
        error.get(60)
    assert isinstance(got[-1], ZeroDivisionError)


def test_a_failing_callback_is_logged(pool, caplog):
    assert pool.apply_async(square, (2,), callback=lambda value: 1 // 0).get(60) == 4
    assert "exception calling callback" in caplog.text


def test_nested_maps_in_one_worker():
    with Pool(1) as pool:
        assert pool.map(lambda n: pool.map(square, range(n)), [1, 3]) == [[0], [0, 1, 4]]
        assert pool.apply(lambda: list(pool.imap(square, iter([1, 2])))) == [1, 4]
        assert pool.apply(lambda: sorted(pool.imap_unordered(square, iter([1, 2])))) == [1, 4]
        assert pool.apply(lambda: pool.apply(lambda: pool.apply(square, (5,)))) == 25


def test_imap_reads_an_infinite_iterable_lazily(pool):
    read = []

    def items():
        while True:
            read.append(1)
            yield len(read)

    results = pool.imap(square, items(), buffersize=4)
    assert [next(results) for _ in range(3)] == [1, 4, 9]
    assert len(read) <= 3 + 4


def test_buffered_imap_goes_on_after_close():
    pool = Pool(2)
    results = pool.imap(square, range(20), buffersize=3)
    pool.close()
    assert list(results) == [x * x for x in range(20)]
    pool.join()


def test_imap_next_with_a_timeout(pool):
    import multiprocessing

    release = threading.Event()
    for method in (pool.imap, pool.imap_unordered):
        release.clear()
        results = method(lambda x: release.wait(60), [1])
        with pytest.raises(multiprocessing.TimeoutError):
            results.next(timeout=0.01)
        release.set()
        assert results.next(timeout=60) is True
        for _ in range(2):
            with pytest.raises(StopIteration):
                results.next(timeout=60)


def test_imap_goes_on_without_its_consumer():
    done = []
    pool = Pool(2)
    pool.imap(done.append, iter(range(100)))
    pool.close()
    pool.join()
    assert sorted(done) == list(range(100))


@pytest.mark.parametrize("args, kwds", [(5, {}), ((1,), None), ((1,), {1: 2}), (iter("ab"), {})])
def test_arguments_are_unpacked_in_the_worker(pool, args, kwds):
    """So that bad ones are errors of the task, as in the standard library."""

    def concatenated(a, b):
        return a + b

    result = pool.apply_async(concatenated, args, kwds)
    if kwds == {} and args != 5:
        assert result.get(60) == "ab"
    else:
        with pytest.raises(TypeError):
            result.get(60)
