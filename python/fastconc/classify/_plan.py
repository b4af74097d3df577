# SPDX-License-Identifier: BSD-3-Clause
"""The flat plan that the C core validates and runs; its format is told in src/core/net/fc_net.h.

A plan is built step by step: ``builder.step(OP_..., inputs, output, *parameters)``, where a
parameter is an int (a word), a float (a word with the bits of a double), an ``Act``, or a sequence
of these.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAGIC = 0x314E4C504346
VERSION = 1
ARENA, CONST, INPUT = 0, 1, 2
ALIGN = 16  # floats: weights begin at cache lines

# The order of the table in src/core/net/fc_plan.c.
OPS = (
    "dense unary softmax matmul conv depthwise pool binary copy fill axis_map gather "
    "normalise response argument reduce top_k cumulate pick"
).split()
OP = {name: number for number, name in enumerate(OPS)}

# The order of FC_ACT_TABLE in src/core/net/fc_act.h.
ACTS = (
    "none clip affine leaky elu sigmoid silu hardsigmoid hardswish tanh softplus softsign erf gelu "
    "gelu_tanh mish exp log sqrt neg abs reciprocal pow trunc wrap bool float16 floor ceil "
    "round sign celu threshold sin cos "
    "quantize_u8 quantize_i8 quantize_u16 quantize_i16 dequantize "
    "shrink isnan isinf tan asin acos atan sinh cosh asinh acosh atanh"
).split()
# FC_BINARY_... in src/core/net/fc_loops.h, REDUCE_TABLE in src/core/net/fc_reduce.c.
BINARY = {
    n: i
    for i, n in enumerate(
        "add sub mul div min max pow prelu equal greater greater_equal keep drop fmod mod".split()
    )
}
REDUCE = {
    n: i for i, n in enumerate("sum mean max min prod l1 l2 sum_square log_sum log_sum_exp".split())
}
ACT = {name: number for number, name in enumerate(ACTS)}


@dataclass(frozen=True)
class Act:
    """A function of one float with up to two parameters; the C side names its formula."""

    kind: str = "none"
    p: float = 0.0
    q: float = 0.0


RELU = Act("clip", 0.0, float("inf"))


@dataclass
class Step:
    op: str
    inputs: list[int]
    output: int
    params: list[Any]
    name: str = ""  # of the layer it came from


def _words(value: Any) -> list[int]:
    if isinstance(value, Act):
        return [ACT[value.kind], *_words(float(value.p)), *_words(float(value.q))]
    if isinstance(value, (float, np.floating)):
        return [struct.unpack("<q", struct.pack("<d", float(value)))[0]]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [word for item in value for word in _words(item)]
    return [int(value)]


@dataclass
class PlanBuilder:
    """Collects tensors, steps and weights; ``finish`` gives the words and the weights as arrays."""

    tensors: list[tuple[int, int, int]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    n_inputs: int = 0
    _weights: list[np.ndarray[Any, Any]] = field(default_factory=list)
    _n_weights: int = 0

    def input(self, numel: int) -> int:
        self.tensors.append((INPUT, numel, self.n_inputs))
        self.n_inputs += 1
        return len(self.tensors) - 1

    def tensor(self, numel: int) -> int:
        self.tensors.append((ARENA, numel, 0))
        return len(self.tensors) - 1

    def weights(self, values: Any) -> int:
        """Add an array to the weights and return its offset."""
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
        offset = self._n_weights
        self._weights.append(flat)
        pad = -flat.size % ALIGN
        if pad:
            self._weights.append(np.zeros(pad, np.float32))
        self._n_weights += flat.size + pad
        return offset

    def const(self, values: Any) -> int:
        """Add an array as a tensor that steps can read."""
        values = np.asarray(values)
        self.tensors.append((CONST, values.size, self.weights(values)))
        return len(self.tensors) - 1

    def step(self, op: str, inputs: list[int], output: int, *params: Any, name: str = "") -> Step:
        step = Step(op, inputs, output, list(params), name)
        self.steps.append(step)
        return step

    def finish(self, output: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        words = [MAGIC, VERSION, len(self.tensors), len(self.steps), self.n_inputs, output]
        for tensor in self.tensors:
            words.extend(tensor)
        for step in self.steps:
            body = _words(step.params)
            head = [OP[step.op], 0, len(step.inputs), *step.inputs, step.output]
            head[1] = len(head) + len(body)
            words += head
            words += body
        weights = np.empty(self._n_weights, np.float32)
        at = 0
        for i, part in enumerate(self._weights):
            weights[at : at + part.size] = part
            at += part.size
            self._weights[i] = weights[:0]  # lets the part go
        return np.array(words, dtype=np.int64), weights
