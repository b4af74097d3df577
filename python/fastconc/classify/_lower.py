# SPDX-License-Identifier: BSD-3-Clause
"""From graph to plan: constants are folded, transposes become bookkeeping, what follows a product
is fused into it.

A value is a constant (an array) or a tensor of the plan. A tensor has the logical shape that ONNX
speaks of and the order in which its axes lie in memory: convolutions want channels last, so a
network in NCHW is transposed once at its beginning and everything after it keeps the new order.

Two ways to see the batch. By *rows*, the plan is for one item: the axis of the batch has size 1 in
every value (but see Value.batch), and an operator that would mix its entries raises NotByRows. Then
the graph is planned *whole*, for exact shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fastconc.classify._graph import Graph, Node
from fastconc.classify._network import UnsupportedModel
from fastconc.classify._plan import BINARY, Act, PlanBuilder

Array = Any
NO_ACT = Act()
MAX_ELEMENTS = 2**40
# Shape arithmetic is done for one image and for so many, a prime: what comes out the same does not
# depend on the batch.
OTHER = 999_983


class NotByRows(Exception):
    """An operator mixes the images of a batch."""


class Unsupported(Exception):
    """A node cannot be run; the text says why."""


@dataclass(frozen=True)
class Value:
    shape: tuple[int, ...]
    dtype: Any
    const: Array | None = None
    tainted: bool = False  # a constant that depends on the size of the batch
    other: Array | None = None  # of a tainted constant: what it is for a batch of OTHER images
    tensor: int = -1
    order: tuple[int, ...] = ()  # order[p] is the logical axis at physical place p
    # The axis of the batch, when planned by rows. Its size is what one image has of it: 1, or more
    # where the graph made one axis of the images and their windows or heads. The axis of a constant
    # is one that it was only expanded along.
    batch: int | None = None
    exclusive: bool = True  # no other value shares the tensor

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def physical(self) -> tuple[int, ...]:
        return tuple(self.shape[axis] for axis in self.order)

    def strides(self) -> list[int]:
        """The stride of each logical axis in floats."""
        strides, step = [0] * self.rank, 1
        for axis in reversed(self.order):
            strides[axis] = step
            step *= self.shape[axis]
        return strides


@dataclass(eq=False)
class LStep:
    """A step before it is written: products hold their weights, to fold into what follows."""

    op: str
    inputs: list[int]
    output: int
    params: list[Any]
    name: str
    weights: Array | None = None  # columns last: the output channels, or the groups' (groups, k, n)
    bias: Array | None = None
    act: Act = NO_ACT
    act_first: bool = False
    fused: bool = False  # takes part in fusion: it has weights, bias, residual and act

    @property
    def channels(self) -> int:
        assert self.weights is not None
        if self.op == "conv":
            return int(self.weights.shape[0] * self.weights.shape[-1])
        return int(self.weights.shape[-1])

    @property
    def open(self) -> bool:
        """Nothing follows the product yet but the bias."""
        return self.fused and self.act == NO_ACT and len(self.inputs) == 1

    def scale(self, factor: Array) -> None:
        assert self.weights is not None
        if self.op == "conv":
            groups = self.weights.shape[0]
            factor = factor.reshape(groups, 1, -1)
        # In double, rounded once, without an array in double.
        scaled = np.empty(self.weights.shape, np.float32)
        np.multiply(self.weights, factor, out=scaled, dtype=np.float64, casting="same_kind")
        self.weights = scaled
        if self.bias is not None:
            self.bias = self.bias * factor.reshape(-1)

    def shift(self, term: Array) -> None:
        self.bias = term.copy() if self.bias is None else self.bias + term


class WeightArray:
    """An array among a step's parameters, written to the weights when the plan is."""

    def __init__(self, array: Array) -> None:
        self.array = array


def identity_order(rank: int) -> tuple[int, ...]:
    return tuple(range(rank))


def channels_last(rank: int) -> tuple[int, ...]:
    return (0, *range(2, rank), 1)


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in np.broadcast_shapes(*shapes))
    except ValueError:
        raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast") from None


