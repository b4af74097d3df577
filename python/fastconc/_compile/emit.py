# SPDX-License-Identifier: BSD-3-Clause
"""From the tree of instructions to the bytes of a program (src/core/vm/fc_program.h).

flatten    the tree becomes a list; dead instructions stay out
coalesce   a value computed only to be assigned to a variable is computed right there
allocate   linear scan over lifetimes (Poletto and Sarkar 1999); a value that a loop reads and that
was made
           before it lives until the loop's end
serialise

Programs without jumps go through the same steps in C (`_core._pack`, src/binding/compiler/pack.c).
"""

from __future__ import annotations

import functools
import heapq
import struct
from typing import Any

from fastconc import _core

from .errors import Unsupported
from .ir import Assign, Exit, Loop, Node, Skip, Val

_TYPE_CODE = {"D": 0, "F": 1, "I": 2, "B": 3}
_VARYING, _UNIFORM, _CONSTANT = 0, 1, 2
_NONE = 0xFFFF
FLAG_EXACT = 1

# Raising instructions whose results nobody reads must still raise, as they do in Python; overflow
# is no Python error.
_ROOTS = {"RAISE_IF"}
_ROOT_PREFIXES = ("FLOORDIV_I", "MOD_I", "TRUEDIV_I", "INDEX_", "SHL", "SHR", "COMB_I")
_ROOT_OPS = {"FACTORIAL_I", "ISQRT_I"}
_COMPARISONS = {f"{op}_{type}" for op in ("LT", "LE", "EQ", "NE") for type in "DF"}
_SELECTIONS = ("SELECT_D", "SELECT_F")


def _is_root(op: str) -> bool:
    return op in _ROOTS or op in _ROOT_OPS or op.startswith(_ROOT_PREFIXES)


# Numbers of the opcodes, with what else _core._pack wants to know of them
_OPCODES: dict[str, int] = {
    name: entry[0]
    | _is_root(name) << 16
    | (name in _COMPARISONS) << 17
    | (name in _SELECTIONS) << 18
    for name, entry in _core.OPCODES.items()
}
_END = _OPCODES["END"]


class Instruction:
    __slots__ = ("args", "dest", "imm", "line", "mask", "op", "target")

    def __init__(
        self,
        op: str,
        dest: Val | None,
        args: tuple[Val, ...],
        mask: Val | None,
        imm: int,
        line: int,
    ) -> None:
        self.op = op
        self.dest = dest
        self.args = args
        self.mask = mask
        self.imm = imm
        self.line = line
        self.target = -1  # of a jump


