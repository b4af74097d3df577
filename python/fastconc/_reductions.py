# SPDX-License-Identifier: BSD-3-Clause
"""Reductions fused with the map: fastconc.sum(f, x) is sum(f(x)) with nothing in between stored.

Elements are reduced in a fixed tree that depends on their number alone, so any number of workers
gives the same bits; sums of floats are compensated between blocks, sums of ints exact.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable
from typing import Any

from fastconc._errors import KernelError
from fastconc._kernel import Kernel, _kernel_or_none, _map_python, _warn

_PYTHON: dict[str, Callable[[Iterable[Any]], Any]] = {
    "sum": lambda v: _python_sum(list(v)),
    "prod": math.prod,
    "min": lambda v: _python_extreme(builtins.min, list(v)),
    "max": lambda v: _python_extreme(builtins.max, list(v)),
    "any": builtins.any,
    "all": builtins.all,
    "count": lambda v: builtins.sum(1 for x in v if x),
}


def _python_sum(values: list[Any]) -> Any:
    if builtins.any(isinstance(v, float) for v in values):
        try:
            return math.fsum(values)
        except (OverflowError, ValueError):  # inf or nan, as the native sum has it
            pass
    return builtins.sum(values)


def _python_extreme(extreme: Callable[[list[Any]], Any], values: list[Any]) -> Any:
    """min or max; nan if one is nan, as natively."""
    for value in values:
        if value != value:
            return value
    return extreme(values)


def _reduce(kind: str, f: Any, arrays: tuple[Any, ...], workers: Any) -> Any:
    if not arrays:
        raise TypeError(f"{kind}() needs a function and at least one array")
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    kernel = _kernel_or_none(f, kind)
    if kernel is not None:
        try:
            return kernel._reduce(kind, arrays, workers)
        except KernelError as error:
            if isinstance(f, Kernel):
                raise
            _warn(f, error, kind)
    values = _map_python(f, arrays, None)
    return _PYTHON[kind](values.ravel().tolist() if hasattr(values, "ravel") else [values])


def sum(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> Any:
    """Sum f over all elements of the broadcast arrays (0 if there are none)."""
    return _reduce("sum", f, arrays, workers)


def prod(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> Any:
    """Multiply f over all elements (1 if there are none); OverflowError when ints leave 64 bits."""
    return _reduce("prod", f, arrays, workers)


def min(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> Any:
    """The least value of f; ValueError if there are no elements."""
    return _reduce("min", f, arrays, workers)


def max(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> Any:
    """The greatest value of f; ValueError if there are no elements."""
    return _reduce("max", f, arrays, workers)


def mean(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> float:
    """The mean of f; ValueError if there are no elements."""
    n = _count_elements(arrays)
    if n == 0:
        raise ValueError("mean() of no elements")
    return float(sum(f, *arrays, workers=workers) / n)


def any(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> bool:
    """Whether f is true for some element."""
    return bool(_reduce("any", f, arrays, workers))


def all(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> bool:
    """Whether f is true for every element."""
    return bool(_reduce("all", f, arrays, workers))


def count(f: Callable[..., Any], *arrays: Any, workers: Any = None) -> int:
    """For how many elements f is true."""
    return int(_reduce("count", f, arrays, workers))


def _count_elements(arrays: tuple[Any, ...]) -> int:
    shape: list[int] = []
    for a in arrays:
        own: tuple[int, ...]
        if isinstance(a, (int, float)):
            own = ()
        elif hasattr(a, "shape"):
            own = tuple(a.shape)
        elif isinstance(a, (list, tuple, range)):
            own = (len(a),)
            while isinstance(a, (list, tuple)) and a and isinstance(a[0], (list, tuple)):
                a = a[0]
                own += (len(a),)
        else:
            own = tuple(memoryview(a).shape or ())
        for k in range(1, len(own) + 1):
            if k > len(shape):
                shape.insert(0, own[-k])
            elif shape[-k] == 1:
                shape[-k] = own[-k]
    return math.prod(shape)
