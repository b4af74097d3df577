# SPDX-License-Identifier: BSD-3-Clause
"""Masked arrays and matrices: NumPy's arrays by type, whose elements are not simply their
numbers."""

from __future__ import annotations

import sys
from typing import Any


def refuse_masked(what: str, value: Any) -> None:
    """TypeError if elements of value are masked out, for results would not know of it."""
    ma = sys.modules.get("numpy.ma")  # no array can be masked before it is imported
    if ma is None:
        return
    if isinstance(value, ma.MaskedArray):
        if ma.is_masked(value):
            raise TypeError(
                f"{what} has masked elements, and the mask would be lost; give its numbers, as "
                "a.filled(value) or a.compressed(), or its data, and mask the result: "
                "np.ma.array(f(a.data), mask=a.mask)"
            )
    elif isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, (ma.MaskedArray, list, tuple)):
                refuse_masked(what, item)


def is_matrix(value: Any) -> bool:
    """Whether value[i] is not its row: that of a np.matrix is a matrix of one row."""
    return type(value).__name__ == "matrix" and hasattr(value, "A1")
