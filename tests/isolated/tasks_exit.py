# SPDX-License-Identifier: BSD-3-Clause
"""How a process with pools ends. Run as a script: tasks_exit.py CASE; the test reads its output."""

import atexit
import gc
import multiprocessing.pool
import sys
import threading
import time

from fastconc import Pool, PoolExecutor


def say(text):
    time.sleep(0.1)
    print(text, flush=True)


def queued_work_finishes():
    executor = PoolExecutor(1)
    for i in range(5):
        executor.submit(say, i)


def queued_work_finishes_after_shutdown_without_wait():
    executor = PoolExecutor(1)
    for i in range(3):
        executor.submit(say, i)
    executor.shutdown(wait=False)


def cancelled_at_shutdown():
    executor = PoolExecutor(1)
    release = threading.Event()
    futures = [executor.submit(release.wait, 30) for _ in range(100)]
    executor.shutdown(wait=False, cancel_futures=True)
    release.set()
    print(sum(f.cancelled() for f in futures) >= 99)


def submit_at_exit():
    executor = PoolExecutor(1)
    executor.submit(int).result()

    @atexit.register
    def late():
        for pool in (executor, PoolExecutor(1)):
            try:
                pool.submit(int)
            except RuntimeError as error:
                print(error)


def pool_made_at_exit():
    def use(make):
        try:
            with make(2) as pool:
                return pool.map(abs, [-1, 2])
        except RuntimeError as error:  # some versions start no thread there
            return str(error)

    @atexit.register
    def late():
        print(use(Pool) == use(multiprocessing.pool.ThreadPool))


def a_task_submits_at_exit():
    executor = PoolExecutor(1)

    def task():
        for _ in range(3000):  # until the interpreter ends
            time.sleep(0.01)
            try:
                executor.submit(int)
            except RuntimeError as error:
                print(error, flush=True)
                break

    executor.submit(task)


def dropped_executor_runs_its_work():
    executor = PoolExecutor(2)
    threads = executor._threads
    done = []
    for i in range(20):
        executor.submit(done.append, i)
    del executor
    gc.collect()
    for thread in list(threads):
        thread.join(30)
    print(len(done), any(t.is_alive() for t in threads))


def pool_does_not_delay_the_exit():
    pool = Pool(2)
    pool.apply_async(time.sleep, (1000,))
    for _ in range(10_000):
        pool.apply_async(time.sleep, (1000,))
    pool.imap(time.sleep, iter([1000] * 10))
    time.sleep(0.1)
    print("leaving", flush=True)


def closed_pool_is_not_waited_for():
    pool = Pool(2)
    pool.map_async(time.sleep, [1000] * 10)
    pool.close()
    print("leaving", flush=True)


def idle_pools_of_all_kinds():
    globals()["keep"] = [Pool(2), PoolExecutor(2), Pool(1), PoolExecutor(1)]
    for pool in globals()["keep"]:
        pool.submit(int).result()
    print("leaving", flush=True)


def uncaught_exception():
    executor = PoolExecutor(1)
    executor.submit(say, "done")
    raise ValueError("main failed")


def daemon_threads_wait_for_results():
    executor = PoolExecutor(1)
    never = executor.submit(time.sleep, 0.3)
    threading.Thread(target=never.result, daemon=True).start()
    from fastconc import Future

    threading.Thread(target=Future().result, daemon=True).start()
    time.sleep(0.05)
    print("leaving", flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
