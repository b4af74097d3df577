# SPDX-License-Identifier: BSD-3-Clause
"""Dense networks from .npz, and all of predict that does not depend on the kind of network."""

import gc
import pickle
import threading
import zipfile
from itertools import pairwise

import fastconc
import numpy as np
import pytest
from fastconc.classify import Classifier, load_digits


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load_digits()


def dense_reference(arrays, x):
    """The network in float64."""
    i = 0
    x = np.asarray(x, np.float64)
    while f"W{i}" in arrays:
        x = x @ arrays[f"W{i}"].astype(np.float64) + arrays[f"b{i}"]
        i += 1
        if f"W{i}" in arrays:
            x = np.maximum(x, 0)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def random_dense(tmp_path, sizes, seed=0, **more):
    rng = np.random.default_rng(seed)
    arrays = {}
    for i, (k, n) in enumerate(pairwise(sizes)):
        arrays[f"W{i}"] = (rng.standard_normal((k, n)) / np.sqrt(k)).astype(np.float32)
        arrays[f"b{i}"] = rng.standard_normal(n).astype(np.float32)
    path = tmp_path / "net.npz"
    np.savez(path, **arrays, **more)
    return path, arrays


def test_real_scans_are_recognised(classifier, digits):
    guess = classifier.predict(digits.images).argmax(axis=1)
    assert (guess == digits.target)[digits.is_test].mean() > 0.96
    assert digits.images.shape == (1797, 64) and digits.is_test.sum() == 599


@pytest.mark.parametrize("engine", ["packed", "openblas"])
@pytest.mark.parametrize(
    "sizes", [(1, 1), (3, 5), (64, 128, 10), (17, 33, 65, 7), (784, 512, 512, 10), (5, 300, 257)]
)
def test_equals_float64(tmp_path, sizes, engine):
    path, arrays = random_dense(tmp_path, sizes)
    classifier = Classifier.load(path, engine=engine)
    for n in (0, 1, 2, 3, 5, 6, 7, 8, 13, 64, 65, 200):
        x = np.random.default_rng(n).standard_normal((n, sizes[0])).astype(np.float32)
        y = classifier.predict(x)
        assert y.shape == (n, sizes[-1]) and y.dtype == np.float32
        np.testing.assert_allclose(y, dense_reference(arrays, x), atol=3e-6)


@pytest.mark.parametrize("engine", ["packed", "openblas"])
def test_same_bits_for_any_number_of_workers(tmp_path, engine):
    path, _ = random_dense(tmp_path, (784, 300, 300, 10))
    for n in (1, 2, 3, 63, 64, 65, 130, 500):
        x = np.random.default_rng(n).standard_normal((n, 784)).astype(np.float32)
        results = {
            Classifier.load(path, workers=w, engine=engine).predict(x).tobytes()
            for w in (1, 2, 3, 7)
        }
        assert len(results) == 1


def test_a_row_alone_equals_the_row_in_a_batch(classifier, digits):
    y = classifier.predict(digits.images[:300])
    for i in range(0, 300, 7):
        assert classifier.predict(digits.images[i : i + 1]).tobytes() == y[i : i + 1].tobytes()


def test_nan_spoils_only_its_row(classifier, digits):
    x = digits.images[:100].copy()
    clean = classifier.predict(x)
    x[37, 5] = np.nan
    y = classifier.predict(x)
    assert np.isnan(y[37]).all()
    rest = np.arange(100) != 37
    assert (y[rest] == clean[rest]).all()


def test_conversions(classifier, digits):
    x = digits.images[:50]
    want = classifier.predict(x)
    wide = np.zeros((50, 128), np.float32)
    wide[:, ::2] = x
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view()
    shifted[:] = np.frombuffer(x.tobytes(), np.uint8)
    unaligned = np.ndarray(x.shape, np.float32, shifted)
    assert not unaligned.flags.aligned
    variants = [
        x.astype(np.float64), x.astype(np.uint8), x.astype(np.int64), x.astype(">f4"),
        np.asfortranarray(x),
        wide[:, ::2], x[::-1][::-1], x.tolist(), memoryview(x), unaligned, x.astype(np.float16),
    ]  # fmt: skip
    before = x.copy()
    for variant in variants:
        assert (classifier.predict(variant) == want).all()
    assert (x == before).all()


