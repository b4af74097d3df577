# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: E501
"""Model files: how exporters write them, and everything that must be refused with a clear error."""

import os
import pickle

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import onnx_models  # noqa: E402
from fastconc import _core  # noqa: E402
from fastconc.classify import Classifier  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

F = TensorProto.FLOAT


def info(name, shape, kind=F):
    return helper.make_tensor_value_info(name, kind, shape)


def make(nodes, inputs, outputs, weights=(), opset=13, **more):
    initial = [numpy_helper.from_array(np.asarray(a), name) for name, a in dict(weights).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, initial)
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def relu_model(shape=("n", 4)):
    return make(
        [helper.make_node("Relu", ["x"], ["y"], name="r")], [info("x", shape)], [info("y", shape)]
    )


def saved(tmp_path, model, name="model.onnx"):
    path = tmp_path / name
    path.write_bytes(model.SerializeToString())
    return path


def test_load_from_a_file(tmp_path):
    classifier = Classifier.load(saved(tmp_path, relu_model()))
    assert classifier.predict(np.array([[-1, 2, -3, 4]])).tolist() == [[0, 2, 0, 4]]
    assert classifier.input_shape == (None, 4)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x00" * 100, b"\x08\x07", b"PK\x03\x04" + bytes(64), os.urandom(500)]
)
def test_no_onnx_file(tmp_path, data):
    path = tmp_path / "bad.onnx"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"bad\.onnx"):
        Classifier.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Classifier.load(tmp_path / "absent.onnx")
    with pytest.raises(OSError):
        Classifier.load(tmp_path)


def test_truncated_files(tmp_path):
    model, _ = onnx_models.network(1)
    whole = model.SerializeToString()
    path = tmp_path / "bad.onnx"
    for n in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:n])
        with pytest.raises(ValueError):
            Classifier.load(path)


@pytest.mark.parametrize("seed", range(14))
def test_damaged_files_never_crash(tmp_path, seed):
    """Flipped bytes: an error of a kind that is documented, or a model that runs."""
    model, shape = onnx_models.network(seed) if seed % 2 else onnx_models.op_model(seed)
    whole = model.SerializeToString()
    rng = np.random.default_rng(seed)
    path = tmp_path / "bad.onnx"
    x = np.zeros(shape, np.float32)
    for _ in range(25):
        data = bytearray(whole)
        head = min(len(data), 3000)
        for at in rng.integers(0, head, 3):
            data[-int(at) - 1 if rng.random() < 0.7 else int(at)] = rng.integers(256)
        path.write_bytes(data)
        try:
            classifier = Classifier.load(path)
            arrays = [
                np.zeros([s or 1 for s in spec.shape], np.float32)
                for spec in classifier._network.inputs
            ]
            classifier.predict(*(arrays if len(arrays) != 1 else [x]))
        except (ValueError, TypeError, MemoryError, NotImplementedError):
            pass


def test_huge_claims(tmp_path):
    tensor = TensorProto(name="w", data_type=F, dims=[2**40, 2**20])
    tensor.raw_data = b"1234"
    model = make(
        [helper.make_node("Add", ["x", "w"], ["y"])], [info("x", ("n", 4))], [info("y", None)]
    )
    model.graph.initializer.append(tensor)
    with pytest.raises(ValueError, match="'w' has 4 bytes"):
        Classifier.load(saved(tmp_path, model))
    huge = [info("x", ("n", 2**40, 2**40))]
    model = make([helper.make_node("Relu", ["x"], ["y"])], huge, [info("y", None)])
    with pytest.raises(ValueError):
        Classifier.load(saved(tmp_path, model))
    shape = {"s": np.array([2**40, 2**40], np.int64)}
    model = make(
        [helper.make_node("Expand", ["x", "s"], ["y"])],
        [info("x", (1, 1))],
        [info("y", None)],
        shape,
    )
    with pytest.raises(ValueError):
        Classifier.load(saved(tmp_path, model))


def test_negative_sizes(tmp_path):
    tensor = TensorProto(name="w", data_type=F, dims=[-1, 4])
    model = make(
        [helper.make_node("Add", ["x", "w"], ["y"])], [info("x", ("n", 4))], [info("y", None)]
    )
    model.graph.initializer.append(tensor)
    with pytest.raises(ValueError, match="negative size"):
        Classifier.load(saved(tmp_path, model))


def test_all_unsupported_nodes_are_named(tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="fine"),
        helper.make_node("NonZero", ["a"], ["b"], name="first"),
        helper.make_node("Det", ["a"], ["c"], name="second"),
        helper.make_node("Bernoulli", ["c"], ["d"]),
        helper.make_node("Concat", ["b", "d"], ["y"], axis=1),
    ]
    model = make(nodes, [info("x", ("n", 4))], [info("y", None)])
    with pytest.raises(NotImplementedError) as caught:
        Classifier.load(saved(tmp_path, model))
    assert isinstance(caught.value, ValueError)
    for text in ("first (NonZero)", "second (Det)"):
        assert text in str(caught.value)
    assert "fine" not in str(caught.value)


