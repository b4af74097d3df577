# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of comparisons and of what chooses or ranks elements: Where, TopK, GatherElements."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fastconc.classify._fold import axis_of
from fastconc.classify._fold_index import element_place, scattered, tuple_place
from fastconc.classify._graph import Node
from fastconc.classify._lower import (
    Context,
    NotByRows,
    Unsupported,
    Value,
    handles,
    identity_order,
)
from fastconc.classify._ops_element import Inputs, const_of, floats_only, need
from fastconc.classify._ops_move import fill_part, map_axis, take
from fastconc.classify._ops_reduce import together
from fastconc.classify._plan import Act

BOOL = np.dtype(np.bool_)


def _both(inputs: Inputs) -> tuple[Value, Value]:
    a, b = need(inputs), need(inputs, 1)
    for v in (a, b):
        if v.tainted:
            raise NotByRows("a comparison with the batch's size")
    return a, b


@handles("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
def _compare(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = _both(inputs)
    if node.op.startswith("Less"):
        a, b = b, a
    kind = {"Equal": "equal", "Greater": "greater", "Less": "greater"}.get(node.op, "greater_equal")
    return context.binary(kind, a, b, dtype=BOOL)


@handles("And", "Or", "Xor")
def _logic(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = _both(inputs)
    if a.dtype != BOOL or b.dtype != BOOL:
        raise ValueError(f"{node.op} takes tensors of bool, not of {a.dtype} and {b.dtype}")
    if node.op == "Xor":
        return context.unary(context.binary("sub", a, b, dtype=BOOL), Act("bool"))
    return context.binary("mul" if node.op == "And" else "max", a, b, dtype=BOOL)


@handles("Not")
def _not(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    if v.dtype != BOOL:
        raise ValueError(f"Not takes a tensor of bool, not of {v.dtype}")
    return context.unary(v, Act("affine", -1.0, 1.0), node.inputs[0])


@handles("IsNaN", "IsInf")
def _is(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    act = Act("isnan")
    if node.op == "IsInf":
        sides = (node.attrs.get(f"detect_{side}", 1) for side in ("negative", "positive"))
        act = Act("isinf", *(float(bool(side)) for side in sides))
    return context.unary(v, act, node.inputs[0], BOOL)


@handles("Mod")
def _mod(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = _both(inputs)
    fmod = bool(node.attrs.get("fmod", 0))
    if not fmod and a.dtype.kind == "f":
        raise Unsupported("of fractions without fmod=1")
    if not fmod and (b.const is None or (b.const == 0).any()):
        raise Unsupported("by numbers that may be 0")
    return context.binary("fmod" if fmod else "mod", a, b, dtype=a.dtype)


@handles("Where")
def _where(context: Context, node: Node, inputs: Inputs) -> Value:
    condition, x, y = need(inputs), need(inputs, 1), need(inputs, 2)
    if any(v.tainted for v in (condition, x, y)):
        raise NotByRows("a choice by the batch's size")
    return choose(context, condition, x, y)


def choose(context: Context, condition: Value, x: Value, y: Value) -> Value:
    """x where the condition holds, else y. What is not chosen may be NaN or infinite."""
    if x.dtype != y.dtype:
        raise ValueError(f"tensors of {x.dtype} and {y.dtype} do not join")
    parts: list[Value] = []
    for op, v in (("keep", x), ("drop", y)):
        if v.const is not None and condition.const is not None and v.batch == condition.batch:
            keep = condition.const if op == "keep" else ~condition.const
            array = np.where(keep, v.const, np.zeros((), v.dtype))
            parts.append(replace(context.constant(array), batch=v.batch))
        else:
            parts.append(context.binary(op, v, condition, dtype=x.dtype))
    return context.binary("add", parts[0], parts[1], dtype=x.dtype)


@handles("Trilu")
def _trilu(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    k = const_of(inputs, 1, "a diagonal")
    if v.rank < 2:
        raise ValueError(f"an input of shape {v.shape} is no matrix")
    for axis in (v.rank - 2, v.rank - 1):
        context.check_axis(v, axis)
    k = 0 if k is None else int(np.asarray(k).reshape(-1)[0])
    upper = bool(node.attrs.get("upper", 1))
    lower = np.tri(v.shape[-2], v.shape[-1], k - 1 if upper else k, dtype=bool)
    mask = context.constant(~lower if upper else lower)
    return context.binary("keep", v, mask, dtype=v.dtype)


@handles("TopK")
def _top_k(context: Context, node: Node, inputs: Inputs) -> list[Value]:
    v = need(inputs)
    count = const_of(inputs, 1, "a number of elements")
    count = node.attrs.get("k") if count is None else np.asarray(count).reshape(-1)[0]
    axis = axis_of(node.attrs.get("axis", -1), v.rank)
    context.check_axis(v, axis)
    if count is None or not 0 < int(count) <= v.shape[axis]:
        raise ValueError(f"k must be within 1 and {v.shape[axis]}, not {count}")
    x, outer, n, inner = together(context, v, [axis])
    smallest = 2 * int(not node.attrs.get("largest", 1))
    shape = tuple(int(count) if a == axis else size for a, size in enumerate(v.shape))
    return [
        context.emit("top_k", [x], shape, [outer, n, inner, int(count), kind + smallest],
                     order=x.order, batch=v.batch, dtype=dtype)
        for kind, dtype in ((0, v.dtype), (1, np.dtype(np.int64)))
    ]  # fmt: skip


@handles("CumSum")
def _cumulate(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    where = const_of(inputs, 1, "an axis")
    axis = axis_of(int(np.asarray(where).reshape(-1)[0]), v.rank)
    context.check_axis(v, axis)
    x, outer, n, inner = together(context, v, [axis])
    params = [outer, n, inner]
    params += [int(node.attrs.get(name, 0)) for name in ("exclusive", "reverse")]
    return context.emit(
        "cumulate", [x], v.shape, params, order=x.order, batch=v.batch, dtype=v.dtype
    )


@handles("GatherElements")
def _gather_elements(context: Context, node: Node, inputs: Inputs) -> Value:
    v, indices = need(inputs), need(inputs, 1)
    axis = axis_of(node.attrs.get("axis", 0), v.rank)
    context.check_axis(v, axis)
    if indices.dtype.kind not in "iu":
        raise ValueError(f"indices must be whole numbers, not {indices.dtype}")
    if indices.rank != v.rank:
        raise ValueError(f"indices of shape {indices.shape} do not fit {v.shape}")
    if indices.tainted or v.tainted:
        raise NotByRows("indices computed from the batch's size")
    batch = context._common_batch(v, indices, v.rank)
    if batch is not None and v.shape[batch] != indices.shape[batch]:
        raise NotByRows("indices along the batch")
    part = {}
    for a, (size, count) in enumerate(zip(v.shape, indices.shape, strict=True)):
        if a != axis and count > size:
            raise ValueError(f"indices of shape {indices.shape} do not fit {v.shape}")
        if a != axis and count < size:
            part[a] = (0, count, 1)
    x = context.canonical(take(context, context.dynamic(v), part))
    index = context.canonical(context.dynamic(indices))
    params = [math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])]
    return context.emit(
        "pick", [x, index], indices.shape, [*params, indices.shape[axis]],
        order=identity_order(v.rank), batch=batch, dtype=v.dtype,
    )  # fmt: skip


def _steps(context: Context, rank: int, axis: int, count: int) -> Value:
    """0, 1, 2, ... along an axis."""
    shape = [1] * rank
    shape[axis] = count
    return context.constant(np.arange(count, dtype=np.int64).reshape(shape))


@handles("Hardmax")
def _hardmax(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    old = context.graph.opset < 13
    axis = axis_of(node.attrs.get("axis", 1 if old else -1), v.rank)
    if old and axis != v.rank - 1:
        raise Unsupported("over several axes")
    context.check_axis(v, axis)
    x, outer, n, inner = together(context, v, [axis])
    shape = tuple(1 if a == axis else size for a, size in enumerate(v.shape))
    best = context.emit("argument", [x], shape, [outer, n, inner, 0], order=x.order, batch=v.batch)
    return context.binary("equal", _steps(context, v.rank, axis, n), best, dtype=v.dtype)


@handles("OneHot")
def _one_hot(context: Context, node: Node, inputs: Inputs) -> Value:
    indices = need(inputs)
    depth, values = const_of(inputs, 1, "a depth"), const_of(inputs, 2, "a value")
    rank = indices.rank + 1
    axis = axis_of(node.attrs.get("axis", -1), rank)
    count = int(np.asarray(depth).reshape(-1)[0])
    off, on = (float(value) for value in np.asarray(values).reshape(-1))
    old = [a for a in range(rank) if a != axis]
    shape = [1] * rank
    for place, size in zip(old, indices.shape, strict=True):
        shape[place] = size
    order = (axis, *(old[a] for a in indices.order))
    batch = None if indices.batch is None else old[indices.batch]
    x = context.relabel(indices, shape, order, batch)
    steps = _steps(context, rank, axis, count)
    hit = context.binary("equal", steps, x, dtype=np.float32)
    assert steps.const is not None
    from_end = context.binary("equal", context.constant(steps.const - count), x, dtype=np.float32)
    hit = context.binary("max", hit, from_end, dtype=np.float32)
    return context.unary(hit, Act("affine", on - off, off), None, np.asarray(values).dtype)


def _flat(context: Context, v: Value) -> Value:
    """All elements in logical order on one axis, of a graph planned whole."""
    if v.tainted or v.batch is not None:
        raise NotByRows("elements of all images")
    return context.relabel(context.canonical(context.dynamic(v)), (v.numel,), (0,), None)


@handles("GatherND")
def _gather_nd(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    indices = const_of(inputs, 1, "an index")
    if node.attrs.get("batch_dims", 0):
        raise Unsupported("with batch_dims")
    x = _flat(context, v)
    place = np.arange(v.numel).reshape(v.shape)[tuple_place(np.asarray(indices), v.shape)]
    if not place.size:
        raise Unsupported("of no elements")
    result = map_axis(context, x, 0, place.reshape(-1, 1), None)
    return context.relabel(result, place.shape, identity_order(place.ndim), None)


@handles("ScatterND", "ScatterElements", "Scatter")
def _scatter(context: Context, node: Node, inputs: Inputs) -> Value:
    """Elements of the data or of the updates, by indices that are known."""
    v, updates = need(inputs), need(inputs, 2)
    indices = np.asarray(const_of(inputs, 1, "an index"))
    if v.dtype != updates.dtype:
        raise ValueError(f"tensors of {v.dtype} and {updates.dtype} do not join")
    if not updates.numel:
        return v
    x, new = _flat(context, v), _flat(context, updates)
    place = (
        tuple_place(indices, v.shape)
        if node.op == "ScatterND"
        else element_place(node, indices, v.shape)
    )
    numbers = np.arange(v.numel, v.numel + updates.numel).reshape(updates.shape)
    chosen = scattered(node, np.arange(v.numel).reshape(v.shape), place, numbers)
    both = Value((v.numel + updates.numel,), v.dtype, order=(0,),
                 tensor=context.new_tensor(v.numel + updates.numel))  # fmt: skip
    fill_part(context, both, x, [0])
    fill_part(context, both, new, [v.numel])
    result = map_axis(context, both, 0, chosen.reshape(-1, 1), None)
    return context.relabel(result, v.shape, identity_order(v.rank), None)
