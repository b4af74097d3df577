# SPDX-License-Identifier: BSD-3-Clause
"""Monte Carlo integration: `mcquad`."""

from __future__ import annotations

import operator
import random
import secrets
import warnings
from collections.abc import Callable
from typing import Any

from fastconc import _core
from fastconc._errors import IntegrationWarning
from fastconc._integrand import integer, shortcut
from fastconc._integrate import QuadResult
from fastconc._ndim import Problem

_METHODS = {"mc": 0, "sobol": 1, "vegas": 2}
_STATUS = ("converged", "nonfinite", "dominated", "inconsistent", "zero")
_NETS = ("sobol", "tent", "power", "mapped", "")
_MAX_SOBOL_DIM = 1111
_MAX_N = 1 << 50
_MAX_SEED = (1 << 64) - 1


class MonteCarloResult(QuadResult):
    """A `QuadResult` of `mcquad`.

    Attributes
    ----------
    error
        One standard error; two of them cover the truth in 95 % of all seeds.
    chi2, dof
        Chi-square of independent parts of the calculation about their mean, and its degrees of
        freedom. "vegas": iterations, about 1 per degree when all is well. "mc": sixteen parts.
        "sobol": replicates, in units of the spread that plain Monte Carlo would have: far below 1
        per degree where the points' evenness helps.
    net
        "sobol": the points that were chosen, "sobol", "tent", "power" or "mapped"; else "".
    variate
        "sobol": whether a control variate, fitted by the pilot, was subtracted.
    seed
        The seed that gives this result again.
    """

    chi2: float
    dof: int
    net: str
    variate: bool
    seed: int

    def __new__(
        cls,
        *fields: Any,
        chi2: float = 0.0,
        dof: int = 0,
        net: str = "",
        variate: bool = False,
        seed: int = 0,
    ) -> MonteCarloResult:
        self = super().__new__(cls, *fields)
        assert isinstance(self, MonteCarloResult)
        self.chi2 = chi2
        self.dof = dof
        self.net = net
        self.variate = variate
        self.seed = seed
        return self

    @property
    def mapped(self) -> bool:
        """Whether the points went through an adapted map."""
        return self.net == "mapped"

    @property
    def chi2_dof(self) -> float:
        """Chi-square per degree of freedom; nan when there are none."""
        return self.chi2 / self.dof if self.dof else float("nan")

    def __reduce__(self) -> Any:
        own = self.chi2, self.dof, self.net, self.variate, self.seed
        return _rebuild, (self.__getnewargs__(), *own)

    def __repr__(self) -> str:
        return (
            f"MonteCarloResult(integral={self.integral!r}, error={self.error!r}, "
            f"neval={self.neval!r}, converged={self.converged!r}, status={self.status!r}, "
            f"chi2={self.chi2!r}, dof={self.dof!r}, net={self.net!r}, variate={self.variate!r}, "
            f"seed={self.seed!r}, message={self.message!r})"
        )


def _rebuild(
    fields: tuple[Any, ...], chi2: float, dof: int, net: str, variate: bool, seed: int
) -> MonteCarloResult:
    return MonteCarloResult(*fields, chi2=chi2, dof=dof, net=net, variate=variate, seed=seed)