def test_other_domains_are_refused(tmp_path):
    node = helper.make_node("FusedConv", ["x"], ["y"], name="f", domain="com.microsoft")
    with pytest.raises(NotImplementedError, match=r"f \(FusedConv\) of domain 'com.microsoft'"):
        Classifier.load(saved(tmp_path, make([node], [info("x", ("n", 4))], [info("y", None)])))


@pytest.mark.parametrize("opset", [1, 6, 1000])
def test_opset(tmp_path, opset):
    model = relu_model()
    model.opset_import[0].version = opset
    with pytest.raises(NotImplementedError, match=f"opset {opset} is not supported"):
        Classifier.load(saved(tmp_path, model))


def test_cycle(tmp_path):
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    with pytest.raises(ValueError, match="cycle"):
        Classifier.load(saved(tmp_path, make(nodes, [info("x", ("n", 4))], [info("b", None)])))
    loop = [helper.make_node("Add", ["x", "y"], ["y"])]
    with pytest.raises(ValueError, match="cycle"):
        Classifier.load(saved(tmp_path, make(loop, [info("x", ("n", 4))], [info("y", None)])))


def test_missing_tensor(tmp_path):
    nodes = [helper.make_node("Add", ["x", "nowhere"], ["y"], name="sum")]
    with pytest.raises(ValueError, match=r"'sum' \(Add\) reads 'nowhere'"):
        Classifier.load(saved(tmp_path, make(nodes, [info("x", ("n", 4))], [info("y", None)])))
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    with pytest.raises(ValueError, match="output 'z'"):
        Classifier.load(saved(tmp_path, make(nodes, [info("x", ("n", 4))], [info("z", None)])))


def test_nodes_in_any_order(tmp_path):
    nodes = [helper.make_node("Neg", ["a"], ["y"]), helper.make_node("Relu", ["x"], ["a"])]
    classifier = Classifier.load(
        saved(tmp_path, make(nodes, [info("x", ("n", 2))], [info("y", None)]))
    )
    assert classifier.predict(np.array([[-1.0, 2.0]])).tolist() == [[0, -2]]


def test_wrong_sizes_name_the_node(tmp_path):
    w = {"w": np.zeros((3, 5), np.float32)}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")]
    with pytest.raises(ValueError, match=r"product \(MatMul\).*\(3, 5\)"):
        Classifier.load(saved(tmp_path, make(nodes, [info("x", ("n", 4))], [info("y", None)], w)))
    w = {"w": np.zeros((8, 5, 3, 3), np.float32)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")]
    with pytest.raises(ValueError, match=r"conv \(Conv\).*does not fit 4 channels"):
        Classifier.load(
            saved(tmp_path, make(nodes, [info("x", ("n", 4, 9, 9))], [info("y", None)], w))
        )


def external(tmp_path, location, offset=None, length=None):
    tensor = TensorProto(name="w", data_type=F, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    model = make(
        [helper.make_node("Add", ["x", "w"], ["y"])], [info("x", ("n", 4))], [info("y", None)]
    )
    model.graph.initializer.append(tensor)
    return saved(tmp_path, model)


def test_external_weights(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(bytes(8) + np.arange(4, dtype="<f4").tobytes())
    classifier = Classifier.load(external(tmp_path, "data/w.bin", 8, 16))
    assert classifier.predict(np.zeros((1, 4), np.float32)).tolist() == [[0, 1, 2, 3]]


def test_external_weights_outside_the_folder(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(16))
    os.symlink(secret, inner / "link.bin")
    for location in ("../secret.bin", str(secret), "link.bin", "a/../../secret.bin", ""):
        with pytest.raises(ValueError, match="outside the model's folder"):
            Classifier.load(external(inner, location))


def test_external_weights_that_are_short(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(10))
    for offset, length in ((0, 16), (8, 16), (100, 4), (-4, 16), ("x", 3)):
        with pytest.raises(ValueError):
            Classifier.load(external(tmp_path, "w.bin", offset, length))
    with pytest.raises(ValueError, match=r"w2\.bin"):
        Classifier.load(external(tmp_path, "w2.bin"))
    with pytest.raises(ValueError, match="10 bytes for"):
        Classifier.load(external(tmp_path, "w.bin"))


def test_fixed_batch_becomes_free(tmp_path):
    w = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "s"], ["y"]),
    ]
    weights = {"w": w, "s": np.array([2, 64], np.int64)}
    model = make(nodes, [info("x", (2, 3, 6, 6))], [info("y", None)], weights)
    classifier = Classifier.load(saved(tmp_path, model))
    assert classifier.predict(np.zeros((5, 3, 6, 6), np.float32)).shape == (5, 64)


