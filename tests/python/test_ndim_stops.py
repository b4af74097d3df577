# SPDX-License-Identifier: BSD-3-Clause
"""How cubature and mcquad end early: deadlines, Ctrl-C, futures, a pool that closes."""

import math
import threading

import fastconc
import pytest
from fastconc import cubature, mcquad
from interrupts import comes_to_rest, ctrl_c

pytestmark = pytest.mark.filterwarnings("ignore::fastconc.PerformanceWarning")


def native(x, y, z):
    return math.sin(1 / (x * y * z + 1e-300))


def interpreted(x, y, z):
    return len(str(x)) * 1e-3 + math.sin(1e9 * x * y * z)  # str() is not compiled


def waves(points):
    return [math.sin(1e9 * v) for v in points[0]]


def endless_cubature(f, **keywords):
    return cubature(f, [0] * 3, [1] * 3, epsabs=0, epsrel=1e-15, max_eval=10**15, **keywords)


def endless_mcquad(f, method="sobol", **keywords):
    return mcquad(f, [0] * 3, [1] * 3, 10**12, method=method, seed=1, **keywords)


# Calls that take minutes, or for ever.
ENDLESS = {
    "cubature native": lambda **k: endless_cubature(native, **k),
    "cubature python": lambda **k: endless_cubature(interpreted, **k),
    "cubature vectorized": lambda **k: endless_cubature(waves, vectorized=True, **k),
    "mc": lambda **k: endless_mcquad(native, "mc", **k),
    "sobol": lambda **k: endless_mcquad(native, **k),
    "vegas": lambda **k: endless_mcquad(native, "vegas", **k),
    "mcquad python": lambda **k: endless_mcquad(interpreted, **k),
}


@pytest.mark.parametrize("name", list(ENDLESS))
def test_deadline(name):
    with pytest.raises(TimeoutError):
        ENDLESS[name](deadline=0.1)


@pytest.mark.parametrize("name", list(ENDLESS))
def test_ctrl_c(name):
    ctrl_c(ENDLESS[name])
    assert cubature(lambda x, y: x * y, [0, 0], [1, 1]).integral == pytest.approx(0.25)
    assert mcquad(lambda x, y: x * y, [0, 0], [1, 1], 10**4, seed=1).integral == pytest.approx(
        0.25, rel=0.01
    )


def test_nothing_works_on_after_a_deadline():
    threads = threading.active_count()
    for call in ENDLESS.values():
        with pytest.raises(TimeoutError):
            call(deadline=0.05)
    assert threading.active_count() <= threads  # those of other tests may end
    comes_to_rest()


def test_futures():
    with fastconc.Pool(2) as pool:
        area = pool.submit(cubature, lambda x, y: x * y, [0, 0], [2, 2])
        sampled = pool.submit(mcquad, lambda x, y: x * y, [0, 0], [2, 2], 10**5, seed=3)
        assert area.result(timeout=60).integral == pytest.approx(4)
        assert sampled.result(timeout=60).integral == pytest.approx(4, rel=0.01)
        for call in (endless_cubature, endless_mcquad):
            timed = pool.submit(call, native, deadline=0.1)
            assert isinstance(timed.exception(timeout=60), TimeoutError)

        def fails(x, y):
            raise LookupError(f"no value at {x}")

        for call in (cubature, lambda f, a, b: mcquad(f, a, b, 1000)):
            failing = pool.submit(call, fails, [0, 0], [1, 1])
            assert isinstance(failing.exception(timeout=60), LookupError)


def test_workers_may_integrate_with_workers():
    """Nested: each task of a pool uses the cores that are free."""
    with fastconc.Pool(2) as pool:
        several = [
            pool.submit(cubature, lambda x, y, k: k * x * y, [0, 0], [1, 1], args=(float(k),))
            for k in range(12)
        ]
        several += [
            pool.submit(cubature, lambda x, y, k: k * x * y, [0, 0], [1, 1], args=(float(k),),
                        workers=pool)
            for k in range(12)
        ]  # fmt: skip
        found = [f.result(timeout=60).integral for f in several]
    assert found == pytest.approx([k / 4 for k in range(12)] * 2)


@pytest.mark.parametrize("call", [cubature, lambda f, a, b: mcquad(f, a, b, 1000, seed=1)])
def test_cancelled_futures_do_not_run(call):
    with fastconc.Pool(1) as pool:
        gate, started = threading.Event(), threading.Event()

        def hold():
            started.set()
            gate.wait(60)
            return call(lambda x, y: x, [0, 0], [1, 1])

        def must_not_run(x, y):
            started.clear()
            return str(x) and x

        running = pool.submit(hold)
        assert started.wait(60)
        waiting = pool.submit(call, must_not_run, [0, 0], [1, 1])
        assert waiting.cancel() and waiting.cancelled()
        assert not running.cancel()
        gate.set()
        assert running.result(timeout=60).integral == pytest.approx(0.5, rel=0.1)
    assert started.is_set()


def test_a_pool_that_ends_waits_for_what_runs():
    with fastconc.PoolExecutor(1) as executor:
        started = threading.Event()

        def slow(x, y):
            started.set()
            return x * y + 0 * len(str(x))

        future = executor.submit(cubature, slow, [0, 0], [1, 1])
        assert started.wait(60)
    assert future.done() and future.result().integral == pytest.approx(0.25)
