# SPDX-License-Identifier: BSD-3-Clause
"""From an ONNX file to a planned network."""

from __future__ import annotations

import os
from typing import Any

from fastconc.classify._graph import Graph, read
from fastconc.classify._lower import NotByRows, lower
from fastconc.classify._network import Network, Shape, Spec

PASS_ON = ("Identity", "Cast", "Reshape", "Squeeze", "Flatten", "Dropout", "Unsqueeze", "ZipMap")
ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "logsoftmax"}


def load_onnx(path: str | os.PathLike[str], output: str | int | None = None) -> Network:
    """Read, check and plan an .onnx file; ValueError names the file and what is wrong with it."""
    try:
        return network_of(read(path, output))
    except ValueError as error:
        raise type(error)(f"{os.fspath(path)!r}: {error}") from error.__cause__


def network_of(graph: Graph) -> Network:
    """Plan by rows where no operator mixes images, else for exact shapes."""
    closed = all(shape is not None and None not in shape[1:] for _, shape, _ in graph.inputs)
    if closed and graph.inputs:
        try:
            return plan_rows(graph)
        except NotByRows:
            pass
        if all(shape is not None and None not in shape for _, shape, _ in graph.inputs):
            return plan_whole(graph, {name: tuple(shape or ()) for name, shape, _ in graph.inputs})
        _check_whole(graph)
    if not graph.inputs:
        return plan_whole(graph, {})
    specs = [Spec(name, shape or (), str(dtype)) for name, shape, dtype in graph.inputs]
    check_operators(graph)
    return Network(
        inputs=specs,
        output=Spec(graph.output, ()),
        rows=False,
        plan=None,
        weights=None,
        layers=[],
        activation=activation_of(graph),
        metadata=graph.metadata,
        labels=labels_of(graph),
        source=graph,
    )


def _check_whole(graph: Graph) -> None:
    """Only the number of images is free: what is wrong with one image or two is said at once."""
    problem: Exception | None = None
    for count in (2, 1):
        try:
            plan_whole(graph, {name: (count, *s[1:]) if s else () for name, s, _ in graph.inputs})
            return
        except ValueError as error:
            problem = problem or error
    assert problem is not None
    raise problem


def plan_rows(graph: Graph) -> Network:
    if not all(shape for _, shape, _ in graph.inputs):
        raise NotByRows("an input without axes")
    shapes = {name: (1, *(shape or ())[1:]) for name, shape, _ in graph.inputs}
    first = {shape[0] for _, shape, _ in graph.inputs if shape}
    if len(first - {None}) > 1:
        raise NotByRows("inputs for different numbers of images")
    size = first.pop() if len(first) == 1 else None
    return _plan(graph, shapes, True, size)


def plan_whole(graph: Graph, shapes: dict[str, Any]) -> Network:
    return _plan(graph, shapes, False, None)


def _plan(graph: Graph, shapes: dict[str, Any], rows: bool, size: int | None) -> Network:
    lowered = lower(graph, shapes, rows, size)
    plan, weights, layers = lowered.finish()
    output = lowered.output

    def free(shape: tuple[int, ...]) -> Shape:
        return (None, *shape[1:]) if rows else shape

    return Network(
        inputs=[Spec(name, free(shapes[name]), str(dtype)) for name, _, dtype in graph.inputs],
        output=Spec(graph.output, free(output.shape), str(output.dtype)),
        rows=rows,
        plan=plan,
        weights=weights,
        layers=layers,
        activation=activation_of(graph),
        metadata=graph.metadata,
        labels=labels_of(graph),
    )


def check_operators(graph: Graph) -> None:
    """Where nothing can be planned yet: at least every operator must be known."""
    from fastconc.classify import _ops  # noqa: F401
    from fastconc.classify._lower import is_known
    from fastconc.classify._network import UnsupportedModel

    unknown = [str(node) for node in graph.nodes if not is_known(node)]
    if unknown:
        raise UnsupportedModel("these nodes are not supported: " + "; ".join(unknown))


def activation_of(graph: Graph) -> str | None:
    """What the output went through last: "softmax", "sigmoid", "logsoftmax" or None."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    node = makers.get(graph.output)
    while node is not None and node.op in PASS_ON:
        node = makers.get(node.inputs[0])
    return None if node is None else ACTIVATIONS.get(node.op)


def labels_of(graph: Graph) -> list[str] | None:
    """The classes' names that an operator of ai.onnx.ml holds; the indices need none."""
    for node in reversed(graph.nodes):
        for name in ("classlabels_strings", "classlabels_ints", "classlabels_int64s"):
            names = list(node.attrs.get(name) or [])
            if names and names != list(range(len(names))):
                return [str(label) for label in names]
    return None