def test_empty_batch(classifier):
    assert classifier.predict(np.zeros((0, 64), np.float32)).shape == (0, 10)
    assert classifier.predict(np.zeros((0, 64))).shape == (0, 10)
    assert classifier.top_k(np.zeros((0, 64), np.float32)) == []


def test_top_k(classifier, digits):
    y = classifier.predict(digits.images[:4])
    ranking = classifier.top_k(digits.images[:4], k=3)
    for row, best in zip(y, ranking, strict=True):
        assert [label for label, _ in best] == [str(i) for i in np.argsort(-row, kind="stable")[:3]]
        assert [p for _, p in best] == sorted(row.tolist(), reverse=True)[:3]


def test_scores_become_probabilities_in_top_k_only(tmp_path):
    path, _ = random_dense(tmp_path, (4, 3), output="identity")
    classifier = Classifier.load(path)
    x = np.ones((2, 4), np.float32)
    raw = classifier.predict(x)
    assert abs(raw.sum(axis=1) - 1).max() > 1e-3
    assert sum(p for _, p in classifier.top_k(x, 3)[0]) == pytest.approx(1)
    assert classifier.top_k(x, 1)[0][0][0] == raw[0].argmax()


@pytest.mark.parametrize("k", [0, -1, 11, 10**30])
def test_bad_k(classifier, digits, k):
    with pytest.raises(ValueError, match="k must be within 1 and 10"):
        classifier.top_k(digits.images[:1], k)


@pytest.mark.parametrize("k", [1.0, "3", None, True])
def test_k_of_wrong_type(classifier, digits, k):
    with pytest.raises(TypeError, match="k must be an int"):
        classifier.top_k(digits.images[:1], k)


@pytest.mark.parametrize("shape", [(64,), (1, 65), (2, 63), (1, 8, 8), (), (64, 1)])
def test_wrong_shape(classifier, shape):
    with pytest.raises(ValueError, match=r"batch must have shape \(n, 64\), not"):
        classifier.predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    "bad", ["abc", np.zeros((1, 64), complex), np.full((1, 64), "x"), None, [[None] * 64], object()]
)
def test_wrong_dtype(classifier, bad):
    with pytest.raises(TypeError, match="batch must be an array of real numbers"):
        classifier.predict(bad)


def test_number_of_arguments(classifier, digits):
    with pytest.raises(TypeError, match=r"predict takes 1 array"):
        classifier.predict()
    with pytest.raises(TypeError, match=r"predict takes 1 array"):
        classifier.predict(digits.images, digits.images)


def test_pickle(classifier, digits):
    copy = pickle.loads(pickle.dumps(classifier))
    assert (copy.predict(digits.images) == classifier.predict(digits.images)).all()
    assert copy.labels == classifier.labels == [str(i) for i in range(10)]
    again = pickle.loads(pickle.dumps(copy))
    assert (again.predict(digits.images[:5]) == classifier.predict(digits.images[:5])).all()


def test_summary(classifier):
    text = classifier.summary()
    assert "W0" in text and "Softmax" in text and "(n, 64)" in text


