# SPDX-License-Identifier: BSD-3-Clause
"""Pretrained networks from PyPI on real photos; skipped where those packages are not installed."""

import io
import os
import subprocess
import sys
import threading
import time

import fastconc
import numpy as np
import pytest

pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
Image = pytest.importorskip("PIL.Image")
data = pytest.importorskip("skimage.data")
datasets = pytest.importorskip("sklearn.datasets")

from fastconc.classify import Classifier, cli, zoo  # noqa: E402
from fastconc.classify.preprocess import PRESETS, Preprocess, open_image  # noqa: E402


@pytest.fixture(scope="module")
def photos():
    return [data.coffee(), data.chelsea(), data.astronaut(), *datasets.load_sample_images().images]


def model_bytes(name):
    try:
        path = zoo.model_path(name)
    except ImportError as error:  # not every package is there for every version of Python
        pytest.skip(str(error))
    if name == "efficientnet-lite0":
        return zoo.efficientnet_lite0().SerializeToString()
    with open(path, "rb") as opened:
        return opened.read()


@pytest.fixture(scope="module")
def lite0():
    try:
        return zoo.load("efficientnet-lite0")
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_equal_to_onnx_runtime(tmp_path, name, photos):
    path = tmp_path / "model.onnx"
    path.write_bytes(model_bytes(name))
    classifier = Classifier.load(path)
    x = np.stack([PRESETS[name](photo) for photo in photos])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options)
    want = session.run(None, {session.get_inputs()[0].name: x})[0]
    got = classifier.predict(x)
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
    k = min(5, want.shape[1])
    order = np.argsort(-want, axis=1, kind="stable")[:, :k]
    assert (np.argsort(-got, axis=1, kind="stable")[:, :k] == order).all()
    names = classifier.labels or list(range(want.shape[1]))
    for row, best in zip(order, classifier.top_k(x, k), strict=True):
        assert [label for label, _ in best] == [names[i] for i in row]
    for i in range(len(x)):
        alone = classifier.predict(x[i : i + 1])
        assert np.abs(alone - got[i]).max() <= 1e-6 * np.abs(want).max()
    widths = {Classifier.load(path, workers=w).predict(x).tobytes() for w in (1, 2, 3)}
    assert len(widths) == 1


def test_what_is_in_the_photos(lite0, photos):
    best = [ranking[0] for ranking in lite0.classify(photos)]
    assert best[0][0] == "espresso" and best[0][1] > 0.9
    assert best[4][0] == "daisy"


def test_all_kinds_of_images_agree(tmp_path, lite0, photos):
    picture = Image.fromarray(photos[0])
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    path = tmp_path / "coffee.png"
    path.write_bytes(stream.getvalue())
    kinds = [path, str(path), stream.getvalue(), picture, photos[0], photos[0] / 255.0]
    rankings = lite0.classify(kinds, 3)
    assert all(ranking == rankings[0] for ranking in rankings)
    assert lite0.classify(path, 3) == [rankings[0]]
    assert lite0.classify([]) == []
    grey = lite0.classify([picture.convert("L"), picture.convert("RGBA"), picture.convert("P")], 1)
    assert len(grey) == 3


def test_images_are_decoded_by_our_own_threads(photos):
    names = set()

    def prepare(picture):
        names.add(threading.current_thread().name)
        return np.zeros((3, 32, 48), np.float32)

    pictures = photos[:3] * 8
    with fastconc.Pool(2, name="mine") as pool:
        classifier = Classifier.from_onnx(zoo_model(), preprocess=prepare, workers=pool)
        with pytest.raises(ValueError, match="ranked"):
            classifier.classify(pictures)
        assert names and all("mine" in name for name in names)
    names.clear()
    classifier = Classifier.from_onnx(zoo_model(), preprocess=prepare, workers=2)
    with pytest.raises(ValueError, match="ranked"):
        classifier.classify(pictures)
    assert names and threading.current_thread().name not in names
    names.clear()
    with pytest.raises(ValueError, match="ranked"):
        classifier.classify(pictures[0])
    assert names == {threading.current_thread().name}


