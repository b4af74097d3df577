# SPDX-License-Identifier: BSD-3-Clause
"""What a loader hands to the Classifier: a plan, its weights, and what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Shape = tuple["int | None", ...]


@dataclass(frozen=True)
class Spec:
    """One input or output: its name, shape (None where the size is free) and NumPy dtype name."""

    name: str
    shape: Shape
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}{shape_text(self.shape)}"


def shape_text(shape: Shape) -> str:
    sizes = ["n" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


@dataclass
class Network:
    """A planned network. With ``rows`` the first axis of every input and of the output is the
    batch, of any size, and the plan is for one item; without, the plan is for the exact shapes."""

    inputs: list[Spec]
    output: Spec
    rows: bool
    plan: Any  # words, int64
    weights: Any  # float32
    layers: list[str]  # a name per step
    activation: str | None = None  # of the output: "softmax", "sigmoid", "logsoftmax" or unknown
    metadata: dict[str, str] = field(default_factory=dict)
    labels: list[str] | None = None  # as the file names the classes
    source: Any = None  # the graph, where it must be planned anew for another batch size


class UnsupportedModel(NotImplementedError, ValueError):
    """A model uses what fastconc does not run; the text names every node concerned."""
