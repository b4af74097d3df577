# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of convolutions and matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._graph import Node
from fastconc.classify._lower import (
    Context,
    NotByRows,
    Unsupported,
    Value,
    broadcast_shape,
    channels_last,
    contiguous,
    copy_params,
    handles,
    identity_order,
)
from fastconc.classify._ops_element import Inputs, floats_only, need, untainted


def spatial(v: Value, node: Node) -> int:
    """The number of spatial axes: 1 to 3."""
    rank = v.rank - 2
    if not 1 <= rank <= 3:
        raise Unsupported(f"on {rank} spatial dimensions")
    if v.batch not in (None, 0):
        raise NotByRows("the batch is not the first axis")
    return rank


def sizes_attr(node: Node, name: str, rank: int, default: int, lowest: int = 1) -> list[int]:
    values = [int(v) for v in node.attrs.get(name) or [default] * rank]
    if len(values) != rank:
        raise ValueError(f"{name} has {len(values)} values for {rank} spatial dimensions")
    if min(values) < lowest:
        raise ValueError(f"{name} must be at least {lowest}, not {values}")
    return values


def pads_of(
    node: Node, sizes: Sequence[int], window: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Padding before and after each spatial axis; `window` is what the dilated kernel covers."""
    rank = len(sizes)
    auto = node.attrs.get("auto_pad", "NOTSET")
    if auto in ("", "NOTSET"):
        pads = [int(p) for p in node.attrs.get("pads") or [0] * 2 * rank]
        if len(pads) != 2 * rank:
            raise ValueError(f"pads has {len(pads)} values for {rank} spatial dimensions")
        if min(pads) < 0:
            raise Unsupported(f"with negative padding {pads}")
        return pads[:rank], pads[rank:]
    if auto == "VALID":
        return [0] * rank, [0] * rank
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"auto_pad {auto!r} is unknown")
    before, after = [], []
    for size, reach, stride in zip(sizes, window, strides, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + reach - size)
        small, large = total // 2, total - total // 2
        before.append(small if auto == "SAME_UPPER" else large)
        after.append(large if auto == "SAME_UPPER" else small)
    return before, after


def three(values: Sequence[int], lead: int) -> list[int]:
    return [lead] * (3 - len(values)) + list(values)


def window_params(
    images: int,
    channels: int,
    sizes: Sequence[int],
    out: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> list[Any]:
    """The parameters that fc_window_read reads."""
    spatial_sizes = [three(v, 1) for v in (sizes, out, kernel, strides, dilations)]
    return [images, channels, *spatial_sizes, three(pads, 0)]


@handles("Conv")
def _conv(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    weights = untainted(inputs, 1, "a kernel")
    bias = untainted(inputs, 2, "a bias")
    rank = spatial(v, node)
    if weights is None:
        raise ValueError("there is no kernel")
    if weights.ndim != v.rank:
        raise ValueError(
            f"a kernel of shape {weights.shape} does not fit an input of shape {v.shape}"
        )
    groups = int(node.attrs.get("group", 1))
    kernel = list(weights.shape[2:])
    if node.attrs.get("kernel_shape") and [int(k) for k in node.attrs["kernel_shape"]] != kernel:
        raise ValueError(
            f"kernel_shape {node.attrs['kernel_shape']} is not that of the kernel, {kernel}"
        )
    if groups < 1 or weights.shape[0] % groups or weights.shape[1] * groups != v.shape[1]:
        raise ValueError(
            f"a kernel of shape {weights.shape} in {groups} group(s) does not fit "
            f"{v.shape[1]} channels"
        )
    if bias is not None and bias.shape != (weights.shape[0],):
        raise ValueError(
            f"a bias of shape {bias.shape} does not fit {weights.shape[0]} output channels"
        )
    strides = sizes_attr(node, "strides", rank, 1)
    dilations = sizes_attr(node, "dilations", rank, 1)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    before, after = pads_of(node, v.shape[2:], reach, strides)
    return convolve(context, v, weights, bias, groups, strides, dilations, before, after)


def convolve(
    context: Context,
    v: Value,
    weights: Any,
    bias: Any,
    groups: int,
    strides: Sequence[int],
    dilations: Sequence[int],
    before: Sequence[int],
    after: Sequence[int],
) -> Value:
    """A convolution with kernel (out, in / groups, ...), channels last."""
    sizes, kernel = v.shape[2:], weights.shape[2:]
    out_channels, run = weights.shape[:2]
    out = [
        (size + b + a - ((k - 1) * d + 1)) // s + 1
        for size, b, a, k, d, s in zip(
            sizes, before, after, kernel, dilations, strides, strict=True
        )
    ]
    if min(out) < 1 or min(kernel) < 1:
        raise ValueError(
            f"a kernel of {list(kernel)} is larger than the padded input of {list(sizes)}"
        )
    order = channels_last(v.rank)
    x = context.to_order(v, order)
    shape = (v.shape[0], out_channels, *out)
    weights = np.asarray(weights, np.float32)
    bias = None if bias is None else np.asarray(bias, np.float64)
    taps = math.prod(kernel)
    common = {"order": order, "batch": v.batch, "dtype": v.dtype, "bias": bias, "fused": True}
    plain = taps == 1 and set(strides) == {1} and not any(before) and not any(after)
    if plain and groups == 1:
        rows = v.shape[0] * math.prod(sizes)
        matrix = weights.reshape(out_channels, run).T
        return context.emit(
            "dense", [x], shape, [rows, run, out_channels], weights=matrix, **common
        )
    window = window_params(v.shape[0], v.shape[1], sizes, out, kernel, strides, dilations, before)
    if run == 1 and groups == out_channels:
        matrix = weights.reshape(out_channels, taps).T
        return context.emit("depthwise", [x], shape, window, weights=matrix, **common)
    # (groups, taps, in / groups, out / groups)
    matrix = weights.reshape(groups, out_channels // groups, run, taps).transpose(0, 3, 2, 1)
    matrix = matrix.reshape(groups, taps * run, out_channels // groups)
    return context.emit(
        "conv", [x], shape, [*window, groups, out_channels], weights=matrix, **common
    )


@handles("ConvTranspose")
def _conv_transpose(context: Context, node: Node, inputs: Inputs) -> Value:
    """The input spread out with zeros between, then a convolution with the kernel turned around."""
    v = floats_only(need(inputs))
    weights, bias = untainted(inputs, 1, "a kernel"), untainted(inputs, 2, "a bias")
    rank = spatial(v, node)
    groups = int(node.attrs.get("group", 1))
    if (
        weights is None
        or weights.ndim != v.rank
        or weights.shape[0] != v.shape[1]
        or v.shape[1] % groups
    ):
        raise ValueError(f"the kernel does not fit an input of shape {v.shape}")
    kernel, sizes = list(weights.shape[2:]), v.shape[2:]
    strides, dilations = (
        sizes_attr(node, "strides", rank, 1),
        sizes_attr(node, "dilations", rank, 1),
    )
    extra = sizes_attr(node, "output_padding", rank, 0, 0)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    full = [(n - 1) * s + r + e for n, s, r, e in zip(sizes, strides, reach, extra, strict=True)]
    begin = _transpose_pads(node, full, sizes, strides)
    out = [f - b - a for f, (b, a) in zip(full, begin, strict=True)]
    if min(out) < 1:
        raise ValueError("the output would be empty")
    # Position p of the spread input lies at p * stride + reach - 1 - pad_begin of an array padded
    # by zeros.
    order = channels_last(v.rank)
    x = context.to_order(v, order)
    lead = [r - 1 - b for r, (b, _) in zip(reach, begin, strict=True)]
    spread = [o + r - 1 for o, r in zip(out, reach, strict=True)]
    buffer = context.emit(
        "fill", [], (v.shape[0], v.shape[1], *spread), [0.0], order=order, batch=v.batch
    )
    dims, at_in, at_out, in_strides, out_strides = [v.shape[0]], 0, 0, [], []
    own, target = x.strides(), buffer.strides()
    in_strides.append(own[0])
    out_strides.append(target[0])
    for axis, (size, stride, first) in enumerate(zip(sizes, strides, lead, strict=True), 2):
        skip = max(0, -(first // stride)) if first < 0 else 0
        room = spread[axis - 2] - 1 - (first + skip * stride)
        count = min(size - skip, room // stride + 1)
        if count <= 0:
            raise Unsupported("with an output that no input reaches")
        dims.append(count)
        at_in += skip * own[axis]
        at_out += (first + skip * stride) * target[axis]
        in_strides.append(own[axis])
        out_strides.append(stride * target[axis])
    dims.append(v.shape[1])
    in_strides.append(own[1])
    out_strides.append(target[1])
    context.write_into(
        buffer, "copy", [x], copy_params(dims, at_in, in_strides, at_out, out_strides)
    )
    # (in, out / groups, ...) -> (out, in / groups, ...), turned around
    per_group = weights.shape[1]
    turned = weights.reshape(groups, v.shape[1] // groups, per_group, *kernel)
    turned = np.moveaxis(turned, 2, 1).reshape(groups * per_group, v.shape[1] // groups, *kernel)
    turned = np.flip(turned, tuple(range(2, 2 + rank)))
    zeros = [0] * rank
    buffer = replace(buffer, dtype=v.dtype)
    return convolve(context, buffer, turned, bias, groups, [1] * rank, dilations, zeros, zeros)


def _transpose_pads(
    node: Node, full: Sequence[int], sizes: Sequence[int], strides: Sequence[int]
) -> list[tuple[int, int]]:
    """What is cut off the full output on either side."""
    rank = len(full)
    auto = node.attrs.get("auto_pad", "NOTSET")
    wanted = node.attrs.get("output_shape")
    if wanted is not None or auto in ("SAME_UPPER", "SAME_LOWER"):
        target = (
            [int(w) for w in wanted][-rank:]
            if wanted
            else [n * s for n, s in zip(sizes, strides, strict=True)]
        )
        pads = []
        for f, t in zip(full, target, strict=True):
            total = f - t
            if total < 0:  # larger than what the input reaches
                pads.append((0, total))
                continue
            half = total // 2
            pads.append((half, total - half) if auto == "SAME_UPPER" else (total - half, half))
        return pads
    values = [int(p) for p in node.attrs.get("pads") or [0] * 2 * rank]
    if len(values) != 2 * rank or min(values) < 0:
        raise ValueError(f"pads {values} do not fit {rank} spatial dimensions")
    return list(zip(values[:rank], values[rank:], strict=True))


def _transposed(v: Value) -> Value:
    """The last two axes exchanged, as bookkeeping."""
    if v.const is not None:
        array = np.swapaxes(v.const, -1, -2)
        return replace(v, const=array, shape=array.shape)
    rank = v.rank
    move = {rank - 1: rank - 2, rank - 2: rank - 1}
    order = tuple(move.get(axis, axis) for axis in v.order)
    shape = (*v.shape[:-2], v.shape[-1], v.shape[-2])
    batch = v.batch if v.batch is None else move.get(v.batch, v.batch)
    return replace(v, shape=shape, order=order, batch=batch, exclusive=False)


@handles("Gemm")
def _gemm(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = floats_only(need(inputs)), floats_only(need(inputs, 1))
    if a.rank != 2 or b.rank != 2:
        raise ValueError(f"Gemm multiplies matrices, not shapes {a.shape} and {b.shape}")
    a = _transposed(a) if node.attrs.get("transA", 0) else a
    b = _transposed(b) if node.attrs.get("transB", 0) else b
    alpha, beta = float(node.attrs.get("alpha", 1.0)), float(node.attrs.get("beta", 1.0))
    if alpha != 1:
        if b.const is not None:
            b = replace(b, const=np.asarray(b.const, np.float64) * alpha)
        elif a.const is not None:
            a = replace(a, const=np.asarray(a.const, np.float64) * alpha)
    result = multiply(context, a, b)
    if alpha != 1 and a.const is None and b.const is None:
        from fastconc.classify._plan import Act

        result = context.unary(result, Act("affine", alpha, 0.0), None)
    c = inputs[2] if len(inputs) > 2 else None
    if c is None or beta == 0:
        return result
    if c.const is not None:
        if c.tainted:
            raise NotByRows("a bias computed from the batch's size")
        c = replace(c, const=np.asarray(c.const, np.float64) * beta)
        folded = context.affine(result, np.float64(1), c.const, None)
        if folded is not None and broadcast_shape(c.shape, result.shape) == result.shape:
            return folded
        c = context.constant(np.asarray(c.const, np.float32))
    elif beta != 1:
        from fastconc.classify._plan import Act

        c = context.emit(
            "unary", [c], c.shape, [Act("affine", beta, 0.0)], order=c.order, batch=c.batch
        )
    if broadcast_shape(c.shape, result.shape) != result.shape:
        raise ValueError(f"a bias of shape {c.shape} does not fit {result.shape}")
    return context.binary("add", result, c)


@handles("MatMul")
def _matmul(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = floats_only(need(inputs)), floats_only(need(inputs, 1))
    if not a.rank or not b.rank:
        raise ValueError("MatMul does not multiply numbers")
    left, right = a.rank == 1, b.rank == 1
    if left:
        if a.batch is not None:
            raise NotByRows("a product along the batch")
        a = _reshaped(context, a, (1, *a.shape))
    if right:
        if b.batch is not None:
            raise NotByRows("a product along the batch")
        b = _reshaped(context, b, (*b.shape, 1))
    result = multiply(context, a, b)
    if left or right:
        shape = list(result.shape)
        order = list(result.order)
        for drop, axis in ((right, len(shape) - 1), (left, len(shape) - 2)):
            if drop:
                del shape[axis]
                order.remove(axis)
                order = [o - (o > axis) for o in order]
                if result.batch is not None and result.batch > axis:
                    result = replace(result, batch=result.batch - 1)
        result = context.relabel(result, shape, order, result.batch)
    return result


def _reshaped(context: Context, v: Value, shape: tuple[int, ...]) -> Value:
    if v.const is not None:
        return replace(v, const=v.const.reshape(shape), shape=shape)
    return context.relabel(context.canonical(v), shape, identity_order(len(shape)), None)


def multiply(context: Context, a: Value, b: Value) -> Value:
    """a @ b, both of rank 2 or more."""
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matrices of shapes {a.shape} and {b.shape} do not multiply")
    for v in (a, b):
        if v.tainted:
            raise NotByRows("a matrix computed from the batch's size")
    if (
        a.const is None
        and b.const is not None
        and math.prod(b.shape[:-2]) == 1
        and b.rank <= a.rank
    ):
        return _dense(context, a, b)
    lead = broadcast_shape(a.shape[:-2], b.shape[:-2])
    rank = len(lead) + 2
    batch = context._common_batch(a, b, rank)
    for v in (a, b):
        if (
            v.const is None
            and v.batch is not None
            and v.batch >= v.rank - 2
            and v.shape[-1] * v.shape[-2] >= 1
        ):
            # The rows of a may be the batch when b is the same for all of them.
            if v is b or v.batch == v.rank - 1 or b.const is None:
                raise NotByRows("a product along the batch")
    if rank - 2 > 8:
        raise Unsupported(f"on {rank} dimensions")
    a, b = (context.canonical(v) if v.const is None else context.dynamic(v) for v in (a, b))
    strides = []
    for v in (a, b):
        own = contiguous(v.shape[:-2])
        own = [0] * (len(lead) - len(own)) + [
            s if n != 1 else 0 for s, n in zip(own, v.shape, strict=False)
        ]
        strides.append(own)
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    params = [m, k, n, len(lead), list(lead), strides[0], strides[1]]
    return context.emit("matmul", [a, b], (*lead, m, n), params, batch=batch, dtype=a.dtype)


def _dense(context: Context, a: Value, b: Value) -> Value:
    """By a constant matrix: only the last axis has to lie last, the others keep their order."""
    context.check_axis(a, a.rank - 1)
    last = a.rank - 1
    order = (*(axis for axis in a.order if axis != last), last)
    x = context.to_order(a, order)
    assert b.const is not None
    matrix = np.asarray(b.const, np.float32).reshape(b.shape[-2:])
    k, n = matrix.shape
    rows = a.numel // k
    return context.emit(
        "dense", [x], (*a.shape[:-1], n), [rows, k, n], order=order, batch=a.batch, dtype=a.dtype,
        weights=matrix, fused=True,
    )  # fmt: skip
