# SPDX-License-Identifier: BSD-3-Clause
"""How integrate and quad end early: deadlines, Ctrl-C, futures, exceptions of the integrand."""

import asyncio
import concurrent.futures
import contextlib
import math
import os
import threading
import time
import traceback

import fastconc
import pytest
from fastconc import integrate, mcquad, quad
from interrupts import comes_to_rest, ctrl_c

pytestmark = pytest.mark.filterwarnings("ignore::fastconc.PerformanceWarning")


def native(x):
    return math.sin(1 / (x + 1e-300)) / (x + 1e-300)


def interpreted(x):
    return len(str(x)) * 1e-3 + math.sin(1e9 * x)  # str() is not compiled


def waves(x):
    return [math.sin(1e9 * v) for v in x]


# Calls that take minutes, or for ever.
ENDLESS = {
    "quad native": lambda **k: quad(native, 0, 1, epsabs=0, epsrel=1e-15, limit=1 << 24, **k),
    "quad python": lambda **k: quad(interpreted, 0, 1, epsabs=0, epsrel=1e-15, limit=1 << 24, **k),
    "quad vectorized": lambda **k: quad(
        waves, 0, 1, epsabs=0, epsrel=1e-15, limit=1 << 24, vectorized=True, **k
    ),
    "fourier": lambda **k: quad(
        lambda x: 1.0 if x < 1e9 else 0.0, 0, math.inf, weight="cos", wvar=1e5, limit=1 << 24,
        epsabs=0, epsrel=1e-15, **k,
    ),
    "integrate native": lambda **k: integrate(native, 0, 1, 10**13, rule="simpson", **k),
    "integrate python": lambda **k: integrate(interpreted, 0, 1, 10**10, **k),
}  # fmt: skip


def native_threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0


@pytest.mark.parametrize("name", list(ENDLESS))
def test_deadline(name):
    with pytest.raises(TimeoutError):
        ENDLESS[name](deadline=0.2)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="Ctrl-C is for the main thread",
)
@pytest.mark.parametrize("name", list(ENDLESS))
def test_ctrl_c(name):
    ctrl_c(ENDLESS[name])
    assert quad(native, 1, 2).converged
    assert integrate(lambda x: x, 0, 1, 10**6, rule="midpoint") == pytest.approx(0.5)


def test_no_thread_is_left_running():
    integrate(native, 1, 2, 10**7)  # starts the workers
    before, python_threads = native_threads(), threading.active_count()
    for call in ENDLESS.values():
        with pytest.raises(TimeoutError):
            call(deadline=0.05)
    assert native_threads() <= before + fastconc.cpu_count()
    assert threading.active_count() <= python_threads
    comes_to_rest()


def fails_late(x):
    if x > 0.7:
        raise LookupError(f"no value at {x}")
    return x


def fails_late_interpreted(x):
    return str(x) and fails_late(x)


@pytest.mark.parametrize("f", [fails_late, fails_late_interpreted])
@pytest.mark.parametrize("call", [quad, lambda *a, **k: integrate(*a, 100_000, **k)])
@pytest.mark.parametrize("workers", [1, 3])
def test_exceptions_arrive_with_their_traceback(f, call, workers):
    threads = threading.active_count()
    with pytest.raises(LookupError, match=r"no value at 0\.[789]") as caught:
        call(f, 0, 1, workers=workers)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "fails_late"
    assert threading.active_count() <= threads
    assert call(lambda x: x, 0, 1)  # and all goes on


def test_futures():
    with fastconc.Pool(2) as pool:
        future = pool.submit(quad, lambda x: x * x, 0, 3)
        assert future.result(timeout=60).integral == pytest.approx(9)
        several = [
            pool.submit(
                integrate, lambda x, k: k * x, 0, 1, 1000, rule="midpoint", args=(float(k),)
            )
            for k in range(20)
        ]
        assert [f.result(timeout=60) for f in several] == pytest.approx([k / 2 for k in range(20)])
        failing = pool.submit(quad, fails_late, 0, 1)
        assert isinstance(failing.exception(timeout=60), LookupError)
        timed = pool.submit(quad, native, 0, 1, epsabs=0, epsrel=1e-15, limit=1 << 24, deadline=0.1)
        assert isinstance(timed.exception(timeout=60), TimeoutError)


def test_cancelled_futures_do_not_run():
    with fastconc.Pool(1) as pool:
        gate, started = threading.Event(), threading.Event()

        def hold():
            started.set()
            gate.wait(60)
            return quad(lambda x: x, 0, 1)

        running = pool.submit(hold)
        assert started.wait(60)
        waiting = pool.submit(quad, native, 0, 1, epsabs=0, limit=1 << 24)
        assert waiting.cancel() and waiting.cancelled()
        assert not running.cancel()  # what it does beside the integral must not be left half done
        gate.set()
        assert running.result(timeout=60).integral == pytest.approx(0.5)


LONG = {
    "integrate": (integrate, native, 0, 1, 10**13),
    "integrate, Python": (integrate, lambda x: len(str(x)), 0, 1, 10**13),
    "quad": (quad, native, 0, 1, (), 0, 0, 1e-15, 1 << 24),
    "quad, arrays": (quad, native, [0.0] * 10_000, 1, (), 0, 0, 1e-15, 1 << 20),
    "mcquad": (mcquad, lambda x, y: math.exp(-x * y), [0, 0], [1, 1], 10**11),
    "mcquad, Python": (mcquad, lambda x, y: len(str(x)) + y, [0, 0], [1, 1], 10**11),
}


@pytest.mark.parametrize("name", LONG)
def test_cancelling_a_running_integral_stops_it(name):
    seen = []
    with fastconc.PoolExecutor(1) as executor:
        future = executor.submit(*LONG[name])
        future.add_done_callback(seen.append)
        while not future.running():
            assert not future.done(), future
            time.sleep(0.001)
        time.sleep(0.05)
        assert future.cancel() and future.cancel()
        assert future.cancelled() and future.done() and not future.running()
        assert seen == [future]
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(timeout=60)
        assert concurrent.futures.wait([future], timeout=60).done == {future}
        assert list(fastconc.as_completed([future], timeout=60)) == [future]
        # The worker is free again, and what it does next is not concerned.
        after = executor.submit(quad, lambda x: x * x, 0, 3)
        assert after.result(timeout=60).integral == pytest.approx(9)


def test_an_awaited_integral_stops_with_its_task():
    async def main():
        with fastconc.PoolExecutor(1) as executor:
            loop = asyncio.get_running_loop()
            call = loop.run_in_executor(executor, integrate, native, 0, 1, 10**13)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 0.1)
            assert await loop.run_in_executor(executor, pow, 2, 3) == 8

    asyncio.run(main())


def test_integrals_inside_an_integrand_stop_as_well():
    calls = []

    def inner(x):
        calls.append(x)
        with contextlib.suppress(concurrent.futures.CancelledError):  # as careless code might
            integrate(native, 0, x, 10**13)
        return x

    with fastconc.PoolExecutor(1) as executor:
        future = executor.submit(quad, inner, 0, 1)
        while not calls:
            time.sleep(0.001)
        assert future.cancel()
        assert executor.submit(pow, 2, 3).result(timeout=60) == 8
    assert len(calls) < 100