def test_mixing_images_is_planned_for_exact_shapes(tmp_path):
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=0)]
    fixed = Classifier.load(saved(tmp_path, make(nodes, [info("x", (3, 2))], [info("y", None)])))
    x = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    want = np.exp(x) / np.exp(x).sum(axis=0)
    np.testing.assert_allclose(fixed.predict(x), want, atol=1e-6)
    with pytest.raises(ValueError, match=r"shape \(3, 2\), not \(4, 2\)"):
        fixed.predict(np.zeros((4, 2)))
    free = Classifier.load(saved(tmp_path, make(nodes, [info("x", ("n", 2))], [info("y", None)])))
    for n in (1, 3, 2, 3):
        np.testing.assert_allclose(
            free.predict(x[:n]), np.exp(x[:n]) / np.exp(x[:n]).sum(axis=0), atol=1e-6
        )
    copy = pickle.loads(pickle.dumps(free))
    assert (copy.predict(x) == free.predict(x)).all()
    free.close()
    with pytest.raises(ValueError, match="closed"):
        free.predict(x)


def test_free_image_size(tmp_path):
    w = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("GlobalMaxPool", ["c"], ["y"]),
    ]
    model = make(nodes, [info("x", ("n", 3, "h", "w"))], [info("y", None)], {"w": w})
    classifier = Classifier.load(saved(tmp_path, model))
    for size in (5, 8, 5):
        assert classifier.predict(np.zeros((2, 3, size, size + 1), np.float32)).shape == (
            2,
            4,
            1,
            1,
        )


def test_two_inputs(tmp_path):
    nodes = [helper.make_node("Sub", ["a", "b"], ["y"])]
    model = make(nodes, [info("a", ("n", 2)), info("b", ("n", 2))], [info("y", None)])
    classifier = Classifier.load(saved(tmp_path, model))
    assert classifier.predict([[3, 4]], [[1, 2]]).tolist() == [[2, 2]]
    with pytest.raises(TypeError, match="2 array"):
        classifier.predict([[3, 4]])
    with pytest.raises(ValueError, match="same number of images"):
        classifier.predict([[3, 4]], [[1, 2], [3, 4]])


def test_large_whole_numbers_are_refused(tmp_path):
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=F)]
    model = make(nodes, [info("x", ("n", 2), TensorProto.INT64)], [info("y", None)])
    classifier = Classifier.load(saved(tmp_path, model))
    assert classifier.predict(np.array([[1, 2**24]])).tolist() == [[1, 2**24]]
    with pytest.raises(ValueError, match="2\\^24"):
        classifier.predict(np.array([[1, 2**24 + 1]]))


@pytest.mark.parametrize("seed", range(21))
def test_properties_of_networks(seed):
    """Bits do not depend on the workers, a NaN image spoils its row only, pickles answer the same."""
    model, shape = onnx_models.network(seed)
    shape = (5, *shape[1:])
    x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    classifiers = [Classifier.from_onnx(model, workers=w) for w in (1, 2, 3)]
    results = [c.predict(x) for c in classifiers]
    assert len({r.tobytes() for r in results}) == 1
    copy = pickle.loads(pickle.dumps(classifiers[0]))
    assert copy.predict(x).tobytes() == results[0].tobytes()
    assert classifiers[1].predict(x[:0]).shape == (0, *results[0].shape[1:])
    before = x.copy()
    x[2] = np.nan
    spoilt = classifiers[1].predict(x)
    rest = np.arange(5) != 2
    assert (spoilt[rest] == results[0][rest]).all()
    assert np.isnan(spoilt[2]).any()
    assert (x[rest] == before[rest]).all()
    table = classifiers[0].profile(before[:2], repeat=1)
    assert len(table) == len(classifiers[0]._steps()[0]) and "GFLOP/s" in str(table)


def words_of(seed):
    from fastconc.classify._graph import graph_of
    from fastconc.classify._onnx import network_of

    model, _ = onnx_models.network(seed) if seed % 2 else onnx_models.op_model(seed)
    network = network_of(graph_of(model))
    return network.plan, network.weights, network


@pytest.mark.parametrize("seed", range(30))
def test_plan_validator(seed):
    """Whatever words a plan has, the core refuses it or runs within its memory (run under ASan in tests/c)."""
    plan, weights, network = words_of(seed)
    rng = np.random.default_rng(seed)
    numel_in = int(np.prod([s or 1 for s in network.inputs[0].shape]))
    for _ in range(60):
        words = plan.copy()
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(len(words)))
            step = int(rng.choice([1, -1])) if abs(int(words[at])) < 2**62 else 0
            extremes = [0, 1, -1, 2, 2**31, 2**40, -(2**63), 2**63 - 1]
            words[at] = rng.choice(extremes) if rng.random() < 0.7 else int(words[at]) + step
        if rng.random() < 0.1:
            words = words[: int(rng.integers(len(words)))]
        if np.abs(words[6:9].astype(float)).max(initial=0) > 1e9:
            continue
        net = _core.Net()
        try:
            net._setup(words, weights, None, None, None, 0)
            out = np.empty(int(np.prod([s or 1 for s in network.output.shape])), np.float32)
            net._run(1, (np.zeros(numel_in, np.float32),), out)
        except (ValueError, MemoryError, IndexError):
            pass