def test_bad_images(tmp_path, lite0):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        lite0.classify([path])
    with pytest.raises(FileNotFoundError):
        lite0.classify([tmp_path / "absent.jpg"])
    with pytest.raises(ValueError, match="above the limit of 100"):
        lite0.classify([np.zeros((20, 20, 3), np.uint8)], max_pixels=100)
    stream = io.BytesIO()
    Image.new("1", (12000, 12000)).save(stream, "PNG")  # 144 million pixels in a few kilobytes
    with pytest.raises(ValueError, match="pixels"):
        lite0.classify([stream.getvalue()])
    for bad in (np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4), np.int32), np.full((4, 4), 2.0)):
        with pytest.raises(ValueError, match="image"):
            lite0.classify([bad])
    with pytest.raises(TypeError, match="an image must be"):
        lite0.classify([3])
    with pytest.raises(ValueError, match="k must be within 1 and 1000"):
        lite0.classify([np.zeros((9, 9, 3), np.uint8)], k=1001)


def test_a_network_without_images():
    with pytest.raises(ValueError, match="takes no images"):
        Classifier.load_digits().classify([np.zeros((8, 8), np.uint8)])


def test_bad_preprocess(tmp_path):
    with pytest.raises(ValueError, match="preprocess must be one of"):
        Classifier.from_onnx(zoo_model(), preprocess="swoosh")
    with pytest.raises(TypeError, match="preprocess must be"):
        Classifier.from_onnx(zoo_model(), preprocess=3)
    for wrong in ({"crop": "x"}, {"fraction": 0.0}, {"layout": "CHWN"}, {"channels": "HSV"}):
        with pytest.raises(ValueError):
            Preprocess(**wrong)


def zoo_model():
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("GlobalMaxPool", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 32, 48])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_preprocess_shapes():
    picture = open_image(np.zeros((50, 40, 3), np.uint8))
    for crop in ("short", "fraction", "squash"):
        for layout, shape in (("NCHW", (3, 32, 48)), ("NHWC", (32, 48, 3))):
            array = Preprocess(size=(32, 48), crop=crop, layout=layout).array(picture)
            assert array.shape == shape and array.dtype == np.float32


def test_the_gil_is_free(lite0):
    x = np.zeros((4, 3, 224, 224), np.float32)
    lite0.predict(x)
    count, stop = 0, threading.Event()

    def counting():
        nonlocal count
        while not stop.is_set():
            count += 1
            time.sleep(1e-4)

    thread = threading.Thread(target=counting)
    interval = sys.getswitchinterval()
    thread.start()
    try:
        sys.setswitchinterval(1000)  # from here, a thread counts only when this one lets it
        during = 0
        for _ in range(100):  # a busy machine may not run the counting thread in time
            before = count
            lite0.predict(x)
            during = max(during, count - before)
            if during > 10:
                break
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()
    assert during > 10


def test_command_line(tmp_path, capsys, lite0, photos):
    path = tmp_path / "coffee.png"
    Image.fromarray(photos[0]).save(path)
    assert cli.main([str(path), "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("1. espresso (0.9")
    assert cli.main([str(tmp_path / "absent.png")]) == 1
    assert "absent.png" in capsys.readouterr().err
    assert cli.main([str(path), "--model", str(tmp_path / "absent.onnx")]) == 1


def test_checkpoints_hold_tensors_only():
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    stream = io.BytesIO()
    for thing in (0x1950A86A20F9469CFC6C, 1001, {}, Evil()):
        pickle.dump(thing, stream, protocol=2)
    stream.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="has no place in a checkpoint"):
        zoo.read_checkpoint(stream)


def test_no_other_engine_in_the_process():
    """Two of the packages would import ONNX Runtime and OpenCV; only their files are wanted."""
    script = """
import sys
import numpy as np
from fastconc.classify import zoo
for name in zoo.NAMES:
    try:
        classifier = zoo.load(name)
    except ImportError:
        continue
    shape = [size or 2 for size in classifier.input_shape]
    classifier.predict(np.zeros(shape, np.float32))
    classifier.classify([np.zeros((9, 9, 3), np.uint8)], 1)
engines = ("onnxruntime", "cv2", "torch", "tensorflow", "openvino", "numba", "scipy", "sklearn")
print([name for name in engines if name in sys.modules])
with open("/proc/self/maps") as maps:
    libraries = maps.read()
print([name for name in engines if f"/{name}/" in libraries])
"""
    if not os.path.exists("/proc/self/maps"):
        script = script[: script.index("with open")] + "print([])"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=250, check=True
    )
    assert run.stdout == "[]\n[]\n"
