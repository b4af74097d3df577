# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators that are made of others: Einsum, Attention, RMSNormalization."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from fastconc.classify._fold import axis_of
from fastconc.classify._graph import Node
from fastconc.classify._lower import HANDLERS, Context, NotByRows, Unsupported, Value, handles
from fastconc.classify._ops_element import Inputs, floats_only, need
from fastconc.classify._ops_logic import choose
from fastconc.classify._ops_move import reshape
from fastconc.classify._ops_product import multiply
from fastconc.classify._ops_reduce import reduce
from fastconc.classify._plan import Act


def apply(context: Context, op: str, *inputs: Value, **attrs: Any) -> Value:
    """The result of another operator. Its inputs count as shared, so that nothing is changed in
    place that a second operator still reads."""
    node = Node(op, context.layer, ["?"] * len(inputs), ["?"], attrs)
    result = HANDLERS[op](context, node, list(inputs))
    assert isinstance(result, Value)
    return result


def permuted(context: Context, v: Value, axes: list[int]) -> Value:
    if v.const is not None:
        return replace(v, const=v.const.transpose(axes), shape=tuple(v.shape[a] for a in axes))
    return apply(context, "Transpose", v, perm=axes)


def shaped(context: Context, v: Value, shape: list[int], batch: int | None) -> Value:
    if v.const is not None:
        return replace(v, const=v.const.reshape(shape), shape=tuple(shape))
    return reshape(context, v, shape, batch)


@handles("Einsum")
def _einsum(context: Context, node: Node, inputs: Inputs) -> Value:
    operands = [floats_only(need(inputs, at)) for at in range(len(inputs))]
    terms, out = _labels(str(node.attrs["equation"]), [v.rank for v in operands])
    if any(v.tainted for v in operands):
        raise NotByRows("a product with the batch's size")
    sizes: dict[str, int] = {}
    for labels, v in zip(terms, operands, strict=True):
        if len(set(labels)) != len(labels):
            raise Unsupported("of a diagonal")
        for label, size in zip(labels, v.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                if context.rows:  # one image stands for the batch here
                    raise NotByRows("axes of different sizes")
                if 1 not in (sizes[label], size):
                    raise ValueError(f"axis {label!r} has the sizes {sizes[label]} and {size}")
                raise Unsupported("with broadcast axes")
    if not set(out) <= set(sizes):
        raise ValueError(f"the equation {node.attrs['equation']!r} makes an axis of nothing")
    x, labels = operands[0], terms[0]
    for at in range(1, len(operands)):
        later = set(out).union(*terms[at + 1 :])
        x, labels = _contract(context, x, labels, operands[at], terms[at], later)
    x, labels = _summed(context, x, labels, set(out))
    return permuted(context, x, [labels.index(label) for label in out])


def _labels(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of every operand and of the result; '...' becomes capital letters of its own."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(
            f"the equation {equation!r} has {len(terms)} terms for {len(ranks)} inputs"
        )
    free = [chr(c) for c in range(0x100, 0x110)]
    widest = 0
    for at, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        if "..." in term:
            count = rank - len(term) + 3
            if not 0 <= count <= len(free):
                raise ValueError(f"the equation {equation!r} does not fit {rank} dimensions")
            widest = max(widest, count)
            terms[at] = term.replace("...", "".join(free[len(free) - count :]))
        if len(terms[at]) != rank:
            raise ValueError(f"the equation {equation!r} does not fit {rank} dimensions")
    dots = "".join(free[len(free) - widest :]) if widest else ""
    if not arrow:
        every = "".join(terms)
        out = dots + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in dots))
    return terms, out.replace("...", dots)


def _summed(context: Context, v: Value, labels: str, keep: set[str]) -> tuple[Value, str]:
    gone = [axis for axis, label in enumerate(labels) if label not in keep]
    if gone:
        if v.const is not None:
            v = context.constant(v.const.astype(np.float64).sum(tuple(gone)).astype(np.float32))
        else:
            v = reduce(context, v, "sum", gone, False)
    return v, "".join(label for label in labels if label in keep)


def _contract(
    context: Context, a: Value, in_a: str, b: Value, in_b: str, later: set[str]
) -> tuple[Value, str]:
    """The product of two operands, summed over what neither the result nor a later operand has."""
    a, in_a = _summed(context, a, in_a, later | set(in_b))
    b, in_b = _summed(context, b, in_b, later | set(in_a))
    if a.const is not None and b.const is None:
        a, in_a, b, in_b = b, in_b, a, in_a
    both = [c for c in in_a if c in in_b and c in later]
    inner = [c for c in in_a if c in in_b and c not in later]
    left = [c for c in in_a if c not in in_b]
    right = [c for c in in_b if c not in in_a]
    # The batch's axis stands alone: it is not merged with others.
    images = [c for v, names, own in ((a, in_a, left), (b, in_b, right)) for c in own
              if v.batch is not None and names.index(c) == v.batch]  # fmt: skip
    left, right = ([c for c in own if c not in images] for own in (left, right))
    if b.const is not None and not both and images:
        # (image, left, inner) by one constant matrix
        lead_a, lead_b = images, []
    else:
        lead_a = lead_b = [*images, *both]
    x = _as_matrices(context, a, in_a, lead_a, left, inner)
    y = _as_matrices(context, b, in_b, lead_b, inner, right)
    result = multiply(context, x, y)
    lead = lead_a
    size = dict(zip(in_a, a.shape, strict=True)) | dict(zip(in_b, b.shape, strict=True))
    names = [*lead, *left, *right]
    return (
        shaped(context, result, [size[c] for c in names], result.batch),
        "".join(names),
    )


