# SPDX-License-Identifier: BSD-3-Clause
"""Evaluating nodes whose inputs are constant: the arithmetic on shapes that exporters write, and
prepared weights.

A constant computed from the batch's size is tainted: by rows, that size is 1 here and anything
later, so it may decide how data are moved but must not enter the numbers. To be precise, small
ones are computed twice, for 1 image and for OTHER.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._graph import Node, numpy_type
from fastconc.classify._lower import OTHER, Context, NotByRows, Unsupported, Value

Fold = Callable[..., Any]
FOLD: dict[str, Fold] = {}
SPECIAL = frozenset(("Shape", "Size", "Identity", "Dropout"))  # not in FOLD, but done by fold()
MAX_FOLDED = 2**28  # elements of a folded constant
MAX_OTHER = 4096  # elements of a constant that is computed for another size of the batch too


def folds(*names: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        for name in names:
            FOLD[name] = function
        return function

    return register


def fold(context: Context, node: Node, inputs: list[Value | None]) -> list[Value] | None:
    """The node's constant results, or None when it has to be run."""
    if node.op in ("Shape", "Size"):
        return _shape(context, node, inputs)
    if node.op in ("Identity", "Dropout") and inputs and inputs[0] is not None:
        return _identity(context, node, inputs[0])
    if any(v is not None and v.const is None for v in inputs):
        return None
    arrays = [None if v is None else v.const for v in inputs]
    tainted = any(v is not None and (v.tainted or v.batch is not None) for v in inputs)
    if tainted and node.op in ("Expand", "ConstantOfShape"):
        expanded = _expanded_by_batch(context, node, inputs)
        if expanded is not None:
            return [expanded]
    function = FOLD.get(node.op)
    if function is None:
        return _run(context, node, arrays, tainted)
    for array in arrays:
        if array is not None and array.size > MAX_FOLDED:
            raise Unsupported(f"a constant of {array.size} elements")
    with np.errstate(all="ignore"):
        results = function(context, node, *arrays)
    if not isinstance(results, list):
        results = [results]
    values = [context.constant(result, tainted) for result in results]
    return _for_other(context, node, inputs, values) if tainted else values


def other_of(v: Value) -> Any:
    """What a constant is in a batch of OTHER images; None where that is not known."""
    return v.other if v.tainted else v.const if v.batch is None else None


def _for_other(
    context: Context, node: Node, inputs: list[Value | None], values: list[Value]
) -> list[Value]:
    """Results that may depend on the batch's size: those that turn out the same do not."""
    others = [None if v is None else other_of(v) for v in inputs]
    if any(v is not None and other is None for v, other in zip(inputs, others, strict=True)):
        return values
    if node.op == "ConstantOfShape":
        return values
    try:
        with np.errstate(all="ignore"):
            results = FOLD[node.op](context, node, *others)
    except (ValueError, Unsupported, TypeError, IndexError, ArithmeticError):
        return values
    results = results if isinstance(results, list) else [results]
    for i, (value, result) in enumerate(zip(values, map(np.asarray, results), strict=True)):
        if result.size <= MAX_OTHER:
            same = result.shape == value.shape and bool(np.all(result == value.const))
            values[i] = replace(value, tainted=not same, other=None if same else result)
    return values


def _expanded_by_batch(context: Context, node: Node, inputs: list[Value | None]) -> Value | None:
    """A constant expanded along the batch, a class token say: it is the same for every image."""
    *data, target = inputs
    assert target is not None and target.const is not None
    old: tuple[int, ...] = ()
    if data:
        assert data[0] is not None
        if data[0].tainted or data[0].batch is not None:
            return None
        old = data[0].shape
    other = other_of(target)
    if other is None or other.ndim != 1 or min(other, default=0) < 0:
        return None
    try:
        one = np.broadcast_shapes(old, tuple(int(n) for n in target.const))
        many = np.broadcast_shapes(old, tuple(int(n) for n in other))
    except ValueError:
        return None
    differ = [axis for axis, size in enumerate(one) if size != many[axis]]
    if len(differ) != 1 or many[differ[0]] != OTHER * one[differ[0]]:
        return None
    arrays = [None if v is None else v.const for v in inputs]
    return replace(context.constant(FOLD[node.op](context, node, *arrays)), batch=differ[0])


