# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of quantized networks.

Numbers of 8 and 16 bits go through the network as floats, which hold them exactly; quantizing and
dequantizing are functions of one element, with the standard's rounding (ties to even). Weights are
dequantized when the model is loaded. Operators on quantized numbers (QLinearConv and such) are
what the standard says they stand for: dequantize, compute, quantize.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._fold import axis_of, folds
from fastconc.classify._graph import Node
from fastconc.classify._lower import HANDLERS, Context, Unsupported, Value, as_float, handles
from fastconc.classify._ops_element import Inputs, arithmetic, floats_only, need, untainted
from fastconc.classify._plan import Act

ROUNDS = {"uint8": "quantize_u8", "int8": "quantize_i8", "uint16": "quantize_u16",
          "int16": "quantize_i16"}  # fmt: skip


def of_axis(node: Node, array: Any, shape: tuple[int, ...]) -> Any:
    """A scale or zero point as an array that broadcasts with `shape`: one number, one per entry of
    an axis, or one per block of an axis."""
    array = np.asarray(array)
    if array.size == 1 and array.ndim < 2:
        return array.reshape(())
    block = int(node.attrs.get("block_size", 0))
    axis = axis_of(int(node.attrs.get("axis", 1)), len(shape))
    if block > 0 and array.ndim == len(shape):
        array = np.repeat(array, block, axis=axis).take(range(shape[axis]), axis=axis)
    elif array.ndim == 1:
        array = array.reshape(-1, *(1,) * (len(shape) - axis - 1))
    if array.ndim > len(shape) or np.broadcast_shapes(array.shape, shape) != shape:
        raise ValueError(f"a scale or zero point of shape {array.shape} does not fit {shape}")
    return array


def dequantized(node: Node, x: Any, scale: Any, zero: Any) -> Any:
    """The numbers that quantized constants stand for."""
    whole = x.astype(np.float64)  # holds int32 exactly
    if zero is not None:
        whole = whole - of_axis(node, zero, x.shape).astype(np.float64)
    return whole.astype(scale.dtype) * of_axis(node, scale, x.shape)


def quantized(node: Node, x: Any, scale: Any, zero: Any, dtype: Any) -> Any:
    zero = of_axis(node, np.zeros((), dtype) if zero is None else zero, x.shape)
    steps = np.rint(np.asarray(x, np.float32) / of_axis(node, scale, x.shape).astype(np.float32))
    limits = np.iinfo(dtype)
    return np.clip(steps + zero.astype(np.float32), limits.min, limits.max).astype(dtype)


def result_type(node: Node, zero: Any) -> Any:
    from fastconc.classify._graph import numpy_type

    kind = int(node.attrs.get("output_dtype", 0))
    dtype = numpy_type(kind) if kind else np.dtype(np.uint8) if zero is None else zero.dtype
    if dtype is None or dtype.name not in ROUNDS:
        raise Unsupported(f"to {dtype}")
    return dtype


@folds("DequantizeLinear")
def _dequantize_constant(context: Context, node: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    return dequantized(node, x, scale, zero)


@folds("QuantizeLinear")
def _quantize_constant(context: Context, node: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    return quantized(node, x, scale, zero, result_type(node, zero))


def quantize(
    context: Context, node: Node, v: Value, scale: Any, zero: Any, dtype: Any, name: str | None
) -> Value:
    """v in steps of `scale` around `zero`, both constant arrays."""
    scale = as_float(of_axis(node, scale, v.shape))
    zero = np.asarray(of_axis(node, np.zeros(()) if zero is None else zero, v.shape), np.float32)
    if scale.ndim == 0 and zero.ndim == 0:
        act = Act(ROUNDS[dtype.name], float(scale), float(zero))
        return context.unary(v, act, name, dtype)
    lo, hi = (float(limit) for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max))
    steps = context.unary(context.binary("div", v, context.constant(scale)), Act("round"))
    moved = context.binary("add", steps, context.constant(zero))
    return context.unary(moved, Act("clip", lo, hi), None, dtype)


def dequantize(
    context: Context, node: Node, v: Value, scale: Any, zero: Any, name: str | None = None
) -> Value:
    """What quantized numbers stand for; `scale` and `zero` are constant arrays."""
    if v.const is not None:
        return context.constant(dequantized(node, v.const, scale, zero))
    dtype = scale.dtype
    scale = as_float(of_axis(node, scale, v.shape))
    zero = np.asarray(of_axis(node, np.zeros(()) if zero is None else zero, v.shape), np.float32)
    if scale.ndim == 0 and zero.ndim == 0:
        return context.unary(v, Act("dequantize", float(scale), float(zero)), name, dtype)
    moved = context.binary("sub", v, context.constant(zero))
    return context.binary("mul", moved, context.constant(scale), dtype=dtype)


def _integers(v: Value) -> Value:
    if v.dtype.name not in ROUNDS and not (v.dtype == np.int32):
        raise Unsupported(f"on {v.dtype}")
    return v


@handles("QuantizeLinear")
def _quantize(context: Context, node: Node, inputs: Inputs) -> Value:
    v = floats_only(need(inputs))
    scale, zero = need(inputs, 1), inputs[2] if len(inputs) > 2 else None
    dtype = result_type(node, None if zero is None else zero)
    if scale.const is not None and (zero is None or zero.const is not None):
        constants = [untainted(inputs, at, "a scale or zero point") for at in (1, 2)]
        return quantize(context, node, v, constants[0], constants[1], dtype, node.inputs[0])
    if scale.numel != 1 or (zero is not None and zero.numel != 1):
        raise Unsupported("with scales that are computed from the input")
    lo, hi = (float(limit) for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max))
    steps = context.unary(context.binary("div", v, scale), Act("round"))
    if zero is not None:
        steps = context.binary("add", steps, zero)
    return context.unary(steps, Act("clip", lo, hi), None, dtype)


