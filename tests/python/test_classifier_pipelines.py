# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's pipelines (ai.onnx.ml), graphs with branches and functions, the choice of an output."""
# ruff: noqa: E501

import pickle

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from fastconc.classify import Classifier  # noqa: E402
from fastconc.classify._network import UnsupportedModel  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

F, I64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
ort.set_default_logger_severity(4)
RNG = np.random.default_rng(7)
info = helper.make_tensor_value_info


def ml(op, inputs, outputs, **attrs):
    return helper.make_node(op, inputs, outputs, name=op.lower(), domain="ai.onnx.ml", **attrs)


def model_of(nodes, shape, outputs, weights=(), functions=(), opset=18, kind=F):
    weights = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(nodes, "g", [info("x", kind, shape)], outputs, weights)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    imports += [helper.make_opsetid(f.domain, 1) for f in functions]
    return helper.make_model(graph, opset_imports=imports, ir_version=9, functions=functions)


def reference(model, x):
    session = ort.InferenceSession(model.SerializeToString())
    results = session.run(None, {"x": x})
    return {o.name: r for o, r in zip(session.get_outputs(), results, strict=True)}


def agree(model, x, output=None, labels=()):
    want = reference(model, x)[output or model.graph.output[0].name]
    if isinstance(want, list):  # a dict per image
        want = np.array([[row[label] for label in labels] for row in want], np.float32)
    classifier = Classifier.from_onnx(model, output=output)
    got = classifier.predict(x)
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=1e-6)
    return classifier


def pipeline(post_transform, labels, zip_map):
    strings = isinstance(labels[0], str)
    coefficients, intercepts = RNG.standard_normal(12).tolist(), RNG.standard_normal(3).tolist()
    names = {"classlabels_strings" if strings else "classlabels_ints": labels}
    nodes = [
        ml("Scaler", ["x"], ["scaled"], offset=[0.5, -1.0, 0.25, 0.0], scale=[0.5, 1.0, 2.0, 1.0]),
        ml("LinearClassifier", ["scaled"], ["label", "scores"], coefficients=coefficients,
           intercepts=intercepts, post_transform=post_transform, **names),
        ml("Normalizer", ["scores"], ["normal"], norm="L1"),
    ]  # fmt: skip
    last = info("normal", F, None)
    if zip_map:
        names = {"classlabels_strings" if strings else "classlabels_int64s": labels}
        nodes.append(ml("ZipMap", ["normal"], ["zipped"], **names))
        last = onnx.ValueInfoProto(name="zipped")
        value = last.type.sequence_type.elem_type.map_type
        value.key_type = STRING if strings else I64
        value.value_type.tensor_type.elem_type = F
    label = info("label", STRING if strings else I64, None)
    return model_of(nodes, ("n", 4), [label, last])


@pytest.mark.parametrize("post_transform", ["NONE", "SOFTMAX", "LOGISTIC"])
@pytest.mark.parametrize("labels", [[0, 1, 2], [5, 70, -3], ["red", "green", "blue"]])
@pytest.mark.parametrize("zip_map", [False, True])
def test_linear_classifiers(post_transform, labels, zip_map):
    model = pipeline(post_transform, labels, zip_map)
    x = RNG.standard_normal((9, 4)).astype(np.float32)
    name = model.graph.output[1].name
    classifier = agree(model, x, name, labels)
    want = labels if labels == [0, 1, 2] else list(map(str, labels))
    best = classifier.predict(x).argmax(1)
    for copy in (classifier, pickle.loads(pickle.dumps(classifier))):
        if post_transform != "NONE":
            assert [row[0][0] for row in copy.top_k(x, 1)] == [want[i] for i in best]
    if isinstance(labels[0], str):
        with pytest.raises(UnsupportedModel, match=f"'label' holds strings.*output='{name}'"):
            Classifier.from_onnx(model)
    else:
        agree(model, x)


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        (ml("Scaler", ["x"], ["y"], offset=[1.0, 2.0, 3.0], scale=[2.0, 0.5, 1.0]), F),
        (ml("Scaler", ["x"], ["y"], offset=[1.0], scale=[2.0]), I64),
        (ml("Normalizer", ["x"], ["y"], norm="L1"), F),
        (ml("Normalizer", ["x"], ["y"], norm="L2"), F),
        (ml("Normalizer", ["x"], ["y"], norm="MAX"), F),
        (ml("Binarizer", ["x"], ["y"], threshold=0.25), F),
        (ml("Imputer", ["x"], ["y"], imputed_value_floats=[1.0, 2.0, 3.0], replaced_value_float=float("nan")), F),
        (ml("LinearRegressor", ["x"], ["y"], coefficients=[1.0, 2.0, 3.0, 0.5, 0.25, -1.0], intercepts=[1.0, 2.0], targets=2), F),
        (ml("LinearRegressor", ["x"], ["y"], coefficients=[1.0, 2.0, 3.0]), F),
    ],
)  # fmt: skip
def test_operators_of_pipelines(node, kind):
    model = model_of([node], ("n", 3), [info("y", F, None)], kind=kind)
    x = np.abs(RNG.standard_normal((6, 3))) * 4
    x[1] = 0
    x = x.astype(np.int64 if kind == I64 else np.float32)
    if node.op_type == "Imputer":
        x[2, 1] = np.nan
    agree(model, x)


