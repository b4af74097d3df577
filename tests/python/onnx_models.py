# SPDX-License-Identifier: BSD-3-Clause
"""Random ONNX models for differential tests: single operators, and small networks."""
# ruff: noqa: E501, RUF059

import numpy as np
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


class Builder:
    """Collects nodes and weights; ``out`` names the newest tensor."""

    def __init__(self, seed, opset=17):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.weights, self.out, self.count = [], [], "x", 0
        self.out_type = F

    def const(self, array):
        name = f"w{len(self.weights)}"
        array = np.asarray(array)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        if self.rng.random() < 0.2:  # weights in Constant nodes
            self.nodes.append(
                helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
            )
            self.weights.append(None)
        else:
            self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op, *inputs, n_out=1, **attrs):
        self.count += 1
        outs = [f"t{self.count}_{i}" for i in range(n_out)]
        names = [self.const(i) if isinstance(i, (np.ndarray, np.generic)) else i for i in inputs]
        self.nodes.append(helper.make_node(op, names, outs, name=f"{op}_{self.count}", **attrs))
        self.out = outs[0]
        return outs[0] if n_out == 1 else outs

    def normal(self, *shape, scale=1.0):
        return (self.rng.standard_normal(shape) * scale).astype(np.float32)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def choice(self, *values):
        return values[int(self.rng.integers(len(values)))]

    def model(self, shape, out=None):
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", F, shape)],
            [helper.make_tensor_value_info(out or self.out, self.out_type, None)],
            [w for w in self.weights if w is not None],
        )
        imports = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def conv_attrs(b, rank):
    attrs = {}
    if b.rng.random() < 0.6:
        attrs["strides"] = [b.integer(1, 3) for _ in range(rank)]
    dilated = b.rng.random() < 0.3
    if dilated:
        attrs["dilations"] = [b.integer(1, 2) for _ in range(rank)]
    kind = b.integer(0, 3)
    if kind == 0:
        attrs["pads"] = [b.integer(0, 2) for _ in range(2 * rank)]
    elif kind == 1 and not dilated:
        attrs["auto_pad"] = b.choice("SAME_UPPER", "SAME_LOWER", "VALID")
    return attrs


