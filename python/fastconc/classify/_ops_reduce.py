# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators that combine elements: pooling, reductions, normalisation, softmax."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._fold import axes_of, axis_of
from fastconc.classify._graph import Node
from fastconc.classify._lower import (
    Context,
    Unsupported,
    Value,
    WeightArray,
    channels_last,
    collapse,
    handles,
    identity_order,
)
from fastconc.classify._ops_element import (
    Inputs,
    const_of,
    floats_only,
    need,
    per_channel,
    untainted,
)
from fastconc.classify._ops_product import pads_of, sizes_attr, spatial, window_params
from fastconc.classify._plan import REDUCE, Act

MAX, SUM, LP = 0, 1, 2


@handles("MaxPool", "AveragePool", "LpPool")
def _pool(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    if any(node.outputs[1:]):
        raise Unsupported("the indices of MaxPool")
    if node.op != "MaxPool" or v.dtype.kind not in "iu":
        floats_only(v)
    rank = spatial(v, node)
    kernel = sizes_attr(node, "kernel_shape", rank, 1)
    strides, dilations = (
        sizes_attr(node, "strides", rank, 1),
        sizes_attr(node, "dilations", rank, 1),
    )
    sizes = v.shape[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    before, after = pads_of(node, sizes, reach, strides)
    ceil = bool(node.attrs.get("ceil_mode", 0)) and node.attrs.get("auto_pad", "NOTSET") in (
        "",
        "NOTSET",
    )
    out = []
    for size, b, a, r, s in zip(sizes, before, after, reach, strides, strict=True):
        room = size + b + a - r
        n = (-(-room // s) if ceil else room // s) + 1
        if ceil and (n - 1) * s >= size + b:  # the last window would begin in the padding behind
            n -= 1
        out.append(n)
    if min(out) < 1:
        raise ValueError(f"a window of {kernel} is larger than the padded input of {list(sizes)}")
    order = channels_last(v.rank)
    x = context.to_order(v, order)
    params = window_params(v.shape[0], v.shape[1], sizes, out, kernel, strides, dilations, before)
    shape = (v.shape[0], v.shape[1], *out)
    kind = {"MaxPool": MAX, "AveragePool": SUM, "LpPool": LP}[node.op]
    power = float(node.attrs.get("p", 2))
    scale: Any = -1
    if kind == SUM:
        include = bool(node.attrs.get("count_include_pad", 0))
        counts = [
            _counts(n, size, k, s, d, b, a if include else None)
            for n, size, k, s, d, b, a in zip(
                out, sizes, kernel, strides, dilations, before, after, strict=True
            )
        ]
        product = counts[0].astype(np.float64)
        for more in counts[1:]:
            product = np.multiply.outer(product, more)
        scale = WeightArray(1.0 / np.maximum(product, 1).reshape(-1))
    return context.emit(
        "pool", [x], shape, [*params, kind, power, scale], order=order, batch=v.batch, dtype=v.dtype
    )


def _counts(
    n: int, size: int, k: int, stride: int, dilation: int, before: int, after: int | None
) -> Any:
    """How many taps of each window count: those in the image, with `after` in the padding too."""
    at = np.arange(n)[:, None] * stride + np.arange(k)[None, :] * dilation - before
    if after is None:
        inside = (at >= 0) & (at < size)
    else:
        inside = at < size + after
    return inside.sum(axis=1)


REDUCTIONS = {
    "ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "max", "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceL1": "l1", "ReduceL2": "l2", "ReduceSumSquare": "sum_square", "ReduceLogSum": "log_sum",
    "ReduceLogSumExp": "log_sum_exp",
}  # fmt: skip


@handles(*REDUCTIONS)
def _reduce(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    if node.op not in ("ReduceMax", "ReduceMin") or v.dtype.kind not in "iub":
        floats_only(v)
    axes = axes_of(node, const_of(inputs, 1, "axes"), v.rank)
    if not axes:
        if node.attrs.get("noop_with_empty_axes", 0):
            act = {"ReduceL1": "abs", "ReduceL2": "abs", "ReduceLogSum": "log"}.get(node.op)
            if node.op == "ReduceSumSquare":
                return context.binary("mul", v, v)
            return v if act is None else context.unary(v, Act(act), node.inputs[0])
        axes = list(range(v.rank))
    return reduce(context, v, REDUCTIONS[node.op], axes, bool(node.attrs.get("keepdims", 1)))


def reduce(context: Context, v: Value, kind: str, axes: list[int], keep: bool) -> Value:
    for axis in axes:
        context.check_axis(v, axis)
    strides = v.strides()
    kept = [axis for axis in v.order if axis not in axes]
    gone = [axis for axis in v.order if axis in axes]
    if kind == "log_sum_exp":
        return _log_sum_exp(context, v, axes, keep)
    kept_dims, (kept_strides,) = collapse([v.shape[a] for a in kept], [[strides[a] for a in kept]])
    gone_dims, (gone_strides,) = collapse([v.shape[a] for a in gone], [[strides[a] for a in gone]])
    if kept_dims == [1]:
        kept_dims, kept_strides = [], []
    if gone_dims == [1]:
        gone_dims, gone_strides = [], []
    params: list[Any] = [REDUCE[kind]]
    for dims, steps in ((kept_dims, kept_strides), (gone_dims, gone_strides)):
        params += [len(dims), list(zip(dims, steps, strict=True))]
    shape: tuple[int, ...]
    if keep:
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(v.shape))
        order = (*kept, *gone)
        batch = v.batch
    else:
        names = {
            axis: place for place, axis in enumerate(a for a in range(v.rank) if a not in axes)
        }
        shape = tuple(v.shape[axis] for axis in names)
        order = tuple(names[axis] for axis in kept)
        batch = None if v.batch is None else names[v.batch]
    return context.emit("reduce", [v], shape, params, order=order, batch=batch, dtype=v.dtype)


def _log_sum_exp(context: Context, v: Value, axes: list[int], keep: bool) -> Value:
    """max + log(sum(exp(x - max))), since exp(x) itself overflows above 88."""
    largest = reduce(context, v, "max", axes, True)
    # An infinite maximum would give inf - inf: finite numbers shift as well, infinite ones stay
    # what they are.
    shift = context.emit("unary", [largest], largest.shape, [Act("clip", -3e38, 3e38)],
                         order=largest.order, batch=largest.batch)  # fmt: skip
    powers = context.unary(context.binary("sub", v, shift), Act("exp"), None)
    result = context.binary("add", reduce(context, powers, "log_sum", axes, True), shift)
    if keep:
        return result
    names = {axis: place for place, axis in enumerate(a for a in range(v.rank) if a not in axes)}
    order = tuple(names[axis] for axis in result.order if axis in names)
    batch = None if v.batch is None else names[v.batch]
    return context.relabel(result, [v.shape[axis] for axis in names], order, batch)


@handles("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def _global_pool(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    axes = list(range(2, v.rank))
    if v.rank < 3:
        raise ValueError(f"an input of shape {v.shape} has no spatial dimensions")
    if node.op != "GlobalLpPool":
        return reduce(context, v, "mean" if node.op == "GlobalAveragePool" else "max", axes, True)
    power = float(node.attrs.get("p", 2))
    if power in (1.0, 2.0):
        return reduce(context, v, "l1" if power == 1 else "l2", axes, True)
    magnitude = context.emit("unary", [v], v.shape, [Act("abs")], order=v.order, batch=v.batch)
    powers = context.emit(
        "unary", [magnitude], v.shape, [Act("pow", power)], order=v.order, batch=v.batch
    )
    return context.unary(reduce(context, powers, "sum", axes, True), Act("pow", 1 / power), None)


def along(v: Value, axes: list[int]) -> tuple[Value, int, int, int] | None:
    """outer, n, inner of axes that lie together in memory in their logical order, or None."""
    places = [p for p, axis in enumerate(v.order) if axis in axes and v.shape[axis] != 1]
    if not places:
        return v, v.numel, 1, 1
    first, last = places[0], places[-1]
    between = [axis for axis in v.order[first : last + 1] if v.shape[axis] != 1]
    if between != sorted(a for a in axes if v.shape[a] != 1):
        return None
    sizes = v.physical
    return (
        v,
        math.prod(sizes[:first]),
        math.prod(sizes[first : last + 1]),
        math.prod(sizes[last + 1 :]),
    )


def together(context: Context, v: Value, axes: list[int]) -> tuple[Value, int, int, int]:
    found = along(v, axes)
    if found is None:
        found = along(context.canonical(v), axes)
    if found is None:  # axes that are apart even in the logical order: bring them to the end
        order = (*(a for a in range(v.rank) if a not in axes), *sorted(axes))
        found = along(context.to_order(v, order), axes)
    assert found is not None
    return found


@handles("Softmax", "LogSoftmax")
def _softmax(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    old = context.graph.opset < 13
    axis = axis_of(node.attrs.get("axis", 1 if old else -1), v.rank)
    axes = list(range(axis, v.rank)) if old else [axis]
    for a in axes:
        context.check_axis(v, a)
    x, outer, n, inner = together(context, v, axes)
    log = int(node.op == "LogSoftmax")
    return context.emit(
        "softmax", [x], v.shape, [outer, n, inner, log], order=x.order, batch=v.batch, dtype=v.dtype
    )


@handles("ArgMax", "ArgMin")
def _arg(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    axis = axis_of(node.attrs.get("axis", 0), v.rank)
    context.check_axis(v, axis)
    x, outer, n, inner = together(context, v, [axis])
    kind = 2 * (node.op == "ArgMin") + int(bool(node.attrs.get("select_last_index", 0)))
    shape = tuple(1 if a == axis else size for a, size in enumerate(v.shape))
    result = context.emit(
        "argument",
        [x],
        shape,
        [outer, n, inner, kind],
        order=x.order,
        batch=v.batch,
        dtype=np.int64,
    )
    if node.attrs.get("keepdims", 1):
        return result
    order = tuple(a - (a > axis) for a in result.order if a != axis)
    batch = result.batch if result.batch is None or result.batch < axis else result.batch - 1
    return context.relabel(result, (*shape[:axis], *shape[axis + 1 :]), order, batch)


def normalise(context: Context, v: Value, axes: list[int], epsilon: float) -> Value:
    for axis in axes:
        context.check_axis(v, axis)
    x, outer, n, inner = together(context, v, axes)
    return context.emit(
        "normalise",
        [x],
        v.shape,
        [outer, n, inner, epsilon],
        order=x.order,
        batch=v.batch,
        dtype=v.dtype,
    )


@handles("InstanceNormalization")
def _instance_norm(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    scale, bias = untainted(inputs, 1, "a scale"), untainted(inputs, 2, "a bias")
    if v.rank < 3 or scale is None or bias is None or scale.shape != bias.shape != (v.shape[1],):
        raise ValueError(f"scale and bias do not fit an input of shape {v.shape}")
    result = normalise(context, v, list(range(2, v.rank)), float(node.attrs.get("epsilon", 1e-5)))
    return per_channel(context, result, np.asarray(scale), np.asarray(bias), None)


@handles("LayerNormalization")
def _layer_norm(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    if any(node.outputs[1:]):
        raise Unsupported("the mean and deviation of LayerNormalization")
    axis = axis_of(node.attrs.get("axis", -1), v.rank)
    result = normalise(
        context, v, list(range(axis, v.rank)), float(node.attrs.get("epsilon", 1e-5))
    )
    for at, op in ((1, "mul"), (2, "add")):
        if at < len(inputs) and inputs[at] is not None:
            result = context.binary(op, result, need(inputs, at), None, node.inputs[at])
    return replace(result, dtype=v.dtype)


@handles("GroupNormalization")
def _group_norm(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    groups = int(node.attrs["num_groups"])
    if v.rank < 3 or v.shape[1] % groups:
        raise ValueError(f"{groups} groups do not fit an input of shape {v.shape}")
    scale, bias = (np.asarray(untainted(inputs, at, "a parameter")) for at in (1, 2))
    if scale.size == groups != v.shape[1]:  # opset 18 gave one per group
        scale, bias = (np.repeat(a, v.shape[1] // groups) for a in (scale, bias))
    x = context.canonical(v)
    x = context.relabel(
        x, (v.shape[0], groups, v.numel // v.shape[0] // groups), (0, 1, 2), v.batch
    )
    x = normalise(context, x, [2], float(node.attrs.get("epsilon", 1e-5)))
    x = context.relabel(x, v.shape, identity_order(v.rank), v.batch)
    return per_channel(context, x, scale, bias, None)


@handles("MeanVarianceNormalization")
def _mean_variance(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    axes = [axis_of(a, v.rank) for a in node.attrs.get("axes", [0, 2, 3])]
    return normalise(context, v, axes, 0.0)


@handles("LpNormalization")
def _lp_norm(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    axis = axis_of(node.attrs.get("axis", -1), v.rank)
    size = reduce(context, v, "l1" if node.attrs.get("p", 2) == 1 else "l2", [axis], True)
    size = context.unary(size, Act("clip", 1e-38, math.inf), None)
    return context.binary("div", v, size)


@handles("LRN")
def _lrn(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    if v.rank < 2:
        raise ValueError(f"an input of shape {v.shape} has no channels")
    context.check_axis(v, 1)
    size = int(node.attrs["size"])
    if size < 1:
        raise ValueError(f"size must be at least 1, not {size}")
    x, outer, n, inner = together(context, v, [1])
    alpha = float(node.attrs.get("alpha", 1e-4)) / size
    beta, bias = float(node.attrs.get("beta", 0.75)), float(node.attrs.get("bias", 1.0))
    params = [outer, n, inner, (size - 1) // 2, size // 2, alpha, beta, bias]
    return context.emit(
        "response", [x], v.shape, params, order=x.order, batch=v.batch, dtype=v.dtype
    )