def batch_of_target(context: Context, v: Value, target: Value | None) -> None:
    """By rows: a shape computed from the batch's size may have that in the batch's axis alone."""
    if target is None or not target.tainted:
        return
    other = other_of(target)
    if v.batch is None or other is None:
        raise NotByRows("a shape computed from the batch's size")
    one, many = (np.asarray(sizes).reshape(-1) for sizes in (target.const, other))
    at = v.batch + len(one) - v.rank
    if any(int(axis) != at for axis in np.nonzero(one != many)[0]):
        raise NotByRows("a shape computed from the batch's size")
    if at >= 0 and not (one[at] in (1, v.shape[v.batch]) and many[at] in (1, OTHER * one[at])):
        raise NotByRows("the batch is expanded")


def _identity(context: Context, node: Node, v: Value) -> list[Value]:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise Unsupported("the mask of Dropout")
    if node.op == "Dropout" and len(node.inputs) > 2 and node.inputs[2]:
        mode = context.values[node.inputs[2]]
        if mode.const is None or bool(mode.const):
            ratio = context.values.get(node.inputs[1]) if node.inputs[1] else None
            if ratio is None or ratio.const is None or float(ratio.const) != 0:
                raise Unsupported("Dropout in training mode")
    return [v]


def _shape(context: Context, node: Node, inputs: list[Value | None]) -> list[Value]:
    (v,) = inputs
    assert v is not None
    other: tuple[int, ...] | None = context.shape_for_other(v)
    if v.tainted:
        other = None if v.other is None else v.other.shape
    if node.op == "Size":
        one = np.array(v.numel, np.int64)
        many = None if other is None else np.array(math.prod(other), np.int64)
    else:
        start, end = node.attrs.get("start", 0), node.attrs.get("end", v.rank)
        start, end = (min(max(i + v.rank if i < 0 else i, 0), v.rank) for i in (start, end))
        one = np.array(v.shape[start:end], np.int64)
        many = None if other is None else np.array(other[start:end], np.int64)
    same = many is not None and many.shape == one.shape and bool(np.all(many == one))
    return [replace(context.constant(one, not same), other=None if same else many)]


def _run(context: Context, node: Node, arrays: list[Any], tainted: bool) -> list[Value] | None:
    """Operators that are not written here are run by the core, on their constant inputs."""
    from fastconc import _core
    from fastconc.classify._graph import Graph
    from fastconc.classify._lower import HANDLERS, Lowered

    if node.op not in HANDLERS or not arrays or arrays[0] is None:
        return None
    if arrays[0].size == 0:
        return _of_nothing(context, node, arrays[0], tainted)
    inner = Context(Graph([node], {}, [], node.outputs[0], context.graph.opset), rows=False)
    tensor = inner.new_tensor(arrays[0].size, "input")
    order = tuple(range(arrays[0].ndim))
    inner.layer = node.name
    values: list[Value | None] = [None if a is None else inner.constant(a) for a in arrays]
    values[0] = Value(arrays[0].shape, arrays[0].dtype, tensor=tensor, order=order)
    for name, value in zip(node.inputs, values, strict=True):
        if value is not None:
            inner.values[name] = value
    results = HANDLERS[node.op](inner, node, values)
    out = []
    for value in results if isinstance(results, list) else [results]:
        plan, weights, _ = Lowered(inner, value).finish()
        net = _core.Net()
        net._setup(plan, weights, None, None, None, 0)
        array = np.empty(value.shape, np.float32)
        net._run(1, (np.ascontiguousarray(arrays[0], np.float32),), array)
        out.append(replace(context.constant(array.astype(value.dtype)), tainted=tainted))
    return out


