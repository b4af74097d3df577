# SPDX-License-Identifier: BSD-3-Clause
"""Integers of which only low bits are needed, as in hashes and random number generators.

Python's product of two ints has all its bits; in `(h * 16777619) & 0xFFFFFFFF` all but 32 are
thrown away. The low k bits of a sum, difference, product, left shift or bitwise operation depend on
the low k bits of the operands alone, so such an operation may wrap instead of raising an
OverflowError, and the result is still Python's. Which may is found here, from the results back:

    need      how many low bits of a value are looked at: at most 64, or ALL of its bits, which are
              infinitely many in Python. A comparison, a division, a conversion, an index and an
              output look at all; `& mask` only at those of the mask; `>> s` at s more than are
              needed of its result.
    range     a value that is proved not to be negative has no bits above its 63 (SMALL) or 64
              (WIDE); the latter is what `& 0xFFFFFFFFFFFFFFFF` gives. Shifting it right brings in
              zeros, not the sign of the 64 bits that we keep.

Both are fixed points over the variables of loops. What needs all of its bits keeps its check.
"""

from __future__ import annotations

from .errors import NeedsAllBits
from .ir import INT_MAX, INT_MIN, Assign, Loop, Node, Skip, Val

ALL = 65
_SMALL, _WIDE, _ANY = 0, 1, 2

# What needs as many bits of its operands as are needed of it
_THROUGH = {"ADD_I", "SUB_I", "MUL_I", "NEG_I", "NOT_I", "OR_I", "XOR_I", "MOV_I"}
_WRAPPING = {"ADD_I": "ADDW_I", "SUB_I": "SUBW_I", "MUL_I": "MULW_I", "NEG_I": "NEGW_I"}
_NEVER_NEGATIVE = {"I_B", "LEN_I", "ISQRT_I", "ABS_I", "GCD_I", "COMB_I", "FACTORIAL_I"}


def keep_low_bits(body: list[Node], outputs: list[Val]) -> None:
    """Let what need not be exact beyond 64 bits wrap; the program stays the same otherwise."""
    values: list[Val] = []
    _collect(body, values)
    ints = [v for v in values if v.type == "I"]
    variables = _variables(body)
    ranges = _Ranges(ints + variables)
    need: dict[int, int] = {}
    work: list[tuple[Val, int]] = [(v, ALL) for v in outputs if v.type == "I"]
    for val in values:
        if val.type != "I":
            work.extend([(arg, ALL) for arg in val.args if arg.type == "I"])
        else:
            work.append((val, 0))
    seen: set[int] = set()
    constants: list[Val] = []
    while work:
        val, bits = work.pop()
        key = id(val)
        if key in seen and need[key] >= bits:
            continue
        if val.op == "CONST" and key not in seen:
            constants.append(val)
        seen.add(key)
        need[key] = bits
        work.extend(_operands(val, bits, ranges))
    for val in ints:
        _rewrite(val, need[id(val)], ranges)
    for val in constants:
        if not INT_MIN <= val.payload <= INT_MAX:
            if need[id(val)] == ALL:
                raise NeedsAllBits(f"the integer {val.payload} does not fit into 64 bits")
            low = val.payload & (2**64 - 1)
            val.payload = low - 2**64 if low > INT_MAX else low


def _collect(nodes: list[Node], values: list[Val]) -> None:
    for node in nodes:
        if isinstance(node, Val):
            values.append(node)
        elif isinstance(node, (Skip, Loop)):
            _collect(node.body, values)


def _variables(nodes: list[Node]) -> list[Val]:
    found: dict[int, Val] = {}
    for node in nodes:
        if isinstance(node, Assign):
            if node.target.type == "I":
                found[id(node.target)] = node.target
        elif isinstance(node, (Skip, Loop)):
            for val in _variables(node.body):
                found[id(val)] = val
    return list(found.values())


class _Ranges:
    """The range of each value: variables begin as SMALL and widen until nothing changes."""

    def __init__(self, values: list[Val]) -> None:
        self.found: dict[int, int] = {id(v): _SMALL for v in values}
        changed = True
        while changed:
            changed = False
            for val in values:
                wider = self.compute(val)
                if wider > self.found[id(val)]:
                    self.found[id(val)] = wider
                    changed = True

    def of(self, val: Val) -> int:
        if val.op == "CONST":
            value = val.payload
            return _SMALL if 0 <= value <= INT_MAX else _WIDE if 0 <= value < 2**64 else _ANY
        return self.found.get(id(val), _ANY)

    def compute(self, val: Val) -> int:
        op, args = val.op, val.args
        if op == "AND_I" or op == "LOW_I":
            return min(self.of(args[0]), self.of(args[1]))
        if op in ("OR_I", "XOR_I", "SELECT_I"):
            return max(self.of(args[0]), self.of(args[1]))
        if op == "MOV_I":
            return self.of(args[0])
        if op == "SHR_I":
            found = self.of(args[0])
            return _SMALL if found == _WIDE and _shift(val) else found
        if op == "MOD_I" and args[1].op == "CONST" and 0 < args[1].payload <= INT_MAX:
            return _SMALL
        if op == "VAR":
            return max((self.of(a.source) for a in val.assigns or ()), default=_ANY)
        return _SMALL if op in _NEVER_NEGATIVE else _ANY


def _shift(val: Val) -> int:
    """By how much, if it is known and shifts anything out; else 0."""
    by = val.args[1]
    return int(by.payload) if by.op == "CONST" and 0 < by.payload < 64 else 0


def _operands(val: Val, bits: int, ranges: _Ranges) -> list[tuple[Val, int]]:
    """Which of the operands' bits are looked at where `bits` of the value are."""
    op, args = val.op, val.args
    if op in _THROUGH:
        return [(arg, bits) for arg in args]
    if op == "VAR":
        return [(assign.source, bits) for assign in val.assigns or ()]
    if op == "SELECT_I":
        return [(args[0], bits), (args[1], bits)]
    if op == "SHL_I":
        return [(args[0], bits), (args[1], ALL)]
    if op == "SHR_I":
        by = _shift(val)
        if by and bits + by > 64:
            bits = 64 if ranges.of(args[0]) != _ANY else ALL
        elif by:
            bits += by
        else:
            bits = ALL
        return [(args[0], bits), (args[1], ALL)]
    if op == "LOW_I":
        return [(arg, min(bits, 64)) for arg in args]
    if op == "AND_I":
        x, y = args
        return [(x, _masked(bits, y, ranges)), (y, _masked(bits, x, ranges))]
    return [(arg, ALL) for arg in args if arg.type == "I"]


def _masked(bits: int, mask: Val, ranges: _Ranges) -> int:
    if mask.op == "CONST" and mask.payload >= 0:
        return min(bits, int(mask.payload).bit_length())
    return bits if ranges.of(mask) == _ANY else min(bits, 64)


def _rewrite(val: Val, bits: int, ranges: _Ranges) -> None:
    op = val.op
    if op == "SHR_I":
        if bits + _shift(val) > 64 and _shift(val) and ranges.of(val.args[0]) == _WIDE:
            val.op = "SHRW_I"
    elif bits == ALL:
        pass
    elif op in _WRAPPING:
        val.op = _WRAPPING[op]
        val.mask = None
    elif op == "SHL_I":
        val.op = "SHLW_I"
    elif op == "LOW_I":
        val.op = "AND_I"
        val.mask = None
