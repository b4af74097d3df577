# SPDX-License-Identifier: BSD-3-Clause
"""ONNX models give what ONNX Runtime gives: generated models, the node tests of onnx."""
# ruff: noqa: E501

import os
import pickle
import threading
import warnings

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

import onnx_models  # noqa: E402
from fastconc.classify import Classifier  # noqa: E402
from fastconc.classify._network import UnsupportedModel  # noqa: E402
from onnx import numpy_helper  # noqa: E402

LONG = os.environ.get("FASTCONC_LONG_TESTS") == "1"
ort.set_default_logger_severity(4)


def run_ort(model, x):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def difference(got, want):
    """Largest difference in units of the output's scale; infinite where one is finite and the other not."""
    finite = np.isfinite(want)
    if not (finite == np.isfinite(got)).all():
        return np.inf
    scale = max(np.abs(want[finite]).max(initial=0.0), 1e-30)
    return np.abs(got[finite] - want[finite]).max(initial=0.0) / scale


def check(maker, seed):
    model, shape = maker(seed)
    x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    try:
        want = run_ort(model, x)
    except Exception as error:
        pytest.skip(f"ONNX Runtime refuses it: {error}")
    if want.size == 0:
        pytest.skip("an empty result")
    classifier = Classifier.from_onnx(model)
    got = classifier.predict(x)
    assert got.shape == want.shape and got.dtype == want.dtype
    assert difference(got, want) <= 1e-5
    assert classifier.output_shape[0] is None  # planned by rows: any number of images
    alone = np.concatenate([classifier.predict(x[i : i + 1]) for i in range(len(x))])
    assert difference(alone, got) <= 1e-6


N_OPERATORS = len(onnx_models.OPERATORS) * (60 if LONG else 9)
N_NETWORKS = len(onnx_models.NETWORKS) * (60 if LONG else 12)


@pytest.mark.parametrize("seed", range(N_OPERATORS))
def test_operators(seed):
    check(onnx_models.op_model, seed)


