# SPDX-License-Identifier: BSD-3-Clause
"""Evaluating nodes whose inputs are constant: masks, positions and indices, as exporters write them
for attention and for assignments to slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconc.classify._fold import FOLD, axis_of, folds
from fastconc.classify._graph import Node, numpy_type
from fastconc.classify._lower import Context, Unsupported


def _register(name: str, function: Any) -> None:
    FOLD[name] = lambda context, node, *arrays: np.asarray(function(*arrays))


for _name, _function in {
    "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal, "Xor": np.logical_xor,
    "IsNaN": np.isnan,
    "NonZero": lambda x: np.array(np.nonzero(np.atleast_1d(x)), np.int64),
}.items():  # fmt: skip
    _register(_name, _function)


@folds("CumSum")
def _cumulated(context: Context, node: Node, x: Any, axis: Any) -> Any:
    axis = axis_of(int(np.asarray(axis).reshape(-1)[0]), x.ndim)
    x = np.flip(x, axis) if node.attrs.get("reverse", 0) else x
    total = np.cumsum(x, axis, dtype=x.dtype)
    total = total - x if node.attrs.get("exclusive", 0) else total
    return np.flip(total, axis) if node.attrs.get("reverse", 0) else total


@folds("Trilu")
def _triangle(context: Context, node: Node, x: Any, k: Any = None) -> Any:
    k = 0 if k is None else int(np.asarray(k).reshape(-1)[0])
    return (np.triu if node.attrs.get("upper", 1) else np.tril)(x, k)


@folds("EyeLike")
def _eye(context: Context, node: Node, x: Any) -> Any:
    dtype = numpy_type(node.attrs["dtype"]) if "dtype" in node.attrs else x.dtype
    if x.ndim != 2 or dtype is None:
        raise Unsupported(f"of shape {x.shape}")
    return np.eye(x.shape[0], x.shape[1], k=node.attrs.get("k", 0), dtype=dtype)


@folds("GatherElements")
def _picked(context: Context, node: Node, x: Any, indices: Any) -> Any:
    axis = axis_of(node.attrs.get("axis", 0), x.ndim)
    if indices.ndim != x.ndim:
        raise ValueError(f"indices of shape {indices.shape} do not fit {x.shape}")
    part = tuple(slice(None) if a == axis else slice(n) for a, n in enumerate(indices.shape))
    return np.take_along_axis(x[part], _within(indices, x.shape[axis]), axis)


def _within(indices: Any, size: int) -> Any:
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        raise ValueError(f"an index is out of range for an axis of {size}")
    return indices.astype(np.int64) % max(size, 1)


def tuple_place(indices: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index arrays of GatherND and ScatterND."""
    depth = indices.shape[-1]
    if depth > len(shape):
        raise ValueError(f"indices of shape {indices.shape} do not fit {shape}")
    return tuple(_within(indices[..., d], shape[d]) for d in range(depth))


@folds("GatherND")
def _gather_nd(context: Context, node: Node, x: Any, indices: Any) -> Any:
    if node.attrs.get("batch_dims", 0):
        raise Unsupported("with batch_dims")
    return x[tuple_place(indices, x.shape)]


@folds("ScatterND")
def _scatter_nd(context: Context, node: Node, x: Any, indices: Any, updates: Any) -> Any:
    return scattered(node, x, tuple_place(indices, x.shape), updates)


def element_place(node: Node, indices: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index arrays of ScatterElements."""
    axis = axis_of(node.attrs.get("axis", 0), len(shape))
    if indices.ndim != len(shape):
        raise ValueError(f"indices of shape {indices.shape} do not fit {shape}")
    place = list(np.indices(indices.shape, sparse=True))
    place[axis] = _within(indices, shape[axis])
    return tuple(place)


@folds("ScatterElements", "Scatter")
def _scatter_elements(context: Context, node: Node, x: Any, indices: Any, updates: Any) -> Any:
    return scattered(node, x, element_place(node, indices, x.shape), updates)


def scattered(node: Node, x: Any, place: tuple[Any, ...], updates: Any) -> Any:
    if node.attrs.get("reduction", "none") != "none":
        raise Unsupported(f"with reduction {node.attrs['reduction']!r}")
    result = x.copy()
    if result[place].shape != updates.shape:
        raise ValueError(f"updates of shape {updates.shape} do not fit the indices")
    result[place] = updates
    return result
