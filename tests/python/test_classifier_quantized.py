# SPDX-License-Identifier: BSD-3-Clause
"""Networks of 8- and 16-bit integers and of half precision, as ONNX Runtime's tools write them."""

import logging

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from fastconc.classify import Classifier  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

ort.set_default_logger_severity(4)
U8, I8, U16, I16 = TensorProto.UINT8, TensorProto.INT8, TensorProto.UINT16, TensorProto.INT16


def run_ort(model, x, optimised=True):
    """ONNX Runtime's answer; not optimised it computes what the file says, node by node."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = model if isinstance(model, str) else model.SerializeToString()
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def make(nodes, shape, weights, kind=TensorProto.FLOAT, opset=21, out=None):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", out or kind, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize("scale", [0.25, 0.0371, 1e-6])
def test_quantize_is_exact(dtype, scale):
    """Ties to even, saturation at both ends, zero points: bit for bit."""
    info = np.iinfo(dtype)
    zero = np.array((int(info.min) + 3 * int(info.max)) // 4, dtype)
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"])]
    weights = {"s": np.float32(scale), "z": zero}
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = make(nodes, ("n", 37), weights, out=kind)
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            (np.arange(-370, 370) * scale / 2).reshape(-1, 37),  # all ties
            rng.standard_normal((20, 37)) * scale * 100,
            rng.standard_normal((20, 37)) * scale * 1e5,
            np.full((1, 37), np.inf),
            np.full((1, 37), -np.inf),
        ]
    ).astype(np.float32)
    got = Classifier.from_onnx(model).predict(x)
    assert got.dtype == np.dtype(dtype)
    assert (got == run_ort(model, x)).all()
    nodes.append(helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]))
    nodes[0].output[0] = "q"
    model = make(nodes, ("n", 37), weights)
    got = Classifier.from_onnx(model).predict(x)
    assert (got == run_ort(model, x, optimised=False)).all()


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_scales_along_an_axis(axis):
    rng = np.random.default_rng(axis + 5)
    n = (3, 6, 5)[axis]
    weights = {
        "s": rng.uniform(0.01, 0.2, n).astype(np.float32),
        "z": rng.integers(-40, 40, n).astype(np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=axis),
        helper.make_node("Transpose", ["q"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Transpose", ["t"], ["u"], perm=[0, 2, 1]),
        helper.make_node("DequantizeLinear", ["u", "s", "z"], ["y"], axis=axis),
    ]
    model = make(nodes, ("n", 6, 5), weights)
    x = rng.standard_normal((3, 6, 5)).astype(np.float32)
    assert np.allclose(Classifier.from_onnx(model).predict(x), run_ort(model, x, False), atol=1e-6)


@pytest.mark.parametrize("block", [0, 4])
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT4", "UINT4"])
def test_weights_are_dequantized_at_load(kind, block):
    rng = np.random.default_rng(block)
    signed = kind.startswith("I")
    whole = rng.integers(-8, 8, (12, 5)) if signed else rng.integers(0, 16, (12, 5))
    shape = (3, 5) if block else (5,)
    scale = rng.uniform(0.01, 0.3, shape).astype(np.float32)
    zero = np.full(shape, 1)
    tensors = [
        helper.make_tensor("w", getattr(TensorProto, kind), (12, 5), whole.reshape(-1)),
        helper.make_tensor("z", getattr(TensorProto, kind), shape, zero.reshape(-1)),
    ]
    attrs = {"axis": 0, "block_size": block} if block else {"axis": 1}
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["v"], **attrs),
        helper.make_node("MatMul", ["x", "v"], ["y"]),
    ]
    model = make(nodes, ("n", 12), {"s": scale})
    model.graph.initializer.extend(tensors)
    x = rng.standard_normal((4, 12)).astype(np.float32)
    want = x @ ((whole - 1) * (np.repeat(scale, 4, axis=0) if block else scale))
    assert np.allclose(Classifier.from_onnx(model).predict(x), want, atol=1e-5)


def small_network():
    """Everything that is common in such networks, on 12 channels."""
    rng = np.random.default_rng(0)
    weights = {
        name: (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        for name, shape in {
            "w0": (12, 3, 3, 3), "b0": (12,), "w1": (12, 1, 3, 3), "w2": (12, 12, 1, 1),
            "w3": (10, 24), "b3": (10,),
        }.items()
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1], name="c0"),
        node("Relu", ["a"], ["b"], name="r0"),
        node("Conv", ["b", "w1"], ["c"], group=12, pads=[1, 1, 1, 1], name="c1"),
        node("Conv", ["c", "w2"], ["d"], name="c2"),
        node("Add", ["d", "b"], ["e"], name="add"),
        node("MaxPool", ["e"], ["f"], kernel_shape=[2, 2], strides=[2, 2], name="pool"),
        node("Sigmoid", ["f"], ["g"], name="sigmoid"),
        node("Concat", ["f", "g"], ["h"], axis=1, name="concat"),
        node("GlobalAveragePool", ["h"], ["i"], name="mean"),
        node("Flatten", ["i"], ["j"], name="flatten"),
        node("Gemm", ["j", "w3", "b3"], ["k"], transB=1, name="gemm"),
        node("Softmax", ["k"], ["y"], axis=1, name="softmax"),
    ]
    return make(nodes, ("n", 3, 21, 19), weights, opset=17)


class Batches:
    def __init__(self, arrays):
        self.rest = iter([{"x": x} for x in arrays])

    def get_next(self):
        return next(self.rest, None)


@pytest.fixture
def tools():
    tools = pytest.importorskip("onnxruntime.quantization")
    logging.getLogger().setLevel(logging.ERROR)
    yield tools
    logging.getLogger().setLevel(logging.WARNING)


@pytest.mark.parametrize("layout", ["QDQ", "QOperator"])
@pytest.mark.parametrize("activation", ["QUInt8", "QInt8", "QUInt16"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_static_quantization(tmp_path, tools, layout, activation, per_channel):
    if activation == "QUInt16" and layout == "QOperator":
        pytest.skip("the tool has no such operators")
    source, target = str(tmp_path / "float.onnx"), str(tmp_path / "quantized.onnx")
    onnx.save(small_network(), source)
    rng = np.random.default_rng(1)
    batches = [rng.standard_normal((4, 3, 21, 19)).astype(np.float32) for _ in range(3)]
    tools.quantize_static(
        source,
        target,
        Batches(batches),
        quant_format=tools.QuantFormat[layout],
        activation_type=tools.QuantType[activation],
        weight_type=tools.QuantType.QInt8,
        per_channel=per_channel,
        reduce_range=True,  # else ONNX Runtime's own sums of 16 bits overflow on AVX2
    )
    classifier = Classifier.load(target)
    got, want = classifier.predict(batches[0]), run_ort(target, batches[0], optimised=False)
    # A number that lies between two steps may go either way: a step of the output, 1/256 or less.
    assert np.abs(got - want).max() <= 1.01 / 256
    assert np.abs(got - want).mean() <= 1e-4
    assert (classifier.predict(batches[0][2:3]) == got[2:3]).all()


@pytest.mark.parametrize("weights", ["QInt8", "QUInt8"])
def test_dynamic_quantization(tmp_path, tools, weights):
    """Scales from the range of the whole batch: planned for exact shapes."""
    source, target = str(tmp_path / "float.onnx"), str(tmp_path / "quantized.onnx")
    onnx.save(small_network(), source)
    tools.quantize_dynamic(source, target, weight_type=tools.QuantType[weights], reduce_range=True)
    classifier = Classifier.load(target)
    for n in (1, 3):
        x = np.random.default_rng(n).standard_normal((n, 3, 21, 19)).astype(np.float32)
        for batch in (x, np.zeros_like(x)):
            assert np.allclose(classifier.predict(batch), run_ort(target, batch), atol=2e-3)


def test_integer_products():
    """Each row its zero point, each column its own; no number is rounded."""
    rng = np.random.default_rng(3)
    b = rng.integers(-128, 128, (300, 9)).astype(np.int8)
    weights = {"b": b, "za": np.uint8(131), "zb": rng.integers(-5, 5, 9).astype(np.int8)}
    nodes = [helper.make_node("MatMulInteger", ["x", "b", "za", "zb"], ["y"])]
    model = make(nodes, ("n", 300), weights, U8, out=TensorProto.INT32)
    x = rng.integers(0, 256, (5, 300)).astype(np.uint8)
    want = (x.astype(np.int64) - 131) @ (b.astype(np.int64) - weights["zb"])
    got = Classifier.from_onnx(model).predict(x)
    assert got.dtype == np.int32
    assert (got == want).all()


def half(model):
    """The model with weights, input and output of half precision."""
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.elem_type = TensorProto.FLOAT16
    return model


def test_half_precision():
    """As accurate as float32: half precision lies in the weights and in the answer alone."""
    model = half(small_network())
    x = np.random.default_rng(2).standard_normal((3, 3, 21, 19)).astype(np.float16)
    got = Classifier.from_onnx(model).predict(x)
    assert got.dtype == np.float16
    assert np.abs(got.astype(np.float32) - run_ort(model, x).astype(np.float32)).max() < 2e-3
    exact = small_network()
    for tensor in exact.graph.initializer:
        array = numpy_helper.to_array(tensor).astype(np.float16).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    want = run_ort(exact, x.astype(np.float32))
    assert np.abs(got.astype(np.float32) - want).max() <= 2.0**-12


def test_half_precision_between_casts():
    """Weights of half precision, cast where they are used, and a Cast at either end."""
    rng = np.random.default_rng(4)
    w = rng.standard_normal((8, 5)).astype(np.float16)
    node = helper.make_node
    nodes = [
        node("Cast", ["w"], ["v"], to=TensorProto.FLOAT),
        node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        node("Cast", ["h"], ["f"], to=TensorProto.FLOAT),
        node("MatMul", ["f", "v"], ["y"]),
    ]
    model = make(nodes, ("n", 8), {"w": w})
    x = rng.standard_normal((6, 8)).astype(np.float32)
    assert np.allclose(Classifier.from_onnx(model).predict(x), run_ort(model, x), atol=1e-6)


def test_unsupported_nodes_of_all_domains_are_named_at_once():
    node = helper.make_node
    nodes = [
        node("Relu", ["x"], ["a"], name="fine"),
        node("NonZero", ["a"], ["b"], name="own"),
        node("QLinearWhere", ["b"], ["c"], name="foreign", domain="com.microsoft"),
        node("Det", ["c"], ["d"], name="behind"),
        node("Relu", ["d"], ["y"], name="last"),
    ]
    with pytest.raises(NotImplementedError) as caught:
        Classifier.from_onnx(make(nodes, ("n", 4), {}))
    text = str(caught.value)
    assert "own (NonZero)" in text
    assert "foreign (QLinearWhere) of domain 'com.microsoft'" in text
    assert "behind (Det)" in text
    assert "fine" not in text
    assert "last" not in text
