# SPDX-License-Identifier: BSD-3-Clause
"""Forking a process whose pools have live workers. Run as a script: tasks_fork.py CASE."""

import os
import sys
import threading
import time
import warnings

from fastconc import Future, Pool, PoolExecutor, as_completed, wait

warnings.simplefilter("ignore", DeprecationWarning)


def in_child(function):
    """Run function in a forked child; its exit code is 0 when it returns."""
    pid = os.fork()
    if pid == 0:
        try:
            function()
            sys.stdout.flush()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def pools_work_in_the_child():
    executor, pool = PoolExecutor(2), Pool(2)
    executor.submit(int).result()
    pool.apply(int)

    def child():
        assert executor.submit(pow, 2, 3).result(30) == 8
        assert list(executor.map(abs, [-1, -2])) == [1, 2]
        assert pool.map(abs, [-3, 4]) == [3, 4]
        assert threading.active_count() > 1
        executor.shutdown()
        pool.close()
        pool.join()

    print(in_child(child), executor.submit(int).result(30), pool.apply(int))


def the_parents_tasks_do_not_hang_the_child():
    executor, pool = PoolExecutor(1), Pool(1)
    release = threading.Event()
    called = []
    running = executor.submit(release.wait, 30)
    pending = executor.submit(int)
    pending.add_done_callback(called.append)
    pool.apply_async(release.wait, (30,))
    mapped = pool.map_async(int, range(3))
    waiter = threading.Thread(target=pending.result)
    waiter.start()
    time.sleep(0.1)

    def child():
        for future in (running, pending, mapped):
            assert "parent" in str(future.exception(30))
        assert not called
        assert len(wait([running, pending]).done) == 2
        assert len(list(as_completed([running, pending]))) == 2
        executor.shutdown()
        pool.terminate()
        pool.join()

    code = in_child(child)
    release.set()
    results = running.result(30), pending.result(30), mapped.get(30)
    waiter.join()
    executor.shutdown()  # a callback comes after those who wait
    print(code, *results, len(called))


def the_child_exits_normally():
    executor, pool = PoolExecutor(2), Pool(2)
    release = threading.Event()
    executor.submit(release.wait, 30)
    pool.apply_async(release.wait, (30,))
    time.sleep(0.1)
    pid = os.fork()
    if pid == 0:
        sys.exit(0)  # runs exit handlers: they must not join the parent's threads
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    release.set()


def fork_in_a_task():
    executor = PoolExecutor(1)

    def task():
        return in_child(lambda: None)

    print(executor.submit(task).result(30), executor.submit(int).result(30))


def multiprocessing_in_a_task():
    import multiprocessing

    executor = PoolExecutor(2)

    def task(x):
        process = multiprocessing.get_context("fork").Process(target=abs, args=(x,))
        process.start()
        process.join(30)
        # start() in another thread reaps whatever has ended; join() then returns before the exit
        # code is stored (the standard library's own race, with its own threads as well).
        end = time.monotonic() + 30
        while process.exitcode is None and time.monotonic() < end:
            time.sleep(0.001)
        return process.exitcode

    print(list(executor.map(task, range(4))))


def iterating_while_forking():
    executor = PoolExecutor(1)
    futures = [executor.submit(time.sleep, 0.01) for _ in range(5)]
    codes = [in_child(lambda: None) for _ in as_completed(futures)]
    print(codes)


def iterator_of_the_parents_goes_on_in_the_child():
    executor = PoolExecutor(1)
    release = threading.Event()
    futures = [executor.submit(release.wait, 30), executor.submit(int)]
    done = Future()
    done.set_result(None)
    iterators = [as_completed([done, *futures]) for _ in range(2)]
    for iterator in iterators:
        assert next(iterator) is done

    def child():
        for future in iterators[0]:
            assert "parent" in str(future.exception(30))
        iterators[1].close()

    code = in_child(child)
    release.set()
    print(code, *[len(list(iterator)) for iterator in iterators])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
