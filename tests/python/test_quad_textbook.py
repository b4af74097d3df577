# SPDX-License-Identifier: BSD-3-Clause
"""Integrals as textbooks have them: right, to what was asked for, and honest about it."""

import warnings

import fastconc
import pytest
from quad_textbook import INTEGRALS

# 1 / (x log(x)**2) falls too slowly for any rule: no more is wanted than that this is told.
TOO_SLOW = 1.4426950408889634
ROUNDING = 4e-16


@pytest.mark.parametrize("epsabs, epsrel", [(1.49e-8, 1.49e-8), (0, 1e-7)])
def test_textbook_integrals(epsabs, epsrel):
    for f, a, b, exact in INTEGRALS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = fastconc.quad(f, a, b, epsabs=epsabs, epsrel=epsrel)
        error, slack = abs(result.integral - exact), ROUNDING * abs(exact)
        where = (f.__code__.co_firstlineno, result)
        assert error <= result.error + slack, where
        if exact == TOO_SLOW or (exact == 0 and epsabs == 0):
            assert not result.converged
        else:
            assert result.converged, where
            assert error <= max(epsabs, epsrel * abs(exact)) + slack, where


def test_no_textbook_integral_is_wrong_in_silence():
    for f, a, b, exact in INTEGRALS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-11)
        right = abs(result.integral - exact) <= (1e-11 + ROUNDING) * abs(exact)
        assert right or not result.converged, (f.__code__.co_firstlineno, result)
