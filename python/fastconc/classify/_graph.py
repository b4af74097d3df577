# SPDX-License-Identifier: BSD-3-Clause
"""Reading ONNX files: parsed and checked with the ``onnx`` package, turned into plain nodes and
NumPy arrays.

What is refused here is refused with ValueError naming file and reason: files that are no ONNX,
cycles, tensors that no node makes, external weights outside the model's folder, weights whose
bytes do not fit their shape.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastconc.classify._messages import messages as onnx
from fastconc.classify._network import Shape, UnsupportedModel

LOWEST_OPSET = 7
TESTED_OPSET = 21  # newer ones as far as the installed onnx knows them
# Of the operators of ONNX Runtime's own domain: those that its tools write for quantized networks.
MICROSOFT = frozenset(
    "QuantizeLinear DequantizeLinear QLinearAdd QLinearMul QLinearSigmoid QLinearLeakyRelu "
    "QLinearSoftmax QLinearGlobalAveragePool QLinearAveragePool QLinearConcat QGemm".split()
)
# Of ai.onnx.ml: what scikit-learn's scalers, linear models and neural networks are exported as.
MACHINE_LEARNING = frozenset(
    "ArrayFeatureExtractor Binarizer Imputer LinearClassifier LinearRegressor Normalizer Scaler "
    "ZipMap".split()
)
DOMAINS = {"com.microsoft": MICROSOFT, "ai.onnx.ml": MACHINE_LEARNING}
MAX_FILE = 2**31  # protobuf's limit; larger weights are external


@dataclass
class Node:
    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attrs: dict[str, Any]
    domain: str = ""  # of the operator, where it is not ONNX's own: no such node can be run
    captured: list[str] = field(default_factory=list)  # what the branches of an If read from around

    def __str__(self) -> str:
        where = f" of domain {self.domain!r}" if self.domain else ""
        return f"{self.name or next(filter(None, self.outputs), '?')} ({self.op}){where}"


@dataclass
class Branch:
    """What an If runs."""

    nodes: list[Node]
    constants: dict[str, Any]
    outputs: list[str]


@dataclass
class Graph:
    """Nodes in topological order, only those that the first output needs."""

    nodes: list[Node]
    constants: dict[str, Any]
    inputs: list[tuple[str, Shape | None, Any]]  # name, shape (None: rank unknown), NumPy dtype
    output: str
    opset: int
    uses: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def external_bytes(tensor: Any, folder: str | None) -> bytes:
    """The bytes of a tensor that lies in a file beside the model."""
    info = {entry.key: entry.value for entry in tensor.external_data}
    location = info.get("location", "")
    if folder is None:
        raise ValueError(
            f"weights {tensor.name!r} lie in a file, but the model came without a folder"
        )
    base = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(base, location))
    if not location or os.path.isabs(location) or os.path.commonpath([base, path]) != base:
        raise ValueError(f"external weights {location!r} lie outside the model's folder")
    try:
        offset, length = int(info.get("offset", 0)), int(info.get("length", -1))
        size = os.stat(path).st_size
        if offset < 0 or length < -1 or offset + max(length, 0) > size or not os.path.isfile(path):
            raise ValueError(
                f"external weights {location!r} end at {size} bytes, before {tensor.name!r} does"
            )
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read() if length < 0 else file.read(length)
    except OSError as error:
        raise ValueError(f"external weights {location!r}: {error.strerror}") from None


def array_of(tensor: Any, folder: str | None) -> Any:
    """A TensorProto as an array; its size must be that of its bytes."""
    kind = tensor.data_type
    rare = kind not in _NUMPY and numpy_type(kind) is not None  # int4, bfloat16 and such
    if kind not in _NUMPY and not rare:
        name = onnx.TensorProto.DataType.Name(kind) if kind in _KNOWN else str(kind)
        raise UnsupportedModel(f"tensor {tensor.name!r} has the type {name}: not supported")
    dtype = numpy_type(kind)
    count = 1
    for size in tensor.dims:
        if size < 0:
            raise ValueError(f"tensor {tensor.name!r} has a negative size: {list(tensor.dims)}")
        count *= size
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raw = external_bytes(tensor, folder)
        if rare:
            raise UnsupportedModel(f"external weights {tensor.name!r} of the type {dtype}")
    elif not rare and tensor.HasField("raw_data"):
        raw = tensor.raw_data
    else:
        from onnx import numpy_helper

        try:
            array = numpy_helper.to_array(tensor)
        except ValueError as error:
            raise ValueError(f"tensor {tensor.name!r}: {error}") from None
        if array.size != count:
            raise ValueError(
                f"tensor {tensor.name!r} has {array.size} values for {list(tensor.dims)}"
            )
        return array
    if len(raw) != count * dtype.itemsize:
        raise ValueError(
            f"tensor {tensor.name!r} has {len(raw)} bytes for {list(tensor.dims)} {dtype}"
        )
    little = np.frombuffer(raw, dtype.newbyteorder("<"))
    return little.astype(dtype, copy=False).reshape(tuple(tensor.dims))


_KNOWN = set(onnx.TensorProto.DataType.values())
_NUMPY = {
    getattr(onnx.TensorProto, name): dtype
    for name, dtype in {
        "FLOAT": "float32", "UINT8": "uint8", "INT8": "int8", "UINT16": "uint16", "INT16": "int16",
        "INT32": "int32", "INT64": "int64", "BOOL": "bool", "FLOAT16": "float16",
        "DOUBLE": "float64",
        "UINT32": "uint32", "UINT64": "uint64",
    }.items()
}  # fmt: skip


def numpy_type(kind: int) -> Any:
    """The NumPy dtype of an ONNX element type, or None where there is none we know."""
    if kind in _NUMPY:
        return np.dtype(_NUMPY[kind])
    try:  # float8, bfloat16, int4 and such, as the package ml_dtypes has them
        from onnx import helper

        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(kind))
    except (KeyError, TypeError, ValueError):
        return None
    return dtype if dtype.kind != "O" else None


def _attributes(node: Any, folder: str | None) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            attrs[attribute.name] = array_of(attribute.t, folder)
        elif attribute.type == onnx.AttributeProto.GRAPH and node.op_type == "If":
            attrs[attribute.name] = _branch(attribute.g, folder)
        elif attribute.type in (
            onnx.AttributeProto.GRAPH,
            onnx.AttributeProto.GRAPHS,
            onnx.AttributeProto.SPARSE_TENSOR,
            onnx.AttributeProto.TYPE_PROTO,
        ):
            attrs[attribute.name] = None  # of operators that are refused by name
        else:
            if attribute.type not in _FIELDS:
                raise ValueError(f"attribute {attribute.name!r} has an unknown type")
            value = getattr(attribute, _FIELDS[attribute.type])
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            if attribute.type == onnx.AttributeProto.STRINGS:
                value = [text.decode("utf-8", "replace") for text in value]
            attrs[attribute.name] = (
                list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
            )
    return attrs


_FIELDS = {
    onnx.AttributeProto.FLOAT: "f",
    onnx.AttributeProto.INT: "i",
    onnx.AttributeProto.STRING: "s",
    onnx.AttributeProto.FLOATS: "floats",
    onnx.AttributeProto.INTS: "ints",
    onnx.AttributeProto.STRINGS: "strings",
    onnx.AttributeProto.TENSORS: "tensors",
    onnx.AttributeProto.TYPE_PROTOS: "type_protos",
}


def _node_of(node: Any, folder: str | None) -> Node:
    known = node.domain in ("", "ai.onnx") or node.op_type in DOMAINS.get(node.domain, ())
    return Node(
        node.op_type,
        node.name,
        list(node.input),
        list(node.output),
        _attributes(node, folder) if known else {},
        "" if known else node.domain,
        _captured(node),
    )


def _branch(proto: Any, folder: str | None) -> Branch:
    return Branch(
        [_node_of(node, folder) for node in proto.node],
        {tensor.name: array_of(tensor, folder) for tensor in proto.initializer},
        [info.name for info in proto.output],
    )


def _captured(node: Any) -> list[str]:
    """What the graphs among a node's attributes read of the graph around them."""
    names: dict[str, None] = {}
    for attribute in node.attribute:
        if attribute.type != onnx.AttributeProto.GRAPH:
            continue
        inner = attribute.g
        own = {item.name for item in [*inner.initializer, *inner.input]} | {""}
        for step in inner.node:
            names.update(dict.fromkeys(n for n in _reads(step) if n not in own))
            own.update(step.output)
        names.update(dict.fromkeys(o.name for o in inner.output if o.name not in own))
    return list(names)