@handles("DequantizeLinear")
def _dequantize(context: Context, node: Node, inputs: Inputs) -> Value:
    v = _integers(need(inputs))
    scale = untainted(inputs, 1, "a scale")
    zero = untainted(inputs, 2, "a zero point")
    if scale is None:
        raise ValueError("there is no scale")
    return dequantize(context, node, v, scale, zero, node.inputs[0])


@handles("DynamicQuantizeLinear")
def _quantize_by_range(context: Context, node: Node, inputs: Inputs) -> list[Value]:
    """uint8 with a scale and a zero point from the largest and smallest number of the tensor."""
    v = floats_only(need(inputs))
    nothing = context.constant(np.zeros((), np.float32))
    largest, smallest = (
        arithmetic(context, op, call(context, reduction, v, keepdims=0), nothing)
        for op, reduction in (("max", "ReduceMax"), ("min", "ReduceMin"))
    )
    span = context.binary("sub", largest, smallest)
    flat = context.unary(context.unary(span, Act("bool"), "?"), Act("affine", -1.0, 1.0))
    steps_of_255 = context.binary("div", span, context.constant(np.float32(255)))
    scale = context.binary("add", steps_of_255, flat)  # 1 where all numbers are 0
    zero = context.unary(context.binary("div", smallest, scale), Act("neg"))
    zero = context.unary(context.unary(zero, Act("clip", 0.0, 255.0)), Act("round"))
    steps = context.unary(context.binary("div", v, scale), Act("round"))
    moved = context.unary(context.binary("add", steps, zero), Act("clip", 0.0, 255.0))
    whole = np.dtype(np.uint8)
    return [  # steps here read scale and zero too: nothing may be fused into those
        replace(moved, dtype=whole),
        replace(scale, exclusive=False),
        replace(zero, dtype=whole, exclusive=False),
    ]


def call(context: Context, op: str, *inputs: Value | None, **attrs: Any) -> Value:
    """What an operator of the standard makes of values that have no names in the graph."""
    node = Node(op, context.layer, ["?" if v is not None else "" for v in inputs], ["?"], attrs)
    result = HANDLERS[op](context, node, list(inputs))
    return result[0] if isinstance(result, list) else result


def centred(context: Context, v: Value, zero: Value | None, axis: int | None) -> Value:
    """Quantized numbers less their zero point, as floats. `axis`: that of several zero points."""
    _integers(v)
    v = replace(v, dtype=np.dtype(np.float32))
    if v.const is not None:
        v = context.constant(v.const.astype(np.float32))
    if zero is None:
        return v
    if zero.numel != 1:
        if zero.const is None or axis is None:
            raise Unsupported("with zero points that are computed from the input")
        sizes = (-1,) + (1,) * (v.rank - axis % v.rank - 1)
        zero = context.constant(zero.const.reshape(sizes) if zero.rank == 1 else zero.const)
    if zero.const is not None and v.const is not None:
        return context.constant(v.const - zero.const.astype(np.float32))
    if zero.const is not None:
        if not zero.const.any():
            return v
        zero = context.constant(zero.const.astype(np.float32))
    zero = replace(zero, dtype=np.dtype(np.float32))
    if zero.rank and zero.numel == 1 and zero.const is not None:
        zero = context.constant(zero.const.reshape(()))
    return context.binary("sub", v, zero)


def optional(inputs: Inputs, at: int) -> Value | None:
    return inputs[at] if at < len(inputs) else None


