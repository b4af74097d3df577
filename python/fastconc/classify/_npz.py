# SPDX-License-Identifier: BSD-3-Clause
"""Dense networks in NumPy's .npz: arrays ``W0`` (inputs, outputs), ``b0`` (outputs), ``W1``,
``b1`` and so on.

Optional entries: ``activation`` between the layers ("relu", the default, "tanh", "logistic" or
"identity"), ``output`` ("softmax", the default, "sigmoid" or "identity") and ``labels`` (one string
per output). So the ``coefs_`` and ``intercepts_`` of scikit-learn's MLPClassifier fit unchanged.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from fastconc.classify._network import Network, Spec
from fastconc.classify._plan import RELU, Act, PlanBuilder

HIDDEN = {"relu": RELU, "tanh": Act("tanh"), "logistic": Act("sigmoid"), "identity": Act()}
OUTPUT = {"softmax": Act(), "sigmoid": Act("sigmoid"), "identity": Act()}


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("it holds one array, not an archive")
            return {name: archive[name] for name in archive.files}
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except Exception as error:  # BadZipFile, zlib.error, and all that damaged headers provoke
        raise ValueError(f"{os.fspath(path)!r} is not a sound .npz file: {error}") from error


def _word(arrays: dict[str, Any], key: str, default: str, known: dict[str, Act]) -> str:
    if key not in arrays:
        return default
    value = str(arrays[key]) if arrays[key].ndim == 0 else repr(arrays[key])
    if value not in known:
        raise ValueError(f"{key} must be one of {', '.join(known)}, not {value!r}")
    return value


def _layer(arrays: dict[str, Any], i: int, n_in: int | None) -> tuple[Any, Any]:
    w = arrays[f"W{i}"]
    b: Any = arrays.get(f"b{i}")
    for name, array, ndim in ((f"W{i}", w, 2), (f"b{i}", b, 1)):
        if array is None:
            raise ValueError(f"{name} is missing")
        if array.dtype.kind not in "fiu":
            raise ValueError(f"{name} must be an array of real numbers, not of {array.dtype}")
        if array.ndim != ndim:
            raise ValueError(f"{name} must have {ndim} dimension(s), not shape {array.shape}")
    if 0 in w.shape:
        raise ValueError(f"W{i} is empty: shape {w.shape}")
    if n_in is not None and w.shape[0] != n_in:
        raise ValueError(
            f"W{i} must have {n_in} rows, as many as W{i - 1} has columns, not shape {w.shape}"
        )
    if b.shape[0] != w.shape[1]:
        raise ValueError(
            f"b{i} must have {w.shape[1]} entries, as many as W{i} has columns, not {b.shape[0]}"
        )
    return w, b


def load_npz(path: str | os.PathLike[str]) -> tuple[Network, list[str] | None]:
    """Read and check a dense network; ValueError names the file and the array that is wrong."""
    arrays = read_npz(path)
    try:
        return network_of(arrays), labels_of(arrays)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from None


def labels_of(arrays: dict[str, Any]) -> list[str] | None:
    return [str(label) for label in arrays["labels"].reshape(-1)] if "labels" in arrays else None


def network_of(arrays: dict[str, Any]) -> Network:
    n_layers = 0
    while f"W{n_layers}" in arrays:
        n_layers += 1
    if n_layers == 0:
        raise ValueError(f"there is no array W0; found {', '.join(sorted(arrays)) or 'nothing'}")
    hidden = _word(arrays, "activation", "relu", HIDDEN)
    final = _word(arrays, "output", "softmax", OUTPUT)

    builder = PlanBuilder()
    n_in = None
    for i in range(n_layers):
        w, b = _layer(arrays, i, n_in)
        if n_in is None:
            tensor = builder.input(w.shape[0])
        n_in = w.shape[1]
        act = HIDDEN[hidden] if i + 1 < n_layers else OUTPUT[final]
        out = builder.tensor(n_in)
        parameters = (1, *w.shape, builder.weights(w), builder.weights(b), act, 0)
        builder.step("dense", [tensor], out, *parameters, name=f"W{i}")
        tensor = out
    assert n_in is not None
    if final == "softmax":
        out = builder.tensor(n_in)
        builder.step("softmax", [tensor], out, 1, n_in, 1, 0, name="softmax")
        tensor = out
    plan, weights = builder.finish(tensor)
    return Network(
        inputs=[Spec("batch", (None, arrays["W0"].shape[0]))],
        output=Spec("probabilities", (None, n_in)),
        rows=True,
        plan=plan,
        weights=weights,
        layers=[step.name for step in builder.steps],
        activation=final if final != "identity" else None,
    )