def _of_nothing(context: Context, node: Node, empty: Any, tainted: bool) -> list[Value] | None:
    """Functions of each element, or that keep the shape, of an array without elements."""
    from fastconc.classify._ops_element import ACTS

    if node.op in ("Softmax", "LogSoftmax"):
        axis_of(int(node.attrs.get("axis", 1 if context.graph.opset < 13 else -1)), empty.ndim)
    elif node.op not in ACTS and node.op != "Clip":
        return None
    return [context.constant(empty, tainted)]


def axes_of(node: Node, axes: Any, rank: int) -> list[int]:
    """Axes from an input or the attribute, none negative; ValueError when out of range."""
    values = (
        node.attrs.get("axes") if axes is None else [int(a) for a in np.asarray(axes).reshape(-1)]
    )
    return [axis_of(a, rank) for a in values or []]


def axis_of(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for {rank} dimensions")
    return int(axis) % rank if rank else 0


def resolve_shape(shape: tuple[int, ...], target: Any, allow_zero: bool) -> list[int]:
    """The shape that Reshape asks for, with 0 (as before) and -1 (what is left) replaced."""
    sizes = [int(t) for t in np.asarray(target).reshape(-1)]
    for i, size in enumerate(sizes):
        if size == 0 and not allow_zero:
            if i >= len(shape):
                raise ValueError(f"shape {sizes} copies dimension {i} of {shape}")
            sizes[i] = shape[i]
    numel = math.prod(shape)
    if sizes.count(-1) > 1 or any(s < -1 for s in sizes):
        raise ValueError(f"shape {sizes} is not a shape")
    if -1 in sizes:
        rest = math.prod(s for s in sizes if s != -1)
        if rest == 0 or numel % rest:
            raise ValueError(f"{shape} cannot be reshaped to {sizes}")
        sizes[sizes.index(-1)] = numel // rest
    if math.prod(sizes) != numel:
        raise ValueError(f"{shape} cannot be reshaped to {sizes}")
    return sizes


def slice_bounds(size: int, start: int, end: int, step: int) -> tuple[int, int, int]:
    """Start, number and step of what Slice takes from an axis."""
    if step == 0:
        raise ValueError("the step of a slice is 0")
    indices = range(size)[slice(_clamp(start, size, step), _end(end, size, step), step)]
    return (indices[0] if indices else 0), len(indices), step


def _clamp(start: int, size: int, step: int) -> int:
    start = start + size if start < 0 else start
    return min(max(start, 0), size - 1 if step < 0 else size)


def _end(end: int, size: int, step: int) -> int | None:
    end = end + size if end < 0 else end
    if step > 0:
        return min(max(end, 0), size)
    return None if end < 0 else min(end, size - 1)


@folds("Constant")
def _constant(context: Context, node: Node) -> Any:
    attrs = node.attrs
    for name, dtype in (
        ("value_float", np.float32),
        ("value_int", np.int64),
        ("value_floats", np.float32),
        ("value_ints", np.int64),
    ):
        if name in attrs:
            return np.array(attrs[name], dtype)
    if attrs.get("value") is None:
        raise Unsupported("a constant that is no dense tensor of numbers")
    return attrs["value"]


@folds("ConstantOfShape")
def _constant_of_shape(context: Context, node: Node, shape: Any) -> Any:
    sizes = [int(s) for s in shape]
    value = node.attrs.get("value", np.zeros(1, np.float32))
    if any(s < 0 for s in sizes) or math.prod(sizes) > MAX_FOLDED:
        raise Unsupported(f"a constant of shape {sizes}")
    return np.full(sizes, value.reshape(-1)[0], value.dtype)


@folds("Cast", "CastLike")
def _cast(context: Context, node: Node, x: Any, like: Any = None) -> Any:
    dtype = like.dtype if node.op == "CastLike" else numpy_type(node.attrs["to"])
    if dtype is None:
        raise Unsupported("a cast to a type that is not supported")
    return x.astype(dtype)


@folds("Reshape")
def _reshape(context: Context, node: Node, x: Any, shape: Any) -> Any:
    return x.reshape(resolve_shape(x.shape, shape, bool(node.attrs.get("allowzero", 0))))


@folds("Flatten")
def _flatten(context: Context, node: Node, x: Any) -> Any:
    axis = node.attrs.get("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


@folds("Transpose")
def _transpose(context: Context, node: Node, x: Any) -> Any:
    return x.transpose(node.attrs.get("perm"))


@folds("Squeeze")
def _squeeze(context: Context, node: Node, x: Any, axes: Any = None) -> Any:
    chosen = axes_of(node, axes, x.ndim)
    return x.squeeze(tuple(chosen)) if chosen or axes is not None else x.squeeze()


@folds("Unsqueeze")
def _unsqueeze(context: Context, node: Node, x: Any, axes: Any = None) -> Any:
    count = len(node.attrs["axes"] if axes is None else np.asarray(axes).reshape(-1))
    return np.expand_dims(x, tuple(axes_of(node, axes, x.ndim + count)))


@folds("Concat")
def _concat(context: Context, node: Node, *arrays: Any) -> Any:
    return np.concatenate(arrays, axis_of(node.attrs["axis"], arrays[0].ndim))


@folds("Gather")
def _gather(context: Context, node: Node, x: Any, indices: Any) -> Any:
    axis = axis_of(node.attrs.get("axis", 0), x.ndim)
    if indices.size and not (-x.shape[axis] <= indices.min() and indices.max() < x.shape[axis]):
        raise ValueError(f"an index is out of range for axis {axis} of {x.shape}")
    return np.take(x, indices.astype(np.int64), axis=axis)


@folds("Slice")
def _slice(context: Context, node: Node, x: Any, *more: Any) -> Any:
    for axis, (start, count, step) in slice_plan(node, x.shape, list(more)).items():
        index = start + step * np.arange(count)
        x = np.take(x, index, axis=axis)
    return x


def slice_plan(
    node: Node, shape: tuple[int, ...], more: list[Any]
) -> dict[int, tuple[int, int, int]]:
    """Per axis that Slice touches: start, number, step."""
    if more:
        starts, ends, axes, steps = (*more, None, None)[:4]
        starts, ends = ([int(v) for v in np.asarray(a).reshape(-1)] for a in (starts, ends))
    else:
        starts, ends, axes, steps = (
            node.attrs["starts"],
            node.attrs["ends"],
            node.attrs.get("axes"),
            None,
        )
    chosen = range(len(starts)) if axes is None else [int(a) for a in np.asarray(axes).reshape(-1)]
    strides = (
        [1] * len(starts) if steps is None else [int(s) for s in np.asarray(steps).reshape(-1)]
    )
    plan = {}
    for axis, start, end, step in zip(chosen, starts, ends, strides, strict=True):
        axis = axis_of(axis, len(shape))
        plan[axis] = slice_bounds(shape[axis], start, end, step)
    return plan


@folds("Split")
def _split(context: Context, node: Node, x: Any, sizes: Any = None) -> Any:
    axis = axis_of(node.attrs.get("axis", 0), x.ndim)
    parts = split_sizes(node, x.shape[axis], sizes)
    return np.split(x, np.cumsum(parts)[:-1], axis=axis)


def split_sizes(node: Node, size: int, sizes: Any) -> list[int]:
    given = node.attrs.get("split") if sizes is None else np.asarray(sizes).reshape(-1)
    if given is not None:
        parts = [int(p) for p in given]
    else:
        count = int(node.attrs.get("num_outputs", len(node.outputs)))
        each = -(-size // count)
        parts = [max(0, min(each, size - i * each)) for i in range(count)]
    if sum(parts) != size or min(parts, default=0) < 0 or len(parts) < len(node.outputs):
        raise ValueError(f"an axis of {size} cannot be split into {parts}")
    return parts


@folds("Expand")
def _expand(context: Context, node: Node, x: Any, shape: Any) -> Any:
    sizes = np.broadcast_shapes(x.shape, tuple(int(s) for s in shape))
    if math.prod(sizes) > MAX_FOLDED:
        raise Unsupported(f"a constant of shape {sizes}")
    return np.broadcast_to(x, sizes)


@folds("Range")
def _range(context: Context, node: Node, start: Any, limit: Any, delta: Any) -> Any:
    if (limit - start) / delta > MAX_FOLDED:
        raise Unsupported("a range that long")
    return np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


@folds("Where")
def _where(context: Context, node: Node, condition: Any, x: Any, y: Any) -> Any:
    return np.where(condition, x, y)


@folds("Div")
def _div(context: Context, node: Node, a: Any, b: Any) -> Any:
    if a.dtype.kind in "iu":
        if (b == 0).any():
            raise ValueError("a division of whole numbers by 0")
        return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)
    return a / b


def _numpy(name: str, *functions: Any) -> None:
    def evaluate(context: Context, node: Node, first: Any, *rest: Any) -> Any:
        result = functions[0](first) if not rest and len(functions) == 1 else first
        for array in rest:
            result = functions[0](result, array)
        keep = np.bool_ if name in ("Equal", "Greater", "Less", "And", "Or", "Not") else first.dtype
        return np.asarray(result).astype(keep)

    FOLD[name] = evaluate


for _name, _function in {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Pow": np.power, "Neg": np.negative,
    "Abs": np.abs, "Sqrt": np.sqrt,
    "Exp": np.exp, "Log": np.log, "Floor": np.floor, "Ceil": np.ceil,
    "Equal": np.equal, "Greater": np.greater, "Less": np.less, "And": np.logical_and,
    "Or": np.logical_or, "Not": np.logical_not, "Mod": np.mod, "Reciprocal": lambda x: 1 / x,
}.items():  # fmt: skip
    _numpy(_name, _function)


@folds("Min", "Max")
def _min_max(context: Context, node: Node, *arrays: Any) -> Any:
    result = arrays[0]
    for array in arrays[1:]:
        result = (np.minimum if node.op == "Min" else np.maximum)(result, array)
    return result


REDUCTIONS: dict[str, Any] = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceProd": np.prod,
    "ReduceL1": lambda x, **k: np.sum(np.abs(x), **k),
    "ReduceL2": lambda x, **k: np.sqrt(np.sum(np.square(x), **k)),
    "ReduceSumSquare": lambda x, **k: np.sum(np.square(x), **k),
    "ReduceLogSum": lambda x, **k: np.log(np.sum(x, **k)),
    "ReduceLogSumExp": lambda x, **k: np.log(np.sum(np.exp(x), **k)),
}


def _limit(dtype: Any, lowest: bool) -> Any:
    if dtype.kind in "fV":  # V: bfloat16 and such
        return -np.inf if lowest else np.inf
    if dtype.kind == "b":
        return not lowest
    return np.iinfo(dtype).min if lowest else np.iinfo(dtype).max


@folds(*REDUCTIONS, "ReduceMax", "ReduceMin")
def _reduce(context: Context, node: Node, x: Any, axes: Any = None) -> Any:
    chosen = tuple(axes_of(node, axes, x.ndim))
    if not chosen and node.attrs.get("noop_with_empty_axes", 0):
        return x
    more: dict[str, Any] = {"axis": chosen or None, "keepdims": bool(node.attrs.get("keepdims", 1))}
    if node.op in ("ReduceMax", "ReduceMin"):
        largest = node.op == "ReduceMax"
        more["initial"] = _limit(x.dtype, largest)
        result = (np.max if largest else np.min)(x, **more)
    else:
        result = REDUCTIONS[node.op](x, **more)
    return np.asarray(result).astype(x.dtype)
