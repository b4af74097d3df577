# SPDX-License-Identifier: BSD-3-Clause
"""Integrands that are singular at their ends: evaluations, correctness, honesty and time of quad,
quad(method="tanh-sinh") and SciPy's tanhsinh (with a vectorised function), epsrel 1e-10.

    python benchmarks/quad_ends.py

One line an integral: evaluations, true error relative to the exact value, microseconds (the
shortest of many calls) by each. "?" after an error: not converged, and said so; "!": converged, but
the error is larger than asked for; "~": within the tolerance, but larger than claimed.
"""

import math
import time
import warnings
from functools import partial
from math import cos, exp, gamma, inf, log, pi, sin, sqrt

import fastconc

SI1 = sin(1) - 0.33740392290096813  # of sin(1/x) on [0, 1]: sin 1 - Ci(1)
CASES = [
    # name, f (Python), f (NumPy, as text), a, b, exact; nan where divergent
    ("x^-0.1", lambda x: x**-0.1, "x**-0.1", 0, 1, 1 / 0.9),
    ("x^-0.5", lambda x: x**-0.5, "x**-0.5", 0, 1, 2),
    ("x^-0.9", lambda x: x**-0.9, "x**-0.9", 0, 1, 10),
    ("x^-0.99", lambda x: x**-0.99, "x**-0.99", 0, 1, 100),
    ("x^-0.99 to 2", lambda x: x**-0.99, "x**-0.99", 0, 2, 100 * 2**0.01),
    ("sqrt(x)", lambda x: sqrt(x), "np.sqrt(x)", 0, 1, 2 / 3),
    ("x^0.1", lambda x: x**0.1, "x**0.1", 0, 1, 1 / 1.1),
    ("log(x)", lambda x: log(x), "np.log(x)", 0, 1, -1),
    ("log(x)^2", lambda x: log(x) ** 2, "np.log(x)**2", 0, 1, 2),
    ("log(x)^5", lambda x: log(x) ** 5, "np.log(x)**5", 0, 1, -120),
    ("x^-0.5 log(x)", lambda x: x**-0.5 * log(x), "x**-0.5*np.log(x)", 0, 1, -4),
    ("x^-0.9 log(x)", lambda x: x**-0.9 * log(x), "x**-0.9*np.log(x)", 0, 1, -100),
    ("x^-0.99 log(x)", lambda x: x**-0.99 * log(x), "x**-0.99*np.log(x)", 0, 1, -10_000),
    ("x log(x)", lambda x: x * log(x), "x*np.log(x)", 0, 1, -0.25),
    ("exp(-1/x)/x^2", lambda x: exp(-1 / x) / (x * x), "np.exp(-1/x)/x**2", 0, 1, exp(-1)),
    ("x^-0.5 cos(8x)", lambda x: x**-0.5 * cos(8 * x), "x**-0.5*np.cos(8*x)", 0, 1,
     0.5665659793916513),
    ("1/sqrt(x(1-x))", lambda x: 1 / sqrt(x * (1 - x)), "1/np.sqrt(x*(1-x))", 0, 1, pi),
    ("(x(1-x))^-0.8", lambda x: (x * (1 - x)) ** -0.8, "(x*(1-x))**-0.8", 0, 1,
     gamma(0.2) ** 2 / gamma(0.4)),
    ("log(x)log(1-x)", lambda x: log(x) * log(1 - x), "np.log(x)*np.log(1-x)", 0, 1,
     2 - pi * pi / 6),
    ("(1-x)^-0.5", lambda x: (1 - x) ** -0.5, "(1-x)**-0.5", 0, 1, 2),
    ("(1-x)^-0.9", lambda x: (1 - x) ** -0.9, "(1-x)**-0.9", 0, 1, 10),
    ("(1-x)^-0.99", lambda x: (1 - x) ** -0.99, "(1-x)**-0.99", 0, 1, 100),
    ("(3-x)^-0.7", lambda x: (3 - x) ** -0.7, "(3-x)**-0.7", 0, 3, 3**0.3 / 0.3),
    ("log(1-x)", lambda x: log(1 - x), "np.log(1-x)", 0, 1, -1),
    ("log(1-x)/sqrt(1-x)", lambda x: log(1 - x) / sqrt(1 - x), "np.log(1-x)/np.sqrt(1-x)", 0, 1,
     -4),
    ("1/sqrt(1-x^2)", lambda x: 1 / sqrt(1 - x * x), "1/np.sqrt(1-x*x)", -1, 1, pi),
    ("sqrt(1-x^2)", lambda x: sqrt(1 - x * x), "np.sqrt(1-x*x)", -1, 1, pi / 2),
    ("(x-7)^-0.5 from 7", lambda x: (x - 7) ** -0.5, "(x-7)**-0.5", 7, 8, 2),
    ("x^-0.9 exp(-x)", lambda x: x**-0.9 * exp(-x), "x**-0.9*np.exp(-x)", 0, inf, gamma(0.1)),
    ("x^3 exp(-x)", lambda x: x**3 * exp(-x), "x**3*np.exp(-x)", 0, inf, 6),
    ("1/(sqrt(x)(1+x))", lambda x: 1 / (sqrt(x) * (1 + x)), "1/(np.sqrt(x)*(1+x))", 0, inf, pi),
    ("log(x)/(1+x^2)", lambda x: log(x) / (1 + x * x) + 1 / (1 + x * x),
     "np.log(x)/(1+x*x)+1/(1+x*x)", 0, inf, pi / 2),
    ("x^-1.1 from 1", lambda x: x**-1.1, "x**-1.1", 1, inf, 10),
    ("exp(-x^2), line", lambda x: exp(-x * x), "np.exp(-x*x)", -inf, inf, sqrt(pi)),
    ("1/(1+x^4), line", lambda x: 1 / (1 + x**4), "1/(1+x**4)", -inf, inf, pi / sqrt(2)),
    ("x^2", lambda x: x * x, "x*x", 0, 1, 1 / 3),
    ("cos(20x)", lambda x: cos(20 * x), "np.cos(20*x)", 0, 1, sin(20) / 20),
    ("|x-0.3|", lambda x: abs(x - 0.3), "np.abs(x-0.3)", 0, 1, 0.29),
    ("sin(1/x)", lambda x: sin(1 / x), "np.sin(1/x)", 0, 1, SI1),
    ("needle", lambda x: exp(-(((x - 0.37) / 0.003) ** 2)), "np.exp(-((x-0.37)/0.003)**2)", 0, 1,
     0.003 * sqrt(pi)),
    ("1/x", lambda x: 1 / x, "1/x", 0, 1, math.nan),
    ("1/(1-x)", lambda x: 1 / (1 - x), "1/(1-x)", 0, 1, math.nan),
]  # fmt: skip


