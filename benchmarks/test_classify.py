# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: E501
"""Networks on batches of 1, 8, 64 and 256 images, beside ONNX Runtime, NumPy, scikit-learn, torch and OpenCV.

    pytest benchmarks/test_classify.py --benchmark-group-by=group

Every answer is compared with ONNX Runtime's before it is timed. A table at the end tells the median times, GFLOP/s (of
the plain sums, whatever an engine really does) and their share of what the threads' fused multiply-adds can do. FASTCONC_BENCH_BATCHES=1,8 chooses batches,
FASTCONC_BENCH_WORKERS the threads (2).
"""

import os

import networks
import numpy as np
import pytest
from fastconc import _core
from fastconc.classify import Classifier, load_digits

BATCHES = [int(b) for b in os.environ.get("FASTCONC_BENCH_BATCHES", "1,8,64,256").split(",")]
WORKERS = int(os.environ.get("FASTCONC_BENCH_WORKERS", "2"))


def session_of(model):
    ort = pytest.importorskip("onnxruntime")
    ort.set_default_logger_severity(4)
    options = ort.SessionOptions()
    options.intra_op_num_threads = WORKERS
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def classifier_of(model):
    return Classifier.from_onnx(model, workers=WORKERS).predict


def numpy_of(model):
    """Dense networks only: one matrix product per layer."""
    onnx = pytest.importorskip("onnx")
    weights = [onnx.numpy_helper.to_array(w) for w in model.graph.initializer]

    def predict(x):
        for i in range(0, len(weights), 2):
            x = x @ weights[i].T + weights[i + 1]
            if i + 2 < len(weights):
                x = np.maximum(x, 0)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    return predict


def torch_of(model):
    pytest.importorskip("torch")
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]]
    return networks.as_torch(model, np.zeros((2, *shape), np.float32), WORKERS)


def opencv_of(model):
    cv2 = pytest.importorskip("cv2")
    cv2.setNumThreads(WORKERS)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))

    def predict(x):
        net.setInput(x)
        return net.forward().reshape(len(x), -1)

    return predict


ENGINES = {
    "fastconc": classifier_of,
    "onnxruntime": session_of,
    "numpy": numpy_of,
    "torch": torch_of,
    "opencv": opencv_of,
}
_models = {}


@pytest.fixture(scope="module")
def table(request):
    """Lines of (network, batch, engine, seconds, GFLOP), printed when all have run."""
    lines = []
    yield lines
    writer = request.config.pluginmanager.get_plugin("terminalreporter")
    if not lines or writer is None:
        return
    peak = WORKERS * _core.fma_peak()
    writer.write_line(
        f"\n{'network':<20} {'batch':>5} {'engine':<12} {'ms':>9} {'GFLOP/s':>8} of peak"
    )
    for name, batch, engine, seconds, gflop in lines:
        rate = gflop / seconds
        writer.write_line(
            f"{name:<20} {batch:>5} {engine:<12} {1e3 * seconds:>9.3f} {rate:>8.1f} {100 * rate / peak:>6.1f}%"
        )
    writer.write_line(f"peak of {WORKERS} threads {peak:.0f} GFLOP/s")


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_network(benchmark, table, name, engine, batch):
    if engine == "numpy" and name not in networks.DENSE:
        pytest.skip("NumPy has no convolutions")
    if engine == "opencv" and batch not in (1, 8):
        pytest.skip("slow")
    if name not in _models:
        try:
            _models[name] = networks.NETWORKS[name]()
        except ImportError as error:
            pytest.skip(str(error))
    model, shape = _models[name]
    x = np.random.default_rng(0).standard_normal((batch, *shape)).astype(np.float32)
    try:
        predict = ENGINES[engine](model)
        answer = predict(x)
    except Exception as error:
        if engine != "opencv":
            raise
        pytest.skip(f"OpenCV: {error}")
    want = session_of(model)(x)
    right = np.abs(answer - want).max() <= 1e-4 * np.abs(want).max()
    if engine == "opencv" and not right:
        pytest.skip("OpenCV reads this network wrongly")
    assert right
    benchmark.group = f"{name}, batch {batch}"
    benchmark.extra_info["images"] = batch
    benchmark.extra_info["workers"] = WORKERS
    benchmark(predict, x)
    if benchmark.stats is not None:
        steps = Classifier.from_onnx(model)._steps()[0]
        gflop = 1e-9 * batch * sum(flops for _, flops, _ in steps)
        table.append((name, batch, engine, benchmark.stats.stats.median, gflop))


@pytest.mark.parametrize("batch", [1, 64, 1797])
@pytest.mark.parametrize("engine", ["fastconc", "scikit-learn"])
def test_digits(benchmark, engine, batch):
    """The network and the real scans that come with the package."""
    x = load_digits().images[:batch]
    classifier = Classifier.load_digits(workers=WORKERS)
    predict = classifier.predict
    if engine == "scikit-learn":
        neural = pytest.importorskip("sklearn.neural_network")
        from fastconc.classify._digits import PATH
        from fastconc.classify._npz import read_npz

        arrays = read_npz(PATH)
        peer = neural.MLPClassifier((128,), max_iter=1)
        peer.fit(np.eye(64)[:10], np.arange(10))
        peer.coefs_ = [arrays["W0"].astype(np.float64), arrays["W1"].astype(np.float64)]
        peer.intercepts_ = [arrays["b0"].astype(np.float64), arrays["b1"].astype(np.float64)]
        predict = peer.predict_proba
    assert np.abs(predict(x) - classifier.predict(x)).max() < 1e-5
    benchmark.group = f"digits, batch {batch}"
    benchmark(predict, x)


def test_load(benchmark, tmp_path):
    """From the file to a classifier: EfficientNet-Lite0."""
    zoo = pytest.importorskip("fastconc.classify.zoo")
    path = tmp_path / "efficientnet-lite0.onnx"
    try:
        path.write_bytes(zoo.efficientnet_lite0().SerializeToString())
    except ImportError as error:
        pytest.skip(str(error))
    benchmark.group = "load EfficientNet-Lite0"
    benchmark(Classifier.load, path)