@handles("MatMulInteger", "ConvInteger")
def _integer_product(context: Context, node: Node, inputs: Inputs) -> Value:
    """Sums are exact below 2^24, above that rounded to float's 24 bits."""
    product = node.op == "MatMulInteger"
    a = centred(context, need(inputs), optional(inputs, 2), -2 if product else None)
    b = centred(context, need(inputs, 1), optional(inputs, 3), -1 if product else 0)
    result = call(context, "MatMul" if product else "Conv", a, b, **node.attrs)
    return replace(result, dtype=np.dtype(np.int32))


def _arrays(inputs: Inputs, at: int) -> tuple[Any, Any]:
    """The scale and the zero point that begin at input `at`."""
    scale = untainted(inputs, at, "a scale")
    zero = untainted(inputs, at + 1, "a zero point")
    if scale is None:
        raise ValueError(f"input {at}, a scale, is missing")
    return scale, zero


def _real(context: Context, inputs: Inputs, at: int, axis: int = 1) -> Value:
    """The input at `at` with its scale and zero point after it, dequantized."""
    scale, zero = _arrays(inputs, at + 1)
    node = Node("DequantizeLinear", context.layer, [], [], {"axis": axis})
    return dequantize(context, node, _integers(need(inputs, at)), scale, zero, "?")


def _rounded(context: Context, node: Node, inputs: Inputs, at: int, v: Value) -> Value:
    """v quantized with the scale and zero point that begin at input `at`."""
    scale, zero = _arrays(inputs, at)
    return quantize(context, node, v, scale, zero, result_type(node, zero), None)


@handles("QLinearConv")
def _conv(context: Context, node: Node, inputs: Inputs) -> Value:
    x, w = _real(context, inputs, 0), _real(context, inputs, 3, 0)
    bias = untainted(inputs, 8, "a bias")
    if bias is not None:
        factor = _arrays(inputs, 1)[0].astype(np.float64) * _arrays(inputs, 4)[0]
        bias = context.constant((bias * factor.reshape(-1)).astype(np.float32))
    plain = Node("QLinearConv", node.name, [], [], {})
    return _rounded(context, plain, inputs, 6, call(context, "Conv", x, w, bias, **node.attrs))


@handles("QLinearMatMul")
def _matmul(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = _real(context, inputs, 0, -2), _real(context, inputs, 3, -1)
    return _rounded(context, node, inputs, 6, call(context, "MatMul", a, b))


@handles("QGemm")
def _gemm(context: Context, node: Node, inputs: Inputs) -> Value:
    axis = 0 if node.attrs.get("transB", 0) else 1
    a, b = _real(context, inputs, 0), _real(context, inputs, 3, axis)
    bias = untainted(inputs, 6, "a bias")
    alpha = float(node.attrs.get("alpha", 1.0))
    if bias is not None:
        factor = _arrays(inputs, 1)[0].astype(np.float64) * _arrays(inputs, 4)[0] * alpha
        bias = context.constant((bias * factor).astype(np.float32))
    result = call(context, "Gemm", a, b, bias, **node.attrs)
    return _rounded(context, node, inputs, 7, result) if optional(inputs, 7) else result


@handles("QLinearAdd", "QLinearMul")
def _pair(context: Context, node: Node, inputs: Inputs) -> Value:
    op = {"QLinearAdd": "add", "QLinearMul": "mul"}[node.op]
    result = arithmetic(context, op, _real(context, inputs, 0), _real(context, inputs, 3))
    return _rounded(context, node, inputs, 6, result)


ALONE = {
    "QLinearSigmoid": "Sigmoid",
    "QLinearLeakyRelu": "LeakyRelu",
    "QLinearSoftmax": "Softmax",
    "QLinearGlobalAveragePool": "GlobalAveragePool",
    "QLinearAveragePool": "AveragePool",
}


@handles(*ALONE)
def _alone(context: Context, node: Node, inputs: Inputs) -> Value:
    if node.attrs.get("channels_last", 0):
        raise Unsupported("with channels_last")
    attrs = {k: v for k, v in node.attrs.items() if k not in ("channels_last", "opset")}
    result = call(context, ALONE[node.op], _real(context, inputs, 0), **attrs)
    return _rounded(context, node, inputs, 3, result)


@handles("QLinearConcat")
def _concat(context: Context, node: Node, inputs: Inputs) -> Value:
    parts: Sequence[Value] = [_real(context, inputs, at) for at in range(2, len(inputs), 3)]
    result = call(context, "Concat", *parts, axis=node.attrs["axis"])
    return _rounded(context, Node("", "", [], [], {}), inputs, 0, result)
