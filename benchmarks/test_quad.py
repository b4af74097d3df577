# SPDX-License-Identifier: BSD-3-Clause
"""quad beside scipy.integrate.quad: single integrals, warm and of functions not seen before, and a
sweep over a parameter.

Each answer is checked before it is timed.
"""

import array
import itertools
import linecache
import math
import sys
import warnings

import fastconc
import pytest

INF = math.inf
INTEGRALS = {
    "x^2": (lambda x: x * x, 0, 1, 1 / 3),
    "exp(-x^2) sin x": (lambda x: math.exp(-x * x) * math.sin(x), 0, 1, 0.2946981822491217),
    "sqrt": (lambda x: math.sqrt(x), 0, 1, 2 / 3),
    "kink": (lambda x: abs(x - 0.3), 0, 1, 0.29),
    "x^-0.5": (lambda x: x**-0.5, 0, 1, 2),
    "gauss on the line": (lambda x: math.exp(-x * x), -INF, INF, math.sqrt(math.pi)),
    "cauchy on the line": (lambda x: 1 / (1 + x * x), -INF, INF, math.pi),
    "cos(100 x)": (lambda x: math.cos(100 * x), 0, 1, math.sin(100) / 100),
    "exponential tail": (lambda x: math.exp(-x), 0, INF, 1),
}


def peers():
    yield "fastconc", fastconc.quad
    try:
        from scipy.integrate import quad
    except ImportError:
        return
    yield "scipy", quad


@pytest.mark.parametrize("name", list(INTEGRALS))
@pytest.mark.parametrize("peer, quad", list(peers()), ids=[p for p, _ in peers()])
def test_single(benchmark, name, peer, quad):
    benchmark.group = f"quad: {name}"
    f, a, b, exact = INTEGRALS[name]
    assert quad(f, a, b)[0] == pytest.approx(exact, rel=1e-7)
    benchmark(quad, f, a, b)


# Functions never seen before, as text with a number that differs each time
FRESH = {
    "x^2": "f = lambda x: x * x + {k}",
    "exp sin": "f = lambda x: math.exp(-x * x) * math.sin(x + {k}) + {k} * x",
    "def": "def f(x):\n    y = x - {k}\n    return math.sqrt(y * y + 1)\n",
    "helper": "def g(x):\n    return x * x + {k}\ndef f(x):\n    return g(x) * g(x + 1)\n",
    "branch": "def f(x):\n    if x < {k} + 0.5:\n        return x * x\n    return x + {k}\n",
    "choice": "f = lambda x: x if x < 0.3 else {k} + x * x",
    "list": "def f(x):\n    c = [{k}, 2.5, x]\n    return c[0] + c[1] * c[2]\n",
    "polynomial": "f = lambda x: sum(c * x**i for i, c in enumerate(({k}, 2.5, -1.0)))\n",
    "inner function": "def f(x):\n    g = lambda t: t * t + {k}\n    return g(x) + g(2 * x)\n",
    "ints": "def f(x):\n    if x < 0.25:\n        return {k}\n    return 2 if x < 0.75 else 0\n",
    "numpy": "f = lambda x: np.maximum(np.sin(x), 0.5) + np.abs(x - 0.5) + {k}\n",
    "loop": "def f(x):\n    s = {k}\n    for i in range(9):\n        s = s * x + i\n    return s\n",
}
_number = itertools.count()


def fresh(text):
    """A new function, with its source where Python looks for it."""
    k = next(_number)
    text, filename = text.format(k=k), f"<fresh {k}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    space = {"math": math, "np": sys.modules.get("numpy")}
    exec(compile(text, filename, "exec"), space)
    return space["f"]


@pytest.mark.parametrize("name", list(FRESH))
@pytest.mark.parametrize("peer, quad", list(peers()), ids=[p for p, _ in peers()])
def test_first_call(benchmark, name, peer, quad):
    if "np." in FRESH[name]:
        pytest.importorskip("numpy")
    benchmark.group = f"quad, first call of a function: {name}"
    f = fresh(FRESH[name])
    panels = [f((k + 0.5) / 2000) for k in range(2000)]
    assert quad(f, 0, 1)[0] == pytest.approx(math.fsum(panels) / 2000, rel=1e-4)
    benchmark.pedantic(quad, setup=lambda: ((fresh(FRESH[name]), 0, 1), {}), rounds=200)


# The other integrators: what the function returns, its parameters, and a call of it
OTHERS = {
    "integrate": ("x * x + {k}", "x", lambda f: fastconc.integrate(f, 0, 1, 100)),
    "cubature": ("math.exp(-x * y) + {k}", "x, y", lambda f: fastconc.cubature(f, [0, 0], [1, 1])),
    "cubature, of a point": (
        "math.exp(-x[0] * x[1]) + {k}", "x", lambda f: fastconc.cubature(f, [0, 0], [1, 1])
    ),
    "nquad": ("x * y + {k}", "x, y", lambda f: fastconc.nquad(f, [(0, 1), (0, 1)])),
    "dblquad": (
        "x * y + {k}", "y, x", lambda f: fastconc.dblquad(f, 0, 1, lambda x: x, lambda x: 1 + x)
    ),
    "tplquad": ("x * y * z + {k}", "z, y, x", lambda f: fastconc.tplquad(f, 0, 1, 0, 1, 0, 1)),
    "mcquad": ("x * y + {k}", "x, y", lambda f: fastconc.mcquad(f, [0, 0], [1, 1], 1000, seed=1)),
    "map": ("x * x + {k}", "x", lambda f: fastconc.map(f, array.array("d", [0.5] * 100)).tobytes()),
    "kernel": ("x * x + {k}", "x", lambda f: fastconc.kernel(f)(0.5)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OTHERS))
@pytest.mark.parametrize("call", ["first", "second"])
def test_first_call_of_others(benchmark, name, call):
    benchmark.group = f"{name}, first and second call of a function"
    value, parameters, run = OTHERS[name]
    text = f"f = lambda {parameters}: {value}\n"
    for _ in range(2):
        f = fresh(text)
        result = run(f)
        assert result == run(f)

    def setup():
        f = fresh(text)
        if call == "second":
            run(f)
        return (f,), {}

    benchmark.pedantic(run, setup=setup, rounds=200)


def bessel(t, x):
    return math.cos(x * math.sin(t) - 2 * t) / math.pi


@pytest.mark.benchmark(group="quad: Bessel's J2 at 10^4 points")
def test_sweep(benchmark):
    np = pytest.importorskip("numpy")
    special = pytest.importorskip("scipy.special")
    x = np.linspace(0, 50, 10_000)

    def run():
        return fastconc.quad(bessel, 0, math.pi, args=(x,)).integral

    assert run() == pytest.approx(special.jv(2, x), abs=1e-8)
    benchmark(run)


@pytest.mark.benchmark(group="quad: Bessel's J2 at 10^4 points")
def test_sweep_scipy(benchmark):
    np = pytest.importorskip("numpy")
    quad = pytest.importorskip("scipy.integrate").quad
    special = pytest.importorskip("scipy.special")
    x = np.linspace(0, 50, 10_000)

    def run():
        return [quad(bessel, 0, math.pi, args=(v,))[0] for v in x]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run() == pytest.approx(special.jv(2, x), abs=1e-8)
        benchmark.pedantic(run, rounds=2)