@shortcut
def mcquad(
    f: Callable[..., Any],
    lower: Any,
    upper: Any,
    n: int = 10**6,
    *,
    method: str = "sobol",
    seed: Any = None,
    args: tuple[Any, ...] = (),
    adapt: bool = True,
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
    progress: bool | Callable[[int, int], Any] = False,
) -> MonteCarloResult:
    """Integrate `f` over an n-dimensional range by Monte Carlo methods.

    Parameters
    ----------
    f
        The integrand, as for `cubature`: ``f(x, y, ..., *args)``, or ``f(x, *args)`` with one
        parameter that is indexed.
    lower, upper
        Limits, one per dimension, as for `cubature`: they may be infinite, or functions of the
        variables after theirs. Any number of dimensions ("sobol": up to 1,111).
    n
        Evaluations of `f`, at least 2; not more, and not many fewer, are made. Memory does not grow
        with n.
    method
        "mc": plain Monte Carlo. "sobol": randomised quasi-Monte Carlo, 25 to 49 independent
        scramblings of a Sobol net, or of what a pilot shows to be better: shifted lattices for
        smooth functions, an adapted importance map for peaks; a sum of products of polynomials,
        fitted by the pilot, is subtracted where it helps, and its integral added. "vegas": VEGAS+,
        adaptive map and stratification.
    seed
        An int from 0 to 2**64 - 1: same seed, same bits, for any number of workers. None draws one,
        a NumPy Generator or a random.Random is asked for one, a SeedSequence has one (the result
        tells which).
    args
        Further arguments of `f`.
    adapt
        "sobol": spend up to 3/16 of n (5/8 of few points, nothing below 1,024) on a pilot
        that chooses the points and fits what is subtracted; False keeps to Sobol's.
    vectorized, workers, deadline
        As for `cubature`.
    progress
        True shows a bar; a callable is called with the evaluations done and n, about 20 times a
        second, on the calling thread.

    Returns a `MonteCarloResult`, which unpacks as ``(integral, error)``, the error being one
    standard error. ``converged`` says whether it is to be believed; otherwise status is "nonfinite"
    (nan or inf: the error is inf), "dominated" (one point makes up much of the variance: a peak
    hardly found), "inconsistent" (iterations of "vegas" disagree) or "zero" (every value was 0),
    and an IntegrationWarning is given. Raises ValueError for nan limits, limits of different
    lengths, n < 2; TypeError for a wrong number of parameters; what `f` raises. The GIL is
    released, except while Python code runs. Method: see docs/integration-nd.md.

    >>> import fastconc
    >>> result = fastconc.mcquad(lambda x, y: x * x + y, [0, 0], [1, 1], 100_000, seed=1)
    >>> abs(result.integral - 5 / 6) < 6 * result.error < 1e-4
    True
    """
    code = _METHODS.get(method, -1) if isinstance(method, str) else -1
    if code < 0:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}, not {method!r}")
    count = integer("n", n, 2, _MAX_N)
    number = _seed(seed)
    if progress is not False and progress is not True and not callable(progress):
        raise TypeError(f"progress must be a bool or a callable, not {progress!r}")
    problem = Problem("mcquad", f, lower, upper, args, vectorized, deadline)
    if method == "sobol" and problem.n_dim > _MAX_SOBOL_DIM:
        raise ValueError(
            f"method 'sobol' takes at most {_MAX_SOBOL_DIM} dimensions, not {problem.n_dim}: "
            "use 'mc' or 'vegas'"
        )

    def call() -> Any:
        with _Reporter(progress, count) as report:
            return _core._mcquad(
                problem.target, problem.args, problem.limits, problem.n_out, problem.flags, count,
                code, number, bool(adapt), report, workers, problem.seconds,
            )  # fmt: skip

    integral, error, neval, outcome, n_bad, chi2, dof, net, variate = problem.run(call)
    status = _STATUS[outcome]
    result = MonteCarloResult(
        problem.shaped(integral), problem.error(error), neval, outcome == 0, status,
        _message(status, neval, n_bad), chi2=chi2, dof=dof, net=_NETS[net], variate=variate,
        seed=number,
    )  # fmt: skip
    if outcome != 0:
        warnings.warn(result.message, IntegrationWarning, stacklevel=2)
    return result


class _Reporter:
    """The callable that `_core` reports progress to, None when nobody listens."""

    def __init__(self, progress: bool | Callable[[int, int], Any], n: int) -> None:
        self.progress = progress
        self.n = n
        self.bar: Any = None
        self.shown = 0

    def __enter__(self) -> Callable[[int, int], Any] | None:
        if self.progress is True:
            from fastconc._progress import Bar

            self.bar = Bar(self.n)
            return self._advance
        return self.progress if callable(self.progress) else None

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def _advance(self, done: int, _: int) -> None:
        self.bar.update(done - self.shown)
        self.shown = done


def _seed(seed: Any) -> int:
    if seed is None:
        return secrets.randbits(64)
    if hasattr(seed, "generate_state"):  # a SeedSequence
        return int(seed.generate_state(1, "uint64")[0])
    if hasattr(seed, "integers"):  # a Generator
        return int(seed.integers(_MAX_SEED, dtype="uint64", endpoint=True))
    if isinstance(seed, random.Random):
        return seed.getrandbits(64)
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(
            f"seed must be an int, None, a Generator or a SeedSequence, not {seed!r}"
        ) from None
    if not 0 <= number <= _MAX_SEED:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, not {number}")
    return number


def _message(status: str, neval: int, n_bad: int) -> str:
    return {
        "converged": "The standard error can be trusted.",
        "nonfinite": f"The integrand was nan or inf at {n_bad} of {neval} points, left out of the "
        "integral.",
        "dominated": "A single point makes up much of the variance: the integrand has a peak that "
        "was hardly found, and the error is a guess. Raise n, or use method 'sobol' or 'vegas'.",
        "inconsistent": "The iterations differ more than their errors allow; the error was scaled "
        "up. Raise n.",
        "zero": f"The integrand was 0 at all of {neval} points. If it is not 0 everywhere, its "
        "support is too small to be found: narrow the range, or raise n.",
    }[status]
