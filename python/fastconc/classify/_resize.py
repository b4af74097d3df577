# SPDX-License-Identifier: BSD-3-Clause
"""Resize, axis by axis: every mode of ONNX is a table of indices and weights along each axis.

Which pixel is nearest can depend on the last bit of a coordinate. So scales, lengths and
coordinates are computed in float32, in the order of ONNX Runtime: the pixels are the same ones.
"""

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
        if min(sizes) < 1:
            raise ValueError(f"nothing to resize: sizes {sizes}")
        targets, scales = _of_sizes(sizes, [int(g) for g in given], attrs)
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
    crop = attrs.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    if targets == sizes and not crop:
        # A scale just above 1, too. The standard would move pixels; ONNX Runtime copies.
        return [None] * len(sizes)
    tables: list[Table | None] = []
    count = len(sizes)
    for axis, (size, target, scale) in enumerate(zip(sizes, targets, scales, strict=True)):
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


def _of_sizes(
    sizes: list[int], targets: list[int], attrs: dict[str, Any]
) -> tuple[list[int], list[float]]:
    """The sizes to make and the scales that lead there."""
    scales = [float(np.float32(t) / np.float32(s)) for t, s in zip(targets, sizes, strict=True)]
    policy = attrs.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return targets, scales
    if policy not in ("not_larger", "not_smaller"):
        raise Unsupported(f"keep_aspect_ratio_policy {policy!r}")
    scale = min(scales) if policy == "not_larger" else max(scales)
    lengths = [float(np.float32(scale) * np.float32(size)) for size in sizes]
    return [math.floor(length + 0.5) for length in lengths], [scale] * len(sizes)


def _coordinates(size: int, target: int, scale: float, window: Any, mode: str) -> Any:
    """Where each output lies in the input, in float32."""
    x = np.arange(target, dtype=np.float32)
    one, half = np.float32(1), np.float32(0.5)
    step, source, result = np.float32(scale), np.float32(size), np.float32(target)
    if mode == "half_pixel" or (mode == "pytorch_half_pixel" and target > 1):
        return (x + half) / step - half
    if mode == "pytorch_half_pixel":
        return np.zeros(target, np.float32)
    if mode == "half_pixel_symmetric":
        offset = source / 2 * (one - result / (step * source))
        # From here on in double: a constant of the formula is one.
        place = (x.astype(np.float64) + 0.5) / float(step) - 0.5
        return (float(offset) + place).astype(np.float32)
    if mode == "align_corners":
        if abs(step * source - result) > 1e-4:
            # The definition takes the length before rounding, ONNX Runtime the one after.
            raise Unsupported(f"align_corners where {size} times {scale} is not a whole number")
        return x * (source - one) / (result - one) if target != 1 else np.zeros(1, np.float32)
    if mode == "asymmetric":
        return x / step
    if mode == "tf_half_pixel_for_nn":
        return (x + half) / step
    if mode == "tf_crop_and_resize":
        start, end = (np.float32(w) for w in window)
        if target == 1:
            return np.full(1, 0.5 * float(start + end) * float(source - one), np.float32)
        return start * (source - one) + x * (end - start) * (source - one) / (result - one)
    raise Unsupported(f"coordinate_transformation_mode {mode!r}")


def _nearest(x: Any, mode: str, scale: float) -> Any:
    if mode == "before 11":  # no choice then: whole pixels skipped where the result is smaller
        mode = "ceil" if scale < 1 else "floor"
    if mode in ("round_prefer_floor", "round_prefer_ceil"):
        # Between two pixels up to the rounding of float32 is between them, as in ONNX Runtime.
        down = np.floor(x)
        fraction = x - down
        tie = np.abs(fraction - np.float32(0.5)) <= np.float32(1e-6)
        return down + np.where(tie, mode == "round_prefer_ceil", fraction > 0.5)
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
        rounding = attrs.get("nearest_mode", "round_prefer_floor")
        index = np.clip(_nearest(x, rounding, scale), 0, size - 1)
        return np.where(is_outside, -1, index).astype(np.int64)[:, None], None, outside
    x = x.astype(np.float64)
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
