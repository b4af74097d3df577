# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: E501
"""Well-known networks with random weights, as ONNX models, for benchmarks."""

from itertools import pairwise

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Writer:
    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def const(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(self, op, *inputs, **attrs):
        name = f"{op.lower()}{len(self.nodes)}"
        names = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(helper.make_node(op, names, [name], name=name, **attrs))
        return name

    def normal(self, *shape, fan=None):
        fan = fan or int(np.prod(shape[1:]))
        return self.rng.standard_normal(shape).astype(np.float32) * np.sqrt(2 / fan)

    def conv(self, x, c_in, c_out, k, stride=1, groups=1, act="Relu"):
        x = self.node(
            "Conv", x, self.normal(c_out, c_in // groups, k, k), np.zeros(c_out),
            strides=[stride] * 2, pads=[k // 2] * 4, group=groups,
        )  # fmt: skip
        x = self.node(
            "BatchNormalization",
            x,
            np.ones(c_out),
            np.full(c_out, 0.01),
            np.zeros(c_out),
            np.ones(c_out),
        )
        if act == "Relu6":
            return self.node("Clip", x, 0.0, 6.0)
        return self.node(act, x) if act else x

    def dense(self, x, k, n, act=None):
        x = self.node("Gemm", x, self.normal(n, k), np.zeros(n), transB=1)
        return self.node(act, x) if act else x

    def model(self, shape, out, opset=13):
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
            [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)],
            self.weights,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        )


def mlp(sizes=(784, 512, 512, 10)):
    w, x = Writer(), "x"
    for i, (k, n) in enumerate(pairwise(sizes)):
        x = w.dense(x, k, n, "Relu" if i + 2 < len(sizes) else None)
    return w.model((sizes[0],), w.node("Softmax", x, axis=1)), (sizes[0],)


def digits():
    return mlp((64, 128, 10))


def lenet():
    w = Writer()
    x = w.node("Conv", "x", w.normal(6, 1, 5, 5), np.zeros(6), pads=[2] * 4)
    x = w.node("MaxPool", w.node("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = w.node("Conv", x, w.normal(16, 6, 5, 5), np.zeros(16))
    x = w.node("MaxPool", w.node("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = w.node("Flatten", x)
    x = w.dense(w.dense(w.dense(x, 400, 120, "Relu"), 120, 84, "Relu"), 84, 10)
    return w.model((1, 28, 28), w.node("Softmax", x, axis=1)), (1, 28, 28)


def resnet18():
    w = Writer()
    x = w.conv("x", 3, 64, 7, 2)
    x = w.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    c = 64
    for channels in (64, 128, 256, 512):
        for i in range(2):
            stride = 2 if i == 0 and channels != 64 else 1
            y = w.conv(w.conv(x, c, channels, 3, stride), channels, channels, 3, act=None)
            if stride != 1 or c != channels:
                x = w.conv(x, c, channels, 1, stride, act=None)
            x, c = w.node("Relu", w.node("Add", y, x)), channels
    x = w.dense(w.node("Flatten", w.node("GlobalAveragePool", x)), 512, 1000)
    return w.model((3, 224, 224), w.node("Softmax", x, axis=1)), (3, 224, 224)


def mobilenet_v2():
    w = Writer()
    x, c = w.conv("x", 3, 32, 3, 2, act="Relu6"), 32
    for t, channels, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(repeats):
            s, y, wide = (stride if i == 0 else 1), x, c * t
            if t != 1:
                y = w.conv(y, c, wide, 1, act="Relu6")
            y = w.conv(y, wide, wide, 3, s, wide, act="Relu6")
            y = w.conv(y, wide, channels, 1, act=None)
            x = w.node("Add", x, y) if s == 1 and c == channels else y
            c = channels
    x = w.conv(x, c, 1280, 1, act="Relu6")
    x = w.dense(w.node("Flatten", w.node("GlobalAveragePool", x)), 1280, 1000)
    return w.model((3, 224, 224), w.node("Softmax", x, axis=1)), (3, 224, 224)


def efficientnet_lite0():
    from fastconc.classify import zoo

    return zoo.efficientnet_lite0(), (3, 224, 224)


def as_torch(model, x, threads):
    """The same network in torch, traced and frozen (which folds batch norm), as a function of an array."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    graph = model.graph
    weights = {w.name: torch.tensor(numpy_helper.to_array(w)) for w in graph.initializer}

    def pads(a, x, w, strides):
        if a.get("auto_pad") == b"SAME_UPPER":
            total = [
                max((-(-n // s) - 1) * s + k - n, 0)
                for n, k, s in zip(x.shape[2:], w, strides, strict=True)
            ]
            return [
                total[1] // 2,
                total[1] - total[1] // 2,
                total[0] // 2,
                total[0] - total[0] // 2,
            ]
        p = a.get("pads", [0] * 4)
        return [p[1], p[3], p[0], p[2]]

    def conv(a, x, w, b=None):
        strides = a.get("strides", [1, 1])
        x = F.pad(x, pads(a, x, w.shape[2:], strides))
        return F.conv2d(x, w, b, strides, groups=a.get("group", 1))

    def pool(a, x):
        x = F.pad(x, pads(a, x, a["kernel_shape"], a["strides"]), value=-np.inf)
        return F.max_pool2d(x, a["kernel_shape"], a["strides"])

    def norm(a, x, scale, shift, mean, var):
        return F.batch_norm(x, mean, var, scale, shift, eps=a.get("epsilon", 1e-5))

    operators = {
        "Conv": conv,
        "MaxPool": pool,
        "BatchNormalization": norm,
        "Gemm": lambda a, x, w, b: F.linear(x, w if a.get("transB") else w.T, b),
        "Clip": lambda a, x, low, high: torch.clamp(x, float(low), float(high)),
        "Relu": lambda a, x: F.relu(x),
        "Add": lambda a, x, y: x + y,
        "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
        "Flatten": lambda a, x: x.flatten(1),
        "Softmax": lambda a, x: F.softmax(x, 1),
    }

    class Network(torch.nn.Module):
        def forward(self, x):
            values = {**weights, graph.input[0].name: x}
            for node in graph.node:
                attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
                inputs = [values[name] for name in node.input]
                values[node.output[0]] = operators[node.op_type](attributes, *inputs)
            return values[graph.output[0].name]

    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(Network().eval(), torch.from_numpy(x)).eval())

    def predict(x):
        with torch.inference_mode():
            return traced(torch.from_numpy(x)).numpy()

    return predict


NETWORKS = {
    "mlp": mlp,
    "digits": digits,
    "lenet": lenet,
    "resnet18": resnet18,
    "mobilenet_v2": mobilenet_v2,
    "efficientnet_lite0": efficientnet_lite0,
}
DENSE = ("mlp", "digits")