@dataclass
class Context:
    """What operators are lowered into."""

    graph: Graph
    rows: bool
    batch_size: int | None = None  # as the file fixes it
    tensors: list[tuple[str, int]] = field(default_factory=list)  # kind, numel
    steps: list[LStep] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    maker: dict[int, LStep] = field(default_factory=dict)  # of a tensor
    const_tensors: dict[int, Array] = field(default_factory=dict)
    layer: str = ""  # the node being lowered

    # tensors and steps

    def new_tensor(self, numel: int, kind: str = "arena") -> int:
        if numel > MAX_ELEMENTS:
            raise Unsupported(f"a tensor of {numel} elements is too large")
        self.tensors.append((kind, numel))
        return len(self.tensors) - 1

    def constant(self, array: Any, tainted: bool = False) -> Value:
        array = np.asarray(array)
        return Value(array.shape, array.dtype, const=array, tainted=tainted)

    def emit(
        self,
        op: str,
        inputs: Sequence[Value],
        shape: Sequence[int],
        params: Sequence[Any],
        *,
        order: tuple[int, ...] | None = None,
        batch: int | None = None,
        dtype: Any = np.float32,
        **more: Any,
    ) -> Value:
        """Add a step whose output is a new tensor, by default in the canonical order."""
        for v in inputs:
            if v.const is not None:  # handlers make tensors of constants, unless there is no data
                raise Unsupported(
                    f"of {'no elements' if 0 in v.shape else 'a constant'}: {v.shape}"
                )
        shape = tuple(int(size) for size in shape)
        out = self.new_tensor(math.prod(shape))
        step = LStep(op, [v.tensor for v in inputs], out, list(params), self.layer, **more)
        self.steps.append(step)
        self.maker[out] = step
        return Value(
            shape,
            np.dtype(dtype),
            tensor=out,
            order=order or identity_order(len(shape)),
            batch=batch,
        )

    def write_into(
        self, target: Value, op: str, inputs: Sequence[Value], params: Sequence[Any]
    ) -> None:
        """Add a step that fills a part of an existing tensor."""
        step = LStep(op, [v.tensor for v in inputs], target.tensor, list(params), self.layer)
        self.steps.append(step)
        self.maker[target.tensor] = step

    # values

    def dynamic(self, v: Value, order: tuple[int, ...] | None = None) -> Value:
        """The value as a tensor; a constant becomes one in the given order."""
        if v.const is None:
            return v
        if v.tainted:
            raise NotByRows("a number computed from the batch's size")
        order = order or identity_order(v.rank)
        array = as_float(v.const)
        tensor = self.new_tensor(v.numel, "const")
        self.const_tensors[tensor] = np.ascontiguousarray(array.transpose(order))
        return Value(v.shape, v.dtype, tensor=tensor, order=order)

    def to_order(self, v: Value, order: tuple[int, ...]) -> Value:
        """The same value with its axes in the given order, copied only where it matters."""
        if v.const is not None:
            return self.dynamic(v, order)
        big = [axis for axis in v.order if v.shape[axis] != 1]
        if big == [axis for axis in order if v.shape[axis] != 1]:
            return replace(v, order=order)
        strides = v.strides()
        dims = [v.shape[axis] for axis in order]
        out = self.emit(
            "copy",
            [v],
            v.shape,
            copy_params(dims, 0, [strides[axis] for axis in order], 0, contiguous(dims)),
            order=order,
            batch=v.batch,
            dtype=v.dtype,
        )
        return out

    def canonical(self, v: Value) -> Value:
        return self.to_order(v, identity_order(v.rank))

    def relabel(
        self, v: Value, shape: Sequence[int], order: Sequence[int], batch: int | None
    ) -> Value:
        return replace(v, shape=tuple(int(s) for s in shape), order=tuple(order), batch=batch)

    def shape_for_other(self, v: Value) -> tuple[int, ...]:
        """The shape of v in a batch of OTHER images."""
        return tuple(size * OTHER if a == v.batch else size for a, size in enumerate(v.shape))

    def check_axis(self, v: Value, axis: int) -> None:
        """An operator works along this axis: it must not be the batch's."""
        if v.const is None and v.batch is not None and axis == v.batch:
            raise NotByRows(f"axis {axis} is the batch")

    def can_fuse(self, name: str | None, v: Value) -> LStep | None:
        """The step that makes v, if nothing else reads it. None: a value of the caller's own."""
        step = self.maker.get(v.tensor)
        if step is None or not v.exclusive:
            return None
        if name is not None and self.graph.uses.get(name, 2) != 1:
            return None
        return step

    # fusion

    def unary(self, v: Value, act: Act, name: str | None = None, dtype: Any = None) -> Value:
        """Apply a function of one element, inside the step before where that is possible."""
        dtype = np.dtype(dtype or v.dtype)
        if v.const is not None:
            raise Unsupported(f"of {'no elements' if 0 in v.shape else 'a constant'}: {v.shape}")
        step = self.can_fuse(name, v)
        if step is not None and step.act == NO_ACT and (step.fused or step.op == "binary"):
            step.act = act
            return replace(v, dtype=dtype)
        return self.emit("unary", [v], v.shape, [act], order=v.order, batch=v.batch, dtype=dtype)

    def affine(self, v: Value, factor: Array, term: Array, name: str | None = None) -> Value | None:
        """v * factor + term folded into the step before, or None.

        The constants may vary along the last physical axis.
        """
        if v.const is not None:
            return None
        step = self.can_fuse(name, v)
        if step is None or not step.open or v.rank < 1 or not v.order:
            return None
        axis = v.order[-1]
        last = v.shape[axis]
        if last != step.channels:
            return None
        vectors = []
        for array in (factor, term):
            array = np.asarray(array, np.float64)
            if array.ndim > v.rank:
                return None
            array = array.reshape((1,) * (v.rank - array.ndim) + array.shape)
            if any(size != 1 for at, size in enumerate(array.shape) if at != axis):
                return None
            vectors.append(np.broadcast_to(array.reshape(-1), (last,)).astype(np.float64))
        if not np.isfinite(vectors[0]).all():
            return None
        step.scale(vectors[0])
        if vectors[1].any():
            step.shift(vectors[1])
        return v

    def residual(self, a: Value, b: Value, name_a: str | None, name_b: str | None) -> Value | None:
        """a + b where one is made by a product and the other is there before it, or None."""
        if a.shape != b.shape or a.tensor == b.tensor:
            return None
        for one, other, name in ((a, b, name_a), (b, a, name_b)):
            step = self.can_fuse(name, one)
            if (
                step is None
                or not step.fused
                or len(step.inputs) != 1
                or not same_order(one, other)
            ):
                continue
            maker = self.maker.get(other.tensor)
            if maker is not None and self.steps.index(maker) >= self.steps.index(step):
                continue
            step.inputs.append(other.tensor)
            step.act_first = step.act != NO_ACT
            # Once a function stands before the sum none can follow it inside.
            step.fused = not step.act_first
            return one
        return None

    def binary(
        self,
        op: str,
        a: Value,
        b: Value,
        name_a: str | None = None,
        name_b: str | None = None,
        dtype: Any = None,
    ) -> Value:
        """a op b with broadcasting."""
        shape = broadcast_shape(a.shape, b.shape)
        dtype = np.dtype(dtype or a.dtype)
        batch = self._common_batch(a, b, len(shape))
        if op == "add" and a.const is None and b.const is None:
            fused = self.residual(a, b, name_a, name_b)
            if fused is not None:
                return replace(fused, dtype=dtype, exclusive=True)
        a, b = self._expand_rank(a, len(shape)), self._expand_rank(b, len(shape))
        lead = a if a.const is None and (b.const is not None or a.numel >= b.numel) else b
        order = lead.order
        a, b = (self.dynamic(v, order) for v in (a, b))
        if not (same_order(a, b) or 1 in (a.numel, b.numel)):
            a, b = (self.to_order(v, order) for v in (a, b))
        dims = [shape[axis] for axis in order]
        strides = []
        for v in (a, b):
            own = v.strides()
            strides.append([own[axis] if v.shape[axis] != 1 else 0 for axis in order])
        dims, strides = collapse(dims, strides)
        if any(s[-1] > 1 for s in strides):  # a broadcast that ends in a stride: copy it out
            a, b = (self.to_order(v, order) for v in (a, b))
            strides = []
            for v in (a, b):
                own = v.strides()
                strides.append([own[axis] if v.shape[axis] != 1 else 0 for axis in order])
            dims, strides = collapse([shape[axis] for axis in order], strides)
        if len(dims) > 8:
            raise Unsupported(f"broadcasting over {len(dims)} different axes")
        params = [BINARY[op], len(dims), dims, strides[0], strides[1]]
        return self.emit("binary", [a, b], shape, params, order=order, batch=batch, dtype=dtype)

    def _expand_rank(self, v: Value, rank: int) -> Value:
        extra = rank - v.rank
        if not extra:
            return v
        if v.const is not None:
            return replace(
                v, shape=(1,) * extra + v.shape, const=v.const.reshape((1,) * extra + v.shape)
            )
        order = (*range(extra), *(axis + extra for axis in v.order))
        batch = None if v.batch is None else v.batch + extra
        return self.relabel(v, (1,) * extra + v.shape, order, batch)

    def _common_batch(self, a: Value, b: Value, rank: int) -> int | None:
        """Where the batch's axis is after broadcasting.

        Both operands must agree, and a constant must not vary along it.
        """
        if not self.rows:
            return None
        places = {
            v.batch + rank - v.rank for v in (a, b) if v.const is None and v.batch is not None
        }
        if len(places) != 1:
            if not places:
                return None
            raise NotByRows("two batch axes meet")
        place = places.pop()
        for v in (a, b):
            at = place - (rank - v.rank)
            if v.const is not None and v.batch is not None and v.batch != at:
                raise NotByRows("two batch axes meet")
            if v.const is not None and at >= 0 and v.shape[at] != 1:
                raise NotByRows("a constant varies along the batch")
            if v.const is None and v.batch is None and at >= 0 and v.shape[at] != 1:
                raise NotByRows("a constant varies along the batch")
        return place


