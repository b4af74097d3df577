# SPDX-License-Identifier: BSD-3-Clause
"""The ways through a function that is read from its code object (bytecode.py).

Jumps go forward only, so that one pass over the instructions meets each of them after all that jump
to it. A jump whose condition is known only at run time parts the lanes: those that go on, and those
that wait for the pass to reach the target. There the two are merged by SELECT, as the evaluator
does with the branches of an `if` (statements.py), and as there, a stretch that is long enough is
jumped over when no lane needs it.

Which lanes a way has is told by its mask, and by the nodes of a tree of decisions: a jump makes two
of them, siblings, with one parent. Two ways that meet and hold siblings hold the parent: so what
one `if` parted has the mask of before again, not one computed anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Unsupported
from .ir import Mask, Skip, Val, cost_of
from .maybe import Maybe
from .statements import SKIP_COST
from .values import Escape, Frame

if TYPE_CHECKING:
    from .evaluate import Evaluator


class _Node:
    """Lanes for which a decision came out as it did."""

    __slots__ = ("cond", "depth", "mask", "parent", "region", "sibling", "truth")

    def __init__(
        self, parent: _Node | None, cond: Val | None, truth: bool, mask: Mask, region: Skip | None
    ) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.cond = cond
        self.truth = truth
        self.mask = mask
        self.region = region  # the innermost one open when the mask was made
        self.sibling: _Node = self


class _Way:
    """Lanes that wait at a place, with what they have there."""

    __slots__ = ("env", "mask", "nodes", "stack")

    def __init__(
        self, mask: Mask, nodes: list[_Node], env: dict[str, Any], stack: list[Any]
    ) -> None:
        self.mask = mask
        self.nodes = nodes
        self.env = env
        self.stack = stack


class _Region:
    __slots__ = ("branch", "end", "entry", "n_returns", "n_waiting", "skip")

    def __init__(self, end: int, skip: Skip, n_returns: int, n_waiting: int, branch: Any) -> None:
        self.end = end
        self.skip = skip
        self.entry = skip.mask
        self.n_returns = n_returns
        self.n_waiting = n_waiting
        self.branch = branch


class Ways:
    def __init__(self, ev: Evaluator, frame: Frame) -> None:
        self.ev = ev
        self.frame = frame
        self.nodes = [_Node(None, None, True, ev.mask, None)]  # of the way that is followed
        self.waiting: dict[int, list[_Way]] = {}
        self.order: list[_Way] = []  # all that ever waited, in the order in which they began to
        self.regions: list[_Region] = []
        self.next = -1  # the first place where one waits

    def jump(self, target: int, stack: list[Any]) -> bool:
        """All lanes go to target."""
        self._wait(target, _Way(self.ev.mask, self.nodes, self.frame.env, stack))
        return False

    def split(self, value: Any, on: bool, target: int, stack: list[Any], place: int) -> bool:
        """Lanes where the truth of value is `on` go to target. Whether any go on."""
        ev, b, env = self.ev, self.ev.b, self.frame.env
        cond = ev.truth(ev.plain(value))
        if isinstance(cond, bool):
            return self.jump(target, list(stack)) if cond == on else True
        if ev.heap:
            raise Unsupported("lists in branches are read from the source")
        yes, no = b.mask_and(ev.mask, cond), b.mask_andn(ev.mask, cond)
        leaves, stays = (yes, no) if on else (no, yes)
        if leaves is False:
            return True
        if stays is False:
            return self.jump(target, list(stack))
        region = self.regions[-1].skip if self.regions else None
        parent = self._parent()
        gone = _Node(parent, cond, on, leaves, region)
        here = _Node(parent, cond, not on, stays, region)
        gone.sibling, here.sibling = here, gone
        self._wait(target, _Way(leaves, [gone], env, list(stack)))
        ev.mask, self.nodes, self.frame.env = stays, [here], dict(env)
        self._open()
        return True

    def leave(self, value: Any) -> None:
        """The lanes return value."""
        ev = self.ev
        if value is None and (self.waiting or self.frame.returns):
            raise Unsupported("a function that may return None is read from the source")
        self.frame.returns.append(Escape(ev.mask, value=ev.plain_deep(value)))
        ev.mask = False

    def meet(self, place: int, stack: list[Any], alive: bool) -> list[Any]:
        """The way from here on, with those that have waited here. Its stack."""
        ev, frame = self.ev, self.frame
        while self.regions and self.regions[-1].end == place:
            self._close(self.regions.pop(), alive)
        for way in reversed(self.waiting.pop(place)):  # siblings first
            if alive:
                stack = self._merge(way, stack)
            else:
                ev.mask, self.nodes = way.mask, way.nodes
                frame.env, stack, alive = dict(way.env), list(way.stack), True
        self.next = min(self.waiting, default=-1)
        if self.waiting:
            self._open()
        return stack

    # What these are made of

    def _parent(self) -> _Node:
        """One node for the lanes that are followed."""
        if len(self.nodes) == 1:
            return self.nodes[0]
        # Together they are no single one: a root of their own.
        region = self.regions[-1].skip if self.regions else None
        return _Node(None, None, True, self.ev.mask, region)

    def _wait(self, target: int, way: _Way) -> None:
        self.waiting.setdefault(target, []).append(way)
        self.order.append(way)
        self.next = min(self.waiting)

    def _open(self) -> None:
        """Begin a region for the lanes followed, up to the next place where others wait."""
        ev = self.ev
        if isinstance(ev.mask, Val) and (
            not self.regions or ev.mask is not self.regions[-1].skip.mask
        ):
            skip = Skip(ev.mask, None)
            ev.b.open(skip)
            self.regions.append(
                _Region(self.next, skip, len(self.frame.returns), len(self.order), ev.branch)
            )
            ev.branch = object()

    def _close(self, region: _Region, alive: bool) -> None:
        """As Statements.region does."""
        ev, b, skip = self.ev, self.ev.b, region.skip
        ev.branch = region.branch
        scope = b.close(skip)
        if cost_of(skip) < SKIP_COST:
            b.inline(skip, scope)
            return
        b.block.append(skip)
        # Where the stretch was jumped over, masks made in it are stale.
        assert skip.mask is not None
        for escape in self.frame.returns[region.n_returns :]:
            escape.mask = b.confine(escape.mask, skip.mask)
        for way in self.order[region.n_waiting :]:
            way.mask = b.confine(way.mask, skip.mask)
        if alive and ev.mask is not region.entry:
            ev.mask = b.confine(ev.mask, skip.mask)

    def _merge(self, way: _Way, stack: list[Any]) -> list[Any]:
        ev, b, frame = self.ev, self.ev.b, self.frame
        if ev.heap:
            raise Unsupported("lists in branches are read from the source")
        cond, truth = self._parts(way)
        here, there = (frame.env, stack), (way.env, way.stack)
        (env_yes, yes), (env_no, no) = (here, there) if truth else (there, here)
        if len(yes) != len(no):
            raise Unsupported("stacks of different heights")
        nodes, mask = self._union(way)
        if mask is _UNKNOWN:
            mask = b.mask_or(ev.mask, way.mask)
        ev.mask = mask
        env = {
            name: x if x is env_no[name] else ev.merge_values(cond, name, x, env_no[name])
            for name, x in env_yes.items()
            if name in env_no
        }
        merged = [x if x is y else self._choose(cond, x, y) for x, y in zip(yes, no, strict=True)]
        if any([type(value) is Maybe for value in (*env.values(), *merged)]):
            raise Unsupported("what may be None is read from the source")
        self.nodes, frame.env = nodes, env
        return merged

    def _choose(self, cond: Val, x: Any, y: Any) -> Any:
        b = self.ev.b
        if y is cond and _is_bool(x):
            return b.and_(cond, x)  # `cond and x`
        if x is cond and _is_bool(y):
            return b.or_(cond, y)
        return self.ev.choose(cond, x, y)

    def _parts(self, way: _Way) -> tuple[Val, bool]:
        """What tells the lanes followed from those of way: it is `truth` for the former."""
        for node in self.nodes:
            while node.parent is not None:
                other = node.sibling
                if all(_within(n, node) for n in self.nodes) and all(
                    _within(n, other) for n in way.nodes
                ):
                    assert node.cond is not None
                    return node.cond, node.truth
                node = node.parent
        if isinstance(self.ev.mask, Val):
            return self.ev.mask, True
        assert isinstance(way.mask, Val)
        return way.mask, False

    def _union(self, way: _Way) -> tuple[list[_Node], Any]:
        """The nodes of both, siblings joined, and the mask if they are one whose mask is good
        here."""
        nodes = [*self.nodes, *way.nodes]
        joined = True
        while joined:
            joined = False
            for node in nodes:
                if node.parent is not None and node.sibling in nodes:
                    nodes = [n for n in nodes if n is not node and n is not node.sibling]
                    nodes.append(node.parent)
                    joined = True
                    break
        if len(nodes) == 1:
            region = nodes[0].region
            if region is None or any(r.skip is region for r in self.regions):
                return nodes, nodes[0].mask
        return nodes, _UNKNOWN


_UNKNOWN: Any = object()


def _within(node: _Node, outer: _Node) -> bool:
    while node.depth > outer.depth and node.parent is not None:
        node = node.parent
    return node is outer


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, Val) and value.type == "B")
