# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators of ai.onnx.ml, as scikit-learn's pipelines are exported: scalers, linear
models, and what stands around neural networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._graph import Node
from fastconc.classify._lower import HANDLERS, Context, NotByRows, Unsupported, Value, handles
from fastconc.classify._ops_element import Inputs, need
from fastconc.classify._ops_logic import choose
from fastconc.classify._ops_move import _gather_computed
from fastconc.classify._ops_product import multiply
from fastconc.classify._ops_reduce import reduce
from fastconc.classify._plan import Act

FLOAT = np.dtype(np.float32)


def numbers(inputs: Inputs) -> Value:
    """The features as floats, whatever numbers they are."""
    v = need(inputs)
    if v.dtype.kind not in "fiu":
        raise Unsupported(f"on {v.dtype}")
    if v.tainted:
        raise NotByRows("features computed from the batch's size")
    return replace(v, dtype=FLOAT)


def per_feature(context: Context, node: Node, v: Value, name: str) -> Value:
    """An attribute with a number per feature, or one for all."""
    values = np.asarray(node.attrs.get(name, []), np.float32)
    if v.rank < 1 or values.size not in (1, v.shape[-1]):
        raise ValueError(f"{name} has {values.size} values for an input of shape {v.shape}")
    return context.constant(values)


@handles("Scaler")
def _scaler(context: Context, node: Node, inputs: Inputs) -> Value:
    v = numbers(inputs)
    shifted = context.binary("sub", v, per_feature(context, node, v, "offset"))
    return context.binary("mul", shifted, per_feature(context, node, v, "scale"))


@handles("Normalizer")
def _normalizer(context: Context, node: Node, inputs: Inputs) -> Value:
    v = numbers(inputs)
    kind = {"MAX": "max", "L1": "l1", "L2": "l2"}.get(str(node.attrs.get("norm", "MAX")))
    if kind is None:
        raise ValueError(f"norm {node.attrs['norm']!r} is unknown")
    size = reduce(context, v, kind, [v.rank - 1], True)
    # A row of zeros stays what it is.
    none = context.binary("equal", size, context.constant(np.zeros(1, np.float32)), dtype=FLOAT)
    size = context.binary("add", size, none)
    return context.binary("div", v, size)


@handles("Binarizer")
def _binarizer(context: Context, node: Node, inputs: Inputs) -> Value:
    limit = np.asarray([node.attrs.get("threshold", 0.0)], np.float32)
    return context.binary("greater", numbers(inputs), context.constant(limit))


@handles("Imputer")
def _imputer(context: Context, node: Node, inputs: Inputs) -> Value:
    v = numbers(inputs)
    if "imputed_value_floats" not in node.attrs:
        raise Unsupported("of whole numbers")
    values = per_feature(context, node, v, "imputed_value_floats")
    missing = np.float32(node.attrs.get("replaced_value_float", 0.0))
    if np.isnan(missing):
        lacks = context.emit(
            "unary", [v], v.shape, [Act("isnan")], order=v.order, batch=v.batch, dtype=np.bool_
        )
    else:
        lacks = context.binary("equal", v, context.constant(missing.reshape(1)), dtype=np.bool_)
    return choose(context, lacks, values, v)


@handles("ArrayFeatureExtractor")
def _extract(context: Context, node: Node, inputs: Inputs) -> Value:
    v, index = need(inputs), need(inputs, 1)
    if index.const is not None:
        flat = replace(index, const=index.const.reshape(-1), shape=(index.numel,))
        step = Node("Gather", node.name, ["?", "?"], node.outputs, {"axis": v.rank - 1})
        result = HANDLERS["Gather"](context, step, [context.dynamic(v), flat])
        assert isinstance(result, Value)
    else:
        if index.numel != 1 and index.batch is not None:
            raise NotByRows("several indices an image")
        flat = context.relabel(
            context.canonical(index), (index.numel,), (0,), None if index.batch is None else 0
        )
        result = _gather_computed(context, v, flat, v.rank - 1)
    if result.rank > 1:
        return result
    batch = None if result.batch is None else 1
    return context.relabel(result, (1, result.numel), (0, 1), batch)


@handles("LinearRegressor")
def _regressor(context: Context, node: Node, inputs: Inputs) -> Value:
    if node.attrs.get("post_transform", "NONE") != "NONE":
        raise Unsupported(f"with {node.attrs['post_transform']}")
    return _linear(context, node, numbers(inputs), int(node.attrs.get("targets", 1)))


def _linear(context: Context, node: Node, v: Value, count: int) -> Value:
    coefficients = np.asarray(node.attrs["coefficients"], np.float32)
    if v.rank != 2 or count < 1 or coefficients.size != count * v.shape[1]:
        raise ValueError(
            f"{coefficients.size} coefficients do not give {count} result(s) of shape {v.shape}"
        )
    result = multiply(context, v, context.constant(coefficients.reshape(count, -1).T))
    if "intercepts" not in node.attrs:
        return result
    terms = np.asarray(node.attrs["intercepts"], np.float64)
    if terms.size != count:
        raise ValueError(f"{terms.size} intercepts for {count} result(s)")
    folded = context.affine(result, np.float64(1), terms, None)
    assert folded is not None  # nothing follows the product yet
    return folded


def class_labels(attrs: dict[str, Any]) -> list[Any] | None:
    """The classes as an operator of ai.onnx.ml names them."""
    for name in ("classlabels_strings", "classlabels_ints", "classlabels_int64s"):
        if attrs.get(name):
            return list(attrs[name])
    return None


@handles("LinearClassifier")
def _classifier(context: Context, node: Node, inputs: Inputs) -> list[Value]:
    v = numbers(inputs)
    count = len(node.attrs.get("intercepts", [])) or len(class_labels(node.attrs) or [])
    if count < 2:
        raise Unsupported("with scores of one class alone")
    scores = _linear(context, node, v, count)
    after = str(node.attrs.get("post_transform", "NONE"))
    # Shared by the label and what follows: neither changes the product in place.
    scores = replace(scores, exclusive=False)
    results = scores
    if after == "SOFTMAX":
        step = Node("Softmax", node.name, ["?"], ["?"], {"axis": 1})
        softmax = HANDLERS["Softmax"](context, step, [scores])
        assert isinstance(softmax, Value)
        results = softmax
    elif after == "LOGISTIC":
        results = context.unary(scores, Act("sigmoid"), "?")
    elif after != "NONE":
        raise Unsupported(f"with {after}")
    return [_label(context, node, scores), results]


def _label(context: Context, node: Node, scores: Value) -> Value:
    """The class with the largest score: its number as the file names it."""
    step = Node("ArgMax", node.name, ["?"], ["?"], {"axis": 1, "keepdims": 0})
    best = HANDLERS["ArgMax"](context, step, [scores])
    assert isinstance(best, Value)
    names = class_labels(node.attrs)
    if names is None or isinstance(names[0], str):
        return best  # of strings only the index: an output of strings is refused
    if names == list(range(len(names))):
        return best
    return _gather_computed(context, context.constant(np.asarray(names, np.int64)), best, 0)


@handles("ZipMap")
def _zip_map(context: Context, node: Node, inputs: Inputs) -> Value:
    """Probabilities as a list of dicts there, an array (images, classes) here."""
    return need(inputs)