def as_float(array: Array) -> Array:
    """A constant as float32; whole numbers that do not fit are refused."""
    array = np.asarray(array)
    if array.dtype == np.float32:
        return array
    with np.errstate(over="ignore"):
        result = array.astype(np.float32)
    if (
        array.dtype.kind in "iu"
        and not (result.astype(np.float64) == array.astype(np.float64)).all()
    ):
        raise Unsupported("whole numbers above 2^24")
    return result


def contiguous(dims: Sequence[int]) -> list[int]:
    strides, step = [0] * len(dims), 1
    for d in reversed(range(len(dims))):
        strides[d] = step
        step *= dims[d]
    return strides


def same_order(a: Value, b: Value) -> bool:
    """Do the axes that matter to either lie in the same order?"""
    big = {axis for v in (a, b) for axis in range(v.rank) if v.shape[axis] != 1}
    return [x for x in a.order if x in big] == [x for x in b.order if x in big]


def collapse(
    dims: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """Merge neighbouring axes that every operand walks through as one; drop axes of size 1."""
    out_dims: list[int] = []
    out: list[list[int]] = [[] for _ in strides]
    for d, size in enumerate(dims):
        if size == 1:
            continue
        if out_dims and all(o[-1] == s[d] * size for o, s in zip(out, strides, strict=True)):
            out_dims[-1] *= size
            for o, s in zip(out, strides, strict=True):
                o[-1] = s[d]
        else:
            out_dims.append(size)
            for o, s in zip(out, strides, strict=True):
                o.append(s[d])
    if not out_dims:
        # One element: a stride of 1 says that it is there, whatever the operands are.
        return [1], [[1] for _ in strides]
    return out_dims, out


def copy_params(
    dims: Sequence[int],
    in_at: int,
    in_strides: Sequence[int],
    out_at: int,
    out_strides: Sequence[int],
) -> list[Any]:
    dims, (a, b) = collapse(dims, [in_strides, out_strides])
    if len(dims) > 8:
        raise Unsupported(f"moving data along {len(dims)} different axes")
    return [len(dims), dims, in_at, a, out_at, b]


# Operators that know what to do with a constant that was expanded along the batch.
TAKES_EXPANDED = frozenset(("Concat", "Add", "Sub", "Mul", "Div", "Where"))

Handler = Callable[[Context, Node, list["Value | None"]], "Value | list[Value]"]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def is_known(node: Node) -> bool:
    """Is there such an operator here at all?"""
    from fastconc.classify._fold import FOLD, SPECIAL

    return not node.domain and (
        node.op in HANDLERS or node.op in FOLD or node.op in SPECIAL or node.op == "If"
    )


def run_node(context: Context, node: Node) -> list[Value]:
    """Lower one node whose inputs are known; Unsupported or NotByRows say why not."""
    from fastconc.classify import _fold

    if node.domain:
        raise Unsupported("")
    inputs = [context.values[name] if name else None for name in node.inputs]
    if node.op == "If":
        return _run_branch(context, node)
    context.layer = node.name or next(filter(None, node.outputs), node.op)
    folded = _fold.fold(context, node, inputs)
    if folded is not None:
        return folded
    handler = HANDLERS.get(node.op)
    if handler is None:
        raise Unsupported("its inputs are not constant" if node.op in _fold.FOLD else "")
    if node.op not in TAKES_EXPANDED:
        inputs = [
            v if v is None or v.const is None or v.batch is None else replace(v, tainted=True)
            for v in inputs
        ]
    result = handler(context, node, inputs)
    return result if isinstance(result, list) else [result]


def _run_branch(context: Context, node: Node) -> list[Value]:
    """The branch of an If that a constant condition chooses."""
    condition = context.values[node.inputs[0]]
    if condition.const is None:
        raise Unsupported("with a condition that is computed from the input")
    if condition.tainted:
        raise NotByRows("a condition computed from the batch's size")
    branch = node.attrs["then_branch" if condition.const.reshape(-1)[0] else "else_branch"]
    for name, array in branch.constants.items():
        context.values[name] = context.constant(array)
    for inner in branch.nodes:
        for name, value in zip(inner.outputs, run_node(context, inner), strict=False):
            # Names around the If may stand for the same tensor: nothing is changed in place.
            context.values[name] = replace(value, exclusive=False)
    return [replace(context.values[name], exclusive=False) for name in branch.outputs]


def lower(
    graph: Graph, shapes: dict[str, tuple[int, ...]], rows: bool, batch_size: int | None
) -> Lowered:
    """Plan a graph for inputs of these shapes (by rows: with 1 for the batch)."""
    from fastconc.classify import _ops  # noqa: F401 - registers the handlers

    context = Context(graph, rows, batch_size)
    for name, array in graph.constants.items():
        context.values[name] = context.constant(array)
    for name, _, dtype in graph.inputs:
        shape = shapes[name]
        if math.prod(shape) > MAX_ELEMENTS:
            raise ValueError(f"input {name!r} of shape {shape} is too large")
        tensor = context.new_tensor(math.prod(shape), "input")
        batch = 0 if rows else None
        context.values[name] = Value(
            shape, dtype, tensor=tensor, order=identity_order(len(shape)), batch=batch
        )
        if 0 in shape:  # nothing in it that could differ
            context.values[name] = context.constant(np.zeros(shape, dtype))
    with np.errstate(all="ignore"):  # a weight of 1 / 0 is the file's business
        problems = _run_nodes(context)
    if problems:
        raise UnsupportedModel("these nodes are not supported: " + "; ".join(problems))
    if graph.output not in context.values:
        raise ValueError(f"the output {graph.output!r} is not made by its node")
    return Lowered(context, context.values[graph.output])


def _run_nodes(context: Context) -> list[str]:
    """Lower every node; returns what is not supported."""
    graph, rows = context.graph, context.rows
    problems: list[str] = []
    lost: set[str] = set()
    for node in graph.nodes:
        if any(name in lost for name in (*node.inputs, *node.captured)):
            if not is_known(node):
                problems.append(str(node))
            lost.update(node.outputs)
            continue
        try:
            results = run_node(context, node)
        except Unsupported as error:
            problems.append(f"{node}{': ' if str(error) else ''}{error}")
            lost.update(node.outputs)
            continue
        except (NotByRows, UnsupportedModel):
            raise
        except MemoryError:
            raise
        except Exception as error:  # a model whose sizes or attributes make no sense
            if rows:  # with 1 for the batch; planned whole it may make sense, or be refused
                raise NotByRows(str(error)) from error
            raise ValueError(f"node {node}: {error}") from error
        for name, value in zip(node.outputs, results, strict=False):
            if name:
                shared = any(
                    value.tensor >= 0 and value.tensor == context.values[i].tensor
                    for i in node.inputs
                    if i
                )
                if shared:
                    uses = [
                        graph.uses.get(i, 0)
                        for i in node.inputs
                        if i and context.values[i].tensor == value.tensor
                    ]
                    before = [
                        context.values[i].exclusive
                        for i in node.inputs
                        if i and context.values[i].tensor == value.tensor
                    ]
                    value = replace(value, exclusive=all(before) and all(n == 1 for n in uses))
                context.values[name] = value
    return problems


@dataclass
class Lowered:
    context: Context
    output: Value

    def finish(self) -> tuple[Array, Array, list[str]]:
        """Plan, weights, and the name of each step."""
        context, output = self.context, self.output
        if output.const is None and output.batch not in (None, 0):
            raise NotByRows("the batch is not the first axis of the output")
        if context.rows and (output.const is not None or output.batch is None):
            raise NotByRows("the output does not depend on the batch")
        if context.rows and output.shape[0] != 1:
            raise NotByRows("the output has several rows per image")
        if context.rows:  # nothing can go wrong any more that would need the graph again
            context.values.clear()
            context.graph.constants.clear()
        output = self._in_own_tensor(output)
        builder = PlanBuilder()
        number: dict[int, int] = {}
        order = sorted(range(len(context.tensors)), key=lambda t: context.tensors[t][0] != "input")
        for tensor in order:  # inputs first, so that they keep their order
            kind, numel = context.tensors[tensor]
            if kind == "input":
                number[tensor] = builder.input(numel)
            elif kind == "const":
                number[tensor] = builder.const(context.const_tensors[tensor])
            else:
                number[tensor] = builder.tensor(numel)
        for step in self._live(output.tensor):
            params = [
                builder.weights(p.array) if isinstance(p, WeightArray) else p for p in step.params
            ]
            if step.weights is not None:
                bias = -1 if step.bias is None else builder.weights(step.bias)
                params += [builder.weights(step.weights), bias, step.act, int(step.act_first)]
                step.weights = None  # large networks are not held twice
            elif step.op == "binary":
                params.append(step.act)
            inputs = [number[t] for t in step.inputs]
            builder.step(step.op, inputs, number[step.output], *params, name=step.name)
        plan, weights = builder.finish(number[output.tensor])
        return plan, weights, [step.name for step in builder.steps]

    def _in_own_tensor(self, output: Value) -> Value:
        context = self.context
        context.layer = "output"
        value = context.canonical(context.dynamic(output))
        if context.tensors[value.tensor][0] == "arena":
            return value
        return context.emit(
            "unary", [value], value.shape, [NO_ACT], batch=value.batch, dtype=value.dtype
        )

    def _live(self, output: int) -> list[LStep]:
        """The steps that the output needs, in order."""
        needed, steps = {output}, []
        for step in reversed(self.context.steps):
            if step.output in needed:
                needed.update(step.inputs)
                steps.append(step)
        return steps[::-1]