def test_operators_of_pipelines_that_are_not_supported_are_named():
    node = ml("SVMClassifier", ["x"], ["y", "scores"], classlabels_ints=[0, 1])
    model = model_of([node], ("n", 3), [info("y", I64, None), info("scores", F, None)])
    with pytest.raises(UnsupportedModel, match=r"svmclassifier \(SVMClassifier\).*'ai.onnx.ml'"):
        Classifier.from_onnx(model)


def test_pipelines_of_scikit_learn():
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = load_digits(return_X_y=True)
    x = x.astype(np.float32)
    for last in (LogisticRegression(), MLPClassifier((20,), max_iter=20)):
        fitted = make_pipeline(StandardScaler(), PCA(20), last).fit(x, y)
        model = skl2onnx.to_onnx(fitted, x[:1])
        classifier = Classifier.from_onnx(model, output="output_probability")
        np.testing.assert_allclose(classifier.predict(x), fitted.predict_proba(x), atol=1e-5)
        assert (Classifier.from_onnx(model).predict(x) == fitted.predict(x)).mean() > 0.999


def branches(condition):
    """x -> Relu -> a; If condition: (a * w) else a; both branches read the graph around them."""
    then = helper.make_graph(
        [helper.make_node("Mul", ["a", "w"], ["t"]), helper.make_node("Relu", ["t"], ["t2"])], "then", [], [info("t2", F, None)]
    )  # fmt: skip
    other = helper.make_graph(
        [helper.make_node("Identity", ["a"], ["e"])], "else", [], [info("e", F, None)]
    )
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "axis"], ["size"], axis=0),
        helper.make_node("Equal", ["size", "four"], ["is_four"]),
        helper.make_node("MatMul", ["x", "m"], ["a"]),
        helper.make_node(
            "If", ["is_four"], ["y"], name="the_if", then_branch=then, else_branch=other
        ),
        helper.make_node("Neg", ["y"], ["n"]),
        helper.make_node("Add", ["n", "a"], ["z"]),
    ]
    weights = [("axis", np.array(1)), ("four", np.array(4 if condition else 5)),
               ("m", RNG.standard_normal((4, 4)).astype(np.float32)), ("w", np.array([2, 3, -1, 1], np.float32))]  # fmt: skip
    return model_of(nodes, ("n", 4), [info("z", F, None), info("y", F, None)], weights)


@pytest.mark.parametrize("condition", [False, True])
def test_branches_that_a_shape_chooses(condition):
    model = branches(condition)
    x = RNG.standard_normal((5, 4)).astype(np.float32)
    classifier = agree(model, x)
    assert classifier.output_shape == (None, 4)
    agree(model, x, "y")


