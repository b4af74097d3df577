# SPDX-License-Identifier: BSD-3-Clause
"""quad(..., full_output=1): the tuples and dictionaries that SciPy documents."""

import math
import warnings

import numpy as np
import pytest
from fastconc import quad

KEYS = {"neval", "last", "alist", "blist", "rlist", "elist", "iord"}


def f(x):
    return math.exp(x)


@pytest.mark.parametrize(
    ("keywords", "more"),
    [
        ({}, set()),
        ({"limit": 77}, set()),
        ({"points": [0.3, 0.6]}, {"pts", "level", "ndin"}),
        ({"weight": "cos", "wvar": 3.0}, {"momcom", "nnlog", "chebmo"}),
        ({"weight": "alg", "wvar": (-0.5, 0)}, set()),
    ],
)
def test_keys_sizes_and_content(keywords, more):
    integral, _, info = quad(f, 0, 1, full_output=1, **keywords)
    assert info.keys() == KEYS | more
    last, size = info["last"], keywords.get("limit", 50)
    for key in ("alist", "blist", "rlist", "elist", "iord"):
        assert info[key].shape == (size,)
    assert info["iord"].dtype == np.int32
    assert info["alist"][0] == 0 and info["blist"][last - 1] == 1
    assert (info["alist"][1:last] == info["blist"][: last - 1]).all()
    assert info["rlist"][:last].sum() == pytest.approx(integral)
    assert not info["rlist"][last:].any()
    assert sorted(info["iord"][:last]) == list(range(1, last + 1))
    assert (np.diff(info["elist"][info["iord"][:last] - 1]) <= 0).all()
    if "points" in keywords:
        assert info["pts"].tolist() == [0, 0.3, 0.6, 1]
        assert info["level"].shape == (size,) and info["ndin"].shape == (4,)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((0, 1), {}),
        ((1, 0), {"points": [0.5]}),
        ((0, math.inf), {}),
        ((0, 2), {"weight": "sin", "wvar": 2.0}),
        ((0, math.inf), {"weight": "cos", "wvar": 2.0}),
        ((0, math.inf), {"weight": "cos", "wvar": 2.0, "limlst": 60}),
        ((0, 1), {"weight": "cauchy", "wvar": 0.3}),
        ((0, 1), {"complex_func": True}),
        ((0.0, 0.0), {}),
        ((0.0, 0.0), {"complex_func": True}),
    ],
)
def test_same_form_as_scipy(arguments, keywords):
    integrate = pytest.importorskip("scipy.integrate")
    ours = quad(lambda x: math.exp(-x), *arguments, full_output=1, **keywords)
    theirs = integrate.quad(lambda x: math.exp(-x), *arguments, full_output=1, **keywords)
    assert len(ours) == len(theirs) and ours[0] == pytest.approx(theirs[0])
    one, other = ours[2], theirs[2]
    if "real" in other:
        assert one.keys() == other.keys()
        one, other = one["imag"], other["imag"]
        assert type(one) is type(other)
        if type(one) is tuple:
            one, other = one[0], other[0]
    assert one.keys() == other.keys()
    for key in one.keys() - {"neval", "last", "pts", "level", "ndin"}:
        assert np.shape(one[key]) == np.shape(other[key]), key


def test_messages_come_instead_of_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        *_, info, message = quad(lambda x: 1 / x, 0, 1, full_output=1)
        assert "divergent" in message and info["last"] == 1
        found = quad(lambda x: 1 + x, 0, math.inf, weight="cos", wvar=1.0, full_output=1)
    assert len(found) == 5
    assert found[2]["ierlst"][0] in found[4] and isinstance(found[3], str)


def test_nothing_to_integrate():
    _, _, info = quad(lambda x: 1 / x, 0.0, 0.0, full_output=1)
    assert info["neval"] == info["last"] == 0
    assert np.isnan(info["alist"]).all() and not info["rlist"].any()


def test_several_values_and_batches():
    _, _, info = quad(lambda x: (x, x * x), 0, 1, full_output=1)
    assert info["rlist"].shape == (50, 2) and info["rlist"][0] == pytest.approx((0.5, 1 / 3))
    _, _, info = quad(lambda x, a: a * x, 0, 1, args=(np.arange(3.0),), full_output=1)
    assert info["neval"].shape == (3,)
