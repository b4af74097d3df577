# SPDX-License-Identifier: BSD-3-Clause
"""What a kernel became, for people: its source, line by line, with the instructions of each line
and their cost."""

from __future__ import annotations

from .emit import Emitted, Instruction
from .ir import COST
from .source import body_of
from .unit import Compiled, Target

_TYPES = {"D": "float64", "F": "float32", "I": "int64", "B": "bool"}
# Nanoseconds that one addition of an element in the first-level cache takes on one core; a rough
# figure.
_NS = 0.15


def cost_of(instruction: Instruction) -> float:
    return COST.get(instruction.op.rsplit("_", 1)[0], 1.0)


def signature_text(signature: tuple[object, ...], names: list[str]) -> str:
    parts = []
    for name, item in zip(names, signature, strict=False):
        if isinstance(item, str) and item[0] == "T":
            text = f"{_TYPES[item[1]]} table"
        elif isinstance(item, str):
            text = _TYPES[item.upper()] + ("" if item.isupper() else " (one number)")
        elif isinstance(item, tuple) and item[0] == "table":
            text = f"{_TYPES[item[1]]} table of shape {item[2]}"
        elif isinstance(item, tuple):
            text = f"point of {item[1]} float64"
        else:
            text = "constant"
        parts.append(f"{name}: {text}")
    return ", ".join(parts)


def explain(target: Target, signature: tuple[object, ...], compiled: Compiled) -> str:
    emitted: Emitted = compiled.emitted
    results = ", ".join(_TYPES[t] for t in compiled.outputs)
    lines = [
        f"{target.name}({signature_text(signature, target.names)}) -> {results}",
        f"{len(emitted.instructions)} instructions, {emitted.n_registers} registers",
    ]
    total = sum(cost_of(i) for i in emitted.instructions if i.op != "END")
    loops = any(i.op == "JUMP" for i in emitted.instructions)
    each = " for each turn of its loops" if loops else ""
    lines.append(
        f"predicted cost: {total:.0f} additions, about {total * _NS:.1f} ns an element on one "
        f"core{each}"
    )
    names = _register_names(emitted)
    by_line: dict[int, list[Instruction]] = {}
    for instruction in emitted.instructions:
        if instruction.op != "END":
            by_line.setdefault(instruction.line, []).append(instruction)
    try:
        source = body_of(target.function.__code__).source
    except Exception:
        source = None
    for number in sorted(by_line):
        text = source.line(number).strip() if source is not None and number else ""
        lines.append("")
        lines.append(f"line {number}: {text}" if number else "control:")
        for instruction in by_line[number]:
            cost = cost_of(instruction)
            lines.append(f"    {_show(instruction, names):<44} {cost:6.0f}")
    return "\n".join(lines)


def _register_names(emitted: Emitted) -> dict[int, str]:
    return {key: f"r{register}" for key, register in emitted.registers.items()}


def _show(instruction: Instruction, names: dict[int, str]) -> str:
    args = []
    for arg in instruction.args:
        args.append(repr(arg.payload) if arg.op == "CONST" else names[id(arg)])
    text = f"{instruction.op} {', '.join(args)}"
    if instruction.dest is not None:
        text = f"{names[id(instruction.dest)]} = {text}"
    if instruction.target >= 0:
        text += f" -> {instruction.target}"
    if instruction.mask is not None:
        text += f" where {names[id(instruction.mask)]}"
    return text