def test_branches_that_the_input_chooses_are_refused():
    model = branches(True)
    del model.graph.node[:3]
    model.graph.node.insert(0, helper.make_node("ReduceMax", ["x"], ["m1"], keepdims=0))
    model.graph.node.insert(1, helper.make_node("Greater", ["m1", "m1"], ["is_four"]))
    with pytest.raises(UnsupportedModel, match=r"the_if \(If\).*condition"):
        Classifier.from_onnx(model).predict(np.ones((2, 4), np.float32))


def test_functions_of_the_model():
    nodes = [helper.make_node("Mul", ["a", "b"], ["c"]), helper.make_node("Tanh", ["c"], ["d"])]
    function = helper.make_function(
        "own", "Scaled", ["a", "b"], ["d"], nodes, [helper.make_opsetid("", 18)]
    )
    node = helper.make_node("Scaled", ["x", "w"], ["y"], domain="own")
    weights = [("w", np.array([2, 3, -1], np.float32))]
    model = model_of([node], ("n", 3), [info("y", F, None)], weights, [function])
    agree(model, RNG.standard_normal((5, 3)).astype(np.float32))


def test_choice_of_an_output(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["first"]), helper.make_node("Neg", ["x"], ["second"])]
    model = model_of(nodes, ("n", 3), [info("first", F, None), info("second", F, None)])
    path = str(tmp_path / "two.onnx")
    onnx.save(model, path)
    x = RNG.standard_normal((5, 3)).astype(np.float32)
    for output in ("second", 1):
        assert (Classifier.load(path, output=output).predict(x) == -x).all()
    for output in (None, 0, "first"):
        assert (Classifier.load(path, output=output).predict(x) == np.maximum(x, 0)).all()
    with pytest.raises(ValueError, match="output must be one of 'first', 'second', not 'third'"):
        Classifier.load(path, output="third")
    with pytest.raises(ValueError, match="output must be within 0 and 1, not 2"):
        Classifier.load(path, output=2)


def test_inputs_without_axes_and_for_different_numbers_of_images():
    node = helper.make_node("MatMul", ["x", "b"], ["y"])
    model = model_of([node], (1, 2, 3), [info("y", F, None)])
    model.graph.input.append(info("b", F, (4, 3, 2)))
    x, b = (RNG.standard_normal(size).astype(np.float32) for size in ((1, 2, 3), (4, 3, 2)))
    np.testing.assert_allclose(
        Classifier.from_onnx(model).predict(x, b), x @ b, rtol=1e-5, atol=1e-6
    )
    model = model_of([helper.make_node("Mul", ["x", "b"], ["y"])], (3,), [info("y", F, None)])
    model.graph.input.append(info("b", F, ()))
    got = Classifier.from_onnx(model).predict(np.arange(3, dtype=np.float32), np.float32(2))
    assert got.tolist() == [0, 2, 4]


@pytest.mark.parametrize("op", ["GatherND", "ScatterND", "ScatterElements"])
@pytest.mark.parametrize("batch", ["n", 3])
def test_indices_that_are_known(op, batch):
    """Assignments to slices: planned for exact shapes, since the indices number the images too."""
    x = RNG.standard_normal((3, 4, 2)).astype(np.float32)
    indices = np.array([[[0, 1], [1, -1]], [[1, 0], [0, 2]]], np.int64)
    weights = [("i", indices), ("u", RNG.standard_normal((2, 2, 2)).astype(np.float32))]
    inputs = ["x", "i", "u"]
    if op == "ScatterElements":
        weights[0] = (
            "i",
            RNG.permuted(np.tile(np.arange(4), (2, 2, 1)), axis=2)[..., :2]
            .astype(np.int64)
            .swapaxes(1, 2),
        )
    nodes = [
        helper.make_node(op, inputs[: 2 + (op != "GatherND")], ["s"], **({"axis": 1} if op == "ScatterElements" else {})),
        helper.make_node("Relu", ["s"], ["y"]),
    ]  # fmt: skip
    agree(model_of(nodes, (batch, 4, 2), [info("y", F, None)], weights), x)
    if op == "GatherND":
        weights[0][1][0, 0, 1] = 4
        with pytest.raises(ValueError, match="out of range"):
            Classifier.from_onnx(model_of(nodes, (3, 4, 2), [info("y", F, None)], weights)).predict(
                x
            )