def conv(b, x, channels, rank=2, **more):
    groups = b.choice(1, 1, 1, 2, channels)
    if channels % groups:
        groups = 1
    out = groups * b.integer(1, 1 + 40 // groups)
    kernel = [b.choice(1, 2, 3, 3, 5) for _ in range(rank)]
    w = b.normal(out, channels // groups, *kernel, scale=(channels // groups * 9) ** -0.5)
    inputs = [x, w] + ([b.normal(out)] if b.rng.random() < 0.7 else [])
    return b.node("Conv", *inputs, group=groups, **{**conv_attrs(b, rank), **more}), out


UNARY = [
    ("Relu", {}), ("LeakyRelu", {"alpha": 0.2}), ("Elu", {"alpha": 0.7}), ("Selu", {}), ("Sigmoid", {}),
    ("HardSigmoid", {"alpha": 0.3}), ("HardSwish", {}), ("Tanh", {}), ("Softplus", {}), ("Softsign", {}),
    ("Erf", {}), ("Exp", {}), ("Neg", {}), ("Abs", {}), ("Mish", {}), ("Gelu", {}),
    ("Gelu", {"approximate": "tanh"}),
]  # fmt: skip


def op_model(seed):
    """One operator, sometimes two, on a small input: (model, input shape)."""
    b = Builder(seed)
    kind = seed % len(OPERATORS)
    shape = OPERATORS[kind](b)
    return b.model(("n", *shape[1:])), shape


def image(b, low=1, high=20, rank=2):
    return (b.integer(1, 5), b.integer(low, high), *(b.integer(5, 14) for _ in range(rank)))


def op_conv(b):
    rank = b.choice(1, 2, 2, 2, 3)
    shape = image(b, rank=rank)
    conv(b, "x", shape[1], rank)
    if b.rng.random() < 0.5:
        name, attrs = b.choice(*UNARY[:12])
        b.opset = 20
        b.node(name, b.out, **attrs)
    return shape


def op_depthwise(b):
    shape = image(b, 1, 40)
    c = shape[1]
    k = b.choice(3, 5)
    b.node("Conv", "x", b.normal(c, 1, k, k), b.normal(c), group=c, pads=[k // 2] * 4,
           strides=[b.choice(1, 2)] * 2)  # fmt: skip
    b.node("Clip", b.out, np.float32(0), np.float32(b.choice(1, 6)))
    return shape


def op_conv_transpose(b):
    shape = image(b, 2, 6)
    groups = b.choice(1, 2) if shape[1] % 2 == 0 else 1
    w = b.normal(shape[1], b.integer(1, 5), b.integer(1, 4), b.integer(1, 4))
    stride = [b.integer(1, 3), b.integer(1, 3)]
    attrs = {"group": groups, "strides": stride}
    if b.rng.random() < 0.5:
        attrs["pads"] = [b.integer(0, 1) for _ in range(4)]
    if b.rng.random() < 0.5:
        attrs["output_padding"] = [b.integer(0, s - 1) for s in stride]
    b.node("ConvTranspose", "x", w, **attrs)
    return shape


def op_pool(b):
    rank = b.choice(1, 2, 2, 3)
    shape = image(b, rank=rank)
    op = b.choice("MaxPool", "AveragePool", "LpPool")
    kernel = [b.integer(1, 4) for _ in range(rank)]
    attrs = {"kernel_shape": kernel, "strides": [b.integer(1, 3) for _ in range(rank)]}
    if b.rng.random() < 0.6:
        attrs["pads"] = [b.integer(0, k - 1) for k in kernel] * 2
    if op != "LpPool" and b.rng.random() < 0.5:
        attrs["ceil_mode"] = 1
    if op == "AveragePool" and b.rng.random() < 0.5:
        attrs["count_include_pad"] = 1
    if op == "MaxPool" and b.rng.random() < 0.3:
        attrs["dilations"] = [b.integer(1, 2) for _ in range(rank)]
    if op == "LpPool":
        attrs["p"] = b.integer(1, 3)
    b.node(op, "x", **attrs)
    return shape


def op_global_pool(b):
    shape = image(b, rank=b.choice(1, 2, 3))
    b.node(b.choice("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), "x")
    return shape


def op_gemm(b):
    shape = (b.integer(1, 70), b.integer(1, 90))
    n = b.integer(1, 70)
    w = b.normal(shape[1], n)
    attrs = {"alpha": float(b.choice(1, 0.5)), "beta": float(b.choice(1, 2))}
    if b.rng.random() < 0.5:
        w, attrs["transB"] = np.ascontiguousarray(w.T), 1
    bias = b.choice(b.normal(n), b.normal(1, n), b.normal(1))
    b.node("Gemm", "x", w, bias, **attrs)
    return shape


def op_matmul(b):
    shape = (b.integer(1, 4), b.integer(1, 9), b.integer(1, 30))
    b.node("MatMul", "x", b.normal(shape[2], b.integer(1, 40)))
    return shape


def op_attention(b):
    shape = (b.integer(1, 4), b.integer(2, 9), b.integer(2, 30))
    x = b.out
    y = b.node("Transpose", x, perm=[0, 2, 1])
    b.node("MatMul", x, y)
    z = b.node("Softmax", b.out, axis=-1)
    b.node("MatMul", z, x)
    return shape


def op_unary(b):
    b.opset = 20
    name, attrs = b.choice(*UNARY)
    shape = (b.integer(1, 5), *(b.integer(1, 9) for _ in range(b.integer(1, 4))))
    b.node(name, "x", **attrs)
    return shape


def op_binary(b):
    shape = (b.integer(1, 5), *(b.integer(1, 9) for _ in range(b.integer(1, 4))))
    op = b.choice("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu")
    other = [b.choice(1, size) for size in shape[1:]]
    other = other[b.integer(0, len(other) - 1) :]
    w = b.normal(*other)
    if op == "PRelu" or b.rng.random() < 0.6:
        b.node(op, "x", w)
    else:
        b.node(op, w, b.node("Add", b.node("Abs", "x"), np.float32(0.5)))
    return shape


def op_pow_sqrt(b):
    shape = (b.integer(1, 5), b.integer(1, 30))
    x = b.node("Abs", "x")
    b.node("Pow", x, np.float32(b.choice(0.5, 2, 3, -1, 1.7)))
    b.node("Sqrt", b.node("Abs", b.out))
    b.node("Log", b.node("Add", b.out, np.float32(1.5)))
    return shape


def op_two_inputs(b):
    shape = image(b, 1, 12)
    x, channels = conv(b, "x", shape[1], strides=[1, 1])
    y = b.node("Sigmoid", x)
    b.node(b.choice("Mul", "Add", "Sub", "Max", "Min", "Mean", "Sum"), x, y)
    return shape


def op_norm(b):
    shape = image(b, 2, 12)
    c = shape[1]
    kind = b.integer(0, 4)
    if kind == 0:
        b.node(
            "BatchNormalization", "x", b.normal(c), b.normal(c), b.normal(c), abs(b.normal(c)) + 0.1
        )
    elif kind == 1:
        b.node("InstanceNormalization", "x", b.normal(c), b.normal(c), epsilon=1e-3)
    elif kind == 2:
        axis = b.choice(-1, -2, 1, 2)
        b.node(
            "LayerNormalization",
            "x",
            b.normal(*shape[axis % 4 :]),
            b.normal(*shape[axis % 4 :]),
            axis=axis,
        )
    else:
        b.node(
            "LRN",
            "x",
            size=b.integer(1, 6),
            alpha=0.01,
            beta=b.choice(0.75, 0.5),
            bias=b.choice(1.0, 2.0),
        )
    return shape


def op_softmax(b):
    b.opset = b.choice(9, 11, 12, 13, 17)
    shape = (b.integer(1, 5), *(b.integer(1, 9) for _ in range(b.integer(1, 3))))
    axis = b.integer(1, len(shape) - 1)
    b.node(b.choice("Softmax", "LogSoftmax"), "x", axis=axis)
    return shape


def op_reduce(b):
    b.opset = b.choice(11, 12)
    shape = (b.integer(1, 5), *(b.integer(1, 9) for _ in range(b.integer(2, 4))))
    count = b.integer(1, len(shape) - 1)
    axes = sorted(int(a) for a in b.rng.choice(np.arange(1, len(shape)), count, replace=False))
    kind = b.choice("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp")
    b.node(f"Reduce{kind}", "x", axes=axes, keepdims=b.integer(0, 1))
    return shape


def op_concat_split(b):
    shape = image(b, 4, 12)
    x, channels = conv(
        b, "x", shape[1], strides=[1, 1], auto_pad="SAME_UPPER", pads=None, dilations=None
    )
    parts = b.node("Split", "x", np.array([1, shape[1] - 1], np.int64), axis=1, n_out=2)
    b.node("Concat", parts[1], x, parts[0], axis=1)
    return shape


def op_slice_pad(b):
    shape = image(b)
    starts = np.array([b.integer(-3, 2), b.integer(0, 3)], np.int64)
    ends = np.array([b.choice(100, -1), b.integer(4, 5)], np.int64)
    axes, steps = np.array([3, 2], np.int64), np.array([b.integer(1, 2), 1], np.int64)
    if starts[0] < 0:
        ends[0] = 2**62
    b.node("Slice", "x", starts, ends, axes, steps)
    mode = b.choice("constant", "edge", "constant")
    pads = np.array([0, b.integer(0, 2), b.integer(0, 2), 0, 0, 0, 1, 2], np.int64)
    b.node("Pad", b.out, pads, np.float32(b.choice(0, 1.5)), mode=mode)
    return shape


def op_reflect(b):
    shape = image(b)
    b.node("Pad", "x", np.array([0, 0, 2, 1, 0, 0, 1, 3], np.int64), mode="reflect")
    return shape


def op_shapes(b):
    """Reshape from Shape arithmetic, as exporters write x.view(x.size(0), -1)."""
    shape = image(b, 2, 8)
    x, channels = conv(b, "x", shape[1])
    size = b.node("Shape", x)
    first = b.node("Gather", size, np.int64(0))
    first = b.node("Unsqueeze", first, np.array([0], np.int64))
    target = b.node("Concat", first, np.array([-1], np.int64), axis=0)
    b.node("Reshape", x, target)
    return shape


def op_shuffle(b):
    """Channel shuffle: a reshape that splits channels, a transpose, and back."""
    shape = (b.integer(1, 4), 12, b.integer(3, 7), b.integer(3, 7))
    groups = b.choice(2, 3, 4)
    x = b.node("Conv", "x", b.normal(12, 12, 1, 1))
    b.node("Reshape", x, np.array([-1, groups, 12 // groups, *shape[2:]], np.int64))
    b.node("Transpose", b.out, perm=[0, 2, 1, 3, 4])
    b.node("Reshape", b.out, np.array([-1, 12, *shape[2:]], np.int64))
    b.node("Conv", b.out, b.normal(5, 12, 3, 3))
    return shape


def op_transpose(b):
    shape = (b.integer(1, 4), *(b.integer(1, 7) for _ in range(b.integer(2, 4))))
    perm = [0, *(int(p) for p in b.rng.permutation(np.arange(1, len(shape))))]
    b.node("Transpose", "x", perm=perm)
    if b.rng.random() < 0.5:
        b.node("Add", b.out, b.normal(*[shape[p] for p in perm[1:]]))
    if b.rng.random() < 0.5:
        b.node("Flatten", b.out)
    return shape


def op_squeeze(b):
    shape = (b.integer(1, 4), 1, b.integer(1, 6), 1)
    b.node("Squeeze", "x", np.array([1, 3], np.int64))
    b.node("Unsqueeze", b.out, np.array([b.integer(1, 2)], np.int64))
    b.node("Expand", b.out, np.array([1, b.integer(1, 3), 1], np.int64))
    return shape


def op_gather(b):
    shape = (b.integer(1, 4), b.integer(2, 8), b.integer(2, 8))
    axis = b.integer(1, 2)
    index = b.rng.integers(-shape[axis], shape[axis], b.choice((), (3,), (2, 2)))
    b.node("Gather", "x", np.asarray(index, np.int64), axis=axis)
    return shape


def op_resize(b):
    shape = image(b, 1, 6)
    mode = b.choice("nearest", "linear", "cubic")
    transform = b.choice("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    attrs = {"mode": mode, "coordinate_transformation_mode": transform}
    if mode == "nearest":
        attrs["nearest_mode"] = b.choice("floor", "round_prefer_floor", "ceil", "round_prefer_ceil")
    if b.rng.random() < 0.5:
        scales = [1, 1, b.choice(2, 0.5, 1.5), b.choice(2, 3, 0.7)]
        if transform == "align_corners":  # the standard and ONNX Runtime agree on whole sizes only
            scales[2:] = b.choice(2, 3), 2
        scales = np.array(scales, np.float32)
        b.node("Resize", "x", "", scales, **attrs)
    else:
        sizes = b.node("Concat", b.node("Slice", b.node("Shape", "x"), np.array([0]), np.array([2])),
                       np.array([b.integer(3, 20), b.integer(3, 20)], np.int64), axis=0)  # fmt: skip
        b.node("Resize", "x", "", "", sizes, **attrs)
    return shape


def op_depth(b):
    block = b.choice(2, 3)
    shape = (b.integer(1, 4), block * block * b.integer(1, 3), b.integer(1, 5), b.integer(1, 5))
    b.node("DepthToSpace", "x", blocksize=block, mode=b.choice("DCR", "CRD"))
    if b.rng.random() < 0.5:
        b.node("SpaceToDepth", b.out, blocksize=block)
    return shape


def op_trigonometry(b):
    shape = (b.integer(1, 5), b.integer(1, 40))
    op = b.choice(
        "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Shrink", "Mod"
    )
    if op == "Mod":
        b.node(op, "x", b.normal(shape[1]), fmod=1)
    else:
        b.node(op, "x", **({"lambd": 0.3, "bias": 0.1} if op == "Shrink" else {}))
    return shape


def compared(b, x, shape):
    """A condition computed from x: of x's shape, or one that broadcasts to it."""
    other = [b.choice(1, size) for size in shape[1:]]
    test = b.choice("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")
    y = b.normal(*other) if test != "Equal" else b.node("Abs", x)
    return b.node(test, *b.choice((x, y), (y, x)))


def op_choose(b):
    shape = (b.integer(1, 5), *(b.integer(1, 9) for _ in range(b.integer(1, 3))))
    left, right = compared(b, "x", shape), compared(b, "x", shape)
    both = b.node(b.choice("And", "Or", "Xor"), left, b.node("Not", right))
    low = b.choice(np.float32(-np.inf), np.float32(0), b.normal(*shape[-1:]))
    b.node("Where", both, *b.choice(("x", low), (low, "x"), ("x", b.node("Exp", "x"))))
    if b.rng.random() < 0.3:
        b.node("Where", np.tri(*shape[-2:], dtype=bool) if len(shape) > 2 else both, b.out, low)
    return shape


def op_rank(b):
    shape = (b.integer(1, 4), *(b.integer(1, 9) for _ in range(b.integer(1, 3))))
    axis = b.integer(1, len(shape) - 1)
    k = np.array([b.integer(1, shape[axis])], np.int64)
    both = b.node("TopK", "x", k, n_out=2, axis=axis, largest=b.choice(0, 1))
    kind = b.integer(0, 4)
    if kind == 0:
        b.out, b.out_type = both[1], TensorProto.INT64
    elif kind == 1:
        b.node("GatherElements", "x", both[1], axis=axis)
    elif kind == 2:
        b.node("CumSum", "x", np.array(axis - b.choice(0, len(shape)), np.int64),
               exclusive=b.choice(0, 1), reverse=b.choice(0, 1))  # fmt: skip
    elif kind == 3:
        b.node("Hardmax", "x", axis=axis)
    return shape


def op_one_hot(b):
    shape = (b.integer(1, 4), *(b.integer(1, 6) for _ in range(b.integer(1, 3))))
    best = b.node("ArgMax", "x", axis=b.integer(1, len(shape) - 1), keepdims=b.choice(0, 1))
    values = np.array([b.choice(0, -1), b.choice(1, 3)], np.float32)
    b.node("OneHot", best, np.array(b.integer(1, 7), np.int64), values, axis=b.choice(-1, 1))
    return shape


def op_einsum(b):
    n, i, j, k, h = (b.integer(1, 5) for _ in range(5))
    equation, shape, other = b.choice(
        ("nij,jk->nik", (n, i, j), (j, k)),
        ("nij,kj->nki", (n, i, j), (k, j)),
        ("nhij,hjk->nihk", (n, h, i, j), (h, j, k)),
        ("nhij->nji", (n, h, i, j), None),
        ("ni,ni->n", (n, i), "Exp"),
        ("nhij,nhkj->nhik", (n, h, i, j), "Sigmoid"),
        ("...ij,jk->...ik", (n, h, i, j), (j, k)),
        ("nij,nkj->nik", (n, i, j), "Exp"),
        ("nij,nij->nij", (n, i, j), "Exp"),
        ("ni,nj->nij", (n, i), "Exp"),
        ("nij,i,jk->nk", (n, i, j), ((i,), (j, k))),
        ("jk,nij->nki", (n, i, j), (j, k)),
        ("aij,jk", (n, i, j), (j, k)),
    )
    if isinstance(other, str):
        inputs = ["x", b.node(other, "x")]
        if equation.startswith("nhij,nhkj"):
            inputs[1] = b.node(
                "Slice", inputs[1], np.array([0]), np.array([b.integer(1, i)]), np.array([2])
            )
    elif other and isinstance(other[0], tuple):
        inputs = ["x", *(b.normal(*size) for size in other)]
    else:
        inputs = ["x"] if other is None else ["x", b.normal(*other)]
        inputs = inputs[::-1] if equation.startswith("jk") else inputs
    b.node("Einsum", *inputs, equation=equation)
    return shape


def op_opset_23(b):
    b.opset = 23
    heads, size = b.integer(1, 3), b.integer(1, 6)
    shape = (b.integer(1, 3), b.integer(1, 6), heads * size)
    b.node("RMSNormalization", "x", b.normal(heads * size), axis=-1)
    if b.rng.random() < 0.7:
        attrs = {"q_num_heads": heads, "kv_num_heads": heads, "is_causal": b.choice(0, 1)}
        mask = [b.normal(shape[1], shape[1])] if b.rng.random() < 0.5 else []
        b.node("Attention", b.out, "x", b.node("Sin", "x"), *mask, **attrs)
    return shape


OPERATORS = [
    value
    for name, value in sorted(globals().items())
    if name.startswith("op_") and name != "op_model"
]


def network(seed):
    """A small network in one of several styles: (model, input shape)."""
    style = NETWORKS[seed % len(NETWORKS)]
    return style(Builder(seed, opset=13))


def head(b, x, channels, classes=10):
    b.node("GlobalAveragePool", x)
    b.node("Flatten", b.out)
    b.node(
        "Gemm",
        b.out,
        b.normal(classes, channels, scale=channels**-0.5),
        b.normal(classes),
        transB=1,
    )
    return b.node("Softmax", b.out, axis=1)


def bn(b, x, c):
    return b.node("BatchNormalization", x, 1 + b.normal(c, scale=0.1), b.normal(c), b.normal(c, scale=0.1),
                  abs(b.normal(c)) + 0.5)  # fmt: skip


def simple_conv(b, x, c_in, c_out, k=3, stride=1, groups=1, bias=False):
    w = b.normal(c_out, c_in // groups, k, k, scale=(2 / (c_in // groups * k * k)) ** 0.5)
    return b.node("Conv", x, w, *([b.normal(c_out)] if bias else []), pads=[k // 2] * 4,
                  strides=[stride] * 2, group=groups)  # fmt: skip


def cnn(b):
    shape = (b.integer(1, 5), b.choice(1, 3), b.integer(16, 28), b.integer(16, 28))
    x, c = "x", shape[1]
    for _ in range(b.integer(1, 3)):
        out = b.integer(4, 40)
        x = simple_conv(b, x, c, out, b.choice(3, 5), bias=True)
        x = b.node(b.choice("Relu", "Tanh", "Sigmoid"), x)
        x = b.node(b.choice("MaxPool", "AveragePool"), x, kernel_shape=[2, 2], strides=[2, 2])
        c = out
    if b.rng.random() < 0.5:
        head(b, x, c)
    else:
        b.node("Flatten", x)
    return b.model(("n", *shape[1:])), shape


def residual(b):
    shape = (b.integer(1, 5), 3, 20, 20)
    c = b.integer(8, 24)
    x = b.node("Relu", bn(b, simple_conv(b, "x", 3, c), c))
    for _ in range(b.integer(1, 3)):
        y = b.node("Relu", bn(b, simple_conv(b, x, c, c), c))
        y = bn(b, simple_conv(b, y, c, c), c)
        x = b.node("Relu", b.node("Add", *b.choice((x, y), (y, x))))
    head(b, x, c)
    return b.model(("n", *shape[1:])), shape


def inverted_residual(b):
    shape = (b.integer(1, 5), 3, 24, 24)
    c = 8
    x = b.node("Clip", bn(b, simple_conv(b, "x", 3, c, stride=2), c), np.float32(0), np.float32(6))
    for _ in range(b.integer(1, 3)):
        wide = c * b.integer(2, 6)
        y = b.node("Clip", bn(b, simple_conv(b, x, c, wide, 1), wide), np.float32(0), np.float32(6))
        y = b.node("Clip", bn(b, simple_conv(b, y, wide, wide, 3, groups=wide), wide), np.float32(0),
                   np.float32(6))  # fmt: skip
        y = bn(b, simple_conv(b, y, wide, c, 1), c)
        x = b.node("Add", x, y)
    head(b, x, c)
    return b.model(("n", *shape[1:])), shape


def nhwc(b):
    """As tf2onnx writes it: channels last outside, transposes around every convolution."""
    shape = (b.integer(1, 5), 16, 18, 3)
    c = b.integer(4, 20)
    x = b.node("Transpose", "x", perm=[0, 3, 1, 2])
    x = simple_conv(b, x, 3, c)
    x = b.node("Transpose", x, perm=[0, 2, 3, 1])
    x = b.node("Relu", b.node("Add", x, b.normal(c)))
    y = b.node("Transpose", x, perm=[0, 3, 1, 2])
    y = b.node("Transpose", simple_conv(b, y, c, c), perm=[0, 2, 3, 1])
    x = b.node("Add", x, b.node("Mul", y, b.normal(1, 1, 1, c)))
    x = b.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    b.node("Add", b.node("MatMul", x, b.normal(c, 7)), b.normal(7))
    return b.model(("n", *shape[1:])), shape


def mlp(b):
    shape = (b.integer(1, 130), b.integer(3, 200))
    x, k = "x", shape[1]
    for _ in range(b.integer(1, 4)):
        n = b.integer(1, 200)
        x = b.node("Add", b.node("MatMul", x, b.normal(k, n, scale=k**-0.5)), b.normal(n))
        x = b.node(b.choice("Relu", "Sigmoid", "Tanh", "Elu"), x)
        k = n
    b.node("Softmax", x, axis=-1)
    return b.model(("n", *shape[1:])), shape


def dense_blocks(b):
    shape = (b.integer(1, 5), 3, 14, 14)
    x, c = "x", 3
    for _ in range(b.integer(2, 4)):
        grow = b.integer(2, 12)
        y = b.node("Relu", bn(b, x, c))
        y = simple_conv(b, y, c, grow)
        x = b.node("Concat", x, y, axis=1)
        c += grow
    head(b, x, c)
    return b.model(("n", *shape[1:])), shape


def squeeze_excite(b):
    shape = (b.integer(1, 5), 3, 16, 16)
    c = b.integer(4, 20)
    x = simple_conv(b, "x", 3, c, bias=True)
    x = b.node("Mul", x, b.node("Sigmoid", x))  # Swish
    s = b.node("GlobalAveragePool", x)
    s = b.node("Relu", simple_conv(b, s, c, 4, 1, bias=True))
    s = b.node("HardSigmoid", simple_conv(b, s, 4, c, 1, bias=True))
    x = b.node("Mul", x, s)
    y = b.node("Add", x, np.float32(3))  # hard swish as torch decomposes it
    y = b.node("Clip", y, np.float32(0), np.float32(6))
    x = b.node("Div", b.node("Mul", x, y), np.float32(6))
    head(b, x, c)
    return b.model(("n", *shape[1:])), shape


def size_of(b, x, axis):
    """One size of a tensor as a vector of one, the way torch writes x.shape[axis]."""
    return b.node("Unsqueeze", b.node("Gather", b.node("Shape", x), np.int64(axis)), np.array([0]))


def tokens(b):
    """A small vision transformer; its class token is expanded to the batch's size."""
    shape, d, heads = (b.integer(1, 5), 3, 16, 16), 16, b.choice(1, 2, 4)
    x = b.node("Conv", "x", b.normal(d, 3, 4, 4, scale=0.2), strides=[4, 4])
    x = b.node("Reshape", x, b.node("Concat", size_of(b, x, 0), np.array([d, -1]), axis=0))
    x = b.node("Transpose", x, perm=[0, 2, 1])
    wanted = b.node("Concat", size_of(b, x, 0), np.array([-1, -1]), axis=0)
    ones = b.node("ConstantOfShape", np.array([3]), value=numpy_helper.from_array(np.array([1])))
    wanted = b.node("Where", b.node("Equal", wanted, np.array([-1] * 3)), ones, wanted)
    x = b.node("Concat", b.node("Expand", b.normal(1, 1, d), wanted), x, axis=1)
    x = b.node("Add", x, b.normal(1, 17, d))
    y = layer_norm(b, x, d)
    qkv = b.node("Add", b.node("MatMul", y, b.normal(d, 3 * d, scale=0.2)), b.normal(3 * d))
    sizes = [size_of(b, y, 0), size_of(b, y, 1), np.array([3, heads, d // heads])]
    qkv = b.node("Reshape", qkv, b.node("Concat", *sizes, axis=0))
    qkv = b.node("Transpose", qkv, perm=[2, 0, 3, 1, 4])
    q, k, v = (b.node("Gather", qkv, np.int64(i), axis=0) for i in range(3))
    a = b.node("MatMul", q, b.node("Transpose", k, perm=[0, 1, 3, 2]))
    a = b.node("Softmax", b.node("Mul", a, np.float32((d // heads) ** -0.5)), axis=-1)
    y = b.node("Transpose", b.node("MatMul", a, v), perm=[0, 2, 1, 3])
    y = b.node("Reshape", y, b.node("Concat", size_of(b, y, 0), np.array([17, d]), axis=0))
    x = layer_norm(b, b.node("Add", x, y), d)
    x = b.node("Gather", x, np.int64(0), axis=1) if b.rng.random() < 0.5 else b.node("ReduceMean", x, axes=[1], keepdims=0)  # fmt: skip
    b.node("MatMul", x, b.normal(d, 7))
    return b.model(("n", *shape[1:])), shape


def layer_norm(b, x, d):
    """As exporters wrote it before opset 17."""
    x = b.node("Sub", x, b.node("ReduceMean", x, axes=[-1]))
    s = b.node("ReduceMean", b.node("Pow", x, np.float32(2)), axes=[-1])
    x = b.node("Div", x, b.node("Sqrt", b.node("Add", s, np.float32(1e-5))))
    return b.node("Add", b.node("Mul", x, b.normal(d)), b.normal(d))


def shuffle(b):
    """Channels split in halves by computed bounds and shuffled by a reshape, as in ShuffleNet."""
    shape, c = (b.integer(1, 5), 3, 12, 12), 2 * b.integer(2, 8)
    x = b.node("Relu", simple_conv(b, "x", 3, c))
    for _ in range(b.integer(1, 2)):
        half = b.node("Div", size_of(b, x, 1), np.array([2]))
        left = b.node("Slice", x, np.array([0]), half, np.array([1]))
        right = b.node("Slice", x, half, b.node("Mul", half, np.array([2])), np.array([1]))
        x = b.node("Concat", left, simple_conv(b, right, c // 2, c // 2, groups=b.choice(1, c // 2)), axis=1)  # fmt: skip
        n, h, w = (size_of(b, x, axis) for axis in (0, 2, 3))
        y = b.node("Reshape", x, b.node("Concat", n, np.array([2, c // 2]), h, w, axis=0))
        y = b.node("Transpose", y, perm=[0, 2, 1, 3, 4])
        x = b.node("Reshape", y, b.node("Concat", n, np.array([c]), h, w, axis=0))
    head(b, x, c)
    return b.model(("n", *shape[1:])), shape


def windows(b):
    """Images and their windows in one axis, and apart again, as in Swin."""
    shape, d, w = (b.integer(1, 5), 8, 8, 3), 6, b.choice(2, 4)
    x = b.node("MatMul", "x", b.normal(3, d))
    n, k = size_of(b, x, 0), 8 // w
    y = b.node("Reshape", x, b.node("Concat", n, np.array([k, w, k, w, d]), axis=0))
    y = b.node("Transpose", y, perm=[0, 1, 3, 2, 4, 5])
    y = b.node("Reshape", y, np.array([-1, w * w, d]))
    a = b.node("Softmax", b.node("MatMul", y, b.node("Transpose", y, perm=[0, 2, 1])), axis=-1)
    y = b.node("Relu", b.node("Add", b.node("MatMul", a, y), b.normal(d)))
    y = b.node("Reshape", y, b.node("Concat", n, np.array([k, k, w, w, d]), axis=0))
    y = b.node("Transpose", y, perm=[0, 1, 3, 2, 4, 5])
    y = b.node("Reshape", y, b.node("Concat", n, np.array([8, 8, d]), axis=0))
    x = b.node("Add", x, y)
    b.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    return b.model(("n", *shape[1:])), shape


NETWORKS = (
    cnn, residual, inverted_residual, nhwc, mlp, dense_blocks, squeeze_excite, tokens, shuffle, windows
)  # fmt: skip
