# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C in threads that wait and in tasks. Run as a script: tasks_signals.py CASE."""

import _thread
import os
import signal
import sys
import threading
import time

from fastconc import Future, Pool, PoolExecutor, as_completed, wait

# Not empty while Ctrl-C is wanted: signals that come too late raise nothing.
armed = []


def interrupt(signum, frame):
    if armed:
        raise KeyboardInterrupt


signal.signal(signal.SIGINT, interrupt)


def kill_while_armed():
    """Again and again: CPython looks for signals, then sleeps, and one in between wakes nobody."""
    while armed:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def interrupted(function):
    """Seconds between the signal and the KeyboardInterrupt that function() raises."""
    sent = []

    def send():
        time.sleep(0.2)
        sent.append(time.monotonic())
        kill_while_armed()

    thread = threading.Thread(target=send)
    armed.append(1)
    try:
        thread.start()
        function()
        delay = float("inf")
    except KeyboardInterrupt:
        delay = time.monotonic() - sent[0]
    armed.clear()
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
    print(max(delays), file=sys.stderr)
    print(max(delays) < 30)  # half of what they would wait


def a_signal_whose_handler_returns():
    seen = []
    signal.signal(signal.SIGUSR1, lambda *args: seen.append(1))
    future = Future()

    def send():
        while not seen:  # the wait must run the handler, and go on
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.1)
        future.set_result("late")

    threading.Thread(target=send, daemon=True).start()
    print(future.result(60))


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
    for _ in range(20):  # other programs may take the processor from the main thread, now and then
        result = pool.map_async(abs, range(3_000_000))  # C functions: no bytecode to interrupt
        turns = 0
        while not result.ready():
            time.sleep(0.001)
            turns += 1
        assert len(result.get()) == 3_000_000
        if turns >= 5:
            break
    print(turns >= 5)
    pool.terminate()


def interrupt_main_from_a_task():
    with PoolExecutor(1) as executor:
        future = Future()
        armed.append(1)
        try:
            executor.submit(time.sleep, 0.2)
            executor.submit(_thread.interrupt_main)
            executor.submit(kill_while_armed)  # interrupt_main alone wakes nobody
            future.result(60)
        except KeyboardInterrupt:
            print("interrupted")
        armed.clear()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
