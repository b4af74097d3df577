# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators that move numbers: reshape, slice, concatenate, pad, gather, resize."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconc.classify._fold import (
    axes_of,
    axis_of,
    batch_of_target,
    other_of,
    resolve_shape,
    slice_plan,
    split_sizes,
)
from fastconc.classify._graph import Node
from fastconc.classify._lower import (
    OTHER,
    Context,
    NotByRows,
    Unsupported,
    Value,
    WeightArray,
    broadcast_shape,
    copy_params,
    handles,
)
from fastconc.classify._ops_element import Inputs, const_of, need
from fastconc.classify._resize import axis_tables


def reshape(context: Context, v: Value, shape: Sequence[int], batch: int | None) -> Value:
    """Another shape for the same elements in logical order.

    Axes of the old and new shape are matched in groups of the same size. Only axes within a group
    have to lie together in memory, so that channels that lie last stay there where they are split
    or merged.
    """
    shape = tuple(int(s) for s in shape)
    groups = _groups(v.shape, shape)
    place = {axis: p for p, axis in enumerate(v.order)}
    # The groups in the order of their last axis of weight: what lies last stays last.
    keyed = sorted(
        groups, key=lambda g: max((place[a] for a in g[0] if v.shape[a] != 1), default=-1)
    )
    x = context.to_order(v, tuple(axis for old, _ in keyed for axis in old))
    return context.relabel(x, shape, [axis for _, new in keyed for axis in new], batch)


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[list[int], list[int]]]:
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left, right = ([i] if i < len(old) else []), ([j] if j < len(new) else [])
        a, b = old[i] if left else 1, new[j] if right else 1
        i, j = i + len(left), j + len(right)
        while a != b:
            if a < b:
                left.append(i)
                a *= old[i]
                i += 1
            else:
                right.append(j)
                b *= new[j]
                j += 1
        groups.append((left, right))
    return groups


def batch_after(context: Context, v: Value, shape: Sequence[int], other: Any) -> int | None:
    """Where the batch's axis is in the new shape.

    `other` is the new shape in a batch of OTHER images, or None. The images must come right after
    what comes before them now; they may share their axis with what follows them.
    """
    if v.batch is None:
        return None
    before = math.prod(v.shape[: v.batch])
    places = [a for a in range(len(shape)) if math.prod(shape[:a]) == before]
    if other is not None and len(other) == len(shape):
        differ = [a for a in range(len(shape)) if shape[a] != other[a]]
        if differ in [[a] for a in places] and other[differ[0]] == OTHER * shape[differ[0]]:
            return differ[0]
        raise NotByRows("a reshape that mixes the batch with other axes")
    for axis in places:
        if shape[axis] == 1:
            return axis
    if places and context.batch_size == 1:  # a file for one image: what was meant is not known
        return places[0]
    raise NotByRows("a reshape that mixes the batch with other axes")


