# SPDX-License-Identifier: BSD-3-Clause
"""Needles without end towards infinity: narrower and narrower, or fewer and fewer seen. None of
these may be silently wrong; what does not oscillate must not be doubted for their sake."""

import math
import warnings

import fastconc
import pytest

# Values from sums over the periods far out, and averages over a period beyond.
NEEDLES = {
    "exp": (lambda x, c: math.exp(-x * math.cos(c * x) ** 2) / (1 + x * x), 0.9908073081558530),
    "slow": (lambda x, c: 1 / (1 + x**2 * math.sin(c * x) ** 2) / (1 + x), 1.1911870923081850),
    "square": (lambda x, c: 1 / (1 + x**2 * math.sin(c * x) ** 2) / (1 + x * x), 0.949267569318532),
    "power": (lambda x, c: abs(math.sin(c * x)) ** 50 / (1 + x * x), 0.1354269366287),
    "sech": (lambda x, c: 1 / math.cosh(20 * math.sin(c * x)) / (1 + x * x), 0.1029935184283),
    "quartic": (lambda x, c: 1 / (1 + x**4 * math.sin(c * x) ** 2), 1.6795575956),
}


@pytest.mark.parametrize("epsrel", [1e-6, 1.49e-8, 1e-10])
@pytest.mark.parametrize("name", list(NEEDLES))
def test_needles_towards_infinity_are_not_silently_missed(name, epsrel):
    f, exact = NEEDLES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [
            fastconc.quad(f, 0, math.inf, args=1.0, epsabs=epsrel, epsrel=epsrel),
            fastconc.quad(lambda x: f(-x, 1.0), 0, -math.inf, epsabs=epsrel, epsrel=epsrel),
        ]
    for result, sign in zip(results, (1, -1), strict=True):
        error = abs(sign * result.integral - exact)
        assert error <= result.error + 1e-9
        assert not result.converged or error <= epsrel


@pytest.mark.parametrize("name", ["exp", "sech", "power"])
def test_nor_at_other_frequencies_and_in_batches(name):
    f, _ = NEEDLES[name]
    np = pytest.importorskip("numpy")
    c = np.array([0.37, 1.7, 5.3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loose = fastconc.quad(f, 0, math.inf, args=(c,), epsabs=1e-5, epsrel=0)
        for k in range(3):  # the same up to 3000, in pieces
            ends = np.linspace(0, 3000, 6001)
            parts = fastconc.quad(f, ends[:-1], ends[1:], args=(float(c[k]),), epsabs=1e-11)
            value = parts.integral.sum()
            assert loose.integral[k] + loose.error[k] >= value - 1e-8
            assert loose.integral[k] - loose.error[k] <= value + 1 / 3000


SMOOTH = [
    (lambda x: x**2.5 * math.exp(-x), 3.3233509704478426),
    (lambda x: math.exp(-math.sqrt(x)), 2.0),
    (lambda x: math.exp(-x) * math.cos(20 * x), 1 / 401),
    (lambda x: math.log(1 + x) / (1 + x) ** 2, 1.0),
    (lambda x: math.cos(x) / (1 + x**4), 0.7721380048098),
    (lambda x: (math.sin(x) / (1 + x)) ** 4, 0.0395760983),
]  # fmt: skip


@pytest.mark.parametrize("f, exact", SMOOTH)
def test_what_decays_is_not_doubted(f, exact):
    result = fastconc.quad(f, 0, math.inf)
    assert result.converged
    assert abs(result.integral - exact) <= 1.5e-8 + 1e-8 * exact
    assert result.neval < 15_000


def test_the_search_stays_within_the_range():
    seen = []

    class Opaque:
        def __call__(self, x):
            seen.append(x)
            return math.exp(-abs(x) * math.cos(x) ** 2) / (1 + x * x)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fastconc.quad(Opaque(), 3.0, math.inf, epsabs=1e-4, limit=200)
        low = min(seen)
        seen.clear()
        fastconc.quad(Opaque(), -math.inf, -3.0, epsabs=1e-4, limit=200)
    assert low >= 3.0 and max(seen) <= -3.0


@pytest.mark.parametrize("end", [2e3, 1e4, 1e6, 1e10, 1e100, 1e300])
@pytest.mark.parametrize(
    "f, half, whole",
    [
        (lambda x: math.exp(-x * x), math.sqrt(math.pi) / 2, math.sqrt(math.pi)),
        (lambda x: math.exp(-abs(x)), 1.0, 2.0),
        (lambda x: math.exp(-((x - 3) ** 2)), 1.7724342737122791, math.sqrt(math.pi)),
        (lambda x: 1 / (1 + x * x) ** 2, math.pi / 4, math.pi / 2),
        (lambda x: x / math.expm1(x), math.pi**2 / 6, None),
    ],
)
def test_what_is_of_size_one_on_long_ranges(f, end, half, whole):
    for a, b, exact in ((0, end, half), (-end, end, whole), (-end / 3, end, whole)):
        if exact is not None:
            result = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-8)
            assert result.converged and abs(result.integral - exact) <= 1e-8 * exact
            assert abs(result.integral - exact) <= result.error + 1e-15 + 30 * end**-3