def _reads(node: Any) -> list[str]:
    return [*node.input, *_captured(node)]


def _input_of(info: Any) -> tuple[str, Shape | None, Any]:
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        raise UnsupportedModel(
            f"input {info.name!r} is a {kind or 'thing without a type'}, not a tensor"
        )
    dtype = numpy_type(info.type.tensor_type.elem_type)
    if dtype is None:
        raise UnsupportedModel(f"input {info.name!r} has a type that is not supported")
    if not info.type.tensor_type.HasField("shape"):
        return info.name, None, dtype
    shape = tuple(
        int(d.dim_value) if d.HasField("dim_value") and d.dim_value >= 0 else None
        for d in info.type.tensor_type.shape.dim
    )
    return info.name, shape, dtype


def parse(data: bytes) -> Any:
    """Bytes as a ModelProto that has a graph."""
    if not data:
        raise ValueError("the file is empty")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # DecodeError, of the protobuf implementation in use
        raise ValueError("it is not an ONNX file, or a damaged one") from error
    if not model.graph.node and not model.graph.output:
        raise ValueError("it is not an ONNX file: there is no graph in it")
    return model


def read(path: str | os.PathLike[str], output: str | int | None = None) -> Graph:
    """Read an .onnx file. OSError where it cannot be read, ValueError where it is not sound."""
    path = os.fspath(path)
    size = os.stat(path).st_size
    if size >= MAX_FILE:
        raise ValueError(f"{path!r} has {size} bytes; above 2 GiB weights must be external")
    with open(path, "rb") as file:
        model = parse(file.read())
    return graph_of(model, os.path.dirname(os.path.abspath(path)), True, output)