@handles("Reshape")
def _reshape(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    target = const_of(inputs, 1, "a shape")
    zero = bool(node.attrs.get("allowzero", 0))
    wanted: Any = node.attrs["shape"] if target is None else other_of(need(inputs, 1))
    if target is None:
        target = node.attrs["shape"]
    sizes = [int(t) for t in np.asarray(target).reshape(-1)]
    if (
        v.batch == 0
        and sizes
        and context.batch_size not in (None, 1)
        and sizes[0] == context.batch_size
    ):
        sizes[0] = 1  # the size that the file was exported with
    try:
        shape = resolve_shape(v.shape, sizes, zero)
    except ValueError:
        if v.batch is not None:
            raise NotByRows("a reshape that mixes the batch with other axes") from None
        raise
    other = None
    if v.batch is not None and wanted is not None:
        try:
            other = resolve_shape(context.shape_for_other(v), wanted, zero)
        except ValueError:  # the file is for a fixed batch
            other = None
    return reshape(context, v, shape, batch_after(context, v, shape, other))


@handles("Flatten")
def _flatten(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    axis = node.attrs.get("axis", 1)
    if not -v.rank <= axis <= v.rank:
        raise ValueError(f"axis {axis} is out of range for {v.rank} dimensions")
    axis = axis + v.rank if axis < 0 else axis
    shape = (math.prod(v.shape[:axis]), math.prod(v.shape[axis:]))
    if v.batch is not None and (axis <= v.batch or math.prod(v.shape[: v.batch]) != 1):
        raise NotByRows("the batch is flattened with other axes")
    return reshape(context, v, shape, None if v.batch is None else 0)


@handles("Squeeze")
def _squeeze(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    given = const_of(inputs, 1, "axes")
    axes = axes_of(node, given, v.rank)
    if given is None and node.attrs.get("axes") is None:
        axes = [axis for axis in range(v.rank) if v.shape[axis] == 1]
    for axis in axes:
        context.check_axis(v, axis)
        if v.shape[axis] != 1:
            raise ValueError(f"axis {axis} of {v.shape} is not of size 1")
    kept = [axis for axis in range(v.rank) if axis not in axes]
    return _renamed(context, v, kept)


def _renamed(context: Context, v: Value, kept: Sequence[int]) -> Value:
    """Axes of size 1 dropped."""
    names = {axis: place for place, axis in enumerate(kept)}
    order = tuple(names[axis] for axis in v.order if axis in names)
    batch = None if v.batch is None else names[v.batch]
    return context.relabel(v, [v.shape[axis] for axis in kept], order, batch)


@handles("Unsqueeze")
def _unsqueeze(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    given = const_of(inputs, 1, "axes")
    count = len(node.attrs["axes"] if given is None else np.asarray(given).reshape(-1))
    rank = v.rank + count
    new = axes_of(node, given, rank)
    if len(set(new)) != count:
        raise ValueError(f"axes {new} repeat")
    old = [axis for axis in range(rank) if axis not in new]
    shape = [1] * rank
    for axis, size in zip(old, v.shape, strict=True):
        shape[axis] = size
    order = (*new, *(old[axis] for axis in v.order))
    return context.relabel(v, shape, order, None if v.batch is None else old[v.batch])


@handles("Transpose")
def _transpose(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    perm = [int(p) for p in node.attrs.get("perm") or reversed(range(v.rank))]
    if sorted(perm) != list(range(v.rank)):
        raise ValueError(f"perm {perm} does not permute {v.rank} dimensions")
    place = {axis: new for new, axis in enumerate(perm)}
    batch = None if v.batch is None else place[v.batch]
    return context.relabel(v, [v.shape[p] for p in perm], [place[axis] for axis in v.order], batch)


def take(context: Context, v: Value, plan: dict[int, tuple[int, int, int]]) -> Value:
    """Part of a tensor: per axis start, number and step."""
    shape, strides = list(v.shape), v.strides()
    at = 0
    for axis, (start, count, step) in plan.items():
        if (start, count, step) != (0, v.shape[axis], 1):
            context.check_axis(v, axis)
        at += start * strides[axis]
        shape[axis], strides[axis] = count, strides[axis] * step
    if 0 in shape:
        return context.constant(np.zeros(shape, v.dtype))
    if tuple(shape) == v.shape and at == 0 and strides == v.strides():
        return v
    result = Value(tuple(shape), v.dtype, order=v.order)
    target = result.strides()
    params = copy_params(
        [shape[a] for a in v.order],
        at,
        [strides[a] for a in v.order],
        0,
        [target[a] for a in v.order],
    )
    return context.emit("copy", [v], shape, params, order=v.order, batch=v.batch, dtype=v.dtype)


@handles("Slice")
def _slice(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    more = [const_of(inputs, at, "a bound") for at in range(1, len(inputs))]
    if any(i is not None and i.tainted for i in inputs[1:]) and v.batch is not None:
        raise NotByRows("a slice that depends on the batch's size")
    if v.batch is not None and v.batch in slice_plan(node, v.shape, more):
        # Sizes beyond any axis mean "all of it"; anything else would choose images.
        start, count, step = slice_plan(node, (2**40,) * v.rank, more)[v.batch]
        if (start, step) != (0, 1) or count < 2**31 - 1:
            raise NotByRows("a slice of the batch")
    return take(context, v, slice_plan(node, v.shape, more))


@handles("Split")
def _split(context: Context, node: Node, inputs: Inputs) -> list[Value]:
    v = need(inputs)
    axis = axis_of(node.attrs.get("axis", 0), v.rank)
    context.check_axis(v, axis)
    results, start = [], 0
    for size in split_sizes(node, v.shape[axis], const_of(inputs, 1, "sizes")):
        results.append(take(context, v, {axis: (start, size, 1)}))
        start += size
    return results


def fill_part(context: Context, target: Value, part: Value, at: Sequence[int]) -> None:
    """Copy a tensor into a larger one, its first element to index `at`."""
    strides, own = target.strides(), part.strides()
    order = target.order
    first = sum(i * s for i, s in zip(at, strides, strict=True))
    params = copy_params(
        [part.shape[a] for a in order],
        0,
        [own[a] for a in order],
        first,
        [strides[a] for a in order],
    )
    context.write_into(target, "copy", [part], params)


@handles("Concat")
def _concat(context: Context, node: Node, inputs: Inputs) -> Value:
    parts = [need(inputs, at) for at in range(len(inputs))]
    lead = max((v for v in parts if v.const is None), key=lambda v: v.numel)
    axis = axis_of(node.attrs["axis"], lead.rank)
    parts = [v for v in parts if v.numel]
    batches = {v.batch for v in parts if v.const is None}
    for v in parts:
        context.check_axis(v, axis)
        others = [size for a, size in enumerate(v.shape) if a != axis]
        if others != [size for a, size in enumerate(lead.shape) if a != axis]:
            raise ValueError(f"shapes {v.shape} and {lead.shape} do not join along axis {axis}")
        if v.const is not None and v.batch not in (None, lead.batch):
            raise NotByRows("parts with different batch axes")
        if v.dtype != lead.dtype:
            raise ValueError(f"tensors of {v.dtype} and {lead.dtype} do not join")
    if len(batches) > 1 or lead.batch == axis:
        raise NotByRows("parts with different batch axes")
    if len(parts) == 1:
        return lead
    shape = list(lead.shape)
    shape[axis] = sum(v.shape[axis] for v in parts)
    tensor = context.new_tensor(math.prod(shape))
    target = Value(tuple(shape), lead.dtype, tensor=tensor, order=lead.order, batch=lead.batch)
    start = 0
    for v in parts:
        at = [start if a == axis else 0 for a in range(v.rank)]
        fill_part(context, target, context.dynamic(v, lead.order), at)
        start += v.shape[axis]
    return target


@handles("Pad")
def _pad(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    pads = const_of(inputs, 1, "padding")
    pads = [int(p) for p in (node.attrs["pads"] if pads is None else np.asarray(pads).reshape(-1))]
    value = const_of(inputs, 2, "a padding value")
    fill = float(
        node.attrs.get("value", 0.0) if value is None else np.asarray(value).reshape(-1)[0]
    )
    axes = const_of(inputs, 3, "axes")
    chosen = (
        list(range(v.rank)) if axes is None else [axis_of(int(a), v.rank) for a in axes.reshape(-1)]
    )
    if len(pads) != 2 * len(chosen):
        raise ValueError(f"pads has {len(pads)} values for {len(chosen)} dimensions")
    amounts = {a: (pads[i], pads[i + len(chosen)]) for i, a in enumerate(chosen)}
    mode = node.attrs.get("mode", "constant")
    for axis, (before, after) in amounts.items():
        if (before, after) == (0, 0):
            continue
        context.check_axis(v, axis)
        v = _pad_axis(context, v, axis, before, after, mode, fill)
    return v


def _pad_axis(
    context: Context, v: Value, axis: int, before: int, after: int, mode: str, fill: float
) -> Value:
    size = v.shape[axis]
    at = np.arange(-before, size + after)
    if at.size < 1:
        raise Unsupported("with an empty result")
    if mode == "constant":
        index = np.where((at >= 0) & (at < size), at, -1)
    elif mode == "edge":
        index = np.clip(at, 0, size - 1)
    elif mode == "wrap":
        index = at % size
    elif mode == "reflect":
        period = 2 * (size - 1)
        index = np.abs((at + (size - 1)) % period - (size - 1)) if period else np.zeros_like(at)
    else:
        raise Unsupported(f"in mode {mode!r}")
    return map_axis(context, v, axis, index[:, None], None, fill)


def map_axis(
    context: Context,
    v: Value,
    axis: int,
    index: Any,
    weights: Any,
    outside: float = 0.0,
    dtype: Any = None,
) -> Value:
    """out[j] = sum over t of weights[j, t] in[index[j, t]] along an axis; weights None: 1."""
    place = v.order.index(axis)
    sizes = v.physical
    shape = list(v.shape)
    shape[axis] = len(index)
    offset: Any = -1 if weights is None else WeightArray(weights)
    params = [
        math.prod(sizes[:place]), v.shape[axis], math.prod(sizes[place + 1 :]), *index.shape,
        float(outside), offset, [int(i) for i in index.reshape(-1)],
    ]  # fmt: skip
    return context.emit(
        "axis_map", [v], shape, params, order=v.order, batch=v.batch, dtype=dtype or v.dtype
    )


@handles("Gather")
def _gather(context: Context, node: Node, inputs: Inputs) -> Value:
    v, indices = need(inputs), need(inputs, 1)
    axis = axis_of(node.attrs.get("axis", 0), v.rank)
    context.check_axis(v, axis)
    if indices.const is None:
        return _gather_computed(context, v, indices, axis)
    index = np.asarray(indices.const).astype(np.int64)
    if indices.tainted:
        raise NotByRows("indices computed from the batch's size")
    size = v.shape[axis]
    if index.size == 0 or not (-size <= index.min() and index.max() < size):
        raise ValueError(f"an index is out of range for axis {axis} of {v.shape}")
    flat = np.where(index < 0, index + size, index).reshape(-1, 1)
    if index.size == 1:
        result = take(context, v, {axis: (int(flat[0, 0]), 1, 1)})
    else:
        result = map_axis(context, v, axis, flat, None)
    shape = (*v.shape[:axis], *index.shape, *v.shape[axis + 1 :])
    batch = v.batch if v.batch is None or v.batch < axis else v.batch + index.ndim - 1
    return reshape(context, result, shape, batch)


def _gather_computed(context: Context, v: Value, indices: Value, axis: int) -> Value:
    """Indices that come from the input, such as the words of a text."""
    if indices.dtype.kind not in "iu":
        raise ValueError(f"indices must be whole numbers, not {indices.dtype}")
    if v.const is None and v.batch is not None:
        raise Unsupported("indices that are computed from the input")
    data = context.canonical(context.dynamic(v))
    index = context.canonical(indices)
    outer, inner = math.prod(v.shape[:axis]), math.prod(v.shape[axis + 1 :])
    shape = (*v.shape[:axis], *indices.shape, *v.shape[axis + 1 :])
    batch = None if indices.batch is None else indices.batch + axis
    params = [outer, v.shape[axis], inner, indices.numel]
    return context.emit("gather", [data, index], shape, params, batch=batch, dtype=v.dtype)


@handles("Expand", "Tile")
def _expand(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    target = const_of(inputs, 1, "a shape")
    sizes = [int(s) for s in np.asarray(target).reshape(-1)]
    if node.op == "Tile":
        if need(inputs, 1).tainted:
            raise NotByRows("repetitions computed from the batch's size")
        return _tile(context, v, sizes)
    batch_of_target(context, v, inputs[1])
    shape = broadcast_shape(v.shape, tuple(sizes))
    x = context._expand_rank(v, len(shape))
    for axis in range(len(shape)):
        if shape[axis] != x.shape[axis]:
            context.check_axis(x, axis)
    if shape == x.shape:
        return x
    own = x.strides()
    steps = [own[a] if x.shape[a] == shape[a] else 0 for a in x.order]
    target_strides = Value(shape, v.dtype, order=x.order).strides()
    params = copy_params(
        [shape[a] for a in x.order], 0, steps, 0, [target_strides[a] for a in x.order]
    )
    return context.emit("copy", [x], shape, params, order=x.order, batch=x.batch, dtype=v.dtype)


def _tile(context: Context, v: Value, repeats: list[int]) -> Value:
    for axis, count in enumerate(repeats):
        if count != 1:
            context.check_axis(v, axis)
            index = np.tile(np.arange(v.shape[axis]), count)[:, None]
            v = map_axis(context, v, axis, index, None)
    return v


@handles("DepthToSpace", "SpaceToDepth")
def _depth_to_space(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    block = int(node.attrs["blocksize"])
    n, c, h, w = v.shape
    if node.op == "DepthToSpace":
        if c % (block * block):
            raise ValueError(f"{c} channels are not a multiple of {block}^2")
        if node.attrs.get("mode", "DCR") == "DCR":
            split, perm = (n, block, block, c // block**2, h, w), (0, 3, 4, 1, 5, 2)
        else:
            split, perm = (n, c // block**2, block, block, h, w), (0, 1, 4, 2, 5, 3)
        shape = (n, c // block**2, h * block, w * block)
    else:
        if h % block or w % block:
            raise ValueError(f"{h} x {w} pixels are not a multiple of {block}")
        split = (n, c, h // block, block, w // block, block)
        perm = (0, 3, 5, 1, 2, 4) if node.attrs.get("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
        shape = (n, c * block**2, h // block, w // block)
    x = reshape(context, v, split, v.batch)
    place = {axis: new for new, axis in enumerate(perm)}
    x = context.relabel(x, [split[p] for p in perm], [place[a] for a in x.order], v.batch)
    return reshape(context, x, shape, v.batch)


@handles("Resize", "Upsample")
def _resize(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    attrs = node.attrs
    if node.op == "Upsample" or (node.op == "Resize" and context.graph.opset < 11):
        roi, sizes = None, None
        scales = const_of(inputs, 1, "scales")
        scales = attrs.get("scales") if scales is None else scales
        attrs = {"mode": attrs.get("mode", "nearest"),
                 "coordinate_transformation_mode": "asymmetric",
                 "nearest_mode": "before 11"}  # fmt: skip
    else:
        roi, scales, sizes = (const_of(inputs, at, "a size") for at in (1, 2, 3))
        scales = None if scales is None or not len(scales) else scales
        sizes = None if sizes is None or not len(sizes) else sizes
    axes = [axis_of(int(a), v.rank) for a in attrs.get("axes") or range(v.rank)]
    if (scales is None) == (sizes is None):
        raise ValueError("Resize takes either scales or sizes")
    given = [float(s) for s in np.asarray(scales if sizes is None else sizes).reshape(-1)]
    if len(given) != len(axes):
        raise ValueError(f"{len(given)} scales or sizes for {len(axes)} axes")
    tables = axis_tables([v.shape[a] for a in axes], given, sizes is not None, roi, attrs)
    for axis, table in zip(axes, tables, strict=True):
        if table is None:
            continue
        if axis == v.batch:
            raise NotByRows("the batch is resized")
        index, weights, outside = table
        v = map_axis(context, v, axis, index, weights, outside)
    return v
