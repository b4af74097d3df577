# SPDX-License-Identifier: BSD-3-Clause
"""The first call of quad on a function: compiled once, and as right as the later calls."""

import gc
import math
import warnings
import weakref

import fastconc
import pytest
from fastconc import _integrand, _kernel
from fastconc._compile import unit


def count_compilations(monkeypatch):
    calls = []
    plain = _kernel.program_and_unit

    def counted(f, *args, **kwargs):
        calls.append(f)
        return plain(f, *args, **kwargs)

    monkeypatch.setattr(_kernel, "program_and_unit", counted)
    return calls


def test_first_and_later_calls_agree(monkeypatch):
    calls = count_compilations(monkeypatch)
    f = lambda x: math.exp(-x * x) * math.sin(x + 3)  # noqa: E731
    results = [tuple(vars(fastconc.quad(f, 0, 1)).items()) for _ in range(3)]
    assert results[0] == results[1] == results[2]
    assert len(calls) <= 1


def test_functions_at_one_address():
    """Each lambda goes before the next is made, which often takes its place."""
    for k in range(200):
        assert fastconc.quad(lambda x: x * k, 0, 1)[0] == pytest.approx(k / 2)  # noqa: B023
        assert fastconc.quad(lambda x, p: x * p + k, 0, 2, (0.5,))[0] == pytest.approx(1 + 2 * k)  # noqa: B023


def test_what_does_not_compile_is_tried_once_a_call(monkeypatch):
    calls = count_compilations(monkeypatch)
    seen = []

    def f(x):
        seen.append(x)
        return x * x

    with pytest.warns(fastconc.PerformanceWarning):
        assert fastconc.quad(f, 0, 1)[0] == pytest.approx(1 / 3)
    assert len(calls) == 1 and seen


def test_integrals_that_do_not_converge_at_first():
    for _ in range(2):
        with pytest.warns(fastconc.IntegrationWarning):
            assert not fastconc.quad(lambda x: 1 / x, 0, 1).converged


def test_functions_that_fail_tell_what_python_tells():
    def f(x):
        return [1.0, 2.0][int(x * 3)]

    for _ in range(2):
        with warnings.catch_warnings(), pytest.raises(IndexError, match="list index"):
            warnings.simplefilter("ignore")
            fastconc.quad(f, 0, 1)


@pytest.mark.parametrize(
    "arguments, error",
    [
        ((0, 1, (), 0, -1.0), ValueError),
        ((0, math.nan), ValueError),
        ((0, "1"), TypeError),
        ((None, 1), TypeError),
    ],
)
def test_wrong_arguments_of_a_first_call(arguments, error):
    with pytest.raises(error):
        fastconc.quad(lambda x: x * x + 1, *arguments)


def test_ints_as_arguments_stay_ints():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fastconc.quad(lambda x, n: x**n, 0, 1, (3,))[0] == pytest.approx(1 / 4)
        assert fastconc.quad(lambda x, n: x * (7 // n), 0, 1, (2,))[0] == pytest.approx(1.5)
        assert fastconc.quad(lambda x, n: x * (7 // n), 0, 1, (2.5,))[0] == pytest.approx(1.0)


def test_learning_is_for_plain_functions_not_known_yet():
    def f(x):
        return x + 1

    assert _integrand.learn(f, (), "quad") is True
    assert _integrand.learn(f, (), "quad") is None
    assert _integrand.learn(f, (1,), "quad") is None
    assert _integrand.learn(math.sin, (), "quad") is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _integrand.learn(lambda x: open(x), (), "quad") is False


def not_numeric(x):
    y = x + LATER  # noqa: F821
    print(end="")
    return y


def test_what_does_not_compile_is_compiled_once(monkeypatch):
    """A second integral of the function does not try again, unless something it needs changed."""
    calls = []
    plain = unit.compile_target
    monkeypatch.setattr(unit, "compile_target", lambda *args: calls.append(1) or plain(*args))
    with pytest.warns(fastconc.PerformanceWarning), pytest.raises(NameError):
        fastconc.quad(not_numeric, 0, 1)
    monkeypatch.setitem(globals(), "LATER", 2.0)
    known = 0
    for n in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert fastconc.quad(not_numeric, 0, 1)[0] == pytest.approx(2.5)
        assert n == 0 or len(calls) == known
        known = len(calls)
    monkeypatch.setitem(globals(), "LATER", 3.0)
    monkeypatch.setitem(globals(), "print", lambda **rest: None)
    assert fastconc.quad(not_numeric, 0, 1)[0] == pytest.approx(3.5)
    assert len(calls) == known + 1


def test_failures_keep_nothing_alive():
    class Thing:
        pass

    thing = Thing()
    alive = weakref.ref(thing)

    def f(x, thing=thing):
        print(end="")
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            fastconc.quad(f, 0, 1)
    unit._units.clear()
    del f, thing
    gc.collect()
    assert alive() is None