class Emitted:
    """A program's bytes and what explain() and the exports show of it."""

    def __init__(
        self,
        data: bytes,
        instructions: list[Instruction],
        registers: dict[int, int],
        inputs: list[Val],
        outputs: list[Val],
        has_loops: bool,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.data = data
        self.instructions = instructions
        self.registers = registers  # by the id of the Val
        self.has_loops = has_loops

    @property
    def n_registers(self) -> int:
        return int.from_bytes(self.data[4:6], "little")


class Packed(Emitted):
    """A program that `_core._pack` made; few ask for more than its bytes."""

    def __init__(
        self, data: bytes, order: list[Val], inputs: list[Val], outputs: list[Val]
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.data = data
        self.order = order
        self.has_loops = False

    @functools.cached_property
    def instructions(self) -> list[Instruction]:  # type: ignore[override]
        made = [
            Instruction(v.op, v if v.type else None, v.args, v.mask, v.imm, v.line)
            for v in self.order
        ]
        return [*made, Instruction("END", None, (), None, 0, 0)]

    @functools.cached_property
    def registers(self) -> dict[int, int]:  # type: ignore[override]
        """As the bytes have them."""
        found = {}
        code = struct.iter_unpack("<6Hi", self.data[-16 * (len(self.order) + 1) : -16])
        for val, (_, result, *operands, mask, _) in zip(self.order, code, strict=True):
            if val.type:
                found[id(val)] = result
            for arg, register in zip(val.args, operands, strict=False):
                found[id(arg)] = register
            if val.mask is not None:
                found[id(val.mask)] = mask
        head = struct.unpack_from("<4HI", self.data, 4)
        tables, n = head[3], len(self.inputs) + len(self.outputs)
        end = len(self.data) - 16 * head[4] - tables
        ends = struct.unpack_from(f"<{n}H", self.data, end - 2 * n)
        for val, register in zip([*self.inputs, *self.outputs], ends, strict=True):
            found[id(val)] = register
        return found


def live_values(body: list[Node], outputs: list[Val]) -> set[int]:
    """ids of the Vals and nodes that matter."""
    live: set[int] = set()
    work: list[Any] = list(outputs)

    def roots(nodes: list[Node]) -> None:
        for node in nodes:
            if isinstance(node, Val):
                if _is_root(node.op):
                    work.append(node)
            elif isinstance(node, (Skip, Loop)):
                roots(node.body)

    roots(body)
    while work:
        node = work.pop()
        if id(node) in live:
            continue
        live.add(id(node))
        if isinstance(node, Val):
            work.extend(node.args)
            if node.mask is not None:
                work.append(node.mask)
            if node.assigns:
                work.extend(node.assigns)
        elif isinstance(node, Assign):
            work.append(node.source)
        elif isinstance(node, Skip):
            assert node.mask is not None
            work.append(node.mask)
        elif isinstance(node, Loop):
            work.extend(e.cond for e in node.exits)
        home = node.home
        if home is not None:
            work.append(home)
    return live


def sink_comparisons(body: list[Node], live: set[int], outputs: list[Val]) -> None:
    """Move each comparison that only a selection reads right before it: the VM makes one pass of
    the two, if what is compared has not been overwritten in between."""
    readers: dict[int, int] = {}
    chosen: dict[int, Val] = {}  # the comparison by which a selection chooses, by the selection

    def count(val: Val) -> None:
        readers[id(val)] = readers.get(id(val), 0) + 1

    def look(nodes: list[Node]) -> None:
        for node in nodes:
            if isinstance(node, Val):
                if id(node) not in live:
                    continue
                for arg in node.args:
                    count(arg)
                if node.mask is not None:
                    count(node.mask)
                if node.op in _SELECTIONS and not node.args[2].uniform:
                    if node.args[2].op in _COMPARISONS and node.args[2].home is node.home:
                        chosen[id(node)] = node.args[2]
            elif isinstance(node, Assign):
                count(node.source)
            elif isinstance(node, Exit):
                count(node.cond)
            else:
                if isinstance(node, Skip) and node.mask is not None:
                    count(node.mask)
                look(node.body)

    look(body)
    if not chosen:
        return
    for val in outputs:
        count(val)
    moved = {
        id(cond)
        for cond in chosen.values()
        if readers[id(cond)] == 1 and all(arg.op != "VAR" for arg in cond.args)
    }

    def rebuild(nodes: list[Node]) -> None:
        made: list[Node] = []
        for node in nodes:
            if id(node) in moved:
                continue
            cond = chosen.get(id(node))
            if cond is not None and id(cond) in moved:
                made.append(cond)
            made.append(node)
            if isinstance(node, (Skip, Loop)):
                rebuild(node.body)
        nodes[:] = made

    if moved:
        rebuild(body)


class _Flattener:
    def __init__(self, live: set[int]) -> None:
        self.live = live
        self.out: list[Instruction] = []
        self.loops: list[tuple[int, int]] = []
        self.values: list[tuple[Val, int]] = []  # assigned where
        self.assigns: list[tuple[Assign, int]] = []

    def run(self, nodes: list[Node]) -> None:
        live, out = self.live, self.out
        for node in nodes:
            if id(node) not in live and not isinstance(node, Exit):
                continue
            if isinstance(node, Val):
                dest = node if node.type else None
                out.append(Instruction(node.op, dest, node.args, node.mask, node.imm, node.line))
            elif isinstance(node, Assign):
                self.assigns.append((node, len(out)))
                op = f"MOV_{node.target.type}"
                out.append(Instruction(op, node.target, (node.source,), None, 0, node.line))
            elif isinstance(node, Skip):
                assert node.mask is not None
                jump = Instruction("JUMP_NONE", None, (node.mask,), None, 0, 0)
                out.append(jump)
                self.run(node.body)
                jump.target = len(out)
                if out[-1] is jump:
                    out.pop()
            elif isinstance(node, Loop):
                start = len(out)
                exits: list[Instruction] = []
                for inner in node.body:
                    if isinstance(inner, Exit):
                        leave = Instruction(inner.op, None, (inner.cond,), None, 0, inner.line)
                        exits.append(leave)
                        out.append(leave)
                    else:
                        self.run([inner])
                back = Instruction("JUMP", None, (), None, 0, 0)
                back.target = start
                out.append(back)
                for leave in exits:
                    leave.target = len(out)
                self.loops.append((start, len(out) - 1))


def coalesce(flat: _Flattener) -> None:
    """x = MOV(v), v = op(...)  becomes  x = op(...) where v has no other reader and x none in
    between."""
    out = flat.out
    uses: dict[int, int] = {}
    defined: dict[int, int] = {}
    for position, ins in enumerate(out):
        for arg in (*ins.args, ins.mask):
            if arg is not None:
                uses[id(arg)] = uses.get(id(arg), 0) + 1
        if ins.dest is not None and ins.dest.op != "VAR":
            defined[id(ins.dest)] = position
    removed: set[int] = set()
    for assign, position in flat.assigns:
        source, target = assign.source, assign.target
        at = defined.get(id(source))
        if (
            at is None
            or uses.get(id(source), 0) != 1
            or source.uniform != target.uniform
            or source.home is not assign.home
            or source.op in ("INPUT", "VAR", "CONST")
        ):
            continue
        between = out[at + 1 : position]
        if any(
            target in (*ins.args, ins.mask) or ins.dest is target or ins.target >= 0
            for ins in between
        ):
            continue
        out[at].dest = target
        removed.add(position)
    if not removed:
        return
    shift = []
    count = 0
    for position in range(len(out) + 1):
        shift.append(count)
        if position not in removed:
            count += 1
    flat.out = [ins for position, ins in enumerate(out) if position not in removed]
    for ins in flat.out:
        if ins.target >= 0:
            ins.target = shift[ins.target]
    flat.loops = [(shift[a], shift[b]) for a, b in flat.loops]


def allocate(
    flat: _Flattener, inputs: list[Val], outputs: list[Val]
) -> tuple[dict[int, int], list[tuple[str, int, Any]]]:
    """Registers by value id, and the list of (type, kind, constant)."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    every: dict[int, Val] = {}
    constants: dict[int, Val] = {}
    touched: dict[int, list[int]] = {}
    in_loops = bool(flat.loops)

    def touch(val: Val, position: int) -> None:
        key = id(val)
        if val.op == "CONST":
            constants[key] = val
            return
        every[key] = val
        if key not in first:
            first[key] = position
        last[key] = position
        if in_loops:
            touched.setdefault(key, []).append(position)

    for val in inputs:
        touch(val, -1)
    for position, ins in enumerate(flat.out):
        for arg in ins.args:
            touch(arg, position)
        if ins.mask is not None:
            touch(ins.mask, position)
        if ins.dest is not None:
            touch(ins.dest, position)
    end = len(flat.out)
    for val in outputs:
        touch(val, end)
    if in_loops:
        loops = sorted(flat.loops)
        for key, places in touched.items():
            begin = first[key]
            for start, stop in loops:
                if start > begin and any(start <= p <= stop for p in places):
                    last[key] = max(last[key], stop)

    registers: dict[int, int] = {}
    table: list[tuple[str, int, Any]] = []
    for val in inputs:  # inputs first, each its own
        registers[id(val)] = len(table)
        table.append((val.type, _UNIFORM if val.uniform else _VARYING, None))
    for key, val in constants.items():
        registers[key] = len(table)
        table.append((val.type, _CONSTANT, val.payload))
    free: dict[tuple[str, bool], list[int]] = {}
    active: list[tuple[int, int]] = []  # (last, key), a heap would do; programs are short
    for val in inputs:
        heapq.heappush(active, (last[id(val)], id(val)))
    for key in sorted((k for k in every if k not in registers), key=lambda k: first[k]):
        val = every[key]
        while active and active[0][0] <= first[key]:
            _, old = heapq.heappop(active)
            owner = every[old]
            free.setdefault((owner.type, owner.uniform), []).append(registers[old])
        pool = free.get((val.type, val.uniform))
        if pool:
            registers[key] = pool.pop()
        else:
            registers[key] = len(table)
            table.append((val.type, _UNIFORM if val.uniform else _VARYING, None))
        heapq.heappush(active, (last[key], key))
    if len(table) > 4096:
        raise Unsupported(
            f"the function needs {len(table)} registers at once, more than there are",
            "split it into several kernels",
        )
    return registers, table


def emit(
    body: list[Node],
    inputs: list[Val],
    outputs: list[Val],
    tables: list[str],
    exact: bool,
) -> Emitted:
    flags = FLAG_EXACT if exact else 0
    types = bytes(_TYPE_CODE[t] for t in tables)
    packed = _core._pack(body, inputs, outputs, types, _OPCODES, flags, _END)
    if packed is not None:
        return Packed(*packed, inputs, outputs)
    live = live_values(body, outputs)
    sink_comparisons(body, live, outputs)
    flat = _Flattener(live)
    flat.run(body)
    coalesce(flat)
    registers, table = allocate(flat, inputs, outputs)
    flat.out.append(Instruction("END", None, (), None, 0, 0))

    constants: list[bytes] = []
    packed_registers = []
    for type, kind, payload in table:
        index = 0
        if kind == _CONSTANT:
            index = len(constants)
            constants.append(
                struct.pack("<d", payload) if type in "DF" else struct.pack("<q", payload)
            )
        packed_registers.append(struct.pack("<BBHI", _TYPE_CODE[type], kind, 0, index))
    code = []
    for ins in flat.out:
        operands = [registers[id(arg)] for arg in ins.args] + [_NONE] * (3 - len(ins.args))
        code.append(
            struct.pack(
                "<6Hi",
                _OPCODES[ins.op] & 0xFFFF,
                registers[id(ins.dest)] if ins.dest is not None else _NONE,
                *operands,
                registers[id(ins.mask)] if ins.mask is not None else _NONE,
                ins.target if ins.target >= 0 else ins.imm,
            )
        )
    data = b"".join(
        (
            struct.pack(
                "<4s4HII",
                b"FCP1",
                len(table),
                len(inputs),
                len(outputs),
                len(tables),
                len(flat.out),
                flags,
            ),
            *packed_registers,
            struct.pack("<I", len(constants)),
            *constants,
            struct.pack(f"<{len(inputs)}H", *(registers[id(v)] for v in inputs)),
            struct.pack(f"<{len(outputs)}H", *(registers[id(v)] for v in outputs)),
            types,
            *code,
        )
    )
    return Emitted(data, flat.out, registers, inputs, outputs, bool(flat.loops))
