# SPDX-License-Identifier: BSD-3-Clause
"""nquad, dblquad and tplquad: SciPy's calls, SciPy's answers, and errors that can be believed."""

import math

import fastconc
import pytest
from fastconc import dblquad, nquad, quad, tplquad


def close(result, exact, rel=1e-8):
    integral, error = result
    assert integral == pytest.approx(exact, rel=rel, abs=1.5e-8)
    assert abs(integral - exact) <= error + 1e-15
    assert error <= 1.5e-8 * max(1, abs(exact))


# ---- ranges and the order of arguments ----


def test_fixed_ranges():
    close(nquad(lambda x, y: x * y * y, [[0, 1], (0, 2)]), 4 / 3)
    close(nquad(lambda x: x * x + 1, [[0, 4]]), 4**3 / 3 + 4)
    close(nquad(lambda *x: math.exp(-sum(x)), [(0, math.inf)] * 3), 1)


def test_range_functions_take_outer_variables_and_args():
    def inner(x1, x2, t):
        return [0, t * x1 + x2]

    def middle(x2, t):
        return (t, x2)

    def outer(t):
        return t, 2 * t

    # x0 to x1 + x2, x1 from 1 to x2, x2 from 1 to 2
    close(nquad(lambda x0, x1, x2, t: t, [inner, middle, outer], args=(1.0,)), 1.5)
    close(nquad(lambda x0, x1, x2, t: t, [inner, middle, outer], args=1.0), 1.5)


def test_ranges_with_star_arguments_get_args_too():
    seen = []

    def inner(*a):
        seen.append(len(a))
        return -1, 1

    close(nquad(lambda x, y, t: 1.0, [inner, [0, 1]], args=(2,)), 2)
    assert set(seen) == {2}


def test_ranges_that_do_not_compile():
    table = []

    def inner(y):
        table.append(y)
        return [0, 0.5 * y]

    with pytest.warns(fastconc.PerformanceWarning):
        close(nquad(lambda x, y: x + y, [inner, (0, 1)]), 0.125 / 3 + 0.5 / 3)


def test_reversed_and_empty_ranges():
    close(nquad(lambda x, y: x + 2 * y, [[1, 0], [0, 1]]), -1.5)
    assert nquad(lambda x, y: 1 / x, [[0, 0], [0, math.inf]]) == (0, 0)


def test_dblquad_calls_with_y_first():
    close(dblquad(lambda y, x: x - y, 1, 2, 0, 3), 0)
    close(dblquad(lambda y, x: x + y, 1, 2, lambda x: x, lambda x: 2 * x), 5 / 6 * 7)
    close(dblquad(lambda y, x, s: s * x * y * y, 0, 2, 0, lambda x: x, args=(3.0,)), 32 / 5)
    close(dblquad(lambda y, x: math.exp(-x * x - y * y), -math.inf, math.inf, -math.inf, 1),
          math.pi / 2 * (1 + math.erf(1)))  # fmt: skip


def test_tplquad_gives_its_limits_x_before_y():
    def f(z, y, x, t):
        return (x + y + z) * t

    exact = 2 * 8 / 3 * 15
    limits = (lambda x: x, lambda x: 2 * x, lambda x, y: x - y, lambda x, y: x + y)
    close(tplquad(f, 1, 2, *limits, args=(2.0,)), exact)
    close(
        tplquad(lambda z, y, x: z, 0, 1, 0, 2, 0, lambda x, y: x - 2 * y),
        0.5 * (2 / 3 - 4 + 32 / 3),
    )


def test_same_as_nested_quads():
    def f(x, y):
        return math.exp(-x * y) * math.sin(3 * x + y)

    inner = quad(lambda y: quad(lambda x: f(x, y), 0, 1 + y)[0], 0, 1)
    close(nquad(f, [lambda y: (0, 1 + y), (0, 1)]), inner.integral)


@pytest.mark.parametrize("name", ["nquad", "dblquad", "tplquad"])
def test_same_as_scipy(name):
    integrate = pytest.importorskip("scipy.integrate")
    calls = {
        "nquad": (
            lambda x, y, z: math.cos(x * y) + abs(z),
            [lambda y, z: (y, 2 + z), lambda z: (-z, z), (0, 1)],
        ),
        "dblquad": (lambda y, x: math.log(1 + x + y), 0, 1, lambda x: -x / 2, lambda x: 1 + x * x),
        "tplquad": (
            lambda z, y, x: x * math.sin(y + z), 0, 1, lambda x: x, 2, 0, lambda x, y: x + y,
        ),
    }  # fmt: skip
    exact = getattr(integrate, name)(*calls[name])[0]
    close(getattr(fastconc, name)(*calls[name]), exact)


# ---- options ----


