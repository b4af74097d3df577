# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C in threads that wait and in tasks. Run as a script: tasks_signals.py CASE."""

import _thread
import os
import signal
import sys
import threading
import time

from fastconc import Future, Pool, PoolExecutor, as_completed, wait

# The interpreter installs it only when the shell did not ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted(function):
    """Seconds between the signal and the KeyboardInterrupt that function() raises."""
    sent = []

    def send():
        time.sleep(0.2)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        function()
    except KeyboardInterrupt:
        delay = time.monotonic() - sent[0]
    else:
        delay = float("inf")
    thread.join()
    return delay


def a_waiting_main_thread():
    release = threading.Event()
    future = Future()
    with PoolExecutor(1) as executor:
        pool = Pool(1)
        executor.submit(release.wait, 60)
        blocked = executor.submit(int)
        waits = [
            future.result,
            lambda: future.result(60),
            lambda: future.get(60),
            lambda: wait([future]),
            lambda: list(as_completed([future], 60)),
            lambda: pool.map(lambda x: release.wait(60), [1]),
            lambda: pool.imap(lambda x: release.wait(60), [1]).next(),
            lambda: list(executor.map(abs, [1])),
        ]
        delays = [interrupted(function) for function in waits]
        release.set()
        assert blocked.result(60) == 0 and pool.apply(int) == 0
    print(max(delays) < 5, max(delays), file=sys.stderr)
    print(max(delays) < 5)


def a_signal_whose_handler_returns():
    seen = []
    signal.signal(signal.SIGUSR1, lambda *args: seen.append(1))
    future = Future()
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    threading.Timer(0.3, lambda: future.set_result("late")).start()
    print(future.result(30), seen)


def in_a_task_it_is_a_result():
    with PoolExecutor(1) as executor, Pool(1) as pool:

        def interrupt():
            raise KeyboardInterrupt

        leaving = executor.submit(sys.exit, 3)
        for future in (executor.submit(interrupt), pool.submit(interrupt), leaving):
            print(type(future.exception(30)).__name__)
        print(executor.submit(int).result(30), pool.apply(int))


def busy_workers_do_not_starve_the_main_thread():
    pool = Pool(2)
    result = pool.map_async(abs, range(3_000_000))  # C functions: no bytecode to interrupt
    slowest = 0.0
    while not result.ready():
        before = time.monotonic()
        time.sleep(0.001)
        slowest = max(slowest, time.monotonic() - before)
    print(len(result.get()), slowest < 2)
    pool.terminate()


def interrupt_main_from_a_task():
    with PoolExecutor(1) as executor:
        future = Future()
        executor.submit(time.sleep, 0.2)
        executor.submit(_thread.interrupt_main)
        executor.submit(os.kill, os.getpid(), signal.SIGINT)
        try:
            future.result(30)
        except KeyboardInterrupt:
            print("interrupted")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
