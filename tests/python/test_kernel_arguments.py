# SPDX-License-Identifier: BSD-3-Clause
"""Arrays of every kind as arguments: computed right, or refused with a clear exception."""

from __future__ import annotations

import array
import warnings

import fastconc
import numpy as np
import pytest
from fastconc import KernelError, kernel

twice = kernel(lambda x: x * 2 + 1)
take = kernel(lambda i, t: t[i])

MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
LUT = np.array([200, 100], np.uint8)
THIRDS = np.array([1 / 3, 2 / 3], np.float32)
FLAGS = np.array([True, False])


def matrix(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(values)


MATRIX = matrix([[1.0, 2.0], [3.0, 4.0]])


def shifted(values):
    """The same numbers at addresses that no register has."""
    raw = b"\0" + np.asarray(values, float).tobytes()
    return np.frombuffer(raw, dtype=float, offset=1)


class Sub(np.ndarray):
    pass


RECORDS = np.zeros(5, dtype=[("a", "f8"), ("b", "i2")])
RECORDS["a"] = RECORDS["b"] = range(5)

TAKEN = {
    "big-endian floats": np.arange(5, dtype=">f8"),
    "big-endian ints": np.arange(5, dtype=">i4"),
    "field of floats": RECORDS["a"],
    "field of ints, reversed": RECORDS["b"][::-1],
    "reversed": np.arange(5.0)[::-1],
    "two strides": np.arange(20.0).reshape(4, 5)[::-2, ::-1],
    "column-major": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "broadcast": np.broadcast_to(np.array([1.5]), (3,)),
    "unaligned": shifted([1.0, 2.5, 3.0]),
    "subclass": np.arange(3.0).view(Sub),
    "matrix": MATRIX,
    "nothing masked": np.ma.array([1.0, 2.0]),
    "empty": np.zeros((0, 3)),
    "uint64": np.array([2**61], np.uint64),
}


@pytest.mark.parametrize("name", TAKEN)
def test_arrays_that_are_taken(name: str) -> None:
    values = TAKEN[name]
    result = twice(values)
    assert type(result) is np.ndarray and result.shape == values.shape
    assert np.array_equal(result, np.asarray(values) * 2 + 1)
    assert result.dtype == (np.int64 if values.dtype.kind in "iu" else np.float64)


REFUSED = {
    "masked": (MASKED, TypeError, "masked elements"),
    "list of masked": ([MASKED, MASKED], TypeError, "masked elements"),
    "records": (RECORDS, TypeError, "'x': arrays of"),
    "longdouble": (np.zeros(2, np.longdouble), TypeError, "arrays of"),
    "complex": (np.zeros(2, complex), TypeError, "arrays of complex128"),
    "dates": (np.zeros(2, "M8[s]"), TypeError, "arrays of datetime64"),
    "objects": (np.array([1, 2**70], object), TypeError, "arrays of object"),
    "bytes strings": (np.array([b"a"]), TypeError, "arrays of"),
    "letters": (array.array("u", "ab"), TypeError, "buffers of format"),
    "ragged": ([[1, 2], [3]], ValueError, "argument 'x'"),
    "huge ints": ([1, 2**70], TypeError, "numbers only"),
    "None among numbers": ([1, None], TypeError, "numbers only"),
    "uint64 beyond int64": (np.array([1, 2**63], np.uint64), OverflowError, "element 1"),
    "complex number": (1j, TypeError, "complex"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arrays_that_are_refused(name: str) -> None:
    values, error, text = REFUSED[name]
    with pytest.raises(error, match=text):
        twice(values)


def test_masks_are_never_lost() -> None:
    k = kernel(lambda x: x + 1)
    for _ in range(4):  # also once calls go straight to the program
        k(np.arange(3.0))
    for call in (
        lambda: k(MASKED),
        lambda: fastconc.map(lambda x: x + 1, MASKED),
        lambda: fastconc.sum(lambda x: x, MASKED),
        lambda: fastconc.map(lambda x: x, np.arange(3.0), out=MASKED.copy()),
        lambda: take(0, MASKED),
    ):
        with pytest.raises(TypeError, match="mask"):
            call()
    with pytest.raises(KernelError, match="mask"):
        kernel(lambda i: MASKED[i])(1)
    with warnings.catch_warnings(), pytest.raises(TypeError, match="mask"):
        warnings.simplefilter("ignore")
        fastconc.map(lambda x: float(str(x)), MASKED)  # in plain Python


def test_rows_of_matrices_are_matrices() -> None:
    with pytest.raises(TypeError, match="matrix"):
        take(0, MATRIX)
    with pytest.raises(KernelError, match="matrix"):
        kernel(lambda i: MATRIX[i, 0])(1)


def test_numbers_from_small_numpy_types_are_the_numbers_they_are() -> None:
    """As with arguments: nothing wraps, and no self-check takes NumPy's wrapping for the truth."""
    assert kernel(lambda i: LUT[i] * 2)(0) == 400
    assert kernel(lambda i: -LUT[i])(0) == -200
    assert kernel(lambda i: THIRDS[i] * 0.1)(0) == float(THIRDS[0]) * 0.1
    assert kernel(lambda i: FLAGS[i] + FLAGS[i])(0) == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_outputs_may_overlap_inputs(backwards: bool) -> None:
    for n in (10, 5_000, 300_000):
        a = np.arange(float(n))
        source, target = (a[1:], a[:-1]) if backwards else (a[:-1], a[1:])
        expected = source + 1
        fastconc.map(lambda x: x + 1, source, out=target)
        assert np.array_equal(target, expected)
    a = np.arange(5_000.0)
    fastconc.map(lambda x: x + 1, a[::-1], out=a)
    assert np.array_equal(a, np.arange(5_000.0)[::-1] + 1)


def test_pandas_columns() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert np.array_equal(twice(frame["a"]), [3.0, 5.0])
    assert twice(frame["b"]).dtype == np.int64
    assert np.array_equal(twice(frame), frame.to_numpy() * 2 + 1)
    with pytest.raises(TypeError, match="arrays of object"):
        twice(pd.Series(["a", "b"], dtype=object))