def test_tolerances():
    def f(x, y):
        return abs(x - 0.3) * abs(y - 0.7)

    exact = 0.29 * 0.29
    loose = nquad(f, [(0, 1)] * 2, opts={"epsabs": 1e-3, "epsrel": 1e-3})
    tight = nquad(f, [(0, 1)] * 2, opts=[{"epsabs": 1e-3}, {"epsabs": 1e-9, "epsrel": 0}])
    assert abs(loose.integral - exact) <= loose.error <= 1e-3
    assert abs(tight.integral - exact) <= tight.error <= 1e-9
    assert loose.neval < tight.neval
    assert dblquad(f, 0, 1, 0, 1, epsabs=1e-2, epsrel=1e-2).neval < tight.neval


def test_full_output():
    integral, error, info = nquad(lambda x, y: x + y, [(0, 1)] * 2, full_output=True)
    assert integral == pytest.approx(1) and error < 1e-8
    assert info["neval"] > 0


def test_points_at_a_fixed_place():
    def f(x, y):
        return (2.0 if x * x > 0.09 else 1.0) * y

    opts = [{"points": [0.3, 7.0]}, {}]  # one outside is no matter
    result = nquad(f, [(0, 1), (0, 2)], opts=opts)
    close(result, 3.4)
    assert result.neval < 2_000 < nquad(f, [(0, 1), (0, 2)]).neval
    close(nquad(f, [(1, 0), (0, 2)], opts=opts), -3.4)
    close(nquad(f, [(0, 1), (0, 2)], opts=[opts[0], {"points": [1, 1.5]}]), 3.4)


def test_points_that_move_with_the_outer_variables():
    def f(x, y, s):
        return 1.0 if x > s * y else 0.0

    def points(y, s):
        return {"points": [s * y]}

    def few(y, s):  # another number of points elsewhere
        return {"points": [s * y] if 0.3 < y < 0.5 else []}

    close(nquad(f, [(0, 1), (0, 1)], args=(0.5,), opts=[points, {}]), 0.75)
    rough = nquad(f, [(0, 1), (0, 1)], args=(0.5,),
                  opts=[lambda y, s: few(y, s) | {"epsabs": 1e-3}, {"epsabs": 1e-3}])  # fmt: skip
    assert rough.integral == pytest.approx(0.75, abs=1e-2)


def test_a_weight_makes_nested_integrals():
    cos = {"weight": "cos", "wvar": 20.0}
    result = nquad(lambda x, y: math.exp(-y), [(0, 1), (0, 1)], opts=[cos, {}])
    close(result, (1 - math.exp(-1)) * math.sin(20) / 20)
    alg = {"weight": "alg", "wvar": (-0.5, 0)}
    close(nquad(lambda x, y: 1.0, [(0, 1), (1, 2)], opts=[alg, {}]), 2)
    with pytest.raises(TimeoutError):
        nquad(lambda x, y: y, [(0, 1), (1, 2)], opts={"weight": "cos", "wvar": 1.0}, deadline=1e-9)


# ---- what is wrong ----


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((lambda x: x, 3), TypeError, "ranges must be"),
        ((lambda x: x, []), ValueError, "at least one"),
        ((lambda x: x, [1]), TypeError, r"ranges\[0\]"),
        ((lambda x: x, [(0, 1, 2)]), TypeError, r"ranges\[0\]"),
        ((lambda x: x, [(0, math.nan)]), ValueError, "nan"),
        ((lambda x, y, z: x, [(0, 1)] * 2), TypeError, "2 dimensions"),
        ((lambda x, y: x, [(0, 1)] * 2, (), [{}]), ValueError, "one entry per range"),
        ((lambda x, y: x, [(0, 1)] * 2, (), {"nonsense": 1}), TypeError, "nonsense"),
        ((lambda x, y: x, [(0, 1)] * 2, (), {"epsabs": -1}), ValueError, "epsabs"),
        ((3, [(0, 1)] * 2), TypeError, "callable"),
    ],
)
def test_bad_arguments(arguments, error, match):
    with pytest.raises(error, match=match):
        nquad(*arguments)


def test_what_the_integrand_or_a_range_raises_arrives():
    def f(x, y):
        raise KeyError("mine")

    def limits(y):
        raise LookupError("my range")

    with pytest.raises(KeyError, match="mine"):
        nquad(f, [(0, 1)] * 2)
    with pytest.raises(LookupError, match="my range"):
        nquad(lambda x, y: x, [limits, (0, 1)])


def test_divergent_is_not_converged():
    with pytest.warns(fastconc.IntegrationWarning):
        result = nquad(lambda x, y: math.nan if x > y else 1.0, [(0, 1)] * 2)
    assert not result.converged
    with pytest.warns(fastconc.IntegrationWarning):
        assert not dblquad(lambda y, x: math.nan, 0, 1, 0, 1).converged


def test_same_bits_for_any_number_of_workers():
    results = {
        tuple(nquad(lambda x, y: abs(x - y), [lambda y: (0, 1 + y), (0, 1)], workers=w))
        for w in (1, 2, 3, 7)
    }
    assert len(results) == 1
