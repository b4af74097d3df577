# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators that work element by element."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._graph import Node, numpy_type
from fastconc.classify._lower import Context, NotByRows, Unsupported, Value, as_float, handles
from fastconc.classify._plan import RELU, Act

Inputs = list["Value | None"]
FLOATS = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.float64))


def need(inputs: Inputs, at: int = 0) -> Value:
    if at >= len(inputs) or inputs[at] is None:
        raise ValueError(f"input {at} is missing")
    value = inputs[at]
    assert value is not None
    return value


def const_of(inputs: Inputs, at: int, what: str) -> Any:
    """An optional input that must be constant: its array, or None where it is absent."""
    if at >= len(inputs) or inputs[at] is None:
        return None
    value = inputs[at]
    assert value is not None
    if value.const is None:
        raise Unsupported(f"{what} that is computed from the input")
    return value.const


def untainted(inputs: Inputs, at: int, what: str) -> Any:
    """As const_of, for numbers that enter the result."""
    array = const_of(inputs, at, what)
    if array is not None:
        value = inputs[at]
        assert value is not None
        if value.tainted:
            raise NotByRows(f"{what} computed from the batch's size")
    return array


def floats_only(v: Value) -> Value:
    if v.dtype not in FLOATS:
        raise Unsupported(f"on {v.dtype}")
    return v


def scalar(inputs: Inputs, at: int, what: str, default: float) -> float:
    array = untainted(inputs, at, what)
    return default if array is None else float(np.asarray(array).reshape(-1)[0])


# name: function of the attributes
ACTS: dict[str, Any] = {
    "Relu": lambda a: RELU,
    "LeakyRelu": lambda a: Act("leaky", a.get("alpha", 0.01)),
    "Elu": lambda a: Act("elu", a.get("alpha", 1.0), 1.0),
    "Selu": lambda a: Act(
        "elu",
        a.get("alpha", 1.67326319217681884765625) * a.get("gamma", 1.05070102214813232421875),
        a.get("gamma", 1.05070102214813232421875),
    ),
    "Celu": lambda a: Act("celu", a.get("alpha", 1.0)),
    "ThresholdedRelu": lambda a: Act("threshold", a.get("alpha", 1.0)),
    "Sigmoid": lambda a: Act("sigmoid"),
    "HardSigmoid": lambda a: Act("hardsigmoid", a.get("alpha", 0.2), a.get("beta", 0.5)),
    "HardSwish": lambda a: Act("hardswish", 1 / 6, 0.5),
    "Swish": lambda a: Act("silu", a.get("alpha", 1.0)),
    "Tanh": lambda a: Act("tanh"),
    "Softplus": lambda a: Act("softplus"),
    "Softsign": lambda a: Act("softsign"),
    "Erf": lambda a: Act("erf"),
    "Gelu": lambda a: Act("gelu_tanh" if a.get("approximate") == "tanh" else "gelu"),
    "Mish": lambda a: Act("mish"),
    "Exp": lambda a: Act("exp"),
    "Log": lambda a: Act("log"),
    "Sqrt": lambda a: Act("sqrt"),
    "Neg": lambda a: Act("neg"),
    "Abs": lambda a: Act("abs"),
    "Reciprocal": lambda a: Act("reciprocal"),
    "Floor": lambda a: Act("floor"),
    "Ceil": lambda a: Act("ceil"),
    "Round": lambda a: Act("round"),
    "Sign": lambda a: Act("sign"),
    "Sin": lambda a: Act("sin"),
    "Cos": lambda a: Act("cos"),
    "Tan": lambda a: Act("tan"),
    "Asin": lambda a: Act("asin"),
    "Acos": lambda a: Act("acos"),
    "Atan": lambda a: Act("atan"),
    "Sinh": lambda a: Act("sinh"),
    "Cosh": lambda a: Act("cosh"),
    "Asinh": lambda a: Act("asinh"),
    "Acosh": lambda a: Act("acosh"),
    "Atanh": lambda a: Act("atanh"),
    "Shrink": lambda a: Act("shrink", a.get("lambd", 0.5), a.get("bias", 0.0)),
}
EXACT_ON_INTEGERS = {"Relu", "Sign", "Abs", "Neg"}


