# SPDX-License-Identifier: BSD-3-Clause
"""Resize to the nearest pixel takes the pixels that ONNX Runtime takes, next to ties, too."""

import os
import re

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from fastconc.classify import Classifier  # noqa: E402
from fastconc.classify._network import UnsupportedModel  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

LONG = os.environ.get("FASTCONC_LONG_TESTS") == "1"
TRANSFORMS = (
    "half_pixel half_pixel_symmetric pytorch_half_pixel align_corners asymmetric "
    "tf_half_pixel_for_nn tf_crop_and_resize"
).split()
ROUNDINGS = "round_prefer_floor round_prefer_ceil floor ceil".split()
# Pairs where a coordinate lies on, or within the rounding of float32 of, a tie or a pixel.
HARD = [(14, 19), (20, 26), (20, 6), (10, 48), (9, 39), (18, 50), (29, 30), (11, 29), (38, 27),
        (3, 13), (2, 11), (4, 1), (5, 17), (1, 7)]  # fmt: skip
WINDOWS = [(0, 1), (0.1, 0.9), (-0.2, 1.3), (0.25, 0.7)]
ort.set_default_logger_severity(4)

# Older versions take a coordinate for a tie only if it is exactly one.
VERSION = tuple(int(number) for number in re.findall(r"\d+", ort.__version__)[:2])
new_enough = pytest.mark.skipif(VERSION < (1, 31), reason="ties within 1e-6 came later")


def model_of(size, inputs, opset=19, op="Resize", **attrs):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, size])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    names, arrays = ["x"], []
    for at, array in enumerate(inputs):
        names.append("" if array is None else f"c{at}")
        if array is not None:
            arrays.append(numpy_helper.from_array(array, names[-1]))
    node = helper.make_node(op, names, ["y"], mode="nearest", **attrs)
    graph = helper.make_graph([node], "g", [x], [y], arrays)
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def run_ort(model, x):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    data = model.SerializeToString()
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def check(model, size):
    x = np.arange(1, size + 1, dtype=np.float32).reshape(1, 1, size)
    np.testing.assert_array_equal(Classifier.from_onnx(model).predict(x), run_ort(model, x))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    "rounding", [pytest.param(r, marks=new_enough) if "round" in r else r for r in ROUNDINGS]
)
def test_the_same_pixels(transform, rounding):
    rng = np.random.default_rng(TRANSFORMS.index(transform))
    pairs = HARD + [tuple(rng.integers(1, (41, 61)).tolist()) for _ in range(500 if LONG else 12)]
    attrs = {"coordinate_transformation_mode": transform, "nearest_mode": rounding}
    checked = 0
    for at, (size, target) in enumerate(pairs):
        roi = None
        if transform == "tf_crop_and_resize":
            start, end = WINDOWS[at % len(WINDOWS)]
            roi = np.array([0, 0, start, 1, 1, end], np.float32)
            attrs["extrapolation_value"] = -1.0
            if size == target:
                continue  # ONNX Runtime does not cut there
        scale = target / size
        for ratio in (None, scale, scale + rng.random() / size):
            if ratio is None:
                # The batch stays: a window has no say in axes that are not named.
                inputs = [roi if roi is None else roi[[2, 5]], None, np.array([target], np.int64)]
                model = model_of(size, inputs, axes=[2], **attrs)
            else:
                model = model_of(size, [roi, np.array([1, 1, ratio], np.float32)], **attrs)
                length = int(np.float32(size) * np.float32(ratio))
                if length < 1 or (roi is not None and length == size):
                    continue
            try:
                check(model, size)
            except UnsupportedModel as error:  # documented
                assert transform == "align_corners" and ratio is not None, error
                continue
            checked += 1
    assert checked > len(pairs)


@pytest.mark.parametrize("scale", [0.6, 0.3, 1.0, 1.03, 1.5, 2, 3.7])
def test_before_there_was_a_choice(scale):
    """Smaller by whole pixels skipped, larger by whole pixels repeated."""
    scales = np.array([1, 1, scale], np.float32)
    check(model_of(14, [scales], opset=10), 14)
    if scale >= 1:
        check(model_of(14, [scales], opset=9, op="Upsample"), 14)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_proportions_kept(policy):
    x = np.arange(5 * 12, dtype=np.float32).reshape(1, 5, 12)
    for sizes in ([7, 9], [8, 30], [3, 3], [1, 11], [6, 15]):
        inputs = [None, None, np.array(sizes, np.int64)]
        model = model_of(12, inputs, axes=[1, 2], keep_aspect_ratio_policy=policy,
                         nearest_mode="floor")  # fmt: skip
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
        np.testing.assert_array_equal(Classifier.from_onnx(model).predict(x), run_ort(model, x))