def of_fastconc(f, a, b, method):
    result = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-10, method=method)
    return result.integral, result.error, result.neval, result.converged


def of_scipy(f, a, b):
    from scipy.integrate import tanhsinh

    result = tanhsinh(f, a, b, atol=0, rtol=1e-10)
    return float(result.integral), float(result.error), int(result.nfev), bool(result.success)


def shortest(call):
    call()
    times, end = [], time.perf_counter() + 0.03
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times)


def main():
    solvers = {"auto": None, "tanh-sinh": None}
    try:
        import numpy as np
        from scipy.integrate import tanhsinh  # noqa: F401
    except ImportError:
        pass
    else:
        solvers["scipy"] = None
        np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    counts = {name: [0, 0, 0, 0, 0.0] for name in solvers}
    print(f"{'':20}", "".join(f"{name:>30}" for name in solvers))
    for name, f, text, a, b, exact in CASES:
        row = f"{name:20} "
        for solver, total in counts.items():
            if solver == "scipy":
                call = partial(of_scipy, eval("lambda x: " + text, {"np": np}), a, b)
            else:
                call = partial(of_fastconc, f, a, b, solver)
            integral, claimed, n, converged = call()
            error, duration = abs(integral - exact), shortest(call)
            right = error <= (1e-10 + 4e-16) * abs(exact)
            honest = error <= claimed + 4e-16 * abs(exact)
            mark = "?" if not converged else "!" if not right else " " if honest else "~"
            row += f"{n:9} {error / abs(exact):9.1e}{mark}{duration:9.1f} "
            total[0] += converged and right
            total[1] += converged and not right
            total[2] += honest if exact == exact else not converged
            total[3] += n
            total[4] += math.log(duration)
        print(row)
    n = len(CASES)
    print()
    for solver, (solved, wrong, honest, evaluations, duration) in counts.items():
        print(f"{solver:10} solved {solved:3} of {n}, converged but wrong {wrong:2}, "
              f"honest {honest:3}, evaluations {evaluations:7}, "
              f"mean time {exp(duration / n):7.1f} us")  # fmt: skip


if __name__ == "__main__":
    main()