def graph_of(
    model: Any,
    folder: str | None = None,
    consume: bool = False,
    wanted: str | int | None = None,
) -> Graph:
    """Check a ModelProto and take it apart; `consume` empties it on the way, to save memory."""
    opset = _opset(model)
    if model.functions:
        from onnx import inliner

        model = inliner.inline_local_functions(model)
    proto = model.graph
    if not proto.output:
        raise ValueError("the graph has no output")
    if proto.sparse_initializer:
        raise UnsupportedModel("sparse initializers are not supported")
    initial = {tensor.name: tensor for tensor in proto.initializer}
    inputs = [info for info in proto.input if info.name not in initial]
    output = _chosen(proto, wanted)
    protos = _needed(proto, initial, inputs, output)
    used = {name for node in protos for name in _reads(node)} | {output}
    constants = {}
    for name, tensor in initial.items():
        if name in used:
            constants[name] = array_of(tensor, folder)
        if consume:
            tensor.ClearField("raw_data")
    nodes = [_node_of(node, folder) for node in protos]
    graph = Graph(nodes, constants, [_input_of(info) for info in inputs], output, opset)
    graph.metadata = {entry.key: entry.value for entry in model.metadata_props}
    for node in nodes:  # outputs that nothing reads
        node.outputs = [name if name in used else "" for name in node.outputs]
    _count_uses(graph.uses, nodes)
    graph.uses[output] = graph.uses.get(output, 0) + 1
    return graph


def _count_uses(uses: dict[str, int], nodes: list[Node]) -> None:
    for node in nodes:
        for name in node.inputs:
            uses[name] = uses.get(name, 0) + 1
        for branch in node.attrs.values():
            if isinstance(branch, Branch):
                _count_uses(uses, branch.nodes)
                for name in branch.outputs:
                    uses[name] = uses.get(name, 0) + 1


def _chosen(proto: Any, wanted: str | int | None) -> str:
    """The name of the output that predict returns: the first, or what the caller asks for."""
    names = [info.name for info in proto.output]
    if isinstance(wanted, str) and wanted not in names:
        raise ValueError(f"output must be one of {', '.join(map(repr, names))}, not {wanted!r}")
    if isinstance(wanted, int) and not 0 <= wanted < len(names):
        raise ValueError(f"output must be within 0 and {len(names) - 1}, not {wanted}")
    at = names.index(wanted) if isinstance(wanted, str) else wanted or 0
    if proto.output[at].type.tensor_type.elem_type == onnx.TensorProto.STRING:
        others = [name for name in names if name != names[at]]
        hint = f"; ask for another with output={others[0]!r}" if others else ""
        raise UnsupportedModel(f"the output {names[at]!r} holds strings{hint}")
    return str(names[at])


def _opset(model: Any) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions:
        raise ValueError("the model does not say which opset of ai.onnx it uses")
    version = int(max(versions))
    newest = TESTED_OPSET
    if version > newest:
        from onnx import defs

        newest = defs.onnx_opset_version()
    if not LOWEST_OPSET <= version <= newest:
        raise UnsupportedModel(f"opset {version} is not supported; {LOWEST_OPSET} to {newest} are")
    return version


def _needed(proto: Any, initial: dict[str, Any], inputs: list[Any], output: str) -> list[Any]:
    """The nodes that the output needs, each after those it reads; cycles are refused."""
    maker: dict[str, int] = {}
    for number, node in enumerate(proto.node):
        for name in node.output:
            if name in maker:
                raise ValueError(f"tensor {name!r} is made by two nodes")
            if name:
                maker[name] = number
    given = initial.keys() | {info.name for info in inputs} | {""}
    order: list[Any] = []
    state: dict[int, int] = {}  # 1: being visited, 2: done
    if output not in maker and output not in given:
        raise ValueError(f"the output {output!r} is made by no node")
    stack = [maker[output]] if output in maker else []
    while stack:  # depth first without recursion: networks are deep
        number = stack[-1]
        node = proto.node[number]
        if state.get(number) == 2:
            stack.pop()
            continue
        waiting = []
        for name in _reads(node):
            if name in maker and name not in initial:
                if (state.get(maker[name]) == 1 and maker[name] != number) or maker[name] == number:
                    raise ValueError(f"the graph has a cycle through {name!r}")
                if state.get(maker[name]) != 2:
                    waiting.append(maker[name])
            elif name not in given:
                raise ValueError(
                    f"node {node.name or node.output[0]!r} ({node.op_type}) reads "
                    f"{name!r}, which nothing makes"
                )
        if not waiting:
            state[number] = 2
            order.append(node)
            stack.pop()
        else:
            state[number] = 1
            stack.extend(waiting)
    return order
