# SPDX-License-Identifier: BSD-3-Clause
"""The compiler's instructions: typed values in structured control flow, and the builder that makes
them.

A ``Val`` is both an instruction and the value it computes, as in any SSA form. Variables of loops
are values of op VAR that ``Assign`` nodes set. Control flow is a tree of lists: ``Skip`` (its body
may be jumped over when no lane needs it) and ``Loop``. Both change nothing but speed and
termination: which lanes see which value is always decided by SELECTs under masks. A mask is None
(every lane), False (no lane) or a Val of type B.

Types: D float64, F float32, I int64, B bool. A value is uniform if all lanes of a block share it.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from fastconc._core import BuilderBase
from fastconc._core import Val as Val

from .errors import Unsupported


class Assign:
    __slots__ = ("home", "line", "source", "target")

    def __init__(self, target: Val, source: Val, line: int) -> None:
        self.target = target
        self.source = source
        self.line = line
        self.home: Skip | Loop | None = None


class Exit:
    """Leave the innermost loop: JUMP_NONE (no lane of cond), JUMP_UNLESS or JUMP_IF (a uniform
    cond)."""

    __slots__ = ("cond", "home", "line", "op")

    def __init__(self, op: str, cond: Val, line: int) -> None:
        self.op = op
        self.cond = cond
        self.line = line
        self.home: Skip | Loop | None = None


class Skip:
    __slots__ = ("body", "home", "mask")

    def __init__(self, mask: Val | None, home: Skip | Loop | None) -> None:
        self.mask = mask
        self.body: list[Node] = []
        self.home = home


class Loop:
    __slots__ = ("body", "exits", "home")

    def __init__(self, home: Skip | Loop | None) -> None:
        self.body: list[Node] = []
        self.exits: list[Exit] = []
        self.home = home


Node = Val | Assign | Exit | Skip | Loop
Mask = Val | bool | None
Bool = Val | bool

MAX_INSTRUCTIONS = 30000  # the VM takes 65536; passes add some

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

# What one element costs, in additions; for Skip decisions and explain().
COST = {
    **dict.fromkeys(("DIV", "SQRT"), 4.0),
    **dict.fromkeys(("FLOORDIV", "MOD", "TRUEDIV", "CUBE"), 8.0),
    **dict.fromkeys(("EXP", "EXP2", "LOG", "LOG2", "SIN", "COS", "CBRT", "ATAN", "TANH"), 12.0),
    **dict.fromkeys(("EXPM1", "LOG10", "LOG1P", "TAN", "ASIN", "ACOS", "SINH", "COSH"), 16.0),
    **dict.fromkeys(("ASINH", "ACOSH", "ATANH", "ERF", "ATAN2", "HYPOT"), 20.0),
    **dict.fromkeys(("POW", "ERFC", "FMOD", "REMAINDER"), 30.0),
    **dict.fromkeys(("TGAMMA", "LGAMMA", "GCD", "COMB", "FACTORIAL", "ISQRT"), 60.0),
    **dict.fromkeys(("VAR", "CONST", "INPUT"), 0.0),
    "INDEX": 3.0,
}

_MASKED_INT = {
    f"{name}_I"
    for name in (
        *("ADD", "SUB", "MUL", "FLOORDIV", "MOD", "TRUEDIV", "POW", "NEG", "ABS", "SHL", "SHR"),
        *("GCD", "COMB", "FACTORIAL", "ISQRT", "LOW"),
    )
}
MASKED = frozenset(_MASKED_INT | {"I_D", "INDEX_D", "INDEX_F", "INDEX_I", "INDEX_B"})


def cost_of(node: Node) -> float:
    if isinstance(node, Val):
        return COST.get(node.op.rsplit("_", 1)[0], 1.0)
    if isinstance(node, Skip):
        return sum(map(cost_of, node.body))
    if isinstance(node, Loop):
        return 1000.0
    return 1.0


class Builder(BuilderBase):
    """Makes the values (src/binding/compiler/ir.c): ``emit`` gives op's value on some arguments, an
    equal one that dominates the place if there is one."""

    def __init__(self, float_type: str = "D") -> None:
        self.fl = float_type
        self.masked = MASKED
        self.limit = MAX_INSTRUCTIONS
        self.body = self.block = []
        self.home = None
        self.scope = {}
        self.scopes = [self.scope]
        self.consts = {}
        self.drops_bits = False  # whether low_bits.py may find something
        self.takes_wide = True  # ints of 64 bits without sign; low_bits.py tells if they will do

    # Values

    def const(self, value: Any, type: str) -> Val:
        if type in "DF":
            return self.known(float(value), type)
        value = int(value)
        if not INT_MIN <= value <= INT_MAX:
            self.drops_bits = True
        if not (INT_MIN <= value <= INT_MAX or (self.takes_wide and 0 < value < 2**64)):
            raise Unsupported(
                f"the integer {value} does not fit into 64 bits", "write it as a float"
            )
        return self.known(value, type)

    def too_long(self) -> None:
        raise Unsupported(
            "the function becomes too long when its loops and calls are expanded",
            "use `for ... in range(...)` loops, and recursion of bounded depth",
        )

    def raise_if(self, cond: Bool, status: int, mask: Mask) -> None:
        cond = self.and_(cond, True if mask is None else mask)
        if cond is False:
            return
        if cond is True:
            cond = self.const(True, "B")
        val = Val("RAISE_IF", "", (cond,), False, status, None, None, self.line)
        self.append(val)

    # Booleans and masks; True stands for None in masks. and_, or_, not_ and andn are in C.

    def mask_and(self, mask: Mask, cond: Bool) -> Mask:
        result = self.and_(True if mask is None else mask, cond)
        return None if result is True else result

    def mask_andn(self, mask: Mask, cond: Bool) -> Mask:
        result = self.andn(True if mask is None else mask, cond)
        return None if result is True else result

    def confine(self, inner: Mask, mask: Val) -> Mask:
        """A mask that was made in the region of `mask`, for use behind it: the AND must be there
        even if `inner` implies `mask`, as `inner` is stale where the region was jumped over."""
        if not isinstance(inner, Val) or inner is mask:
            return inner
        return self.emit("AND_B", "B", (inner, mask))

    def mask_or(self, a: Mask, b: Mask) -> Mask:
        if a is None or b is None:
            return None
        result = self.or_(a, b)
        return None if result is True else result

    def as_val(self, cond: Mask) -> Val:
        if isinstance(cond, Val):
            return cond
        return self.const(cond is None or cond is True, "B")

    def select(self, cond: Bool, a: Val, b: Val) -> Val:
        """Typed: a and b have one type."""
        if cond is True or a is b:
            return a
        if cond is False:
            return b
        assert isinstance(cond, Val) and a.type == b.type
        if a.type == "B":
            if a.op == "CONST":
                result = self.or_(cond, b) if a.payload else self.andn(self.as_bool(b), cond)
                return self.as_val(result)
            if b.op == "CONST" and not b.payload:
                return self.as_val(self.and_(cond, a))
        if cond.op == "NOT_B":
            return self.emit(f"SELECT_{a.type}", a.type, (b, a, cond.args[0]))
        return self.emit(f"SELECT_{a.type}", a.type, (a, b, cond))

    @staticmethod
    def as_bool(val: Val) -> Bool:
        return bool(val.payload) if val.op == "CONST" else val

    # Variables and structure

    def var(self, type: str, uniform: bool) -> Val:
        val = Val("VAR", type, (), uniform, line=self.line)
        val.assigns = []
        return val

    def assign(self, target: Val, source: Val) -> None:
        node = Assign(target, source, self.line)
        node.home = self.home
        assert target.assigns is not None
        target.assigns.append(node)
        self.block.append(node)

    def assign_all(self, pairs: list[tuple[Val, Val]]) -> None:
        """Assign in parallel: every source is read before any target is written."""
        targets = {id(target) for target, _ in pairs}
        ready = []
        for target, source in pairs:
            if source is target:
                continue
            if id(source) in targets:
                source = self.append(
                    Val(
                        f"MOV_{source.type}", source.type, (source,), source.uniform, line=self.line
                    )
                )
            ready.append((target, source))
        for target, source in ready:
            self.assign(target, source)

    def exit_loop(self, op: str, cond: Val) -> None:
        assert isinstance(self.home, Loop)
        node = Exit(op, cond, self.line)
        node.home = self.home
        self.home.exits.append(node)
        self.block.append(node)

    def open(self, node: Skip | Loop) -> None:
        """Begin a region; values computed in it are not reused outside."""
        node.home = self.home
        self.home = node
        self.block = node.body
        self.scope = {}
        self.scopes.append(self.scope)

    def close(self, node: Skip | Loop) -> dict[Any, Val]:
        assert self.home is node
        self.home = node.home
        self.block = node.home.body if node.home is not None else self.body
        scope = self.scopes.pop()
        self.scope = self.scopes[-1]
        return scope

    def inline(self, node: Skip, scope: dict[Any, Val]) -> None:
        """Put a closed region's nodes into the current block: it is too short to be worth a
        jump."""
        for inner in node.body:
            inner.home = self.home
        self.block.extend(node.body)
        self.scope.update(scope)


def is_exact_float(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def to_float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
