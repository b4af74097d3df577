# SPDX-License-Identifier: BSD-3-Clause
"""The Classifier: checks what comes in, names what goes out; its C base class runs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from fastconc import _core
from fastconc.classify._labels import read_labels
from fastconc.classify._network import Network, shape_text
from fastconc.classify._profile import Profile
from fastconc.classify.preprocess import (
    MAX_PIXELS,
    Preprocess,
    as_preprocess,
    open_image,
    preset_for,
)

ENGINES = {"auto": 0, "packed": 1, "openblas": 2}
MAX_PLANS = 8  # of exact shapes, kept
CLASSIFY_BATCH = 32  # images that classify() holds decoded at once
Ranking = list[tuple[Any, float]]


class Classifier(_core.Net):
    """A pretrained network that classifies batches of images on all cores, without the GIL.

    Make one with ``Classifier.load(path)`` or ``Classifier.load_digits()``. It may be used by any
    number of threads at once, and pickles. ``with Classifier.load(path) as classifier:`` closes it
    at the end.
    """

    _network: Network
    _labels: list[str] | None
    _workers: Any
    _engine: str
    _n_weights: int
    _preprocess: Any
    _planned: dict[Any, tuple[Any, Network]]
    _lock: threading.Lock

    def __init__(self) -> None:
        raise TypeError("make a Classifier with Classifier.load(path)")

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        labels: str | os.PathLike[str] | Sequence[str] | None = None,
        preprocess: Any = None,
        workers: Any = None,
        engine: str = "auto",
        output: str | int | None = None,
    ) -> Classifier:
        """Load a network from a file.

        path      an .onnx file, or a .npz of a dense network (arrays W0, b0, W1, b1, ...).
        labels    a name per class: a sequence of strings, or the path of a text file with one
                  name a line, or of a JSON file.
        preprocess  what classify() does to photos: a preset's name, a ``Preprocess``, or a
                  function of one Pillow image that returns an array. None: what the file says,
                  else torchvision's for ImageNet.
        workers   threads that predict uses: None (all cores), an int, or a fastconc pool.
        engine    who multiplies matrices: "packed" (this package's kernels), "openblas", "auto".
        output    which output of an .onnx file predict returns: its name, or its index. None: the
                  first.

        Raises FileNotFoundError; ValueError for a damaged file, for arrays that do not fit each
        other (both named), for as many labels as there are not classes; ImportError when OpenBLAS
        is asked for and not installed.

        >>> from fastconc.classify import Classifier, load_digits
        >>> from fastconc.classify._digits import PATH
        >>> with Classifier.load(PATH) as classifier:
        ...     classifier.predict(load_digits().images[:3]).shape
        (3, 10)
        """
        own_labels: Any = None
        if os.fspath(path).endswith(".npz"):
            from fastconc.classify._npz import load_npz

            if output is not None:
                raise ValueError(f"output is for .onnx files, not for {os.fspath(path)!r}")
            network, own_labels = load_npz(path)
        else:
            from fastconc.classify._onnx import load_onnx

            network = load_onnx(path, output)
        labels = own_labels if labels is None else labels
        return cls._make(network, labels, workers, engine, preprocess)

    @classmethod
    def from_onnx(
        cls,
        model: Any,
        *,
        labels: Any = None,
        preprocess: Any = None,
        workers: Any = None,
        engine: str = "auto",
        output: str | int | None = None,
    ) -> Classifier:
        """Plan an ``onnx.ModelProto`` that is in memory; as ``load`` otherwise."""
        from fastconc.classify._graph import graph_of

        return cls._from_graph(
            graph_of(model, wanted=output),
            labels=labels,
            preprocess=preprocess,
            workers=workers,
            engine=engine,
        )

    @classmethod
    def _from_graph(
        cls,
        graph: Any,
        *,
        labels: Any = None,
        preprocess: Any = None,
        workers: Any = None,
        engine: str = "auto",
    ) -> Classifier:
        from fastconc.classify._onnx import network_of

        return cls._make(network_of(graph), labels, workers, engine, preprocess)

    @classmethod
    def load_digits(cls, *, workers: Any = None, engine: str = "auto") -> Classifier:
        """Load the digits network that comes with the package, 64-128-10; see ``load_digits``."""
        from fastconc.classify._digits import PATH

        return cls.load(PATH, workers=workers, engine=engine)

    @classmethod
    def _make(
        cls, network: Network, labels: Any, workers: Any, engine: str, preprocess: Any = None
    ) -> Classifier:
        if engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
        if engine == "openblas" or (engine == "auto" and _core.isa() == "baseline"):
            from fastconc.classify._blas import load_blas

            try:
                load_blas()
            except ImportError:
                if engine == "openblas":
                    raise
        self = cls.__new__(cls)
        self._network = network
        self._workers = workers
        self._engine = engine
        if labels is None and network.metadata.get("fastconc.labels") == "imagenet":
            labels = _imagenet_labels()
        self._labels = read_labels(labels)
        if preprocess is None:
            preprocess = network.metadata.get("fastconc.preprocess")
        self._preprocess = as_preprocess(preprocess) or preset_for(
            network.inputs[0].shape if network.inputs else ()
        )
        n_classes = network.output.shape[-1] if len(network.output.shape) > 1 else None
        if labels is None and n_classes == len(network.labels or ()):
            self._labels = network.labels
        if self._labels is not None and n_classes is not None and len(self._labels) != n_classes:
            raise ValueError(f"labels must name {n_classes} classes, not {len(self._labels)}")
        self._planned = {}
        self._lock = threading.Lock()
        self._n_weights = 0
        if network.source is None:
            self._n_weights = len(network.weights)
            self._setup_network(self, network)
            network.weights = None  # the core has its own
        return self

    def _setup_network(self, net: Any, network: Network) -> None:
        shapes: Any = (None, None)
        if network.rows and len(network.inputs) == 1 and network.output.dtype == "float32":
            shapes = tuple(
                tuple(size or 0 for size in spec.shape)
                for spec in (network.inputs[0], network.output)
            )
        engine = ENGINES[self._engine]
        net._setup(network.plan, network.weights, shapes[0], shapes[1], self._workers, engine)

    def _plan_for(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, Network]:
        """The net for exact shapes, of a graph that could not be planned without them."""
        from fastconc.classify._onnx import plan_whole

        with self._lock:
            if self._network.source is None:
                raise ValueError("the classifier is closed")
            if shapes not in self._planned:
                names = [spec.name for spec in self._network.inputs]
                network = plan_whole(self._network.source, dict(zip(names, shapes, strict=True)))
                net = _core.Net()
                self._setup_network(net, network)
                network.weights = None
                while len(self._planned) >= MAX_PLANS:
                    del self._planned[next(iter(self._planned))]
                self._planned[shapes] = (net, network)
            return self._planned[shapes]

    # What the C base class cannot take as it is comes here.
    def _predict_any(self, *batch: Any) -> Any:
        net, network, inputs, items = self._prepare(batch)
        shape = [items if size is None else size for size in network.output.shape]
        output = np.empty(shape, np.float32)
        net._run(items if network.rows else 1, inputs, output)
        return (
            output
            if network.output.dtype == "float32"
            else output.astype(self._dtype(network.output.dtype))
        )

    @staticmethod
    def _dtype(name: str) -> Any:
        try:
            return np.dtype(name)
        except TypeError:  # float8 and such
            import ml_dtypes

            return np.dtype(getattr(ml_dtypes, name))

    def _prepare(self, batch: tuple[Any, ...]) -> tuple[Any, Network, tuple[Any, ...], int]:
        """The net and its description for a batch, the batch as the core takes it, its size."""
        network = getattr(self, "_network", None)
        if network is None or network.source is None:
            self._steps()  # raises when closed
        assert network is not None
        specs = network.inputs
        if len(batch) != len(specs):
            names = ", ".join(map(str, specs))
            raise TypeError(f"predict takes {len(specs)} array(s) ({names}), not {len(batch)}")
        arrays = tuple(self._convert_one(x, spec) for x, spec in zip(batch, specs, strict=True))
        if network.source is not None:
            net, network = self._plan_for(tuple(array.shape for array in arrays))
            return net, network, arrays, 1
        sizes = {array.shape[0] for array in arrays} if network.rows else set()
        if len(sizes) > 1:
            raise ValueError(f"all arrays must have the same number of images, not {sorted(sizes)}")
        return self, network, arrays, next(iter(sizes), 1)

    @staticmethod
    def _convert_one(x: Any, spec: Any) -> Any:
        array = np.asarray(x)
        if array.dtype.kind not in "fiub" and str(array.dtype) != spec.dtype:
            raise TypeError(
                f"batch must be an array of real numbers, not of {array.dtype} ({type(x).__name__})"
            )
        fits = array.ndim == len(spec.shape) and all(
            want is None or want == got for want, got in zip(spec.shape, array.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"batch must have shape {shape_text(spec.shape)}, not {array.shape}")
        if spec.dtype in ("int32", "int64", "uint32", "uint64") and array.dtype.kind in "iu":
            if array.size and max(abs(int(array.min())), abs(int(array.max()))) > 2**24:
                raise ValueError(f"{spec.name} must hold whole numbers within -2^24 and 2^24")
        with np.errstate(over="ignore"):
            return np.require(array, np.float32, ["C", "A"])

    def top_k(self, batch: Any, k: int = 5) -> list[Ranking]:
        """Return, for every image of the batch, its k most probable classes as (label,
        probability), best first.

        Without labels the class's index stands in their place. Networks that end in raw scores (no
        Softmax or Sigmoid) get a softmax here, so that the numbers are probabilities; ``predict``
        never does that. Equal probabilities rank by index, and a row of NaN keeps the order of the
        indices.

        Raises ValueError when k is not within 1 and the number of classes, or when the output is
        not (n, classes).
        """
        scores = self._probabilities(self.predict(batch))
        if isinstance(k, bool) or not hasattr(k, "__index__"):
            raise TypeError(f"k must be an int, not {type(k).__name__}")
        if not 1 <= k <= scores.shape[1]:
            raise ValueError(
                f"k must be within 1 and {scores.shape[1]} (the number of classes), not {k}"
            )
        order = np.argsort(-scores, axis=1, kind="stable")[:, : int(k)]
        names: Any = self._labels if self._labels is not None else range(scores.shape[1])
        return [
            [(names[j], float(row[j])) for j in best]
            for row, best in zip(scores, order.tolist(), strict=True)
        ]

    def _probabilities(self, scores: Any) -> Any:
        if scores.ndim != 2:
            raise ValueError(
                f"the output must have shape (n, classes) to be ranked, not {scores.shape}"
            )
        activation = self._network.activation
        if activation in ("softmax", "sigmoid"):
            return scores
        with np.errstate(invalid="ignore"):
            if activation != "logsoftmax":
                scores = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)
            powers = np.exp(scores)
            return (
                powers if activation == "logsoftmax" else powers / powers.sum(axis=1, keepdims=True)
            )

    def classify(self, images: Any, k: int = 5, *, max_pixels: int = MAX_PIXELS) -> list[Ranking]:
        """Decode and preprocess images on all cores, run the network, return the k best classes of
        each.

        images    paths, bytes, open files, Pillow images or arrays (H, W[, 3]) of uint8 or of
        floats from 0 to 1;
                  a sequence of them, or a single one. Photos are turned as their EXIF data say.
        Result and errors as ``top_k``; further FileNotFoundError, ValueError for what is no image
        or has more than max_pixels, and where the network has no preprocessing (``preprocess`` of
        load).
        """
        if isinstance(images, (str, bytes, bytearray, os.PathLike)) or hasattr(images, "convert"):
            images = [images]
        if isinstance(images, np.ndarray) and images.ndim <= 3:
            images = [images]
        images = list(images)
        if self._preprocess is None:
            raise ValueError("this network takes no images: load it with preprocess=...")
        preprocess = self._preprocess

        def prepare(image: Any) -> Any:
            if isinstance(preprocess, Preprocess):
                return preprocess(image, max_pixels=max_pixels)
            return preprocess(open_image(image, max_pixels))

        rankings: list[Ranking] = []
        with self._decoders(len(images)) as pool:  # Pillow lets the GIL go
            for at in range(0, len(images), CLASSIFY_BATCH):
                part = images[at : at + CLASSIFY_BATCH]
                arrays = list(map(prepare, part)) if pool is None else pool.map(prepare, part)
                rankings += self.top_k(np.stack(arrays), k)
        return rankings

    def _decoders(self, n_images: int) -> Any:
        """A context manager: the pool that decodes so many images, or None for the caller alone."""
        if hasattr(self._workers, "map") and n_images > 1:
            return nullcontext(self._workers)
        width = 1 if n_images < 2 else min(n_images, self._workers or _core.get_num_threads())
        if width < 2:
            return nullcontext()
        from fastconc import Pool

        return Pool(width, name="classify")

    def profile(self, batch: Any, repeat: int = 5) -> Profile:
        """Time every step on one thread and return the table: milliseconds, GFLOP/s, share of the
        peak.

        The batch is run `repeat` times; the shortest time of each step counts. The peak is that of
        fused multiply-adds in registers, measured at the same moment.
        """
        net, network, inputs, items = self._prepare((batch,))
        shape = [items if size is None else size for size in network.output.shape]
        output = np.empty(shape, np.float32)
        items = items if network.rows else 1
        runs = [net._profile(items, inputs, output) for _ in range(max(1, repeat))]
        return Profile(runs, network.layers, items, _core.fma_peak())

    @property
    def labels(self) -> list[str] | None:
        """The names of the classes, or None."""
        return None if self._labels is None else list(self._labels)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape that predict expects; None stands for any size."""
        return self._network.inputs[0].shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of what predict returns; None stands for the number of images."""
        return self._network.output.shape

    def summary(self) -> str:
        """Return a table of the steps the network runs: layer, kind, and MFLOP for one image."""
        steps, arena, chunk = self._steps()
        lines = [f"{'step':>4}  {'layer':<36} {'kind':<12} {'MFLOP':>10}"]
        for i, ((kind, flops, _), name) in enumerate(zip(steps, self._network.layers, strict=True)):
            lines.append(f"{i:>4}  {name[-36:]:<36} {kind:<12} {flops / 1e6:>10.3f}")
        total = sum(flops for _, flops, _ in steps)
        inputs = ", ".join(map(str, self._network.inputs))
        lines.append(f"input {inputs}; output {self._network.output}")
        lines.append(
            f"{self._n_weights:,} weights, {total / 1e6:.3f} MFLOP an image, "
            f"{arena / 1024:.0f} KiB a worker for {chunk} image(s) at a time"
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Classifier {', '.join(map(str, self._network.inputs))} -> {self._network.output}>"

    def close(self) -> None:
        """Free the network; calls under way finish, later ones raise ValueError."""
        super().close()
        with self._lock:
            self._planned.clear()
            self._network.source = None

    def __enter__(self) -> Classifier:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        weights = None
        if self._network.source is None:
            weights = np.zeros(self._n_weights, np.float32)
            self._export(weights)
        workers = getattr(
            self._workers, "_workers", self._workers
        )  # a pool stays behind, its width goes along
        network = dict(self._network.__dict__, weights=weights)
        return _rebuild, (
            type(self),
            network,
            self._labels,
            workers,
            self._engine,
            self._preprocess,
        )


def _rebuild(
    cls: type[Classifier],
    network: dict[str, Any],
    labels: Any,
    workers: Any,
    engine: str,
    preprocess: Any,
) -> Classifier:
    return cls._make(Network(**network), labels, workers, engine, preprocess)


def _imagenet_labels() -> list[str] | None:
    from fastconc.classify.zoo import imagenet_labels

    try:
        return imagenet_labels()
    except ImportError:
        return None
