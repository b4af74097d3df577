# SPDX-License-Identifier: BSD-3-Clause
"""The short ways of cubature and its kin: programs that are remembered, errors that are proved."""

import copy
import gc
import inspect
import math
import pickle
import random
import weakref

import fastconc
import pytest
from fastconc import cubature, dblquad, nquad, tplquad

SCALE = 2.0


def test_a_changed_global_closure_default_or_code_is_noticed():
    global SCALE
    factor = 1.0

    def f(x, y, k=1.0):
        return SCALE * factor * k * (x + y)

    def value():
        return [cubature(f, [0, 0], [1, 1]).integral for _ in range(3)][-1]

    assert value() == pytest.approx(2)
    SCALE = 5.0
    try:
        assert value() == pytest.approx(5)
    finally:
        SCALE = 2.0
    factor = 3.0
    assert value() == pytest.approx(6)
    f.__defaults__ = (0.5,)
    assert value() == pytest.approx(3)
    f.__code__ = (lambda x, y, k=1.0: x * y).__code__ if not f.__closure__ else f.__code__
    assert value() == pytest.approx(3)


def test_a_changed_limit_is_noticed():
    top = 1.0

    def upper(y):
        return top * y

    def both(y):
        return 0, top * y

    for want in (0.5, 1.0):
        for _ in range(3):
            assert dblquad(lambda x, y: 1.0, 0, 1, 0, upper)[0] == pytest.approx(want)
            assert nquad(one, [both, (0, 1)])[0] == pytest.approx(want)
        top = 2.0


def one(x, y):
    return 1.0


def test_args_are_not_mistaken_for_each_other():
    def f(x, y, a):
        return math.copysign(1.0, a) * (x + y)

    for _ in range(2):
        for a, want in ((0.0, 1), (-0.0, -1), (1.0, 1), (-2.5, -1), (1, 1), (True, 1)):
            assert cubature(f, [0, 0], [1, 1], args=(a,)).integral == pytest.approx(want)
            assert nquad(f, [(0, 1)] * 2, args=(a,))[0] == pytest.approx(want)


def test_a_function_of_a_point_is_no_limit():
    def f(x):
        return x[0] + x[1]

    for _ in range(2):
        assert cubature(f, [0, 0], [1, 1]).integral == pytest.approx(1)
        with pytest.raises(TypeError, match="nquad"):
            cubature(lambda x, y, z: 1.0, [0, 0, 0], [f, 1, 1])


def test_functions_that_come_and_go():
    for k in range(300):
        assert cubature(eval(f"lambda x, y: {k} + x * y"), [0, 0], [1, 1])[0] == pytest.approx(
            k + 0.25
        )
        if k % 50 == 0:
            gc.collect()


def test_tplquad_with_known_limits_keeps_their_order():
    def low(x, y):
        return x - 2 * y

    def high(x, y):
        return x * x + y

    def f(z, y, x):
        return z

    exact = 0.5 * ((0.2 + 0.5 + 2 / 3 - 0) - (1 / 3 - 1 + 4 / 3))
    inner = dblquad(lambda y, x: 0.5 * ((x * x + y) ** 2 - (x - 2 * y) ** 2), 0, 1, 0, 1)[0]
    assert inner == pytest.approx(0.5 * (0.2 + 1 / 3 + 1 / 3 - (1 / 3 - 1 + 4 / 3)))
    for _ in range(3):
        assert tplquad(f, 0, 1, 0, 1, low, high)[0] == pytest.approx(inner)
    assert exact > 0


def test_exceptions_come_again_each_time():
    def f(x, y):
        if x > 0.5:
            raise ValueError("mine")
        return x

    for _ in range(3):
        with pytest.raises(ValueError, match="mine"):
            cubature(f, [0, 0], [1, 1])


def test_warnings_come_again_each_time():
    def f(x, y):
        return math.nan if x > y else 1.0

    for _ in range(3):
        with pytest.warns(fastconc.IntegrationWarning) as seen:
            result = cubature(f, [0, 0], [1, 1])
        assert not result.converged and result.error == math.inf
        assert seen[0].filename == __file__
    for _ in range(3):
        with pytest.warns(fastconc.IntegrationWarning, match="max_eval") as seen:
            cubature(lambda x, y: abs(x * y - 0.3), [0, 0], [1, 1], epsrel=1e-13, max_eval=2000)
        assert seen[0].filename == __file__


def test_bad_arguments_are_refused_the_second_time_too():
    def f(x, y):
        return x + y

    for _ in range(2):
        assert cubature(f, [0, 0], [1, 1]).converged
        for arguments, error in (
            (([0, math.nan], [1, 1]), ValueError),
            (([0], [1, 1]), ValueError),
            (([0, 0], [1, "x"]), TypeError),
            (([0, 0], [1, 1, 1]), ValueError),
            (("ab", [1, 1]), TypeError),
        ):
            with pytest.raises(error):
                cubature(f, *arguments)
        for keywords in ({"epsabs": -1}, {"epsrel": math.nan}, {"max_eval": 3}, {"workers": 0}):
            with pytest.raises(ValueError):
                cubature(f, [0, 0], [1, 1], **keywords)