@pytest.mark.parametrize("seed", range(N_NETWORKS))
def test_networks(seed):
    check(onnx_models.network, seed)


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="counts pages of Linux")
def test_convolutions_leak_nothing_and_threads_agree():
    model, shape = onnx_models.network(0)
    classifier = Classifier.from_onnx(model, workers=2)
    batches = [np.random.default_rng(n).random((n, *shape[1:]), np.float32) for n in (1, 2, 5, 9)]
    want = [classifier.predict(x) for x in batches]
    wrong = []

    def work(rounds):
        for _ in range(rounds):
            for x, answer in zip(batches, want, strict=True):
                if not (classifier.predict(x) == answer).all():
                    wrong.append(len(x))

    def four_threads(rounds):
        threads = [threading.Thread(target=work, args=(rounds,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    four_threads(20)
    for _ in range(3):  # the first time more of them may have met, and each needed memory
        before = resident_bytes()
        four_threads(650)  # ten thousand predictions
        grown = resident_bytes() - before
        if grown < 4 * 2**20:
            break
    assert grown < 4 * 2**20
    assert not wrong


OPERATORS = set(
    "Conv ConvTranspose Gemm MatMul Add Sub Mul Div Pow Sqrt Neg Abs Min Max Sum Mean Relu LeakyRelu "
    "PRelu Elu Selu Clip Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Erf Gelu Mish Exp Log "
    "MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization "
    "InstanceNormalization LayerNormalization LRN Softmax LogSoftmax Concat Split Slice Pad Reshape "
    "Flatten Squeeze Unsqueeze Transpose Gather Expand Resize Upsample ReduceMean ReduceSum ReduceMax "
    "ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare ArgMax ArgMin "
    "Cast Identity Dropout DepthToSpace SpaceToDepth Constant "
    "Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Not Where IsNaN IsInf TopK CumSum "
    "GatherElements GatherND Trilu Hardmax OneHot Einsum RMSNormalization "
    "Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Shrink Sin Cos Floor Ceil Round Sign".split()
)


def node_cases():
    from onnx.backend.test.loader import load_model_tests

    for case in load_model_tests(kind="node"):
        model = case.model
        if model is None:
            model = onnx.load(os.path.join(case.model_dir, "model.onnx"))
        if {node.op_type for node in model.graph.node} <= OPERATORS and case.data_sets:
            yield case, model


def as_array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def residual_network(height, width, channels, wide, act, pads):
    """3x3 convolutions with steps of 1, a residual, an activation: large enough to be transformed."""
    rng = np.random.default_rng(height)
    weights, nodes = [], []

    def conv(x, n_in, n_out, name, pads):
        for suffix, shape in (("w", (n_out, n_in, 3, 3)), ("b", (n_out,))):
            array = (rng.standard_normal(shape) / np.sqrt(4.5 * n_in)).astype(np.float32)
            weights.append(numpy_helper.from_array(array, name + suffix))
        inputs = [x, name + "w", name + "b"]
        nodes.append(onnx.helper.make_node("Conv", inputs, [name], pads=pads))
        return name

    x = conv("x", 3, channels, "c0", pads)
    y = conv(x, channels, wide, "c1", [1, 1, 1, 1])
    nodes.append(onnx.helper.make_node(act, [y], ["r1"]))
    y = conv("r1", wide, channels, "c2", [1, 1, 1, 1])
    nodes.append(onnx.helper.make_node("Add", [y, x], ["sum"]))
    nodes.append(onnx.helper.make_node(act, ["sum"], ["r2"]))
    conv("r2", channels, wide, "y", [2, 0, 0, 1])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "residual",
        [value("x", 1, ["n", 3, height, width])],
        [value("y", 1, None)],
        weights,
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)


@pytest.mark.parametrize(
    ("height", "width", "channels", "wide", "act", "pads"),
    [
        (16, 16, 16, 32, "Relu", [1, 1, 1, 1]),
        (23, 37, 20, 17, "LeakyRelu", [0, 0, 0, 0]),
        (31, 12, 40, 64, "Sigmoid", [1, 2, 0, 1]),
        (57, 56, 24, 24, "Relu", [1, 1, 1, 1]),
    ],
)
def test_small_kernels(height, width, channels, wide, act, pads):
    """The transformed convolutions: right, and the same bits for any workers, alone and pickled."""
    model = residual_network(height, width, channels, wide, act, pads)
    x = np.random.default_rng(1).standard_normal((5, 3, height, width)).astype(np.float32)
    got = Classifier.from_onnx(model, workers=1).predict(x)
    assert difference(got, run_ort(model, x)) <= 2e-6
    for workers in (2, 3):
        classifier = Classifier.from_onnx(model, workers=workers)
        assert (classifier.predict(x) == got).all()
        assert (classifier.predict(x[3:4]) == got[3:4]).all()
    assert (pickle.loads(pickle.dumps(classifier)).predict(x) == got).all()


@pytest.mark.timeout(400)  # onnx makes all its cases first, which takes most of the time
def test_node_tests_of_onnx():
    """At least 95 % pass, the rest is refused by name; no other exception, no wrong answer."""
    passed, refused, wrong = 0, [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case, original in node_cases():
            inputs, outputs = case.data_sets[0]
            model = onnx.ModelProto()
            model.CopyFrom(original)
            names = [info.name for info in model.graph.input]
            for name, value in list(zip(names, inputs, strict=False))[1:]:
                tensor = numpy_helper.from_array(np.asarray(as_array(value)), name)
                model.graph.initializer.append(tensor)
            try:
                classifier = Classifier.from_onnx(model)
                got = classifier.predict(*(as_array(value) for value in inputs[:1]))
            except UnsupportedModel as error:
                refused.append((case.name, str(error)))
                continue
            want = as_array(outputs[0])
            close = got.shape == want.shape and got.dtype == want.dtype
            close = close and np.allclose(
                got.astype(np.float64),
                want.astype(np.float64),
                case.rtol,
                case.atol,
                equal_nan=True,
            )
            if close:
                passed += 1
            else:
                wrong.append(case.name)
    assert not wrong
    assert passed > 300
    assert passed >= 0.95 * (passed + len(refused)), refused
    for name, message in refused:
        assert "not supported" in message or "not a tensor" in message, (name, message)


@pytest.mark.parametrize("op", ["Relu", "Clip", "Elu", "Softmax", "LogSoftmax", "Add", "ReduceMax"])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_no_features(op, shape):
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", *shape])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    node = onnx.helper.make_node(op, ["x"] * (1 + (op == "Add")), ["y"], name="the_node",
                                 **({"axes": [1]} if op == "ReduceMax" else {}))  # fmt: skip
    opsets = [onnx.helper.make_opsetid("", 17)]
    graph = onnx.helper.make_graph([node], "g", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    batch = np.zeros((2, *shape), np.float32)
    got, want = Classifier.from_onnx(model).predict(batch), run_ort(model, batch)
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("op", ["ArgMax", "GlobalAveragePool", "LRN"])
def test_what_has_no_answer_without_features_is_refused(op):
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 0, 4, 4])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    attrs = {"ArgMax": {"axis": 1}, "LRN": {"size": 3}}
    node = onnx.helper.make_node(op, ["x"], ["y"], name="the_node", **attrs.get(op, {}))
    opsets = [onnx.helper.make_opsetid("", 17)]
    graph = onnx.helper.make_graph([node], "g", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    with pytest.raises((UnsupportedModel, ValueError), match=r"the_node.*0, 4, 4"):
        Classifier.from_onnx(model)