def test_close():
    with Classifier.load_digits() as classifier:
        classifier.predict(np.zeros((1, 64), np.float32))
    for call in (
        lambda: classifier.predict(np.zeros((1, 64), np.float32)),
        classifier.summary,
        classifier.trim,
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    classifier.close()


def test_cannot_be_made_directly():
    with pytest.raises(TypeError, match=r"Classifier\.load"):
        Classifier()
    with pytest.raises(ValueError, match="closed"):
        Classifier.__new__(Classifier).predict(np.zeros((1, 2), np.float32))


def test_threads_agree(classifier, digits):
    want = classifier.predict(digits.images)
    wrong = []

    def work():
        for _ in range(20):
            if not (classifier.predict(digits.images) == want).all():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_close_while_others_predict(digits):
    classifier = Classifier.load_digits()
    stop = threading.Event()
    unexpected = []

    def work():
        while not stop.is_set():
            try:
                classifier.predict(digits.images)
            except ValueError:
                return
            except BaseException as error:
                unexpected.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    classifier.close()
    for thread in threads:
        thread.join()
    assert not unexpected


def test_nothing_leaks(classifier, digits):
    import tracemalloc

    x = digits.images[:1]
    for _ in range(200):
        classifier.predict(x)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(10_000):
        classifier.predict(x)
    gc.collect()
    grown = sum(s.size_diff for s in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()
    assert grown < 100_000


@pytest.mark.parametrize("workers", [0, -3])
def test_bad_workers(workers):
    with pytest.raises(ValueError, match="workers must be at least 1"):
        Classifier.load_digits(workers=workers)


def test_bad_engine():
    with pytest.raises(ValueError, match="engine must be one of"):
        Classifier.load_digits(engine="cuda")


def test_labels(tmp_path):
    path, _ = random_dense(tmp_path, (4, 3))
    names = tmp_path / "names.txt"
    names.write_text("ant\nbee\ncat\n")
    x = np.ones((1, 4), np.float32)
    for labels in (["ant", "bee", "cat"], names, str(names)):
        assert {name for name, _ in Classifier.load(path, labels=labels).top_k(x, 3)[0]} == {
            "ant",
            "bee",
            "cat",
        }
    with pytest.raises(ValueError, match="labels must name 3 classes, not 2"):
        Classifier.load(path, labels=["ant", "bee"])
    with pytest.raises(TypeError, match=r"labels\[1\] must be a str"):
        Classifier.load(path, labels=["ant", 2, "cat"])
    with pytest.raises(TypeError, match="labels must be"):
        Classifier.load(path, labels=3)
    with pytest.raises(FileNotFoundError):
        Classifier.load(path, labels=tmp_path / "none.txt")


BAD_ARRAYS = [
    ({}, "no array W0"),
    ({"W0": np.zeros((2, 3))}, "b0 is missing"),
    ({"W0": np.zeros((2, 3)), "b0": np.zeros(2)}, "b0 must have 3 entries"),
    ({"W0": np.zeros(3), "b0": np.zeros(3)}, r"W0 must have 2 dimension"),
    ({"W0": np.zeros((2, 3)), "b0": np.zeros((1, 3))}, r"b0 must have 1 dimension"),
    ({"W0": np.zeros((0, 3)), "b0": np.zeros(3)}, "W0 is empty"),
    ({"W0": np.zeros((2, 3), complex), "b0": np.zeros(3)}, "W0 must be an array of real numbers"),
    (
        {"W0": np.zeros((2, 3)), "b0": np.zeros(3), "W1": np.zeros((4, 2)), "b1": np.zeros(2)},
        "W1 must have 3 rows",
    ),
    (
        {"W0": np.zeros((2, 3)), "b0": np.zeros(3), "activation": "swoosh"},
        "activation must be one of",
    ),
    ({"W0": np.zeros((2, 3)), "b0": np.zeros(3), "labels": ["a"]}, "labels must name 3 classes"),
]


@pytest.mark.parametrize("arrays, message", BAD_ARRAYS)
def test_mismatched_weights(tmp_path, arrays, message):
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        Classifier.load(path)


def test_damaged_files(tmp_path):
    path, _ = random_dense(tmp_path, (64, 32, 10))
    whole = path.read_bytes()
    bad = tmp_path / "bad.npz"
    rng = np.random.default_rng(0)
    damaged = [
        b"",
        b"PK",
        whole[:100],
        whole[: len(whole) // 2],
        whole[:-30],
        b"\x93NUMPY" + whole,
        bytes(500),
    ]
    for data in damaged:
        bad.write_bytes(data)
        with pytest.raises(ValueError, match=r"bad\.npz"):
            Classifier.load(bad)
    for _ in range(300):  # flipped bytes: refused or loaded, nothing else
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 5):
            data[at] = rng.integers(256)
        bad.write_bytes(data)
        try:
            Classifier.load(bad).predict(np.zeros((1, 64), np.float32))
        except ValueError:
            pass
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("W0.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', "
                         b"'fortran_order': False, 'shape': "
                         b"(100000, 100000), }" + b" " * 48 + b"\n")  # fmt: skip
    with pytest.raises(ValueError):
        Classifier.load(bad)
    with pytest.raises(FileNotFoundError):
        Classifier.load(tmp_path / "absent.npz")


def test_public_name():
    assert fastconc.Classifier is Classifier