@handles(*ACTS)
def _activation(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    if node.op not in EXACT_ON_INTEGERS or v.dtype.kind == "u":
        floats_only(v)
    result = context.unary(v, ACTS[node.op](node.attrs), node.inputs[0])
    return result if v.dtype.kind == "f" else _wrapped(context, result, v.dtype)


def _wrapped(context: Context, v: Value, dtype: Any) -> Value:
    """What a whole number of 8 or 16 bits becomes when it leaves its range."""
    if dtype.kind not in "iu" or dtype.itemsize > 2:
        return v
    return context.unary(v, wrap_act(dtype), None, dtype)


def wrap_act(dtype: Any) -> Act:
    return Act("wrap", 2.0 ** (8 * dtype.itemsize), float(np.iinfo(dtype).min))


@handles("Clip")
def _clip(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    attrs = node.attrs
    if any(limit is not None and limit.const is None for limit in inputs[1:3]):
        for op, limit in zip(("max", "min"), inputs[1:3], strict=False):
            v = v if limit is None else context.binary(op, v, limit, dtype=v.dtype)
        return v
    lo = scalar(inputs, 1, "a limit", attrs.get("min", -math.inf))
    hi = scalar(inputs, 2, "a limit", attrs.get("max", math.inf))
    if math.isnan(lo) or math.isnan(hi):
        raise Unsupported("a limit that is NaN")
    # Where the limits cross, ONNX takes the upper one: so does min(max(x, lo), hi).
    return context.unary(v, Act("clip", lo, hi), node.inputs[0])


@handles("PRelu")
def _prelu(context: Context, node: Node, inputs: Inputs) -> Value:
    v, slope = floats_only(need(inputs)), need(inputs, 1)
    if slope.const is not None and not slope.tainted and slope.numel == 1:
        return context.unary(v, Act("leaky", float(slope.const.reshape(-1)[0])), node.inputs[0])
    return context.binary("prelu", v, slope)


BINARY_OPS = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow"}


def _integers_allowed(op: str, dtype: Any) -> bool:
    """May these whole numbers go through float32 and stay exact?"""
    if dtype.kind not in "iu":
        return False
    if op in ("min", "max", "prelu"):
        return True
    return dtype.itemsize == 1 or (dtype.itemsize == 2 and op in ("add", "sub"))


@handles(*BINARY_OPS)
def _binary(context: Context, node: Node, inputs: Inputs) -> Value:
    a, b = need(inputs), need(inputs, 1)
    return arithmetic(context, BINARY_OPS[node.op], a, b, node.inputs[0], node.inputs[1])


def arithmetic(
    context: Context,
    op: str,
    a: Value,
    b: Value,
    name_a: str | None = None,
    name_b: str | None = None,
) -> Value:
    """a op b, folded into the product before it where b or a is a constant."""
    for v in (a, b):
        if (
            v.dtype not in FLOATS
            and not (op == "pow" and v is b)
            and not _integers_allowed(op, v.dtype)
        ):
            raise Unsupported(f"on {v.dtype}")
        if v.tainted:
            raise NotByRows("a number computed from the batch's size")
    if a.dtype.kind in "iu" and op in ("div", "pow"):
        if op == "pow" or a.dtype.itemsize > 1:
            raise Unsupported(f"on {a.dtype}")
        return context.unary(context.binary("div", a, b), Act("trunc"), None, a.dtype)
    floats = a.dtype.kind == "f"
    if floats and (a.const is None) != (b.const is None):
        folded = _with_constant(context, op, a, b, name_a, name_b)
        if folded is not None:
            return folded
    result = context.binary(op, a, b, name_a, name_b, dtype=a.dtype)
    return result if floats else _wrapped(context, result, a.dtype)


def _with_constant(
    context: Context, op: str, a: Value, b: Value, name_a: str | None, name_b: str | None
) -> Value | None:
    v, other, name = (a, b, name_a) if a.const is None else (b, a, name_b)
    array = as_float(other.const)
    if other.rank > v.rank or (
        other.numel != 1 and np.broadcast_shapes(v.shape, other.shape) != v.shape
    ):
        return None
    reverse = v is b
    if op == "pow":
        return (
            None
            if reverse or other.numel != 1
            else _power(context, v, float(array.reshape(-1)[0]), name)
        )
    if op == "div" and reverse:
        return None
    if op not in ("add", "sub", "mul", "div"):
        return None
    factor, term = {
        "add": (np.float64(1), array),
        "sub": (np.float64(-1 if reverse else 1), array if reverse else -array),
        "mul": (array, np.float64(0)),
        "div": (1 / array.astype(np.float64), np.float64(0)),
    }[op] if not (op == "div" and (array == 0).any()) else (None, None)  # fmt: skip
    if factor is None:
        return None
    step = context.maker.get(v.tensor)
    if step is not None and step.fused:
        folded = context.affine(v, factor, term, name)
        if folded is not None:
            return folded
    if other.numel == 1:
        p, q = float(np.asarray(factor).reshape(-1)[0]), float(np.asarray(term).reshape(-1)[0])
        if op == "mul" and not math.isfinite(p):
            return None
        return context.unary(v, Act("affine", p, q), name)
    return None


def _power(context: Context, v: Value, exponent: float, name: str | None) -> Value:
    if exponent == 2:
        return context.binary("mul", v, v)
    if exponent == 1:
        return context.unary(v, Act("affine", 1.0, 0.0), name)
    if exponent == -1:
        return context.unary(v, Act("reciprocal"), name)
    return context.unary(v, Act("pow", exponent), name)


@handles("Min", "Max", "Sum", "Mean")
def _variadic(context: Context, node: Node, inputs: Inputs) -> Value:
    op = {"Min": "min", "Max": "max"}.get(node.op, "add")
    result, name = need(inputs), node.inputs[0]
    for at in range(1, len(inputs)):
        result = arithmetic(
            context, op, result, need(inputs, at), name if at == 1 else None, node.inputs[at]
        )
        name = ""
    if node.op == "Mean":
        result = context.unary(
            result, Act("affine", 1 / len(inputs), 0.0), None if len(inputs) > 1 else ""
        )
    return result


@handles("BatchNormalization")
def _batch_norm(context: Context, node: Node, inputs: Inputs) -> Value:
    if node.attrs.get("training_mode", 0) or any(node.outputs[1:]):
        raise Unsupported("in training mode")
    v = floats_only(need(inputs))
    scale, bias, mean, variance = (
        np.asarray(untainted(inputs, at, "a parameter"), np.float64).reshape(-1)
        for at in range(1, 5)
    )
    channels = v.shape[1] if v.rank > 1 else 1
    for array in (scale, bias, mean, variance):
        if array.size != channels:
            raise ValueError(f"a parameter has {array.size} values for {channels} channels")
    factor = scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
    return per_channel(context, v, factor, bias - mean * factor, node.inputs[0])


def per_channel(context: Context, v: Value, factor: Any, term: Any, name: str | None) -> Value:
    """v * factor + term, one number of each per entry of axis 1."""
    sizes = (-1,) + (1,) * (v.rank - 2)
    factor, term = (np.asarray(a).reshape(sizes) for a in (factor, term))
    folded = context.affine(v, factor, term, name)
    if folded is not None:
        return folded
    scaled = context.binary("mul", v, context.constant(factor.astype(np.float32)), dtype=v.dtype)
    return context.binary("add", scaled, context.constant(term.astype(np.float32)), dtype=v.dtype)


CASTS = {np.dtype(t) for t in ("float32", "float64", "bool", "int8", "uint8", "int16", "uint16",
                               "int32",
                               "int64", "uint32", "uint64", "float16")}  # fmt: skip


def _rare_cast(context: Context, node: Node, v: Value, dtype: Any) -> Value:
    """Types that NumPy itself lacks (float8, bfloat16, int4, ...): as input, whose values float32
    holds, and as the output of the network, where NumPy rounds. Nothing computes with them."""
    if dtype is None or "e8m0" in str(dtype) or (dtype.itemsize > 2 and dtype not in CASTS):
        raise Unsupported("to a type that is not supported")
    if dtype in CASTS:
        if dtype.kind != "f":
            return context.unary(
                v, Act("trunc") if dtype.itemsize > 2 else wrap_act(dtype), node.inputs[0], dtype
            )
        act = Act("float16") if dtype == np.float16 else Act()
        return context.unary(v, act, node.inputs[0], dtype)
    if node.outputs[0] != context.graph.output or context.graph.uses[node.outputs[0]] != 1:
        raise Unsupported(f"to {dtype}, which only the output may have")
    limit = _largest(dtype)
    if node.attrs.get("saturate", 1) and limit is not None:
        v = context.unary(v, Act("clip", -limit, limit), node.inputs[0])
    return replace(v, dtype=dtype)


def _largest(dtype: Any) -> float | None:
    import ml_dtypes

    if dtype.name.startswith(("float8", "float4")):
        return float(ml_dtypes.finfo(dtype).max)  # type: ignore[no-untyped-call]
    return None


@handles("Cast", "CastLike")
def _cast(context: Context, node: Node, inputs: Inputs) -> Value:
    v = need(inputs)
    dtype = need(inputs, 1).dtype if node.op == "CastLike" else numpy_type(node.attrs["to"])
    if dtype not in CASTS or v.dtype not in CASTS:
        return _rare_cast(context, node, v, dtype)
    name = node.inputs[0]
    if dtype.kind == "b":
        return context.unary(v, Act("bool"), name, dtype)
    if dtype.kind == "f":
        act = Act("float16") if dtype == np.float16 and v.dtype != np.float16 else None
    elif v.dtype.kind == "b" or (v.dtype.kind in "iu" and np.can_cast(v.dtype, dtype)):
        act = None
    elif dtype.itemsize <= 2:
        act = wrap_act(dtype)
    else:
        act = Act("trunc")
    if act is None:
        return replace(v, dtype=dtype)
    return context.unary(v, act, name, dtype)
