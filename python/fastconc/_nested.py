# SPDX-License-Identifier: BSD-3-Clause
"""Integrals of integrals, one `quad` in the other: what `nquad` does with weights."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

from fastconc._integrand import InPython, seconds_of
from fastconc._integrate import QuadResult
from fastconc._quad import quietly


def nested(
    func: Any, ranges: list[Any], args: tuple[Any, ...], opts: list[Any], workers: Any,
    deadline: float | None,
) -> QuadResult:  # fmt: skip
    """Integrate over the last variable what the integral over those before it is."""
    end = time.monotonic() + seconds_of(deadline) if deadline is not None else math.inf
    n_dim, neval, flaw = len(ranges), 0, None
    worst = [0.0] * n_dim  # by level: the largest error, and the longest range
    longest = [0.0] * n_dim

    def integral(k: int, *outer: Any) -> Any:
        nonlocal neval, flaw
        low, high = ranges[k](*outer) if callable(ranges[k]) else ranges[k]
        options = dict(opts[k](*outer) if callable(opts[k]) else opts[k])
        if options.get("points") is not None:
            least, most = min(low, high), max(low, high)
            options["points"] = [x for x in options["points"] if least <= x <= most]
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        f = func if k == 0 else InPython(partial(integral, k - 1))
        options.pop("limit", None)
        result = quietly(
            f, low, high, outer, **options, workers=workers,
            deadline=left if left < math.inf else None,
        )  # fmt: skip
        if k == 0:
            neval += result.neval
        if not result.converged and flaw is None:
            flaw = result
        worst[k] = max(worst[k], result.error)
        longest[k] = max(longest[k], abs(high - low))
        return result if k == n_dim - 1 else result.integral

    result = integral(n_dim - 1, *args)
    error, length = result.error, 1.0
    for k in reversed(range(n_dim - 1)):
        # An error of the inner integral counts all along the range of the outer one. Along an
        # infinite one it is hoped to be small where the integrand is.
        length *= longest[k + 1] if math.isfinite(longest[k + 1]) else 1.0
        error += worst[k] * length
    why = flaw or result
    return QuadResult(result.integral, error, neval, flaw is None, why.status, why.message)
