# SPDX-License-Identifier: BSD-3-Clause
"""Handwritten digits that come with the package: real scans, and a network trained on a part of
them.

The scans are the test part of the UCI "Optical Recognition of Handwritten Digits" data set (E.
Alpaydin and C. Kaynak, 1998, https://doi.org/10.24432/C50P49; licence CC BY 4.0) as scikit-learn
ships it: 1797 images of 8 x 8 pixels with values 0 to 16, from 13 writers.
examples/train_digits.py made the file.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from fastconc.classify._npz import read_npz

PATH = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "digits.npz")


class Digits(NamedTuple):
    """Scans of handwritten digits and what they show."""

    images: Any  # (1797, 64) float32, values 0 to 16
    target: Any  # (1797,) int64, 0 to 9
    is_test: Any  # (1797,) bool: the network of Classifier.load_digits() has not seen these


def load_digits() -> Digits:
    """Return the 1797 scans of handwritten digits (UCI, CC BY 4.0) as NumPy arrays.

    >>> from fastconc.classify import Classifier, load_digits
    >>> digits = load_digits()
    >>> classifier = Classifier.load_digits()
    >>> guess = classifier.predict(digits.images).argmax(axis=1)
    >>> float((guess == digits.target)[digits.is_test].mean()) > 0.95
    True
    """
    arrays = read_npz(PATH)
    return Digits(
        arrays["images"].astype("float32"),
        arrays["target"].astype("int64"),
        arrays["is_test"].astype(bool),
    )
