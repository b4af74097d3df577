# SPDX-License-Identifier: BSD-3-Clause
"""What `quad` returns besides with full_output, with the keys and shapes that SciPy documents.

The subintervals told are those between break points; how each was cut further is not kept. Towards
infinity limits are told as they are, not transformed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

_EXPLAIN = {
    1: "The limit of added panels is reached.",
    2: "Rounding errors prevent the tolerance from being reached.",
    3: "The integrand behaves badly somewhere.",
    4: "The integral is probably divergent.",
    5: "The integrand is nan or infinite.",
}


def of_range(
    part: Callable[[float, float], Any],
    a: float,
    b: float,
    result: Any,
    state: int,
    limit: int,
    breaks: Any,
    weight: Any,
    maxp1: int,
    limlst: int,
) -> tuple[Any, ...]:
    """Return (infodict,) or, where not converged, what SciPy adds: (infodict, message[, explain]).

    part(c, d): the result on a part of the range, asked for if `breaks` (not None) cut it.
    """
    kind = np.complex128 if isinstance(result.integral, complex) else np.float64
    info: dict[str, Any] = {"neval": result.neval}
    infinite = math.isinf(a) or math.isinf(b)
    if infinite and weight in ("cos", "sin"):
        values, errors = np.zeros(max(limlst, 1), kind), np.zeros(max(limlst, 1))
        values[0], errors[0] = result.integral, result.error
        codes = np.zeros(max(limlst, 1), np.int32)
        codes[0] = state
        info.update(lst=1, rslst=values, erlst=errors, ierlst=codes)
        return (info,) if result.converged else (info, result.message, _EXPLAIN)
    edges = [a, *(breaks if a < b else reversed(breaks)), b] if breaks else [a, b]
    edges = [x for k, x in enumerate(edges) if k == 0 or x != edges[k - 1]]
    last = len(edges) - 1
    size = max(limit, last)
    shape = (size, *np.shape(result.integral))
    starts, ends = (np.full(size, 0.0 if last else np.nan) for _ in range(2))
    values, errors, order = np.zeros(shape, kind), np.zeros(size), np.zeros(size, np.int32)
    starts[:last], ends[:last] = edges[:-1], edges[1:]
    parts = [result] if last == 1 else [part(c, d) for c, d in pairwise(edges)]
    for k, piece in enumerate(parts[:last]):
        values[k], errors[k] = piece.integral, piece.error
    order[:last] = np.argsort(-errors[:last], kind="stable") + 1  # counted from 1, as there
    info.update(last=last, alist=starts, blist=ends, rlist=values, elist=errors, iord=order)
    if breaks is not None:
        info["pts"] = np.array(edges)
        info["level"] = np.zeros(size, np.int32)
        info["ndin"] = np.zeros(len(edges), np.int32)
    if weight in ("cos", "sin"):
        info.update(momcom=0, nnlog=np.zeros(size, np.int32), chebmo=np.zeros((25, maxp1)))
    return (info,) if result.converged else (info, result.message)


def of_complex(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same for a complex integrand, as SciPy has it: of both parts."""
    both = []
    for part in ("real", "imag"):
        info = dict(found[0])
        for key in ("rlist", "rslst"):
            if key in info:
                info[key] = getattr(info[key], part).copy()
        both.append(info if info.get("last") == 0 else (info, *found[1:]))
    return ({"real": both[0], "imag": both[1]},)