def _as_matrices(
    context: Context, v: Value, labels: str, lead: list[str], rows: list[str], columns: list[str]
) -> Value:
    """(lead..., rows, columns), with 1 for a leading axis that v does not have."""
    own = [c for c in lead if c in labels]
    x = permuted(context, v, [labels.index(c) for c in (*own, *rows, *columns)])
    size = dict(zip(labels, v.shape, strict=True))
    shape = [size.get(c, 1) for c in lead]
    shape += [math.prod(size[c] for c in rows), math.prod(size[c] for c in columns)]
    batch = None
    if x.batch is not None:
        label = labels[v.batch] if v.batch is not None else ""
        if label not in lead:
            raise NotByRows("a product along the batch")
        batch = lead.index(label)
    return shaped(context, x, shape, batch)


@handles("RMSNormalization", "SimplifiedLayerNormalization")
def _rms(context: Context, node: Node, inputs: Inputs) -> Value:
    v, scale = floats_only(need(inputs)), need(inputs, 1)
    axis = axis_of(node.attrs.get("axis", -1), v.rank)
    axes = list(range(axis, v.rank))
    size = reduce(context, context.binary("mul", v, v), "mean", axes, True)
    size = context.unary(size, Act("affine", 1.0, float(node.attrs.get("epsilon", 1e-5))))
    result = context.binary("div", v, context.unary(size, Act("sqrt")))
    return replace(context.binary("mul", result, scale), dtype=v.dtype)


ATTENTION = {
    "is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap",
    "softmax_precision",
}  # fmt: skip


@handles("Attention")
def _attention(context: Context, node: Node, inputs: Inputs) -> Value:
    """softmax(scale Q K' + mask) V; three axes (image, word, head x size) or four."""
    attrs = node.attrs
    if any(node.outputs[1:]) or any(v is not None for v in inputs[4:]):
        raise Unsupported("with keys or values of the past, or more outputs than one")
    if not attrs.keys() <= ATTENTION:
        raise Unsupported(f"with {', '.join(sorted(attrs.keys() - ATTENTION))}")
    q, k, v = (floats_only(need(inputs, at)) for at in range(3))
    flat = q.rank == 3
    heads = [int(attrs.get(name, 0)) for name in ("q_num_heads", *["kv_num_heads"] * 2)]
    if flat:
        q, k, v = (_heads(context, x, n) for x, n in zip((q, k, v), heads, strict=True))
    if not q.rank == k.rank == v.rank == 4:
        raise ValueError(f"Q, K and V have {q.rank}, {k.rank} and {v.rank} dimensions")
    k, v = (_repeated(context, x, q.shape[1]) for x in (k, v))
    scale = float(attrs.get("scale") or 1 / math.sqrt(q.shape[-1]))
    scores = multiply(context, q, permuted(context, k, [0, 1, 3, 2]))
    scores = context.unary(scores, Act("affine", scale, 0.0))
    cap = float(attrs.get("softcap", 0.0))
    if cap:
        scores = context.unary(scores, Act("affine", 1 / cap, 0.0))
        scores = context.unary(context.unary(scores, Act("tanh")), Act("affine", cap, 0.0))
    mask = inputs[3] if len(inputs) > 3 else None
    if mask is not None and mask.dtype.kind != "b":
        scores, mask = context.binary("add", scores, mask, None, node.inputs[3]), None
    if attrs.get("is_causal", 0):
        past = context.constant(np.tri(q.shape[2], k.shape[2], dtype=bool))
        if mask is None:
            mask = past
        elif mask.const is None:
            mask = context.binary("mul", mask, past)
        else:
            array = np.logical_and(mask.const, np.asarray(past.const))
            mask = replace(mask, const=array, shape=array.shape)
    if mask is not None:
        scores = choose(context, mask, scores, context.constant(np.array(-np.inf, scores.dtype)))
    weights = apply(context, "Softmax", scores, axis=-1)
    if mask is not None:  # a word that may look at none gets nothing, not 0 / 0
        weights = context.binary("keep", weights, mask)
    result = multiply(context, weights, v)
    if not flat:
        return result
    result = permuted(context, result, [0, 2, 1, 3])
    shape = [*result.shape[:2], result.shape[2] * result.shape[3]]
    return shaped(context, result, shape, result.batch)


def _heads(context: Context, v: Value, count: int) -> Value:
    if count < 1 or v.shape[-1] % count:
        raise ValueError(f"an axis of {v.shape[-1]} is not divided into {count} heads")
    x = shaped(context, v, [*v.shape[:-1], count, v.shape[-1] // count], v.batch)
    return permuted(context, x, [0, 2, 1, 3])


def _repeated(context: Context, v: Value, heads: int) -> Value:
    """Every head of keys or values as often as the queries have heads for it."""
    if heads == v.shape[1]:
        return v
    if v.shape[1] == 0 or heads % v.shape[1]:
        raise ValueError(f"{heads} heads of Q do not fit {v.shape[1]} of K and V")
    index = np.repeat(np.arange(v.shape[1]), heads // v.shape[1])
    return apply(context, "Gather", context.dynamic(v), context.constant(index), axis=1)