def test_results_of_either_way_are_alike():
    def f(x, y):
        return x * y, x + y

    first, second = cubature(f, [0, 0], [1, 1]), cubature(f, [0, 0], [1, 1])
    assert first == second and type(second) is fastconc.QuadResult
    for name in ("integral", "error", "neval", "converged", "status", "message", "subdivisions"):
        assert getattr(first, name) == getattr(second, name), name
    assert repr(first) == repr(second)
    assert second.estimate == second.integral == pytest.approx((0.25, 1))


@pytest.mark.parametrize("name", ["quad", "cubature", "nquad", "dblquad", "tplquad"])
def test_a_shortcut_is_like_the_function_that_it_stands_for(name):
    function = getattr(fastconc, name)
    assert function.__name__ == function.__qualname__ == name and len(function.__doc__) > 100
    assert next(iter(inspect.signature(function).parameters)) in ("f", "func")
    assert pickle.loads(pickle.dumps(function)) is function is copy.deepcopy(function)
    assert name in repr(function) and inspect.isroutine(function)
    assert weakref.ref(function)() is function
    for arguments, keywords in (((), {}), ((1,), {"f": 1, "func": 1}), ((1,) * 20, {})):
        with pytest.raises(TypeError, match=rf"{name}\(\)"):
            function(*arguments, **keywords)


def test_arguments_by_keyword_and_position():
    def f(x, y):
        return x + 2 * y

    for _ in range(2):
        assert cubature(f=f, upper=(1, 1), lower=[0, 0], epsrel=1e-9)[0] == pytest.approx(1.5)
        assert nquad(func=f, ranges=((0, 1), (0, 1)), args=None)[0] == pytest.approx(1.5)
        assert dblquad(f, 0, 1, 0, hfun=1, epsabs=1e-9)[0] == pytest.approx(1.5)
        assert dblquad(f, 0, 1, 0, 1, (), 1e-9, 1e-9, workers=1)[0] == pytest.approx(1.5)
        with pytest.raises(TypeError, match="epsilon"):
            cubature(f, [0, 0], [1, 1], epsilon=1e-3)


def test_methods_bind_as_those_of_python_functions():
    class Part:
        volume = cubature
        area = staticmethod(cubature)

    with pytest.raises(TypeError):
        Part().volume([0], [1])
    assert Part.area(lambda x: x, [0], [1]).integral == pytest.approx(0.5)
    assert Part.volume(lambda x: x, [0], [1]).integral == pytest.approx(0.5)


# ---- proofs ----


def product(x, y, z, a, b):
    return math.exp(a * x) * math.cos(b * y) / (1 + z * z)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-8, 1e-12])
def test_proved_integrals_are_within_their_errors(tolerance):
    rng = random.Random(f"{tolerance}")
    few = 0
    for _ in range(60):
        a, b = rng.uniform(0.1, 3), rng.uniform(0.1, 3)
        (l0, l1, l2), (h0, h1, h2) = ([rng.uniform(-1.5, 1.5) for _ in range(3)] for _ in range(2))
        exact = (math.exp(a * h0) - math.exp(a * l0)) / a
        exact *= (math.sin(b * h1) - math.sin(b * l1)) / b * (math.atan(h2) - math.atan(l2))
        if abs(exact) < 1e-3:
            continue
        result = cubature(
            product, [l0, l1, l2], [h0, h1, h2], args=(a, b), epsabs=0, epsrel=tolerance
        )
        true = abs(result.integral - exact)
        assert result.converged and result.error <= tolerance * abs(result.integral)
        assert true <= result.error + 2e-15 * abs(exact) + 1e-16
        few += result.neval < 2000
    assert few > 25


def test_needles_and_kinks_are_not_proved_away():
    for centre in (0.1234, 0.5, 0.77):
        for width in (1e-1, 1e-2, 1e-3):

            def needle(x, y, c=centre, w=width):
                return 1 + math.exp(-(((x - c) / w) ** 2) - ((y - c) / w) ** 2)

            result = cubature(needle, [0, 0], [1, 1], epsabs=0, epsrel=1e-4)
            assert result.neval > 600  # nothing was proved
    kink = cubature(lambda x, y: abs(x - 0.3) + y, [0, 0], [1, 1], epsabs=0, epsrel=1e-8)
    assert abs(kink.integral - 0.79) <= kink.error <= 1e-8


def test_many_dimensions_and_outputs():
    result = cubature(lambda a, b, c, d, e: a * b + c * d * e, [0] * 5, [1] * 5)
    assert result.integral == pytest.approx(0.375, rel=1e-12) and result.neval < 400
    several = cubature(lambda x, y: (x, y, x * y, x + y, 1.0), [0, 0], [1, 1])
    assert several.integral == pytest.approx((0.5, 0.5, 0.25, 1, 1))
    line = cubature(math.exp, [0], [1])
    assert line.integral == pytest.approx(math.e - 1)


def test_proved_integrals_stop_at_max_eval():
    with pytest.warns(fastconc.IntegrationWarning):
        result = cubature(
            lambda x, y: math.cos(40 * x * y), [0, 0], [1, 1], epsrel=1e-12, max_eval=300
        )
    assert result.neval <= 300
