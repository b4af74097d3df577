# SPDX-License-Identifier: BSD-3-Clause
"""Integrals of sampled data, for `integrate`."""

from __future__ import annotations

import math
from typing import Any

from fastconc import _core
from fastconc._integrand import seconds_of
from fastconc._masked import refuse_masked

_RULES = {"trapezoid": 0, "simpson": 1}


def integrate_samples(
    y: Any, x: Any, dx: float | None, axis: int, rule: str, workers: Any, deadline: float | None
) -> Any:
    """Return the integrals of the samples `y` along `axis`."""
    import numpy as np

    code = _RULES.get(rule) if isinstance(rule, str) else None
    if code is None:
        raise ValueError(f"rule must be one of {', '.join(_RULES)} for samples, not {rule!r}")
    seconds = seconds_of(deadline)
    values = _numbers(y, "y", "biufc")
    if values.ndim == 0:
        raise ValueError(f"y must hold samples along an axis, not be the single number {y!r}")
    step = 1.0
    if dx is not None:
        if x is not None:
            raise ValueError("x and dx both tell where the samples lie: give one of them")
        try:
            step = float(dx)
        except (TypeError, ValueError):
            raise TypeError(f"dx must be a float, not {dx!r}") from None
    values = np.moveaxis(values, axis, -1)
    shape, n = values.shape[:-1], values.shape[-1]
    places = None
    if x is not None:
        places = _numbers(x, "x", "biuf")
        if places.ndim != 1:
            try:
                places = np.broadcast_to(places, np.shape(y))
            except ValueError:
                raise ValueError(
                    f"x of shape {places.shape} does not broadcast to y's shape {np.shape(y)}"
                ) from None
            places = np.moveaxis(places, axis, -1)
        if places.shape[-1] != n:
            raise ValueError(
                f"x must be as long as y along the axis: {places.shape[-1]} abscissae, {n} samples"
            )
        places = np.ascontiguousarray(places, dtype=np.float64)
    parts = [values.real, values.imag] if values.dtype.kind == "c" else [values]
    results = np.zeros((len(parts), math.prod(shape)))
    for part, result in zip(parts, results, strict=True):
        if n > 0 and result.size > 0:
            _core._integrate_samples(
                code, np.ascontiguousarray(part, dtype=np.float64), places, n, step, result,
                workers, seconds,
            )  # fmt: skip
    answer = results[0] if len(parts) == 1 else results[0] + 1j * results[1]
    return answer.reshape(shape) if shape else answer[0].item()


def _numbers(value: Any, name: str, kinds: str) -> Any:
    import numpy as np

    refuse_masked(name, value)
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must hold numbers, not {array.dtype}: {value!r}")
    return array
