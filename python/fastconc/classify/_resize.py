# SPDX-License-Identifier: BSD-3-Clause
"""Resize, axis by axis: every mode of ONNX is a table of indices and weights along each axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconc.classify._lower import Unsupported

Table = tuple[Any, Any, float]  # index (n, taps), weights (n, taps) or None, value outside


def axis_tables(
    sizes: list[int], given: list[float], are_sizes: bool, roi: Any, attrs: dict[str, Any]
) -> list[Table | None]:
    """A table per axis; None where the axis stays as it is."""
    if are_sizes:
        targets = _keep_aspect(sizes, [int(g) for g in given], attrs)
        scales = [t / s for t, s in zip(targets, sizes, strict=True)]
        policy = attrs.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratios = [g / s for g, s in zip(given, sizes, strict=True)]
            scales = [min(ratios) if policy == "not_larger" else max(ratios)] * len(sizes)
    else:
        if min(given) <= 0:
            raise ValueError(f"scales must be positive, not {given}")
        scales = [float(np.float32(g)) for g in given]
        # In float32, as others do: 10 times 0.7 is 7 there, and below it in double.
        targets = [
            int(np.float32(size) * np.float32(scale))
            for size, scale in zip(sizes, scales, strict=True)
        ]
    if min(targets) < 1:
        raise ValueError(f"the result would be empty: sizes {targets}")
    tables: list[Table | None] = []
    count = len(sizes)
    for axis, (size, target, scale) in enumerate(zip(sizes, targets, scales, strict=True)):
        crop = attrs.get("coordinate_transformation_mode") == "tf_crop_and_resize"
        window = None
        if crop:
            if roi is None or len(roi) != 2 * count:
                raise ValueError("tf_crop_and_resize takes a region of 2 numbers per axis")
            window = (float(roi[axis]), float(roi[axis + count]))
        if size == target and scale == 1 and window in (None, (0.0, 1.0)):
            tables.append(None)
        else:
            tables.append(_table(size, target, scale, window, attrs))
    return tables


def _keep_aspect(sizes: list[int], targets: list[int], attrs: dict[str, Any]) -> list[int]:
    policy = attrs.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return targets
    if policy not in ("not_larger", "not_smaller"):
        raise Unsupported(f"keep_aspect_ratio_policy {policy!r}")
    ratios = [t / s for t, s in zip(targets, sizes, strict=True)]
    scale = min(ratios) if policy == "not_larger" else max(ratios)
    return [math.floor(size * scale + 0.5) for size in sizes]


def _coordinates(size: int, target: int, scale: Any, window: Any, mode: str) -> Any:
    """Where each output lies in the input."""
    # In float32, as others compute it: which pixel is nearest can depend on the last bit.
    x = np.arange(target, dtype=np.float32)
    scale = np.float32(scale)
    length = np.float32(size) * scale  # before rounding down
    if mode == "half_pixel":
        return (x + 0.5) / scale - 0.5
    if mode == "half_pixel_symmetric":
        return (1 - target / length) * size / 2 + (x + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return (x + 0.5) / scale - 0.5 if length > 1 else np.zeros(target)
    if mode == "align_corners":
        if abs(length - target) > 1e-4:
            # The definition takes the length before rounding, ONNX Runtime the one after.
            raise Unsupported(f"align_corners where {size} times {scale} is not a whole number")
        return x * (size - 1) / (length - 1) if length != 1 else np.zeros(target)
    if mode == "asymmetric":
        return x / scale
    if mode == "tf_half_pixel_for_nn":
        return (x + 0.5) / scale
    if mode == "tf_crop_and_resize":
        start, end = window
        if length <= 1:
            return np.full(target, 0.5 * (start + end) * (size - 1))
        return start * (size - 1) + x * (end - start) * (size - 1) / (length - 1)
    raise Unsupported(f"coordinate_transformation_mode {mode!r}")


def _nearest(x: Any, mode: str) -> Any:
    if mode == "round_prefer_floor":
        return np.ceil(x - 0.5)
    if mode == "round_prefer_ceil":
        return np.floor(x + 0.5)
    if mode in ("floor", "ceil"):
        return getattr(np, mode)(x)
    raise Unsupported(f"nearest_mode {mode!r}")


def _linear(t: Any) -> Any:
    return np.maximum(0, 1 - np.abs(t))


def _cubic(a: float) -> Any:
    """Keys 1981: the cubic convolution kernel with parameter a."""

    def kernel(t: Any) -> Any:
        t = np.abs(t)
        near = ((a + 2) * t - (a + 3)) * t * t + 1
        far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
        return np.where(t <= 1, near, np.where(t < 2, far, 0))

    return kernel


def _table(size: int, target: int, scale: float, window: Any, attrs: dict[str, Any]) -> Table:
    transform = attrs.get("coordinate_transformation_mode", "half_pixel")
    x = _coordinates(size, target, scale, window, transform)
    outside = float(attrs.get("extrapolation_value", 0.0))
    is_outside = (
        (x < 0) | (x > size - 1) if transform == "tf_crop_and_resize" else np.zeros(target, bool)
    )
    mode = attrs.get("mode", "nearest")
    if mode == "nearest":
        index = np.clip(_nearest(x, attrs.get("nearest_mode", "round_prefer_floor")), 0, size - 1)
        return np.where(is_outside, -1, index).astype(np.int64)[:, None], None, outside
    if mode in ("linear", "bilinear"):
        kernel, radius = _linear, 1.0
    elif mode == "cubic":
        kernel, radius = _cubic(float(attrs.get("cubic_coeff_a", -0.75))), 2.0
    else:
        raise Unsupported(f"mode {mode!r}")
    stretch = min(1.0, scale) if attrs.get("antialias", 0) else 1.0
    begin = math.floor(-radius / stretch) + 1
    taps = 2 - 2 * begin
    index = np.floor(x).astype(np.int64)[:, None] + begin + np.arange(taps)[None, :]
    weights = kernel((index - x[:, None]) * stretch)
    inside = (index >= 0) & (index < size)
    if attrs.get("exclude_outside", 0):
        weights = np.where(inside, weights, 0)
    if attrs.get("exclude_outside", 0) or stretch < 1:
        weights = weights / weights.sum(axis=1, keepdims=True)
    index = np.clip(index, 0, size - 1)
    if is_outside.any():
        index = np.where(is_outside[:, None], -1, index)
        weights = np.where(is_outside[:, None], 1.0 / taps, weights)
    return index, weights.astype(np.float32), outside
