# SPDX-License-Identifier: BSD-3-Clause
"""Image classification: pretrained networks run batch after batch by native threads, without the
GIL.

``Classifier.load`` reads a network (.onnx or .npz); ``load_digits`` gives real scans to try it on.
"""

from fastconc.classify._classifier import Classifier
from fastconc.classify._digits import Digits, load_digits

__all__ = ["Classifier", "Digits", "load_digits"]
