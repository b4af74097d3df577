# SPDX-License-Identifier: BSD-3-Clause
"""Lists, tuples, tables and what else a function subscripts, slices or iterates over."""

from __future__ import annotations

import array
import ast
import math
from collections.abc import Callable, Iterator
from typing import Any

from .arith import STATUS, Arithmetic, describe, is_number
from .builtin_functions import compensate, extreme, extreme_step, sum_step
from .deps import MISSING
from .errors import NeedsDimensions, NeedUnroll, Unsupported
from .functions import lookup
from .ir import INT_MAX, INT_MIN, Val, is_exact_float
from .values import (
    Frame,
    Generator,
    Iterable,
    ListRef,
    LocalDict,
    Method,
    Range,
    Table,
    Vector,
)

SELECT_MOST = 32  # a constant sequence of more elements is indexed as a table
_CODES = {"D": "d", "I": "q"}


def _shape_of(items: Any) -> tuple[int, ...] | None:
    """Of a rectangular nest of tuples with numbers."""
    if isinstance(items, range):
        return (len(items),) if len(items) <= 1_000_000 else None
    if not isinstance(items, tuple) or not items:
        return None
    if not isinstance(items[0], tuple):
        return (len(items),) if all(isinstance(v, (int, float)) for v in items) else None
    inner = _shape_of(items[0])
    if inner is None or any(_shape_of(row) != inner for row in items[1:]):
        return None
    return (len(items), *inner)


class Sequences(Arithmetic):
    constant_tables: list[tuple[Any, Any, Any]] | None
    first_constant_table: int
    n_folds: int
    heap: dict[ListRef, tuple[Any, ...]]
    deps: list[tuple[str, Any, Any, Any]]
    frames: list[Frame]
    unrollable: int
    branch: object
    list_branch: dict[ListRef, object]

    # These live in evaluate.py and statements.py
    eval: Callable[[ast.expr], Any]
    exec: Callable[[ast.stmt], None]
    admit: Callable[[Any], Any]
    plain: Callable[[Any], Any]
    new_list: Callable[[tuple[Any, ...]], ListRef]
    store: Callable[[ast.expr, Any], None]
    call: Callable[[Any, list[Any], dict[str, Any]], Any]

    # Subscripts and sequences

    def x_Subscript(self, node: ast.Subscript) -> Any:
        value = self.eval(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                None if part is None else self.eval(part)
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if isinstance(value, Table):
                return self.slice_table(value, bounds)
            if any(isinstance(bound, Val) for bound in bounds):
                if self.unrollable:
                    raise NeedUnroll("a slice with bounds known only at run time is not supported")
                raise Unsupported("a slice with bounds known only at run time is not supported")
            cut = tuple(self.sequence(value))[slice(*bounds)]
            if isinstance(value, Vector):
                return Vector(cut)
            return self.new_list(cut) if isinstance(value, ListRef) else cut
        return self.subscript(value, self.eval(node.slice))

    def subscript(self, value: Any, index: Any) -> Any:
        if isinstance(value, Table):
            return self.read_table(value, index)
        if isinstance(value, dict):
            if isinstance(index, Val):
                return self.select_key(value, index, MISSING)
            try:
                found = value[index]
            except (KeyError, TypeError):
                raise Unsupported(f"the dict has no key {index!r}") from None
            if isinstance(value, LocalDict):
                return found
            self.deps.append(("item", value, index, found))
            return self.admit(found)
        value = self.plain(value)
        if isinstance(value, (bytes, bytearray)):
            value = tuple(value)
        if isinstance(value, str):
            raise Unsupported("strings are not supported")
        if is_number(value):
            raise NeedsDimensions(
                f"{describe(value)} is subscripted", "only arrays, lists and tuples can be"
            )
        items = value if isinstance(value, (tuple, range)) else tuple(self.sequence(value))
        if isinstance(index, tuple):
            for part in index:
                items = self.subscript(items, part)
            return items
        if not isinstance(index, Val):
            if isinstance(index, float):
                raise Unsupported("sequence indices must be integers, not float")
            try:
                return items[index]
            except (IndexError, TypeError) as error:
                raise Unsupported(f"{error}") from None
        if isinstance(items, range):
            items = tuple(items) if len(items) <= 256 else items
        table = self.constant_table(items)
        if table is not None:
            return self.read_table(table, index)
        if index.uniform and self.unrollable:
            raise NeedUnroll(
                "a sequence of constants is indexed by a number known only at run time"
            )
        return self.select_item(items, self.as_int(index))

    def select_item(self, items: Any, index: Val) -> Any:
        n = len(items)
        if n == 0:
            self.b.raise_if(True, STATUS["INDEX"], self.mask)
            return 0.0
        if n > 256:
            raise Unsupported(
                f"a sequence of {n} constants is indexed by a number known only at run time",
                "pass it to the kernel as an array argument",
            )
        inside = self.b.and_(self.compare("<=", -n, index), self.compare("<", index, n))
        self.raise_where(self.b.not_(inside), "INDEX")
        items = [self.plain(item) for item in items]
        result = items[n - 1]
        for k in range(n - 2, -1, -1):
            here = self.b.or_(self.compare("==", index, k), self.compare("==", index, k - n))
            result = self.choose(here, items[k], result, "the elements of the sequence")
        return result

    def select_key(self, value: dict[Any, Any], index: Val, default: Any) -> Any:
        """value[index] or value.get(index, default) of a dict with numbers as keys."""
        if len(value) > 256:
            raise Unsupported(f"a dict of {len(value)} keys is indexed at run time", "use an array")
        local = isinstance(value, LocalDict)
        result: Any = default
        found: Any = False
        for key, item in value.items():
            if not isinstance(key, (int, float)):
                continue
            if not local:
                self.deps.append(("item", value, key, item))
            here = self.compare("==", index, key)
            found = self.b.or_(found, here)
            item = item if local else self.admit(item)
            result = item if result is MISSING else self.choose(here, item, result, "the dict")
        if default is MISSING:
            self.raise_where(self.b.not_(found), "INDEX")
        if result is MISSING:
            raise Unsupported("a dict without numbers as keys is indexed by a number")
        return result

    def read_table(self, table: Table, index: Any) -> Any:
        if isinstance(index, tuple):
            if len(index) > len(table.shape or (0,)):
                raise NeedsDimensions(
                    f"{table.name!r} is read with {len(index)} indices, and has "
                    f"{len(table.shape or (0,))} dimension(s)"
                )
            found: Any = table
            for part in index:
                found = self.read_table(found, part)
            return found
        if index is None or isinstance(index, slice):
            raise Unsupported(f"this index of {table.name!r} is not supported")
        position = self.as_int(index)
        if table.shape is not None:
            position = self.step_into(table, index)
            if len(table.shape) > 1:
                return Table(table.index, table.type, table.name, table.shape[1:], position)
        return self.b.emit(f"INDEX_{table.type}", table.type, (position,), table.index, self.mask)

    def step_into(self, table: Table, index: Any) -> Any:
        """offset * length + index, with the index checked against this dimension."""
        assert table.shape is not None
        length = table.shape[0]
        if not isinstance(index, Val):
            if not -length <= index < length:
                self.b.raise_if(True, STATUS["INDEX"], self.mask)
                index = 0
            index = index % length if length else 0
        elif not (isinstance(table.offset, int) and table.offset == 0 and len(table.shape) == 1):
            inside = self.b.and_(
                self.compare("<=", -length, index), self.compare("<", index, length)
            )
            self.raise_where(self.b.not_(inside), "INDEX")
            index = self.choose(self.compare("<", index, 0), self.binary("+", index, length), index)
        return self.as_int(self.binary("+", self.binary("*", table.offset, length), index))

    def slice_table(self, table: Table, bounds: list[Any]) -> Iterable:
        """table[start:stop] or table[::-1], to iterate over."""
        start, stop, step = bounds
        n = self.length(table)
        if step == -1 and start is None and stop is None:
            last = self.binary("-", n, 1)
            return Iterable(n, lambda k: self.read_table(table, self.binary("-", last, k)))
        if step not in (None, 1):
            raise Unsupported("slices of arrays with a step are not supported", "write the loop")

        def clipped(bound: Any) -> Any:
            from_end = extreme(self, "MAX", [self.binary("+", n, bound), 0])  # type: ignore[arg-type]
            inside = extreme(self, "MIN", [bound, n])  # type: ignore[arg-type]
            return self.choose(self.truth(self.compare("<", bound, 0)), from_end, inside)

        low = 0 if start is None else clipped(self.as_known_int(start))
        high = n if stop is None else clipped(self.as_known_int(stop))
        length = extreme(self, "MAX", [self.binary("-", high, low), 0])  # type: ignore[arg-type]
        return Iterable(length, lambda k: self.read_table(table, self.binary("+", low, k)))

    def constant_table(self, items: Any) -> Table | None:
        """A long sequence of numbers known now, as an array that travels with the program."""
        shape = _shape_of(items)
        if shape is None or math.prod(shape) <= SELECT_MOST or self.constant_tables is None:
            return None
        flat = items
        for _ in shape[1:]:
            flat = tuple(v for row in flat for v in row)
        kinds = {type(v) for v in flat}
        if kinds == {bool}:
            letter = "B"
        elif kinds <= {bool, int}:
            letter = "I"
            if any(not INT_MIN <= v <= INT_MAX for v in flat):
                return None
        elif kinds <= {bool, int, float} and self.b.fl == "D":
            letter = "D"
            if any(isinstance(v, int) and not is_exact_float(v) for v in flat):
                return None
        else:
            return None
        packed = bytes(flat) if letter == "B" else array.array(_CODES[letter], flat).tobytes()
        known = [(entry[0], entry[1]) for entry in self.constant_tables]
        if (letter, packed) not in known:
            known.append((letter, packed))
            data = memoryview(packed).cast(  # type: ignore[call-overload]
                "?" if letter == "B" else _CODES[letter]
            )
            self.constant_tables.append((letter, packed, data))
        position = known.index((letter, packed))
        index = self.first_constant_table + position
        return Table(index, letter, "the constants", shape if len(shape) > 1 else None)

    def length(self, value: Any) -> Any:
        value = self.plain(value)
        if isinstance(value, Table):
            if value.shape is not None:
                return value.shape[0]
            return self.b.emit("LEN_I", "I", (), value.index)
        if isinstance(value, Range):
            return self.range_length(value)
        if isinstance(value, (tuple, str, dict, range, set, frozenset)):
            return len(value)
        if isinstance(value, Iterable):
            return value.length
        raise Unsupported(f"len() of {describe(value)} is not supported")

    def iterable(self, value: Any) -> Iterable:
        if isinstance(value, ListRef):
            return self.live_items(value)
        if isinstance(value, Iterable):
            return value
        if isinstance(value, (tuple, range)):
            return Iterable(len(value), lambda k: self.subscript(value, k))
        if isinstance(value, Table):
            return Iterable(self.length(value), lambda k: self.subscript(value, k))
        if isinstance(value, Generator):
            items = tuple(self.sequence(value))
            return Iterable(len(items), lambda k: self.subscript(items, k))
        if isinstance(value, Range):
            count = self.range_length(value)
            return Iterable(
                count, lambda k: self.binary("+", value.start, self.binary("*", k, value.step))
            )
        if isinstance(value, (dict, set, frozenset)):
            items = tuple(value)
            return Iterable(len(items), lambda k: items[k])
        if is_number(value):
            raise Unsupported(f"{describe(value)} is not iterable")
        raise Unsupported(f"iterating over {describe(value)} is not supported")

    def live_items(self, ref: ListRef) -> Iterable:
        """The elements of a list, each as it is when its turn comes."""
        length = len(self.heap[ref])
        return Iterable(length, lambda k: self.subscript(self.heap[ref], k), ((ref, length),))

    def turns(self, it: Iterable) -> Iterator[Any]:
        """The elements, one after the other, as a loop asks for them."""
        for k in range(it.length + 1):
            for ref, length in it.lists:
                if len(self.heap[ref]) != length:
                    raise Unsupported("a list that changes its length while it is iterated over")
            if k < it.length:
                yield it.get(k)

    def range_length(self, r: Range) -> Any:
        if isinstance(r.step, Val):
            raise Unsupported("a range whose step is known only at run time is not supported here")
        distance = (
            self.binary("-", r.stop, r.start) if r.step > 0 else self.binary("-", r.start, r.stop)
        )
        step = abs(r.step)
        count = self.binary("//", self.binary("+", distance, step - 1), step)
        below = self.compare("<", count, 0)
        return self.choose(below, 0, count)

    def sequence(self, value: Any) -> list[Any]:
        """The elements, when their number is known now."""
        value = self.plain(value)
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, range):
            if len(value) > 4096:
                raise Unsupported(f"a range of {len(value)} numbers is too long to expand")
            return list(value)
        if isinstance(value, Generator):
            return self.run_generator(value)
        it = self.iterable(value)
        if isinstance(it.length, Val):
            raise Unsupported("a sequence whose length is known only at run time cannot be stored")
        return [it.get(k) for k in range(it.length)]

    def run_generator(self, generator: Generator) -> list[Any]:
        result: list[Any] = []
        node = generator.node
        names = _target_names(node)
        saved = {n: generator.frame.env.get(n, MISSING) for n in names}
        frame = generator.frame
        if any(isinstance(inner, ast.Lambda) for inner in ast.walk(node.elt)):
            # Functions made here read the last values of its variables, whenever they are called.
            if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node)):
                raise Unsupported("`:=` beside a lambda in a comprehension is not supported")
            frame = Frame(frame.name, frame.body, {}, frame.globals, {}, frame, None)
        self.frames.append(frame)

        def run(level: int) -> None:
            if level == len(node.generators):
                result.append(self.eval(node.elt))
                return
            clause = node.generators[level]
            for item in self.sequence(self.eval(clause.iter)):
                self.store(clause.target, item)
                for test in clause.ifs:
                    cond = self.truth(self.eval(test))
                    if not isinstance(cond, bool):
                        raise Unsupported(
                            "a list whose length depends on the data is not supported",
                            "sum(value if condition else 0 for ...) keeps the length fixed",
                        ).at(test, generator.frame.body.source)
                    if not cond:
                        break
                else:
                    run(level + 1)

        try:
            run(0)
        finally:
            self.frames.pop()
            for name, value in saved.items():
                if value is MISSING:
                    generator.frame.env.pop(name, None)
                else:
                    generator.frame.env[name] = value
        return result

    def as_known_int(self, value: Any) -> Any:
        if isinstance(value, Val):
            return self.as_int(value)
        if isinstance(value, float) or not isinstance(value, int):
            raise Unsupported(f"{describe(value)} is used where Python needs an integer")
        return int(value)

    def find_in(self, name: str, items: list[Any], args: list[Any]) -> Any:
        """items.index(value) or items.count(value)."""
        if len(args) != 1:
            raise Unsupported(f".{name}() with these arguments is not supported")
        found: Any = False
        place: Any = 0
        for k in range(len(items) - 1, -1, -1):
            here = self.compare("==", items[k], args[0])
            if name == "count":
                place = self.binary("+", place, here)
                continue
            found = self.b.or_(found, self.truth(here))
            place = self.choose(self.truth(here), k, place)
        if name == "index":
            self.raise_where(self.b.not_(found), "INVALID")
        return place

    def dict_method(self, name: str, target: dict[Any, Any], args: list[Any]) -> Any:
        if name == "get":
            key, default = (*args, None)[:2]
            if isinstance(key, Val):
                return self.select_key(target, key, default)
            if isinstance(target, LocalDict):
                return target.get(key, default)
            found = target.get(key, MISSING)
            self.deps.append(("item", target, key, found))
            return default if found is MISSING else self.admit(found)
        pairs = tuple(target.items())
        return {"keys": tuple(target), "values": tuple(target.values()), "items": pairs}[name]

    def fold_loop(self, name: str, items: Any, start: Any) -> Any:
        """sum, prod, any, all over something iterated at run time: the loop that Python would run.

        Written as statements on hidden variables, so that types, masks and early exits are those of
        loops.
        """
        node: ast.GeneratorExp | ast.ListComp | ast.SetComp
        self.n_folds += 1  # folds may stand inside of each other: each has its own names
        at = self.n_folds
        if isinstance(items, Generator):
            node, frame = items.node, items.frame
        else:
            it = ast.Name(f".items{at}", ast.Load())
            element = ast.Name(f".element{at}", ast.Store())
            clause = ast.comprehension(element, it, [], 0)
            node = ast.GeneratorExp(ast.Name(f".element{at}", ast.Load()), [clause])
            frame = self.frames[-1]
            frame.env[f".items{at}"] = items
        line = self.b.line - self.frames[-1].body.source.line_shift
        here = ast.Pass(lineno=line, col_offset=0, end_lineno=line, end_col_offset=0)
        if isinstance(items, Generator):
            here = node  # type: ignore[assignment]
        total, low, step, which = f".total{at}", f".low{at}", f".step{at}", f".name{at}"
        names = _target_names(node)
        saved = {n: frame.env[n] for n in names if n in frame.env}
        body = _fold_body(name, node.elt, total, low, step, which)
        for clause in reversed(node.generators):
            for test in reversed(clause.ifs):
                body = [ast.If(test, body, [])]
            body = [ast.For(clause.target, clause.iter, body, [])]
            if name in ("any", "all", "next") and clause is not node.generators[0]:
                found = low if name == "next" else total
                leave = ast.If(ast.Name(found, ast.Load()), [ast.Break()], [])
                if name == "all":
                    leave = ast.If(ast.UnaryOp(ast.Not(), leave.test), [ast.Break()], [])
                body.append(leave)
        for statement in body:
            _locate(statement, here)
        self.frames.append(frame)
        outer = frame.breaks, frame.continues
        try:
            if name in ("any", "all"):
                start = name == "all"
            default = start
            if name in ("MIN", "MAX", "next"):
                start = False
            frame.env[total] = start
            frame.env[low] = False if name in ("MIN", "MAX", "next") else 0.0
            frame.env[step] = extreme_step if name in ("MIN", "MAX") else sum_step
            frame.env[which] = name
            for statement in body:
                self.exec(statement)
            result = frame.env[total]
            if name == "sum" and is_number(result) and self.type_of(result) in "DF":
                result = compensate(self, result, frame.env[low])  # type: ignore[arg-type]
            if name in ("MIN", "MAX", "next"):
                seen = self.truth(frame.env[low])
                if default is None:
                    self.raise_where(self.b.not_(seen), "INVALID")
                else:
                    result = self.choose(seen, result, default, f"{name.lower()}()")
            return result
        finally:
            self.frames.pop()
            frame.breaks, frame.continues = outer
            for n in (*names, total, low, f".items{at}", step, which):
                frame.env.pop(n, None)
            frame.env.update(saved)

    def vector_binary(self, op: str, p: Any, q: Any) -> Vector:
        if is_number(p):
            return Vector(self.binary(op, p, v) for v in q)
        if is_number(q):
            return Vector(self.binary(op, v, q) for v in p)
        if op == "@" or not isinstance(p, tuple) or not isinstance(q, tuple) or len(p) != len(q):
            raise Unsupported(f"`{op}` between {describe(p)} and {describe(q)} is not supported")
        if any(isinstance(v, tuple) for v in (*p, *q)):
            raise Unsupported("arithmetic on whole arrays of several dimensions is not supported")
        return Vector(self.binary(op, v, w) for v, w in zip(p, q, strict=True))

    def sequence_binary(self, op: str, x: Any, y: Any) -> Any:
        p, q = self.plain(x), self.plain(y)
        if isinstance(p, Vector) or isinstance(q, Vector):
            return self.vector_binary(op, p, q)
        made: tuple[Any, ...] | None = None
        if op == "+" and isinstance(p, tuple) and isinstance(q, tuple):
            made = p + q
        elif op == "*":
            items, count = (p, q) if isinstance(p, tuple) else (q, p)
            if isinstance(items, tuple) and type(count) is int:
                if len(items) * count > 4096:
                    raise Unsupported(f"a sequence of {len(items) * count} elements is too long")
                made = items * count
        if made is None:
            raise Unsupported(f"`{op}` between {describe(p)} and {describe(q)} is not supported")
        return self.new_list(made) if isinstance(x, ListRef) or isinstance(y, ListRef) else made

    def method(self, method: Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name, target = method.name, method.target
        if name in ("conjugate", "item"):
            return self.unary("+", target) if name == "conjugate" else target
        if name == "is_integer":
            if self.type_of(target) in "IB":
                return True
            whole = self.b.emit(f"FLOOR_{self.b.fl}", self.b.fl, (self.as_float(target),))
            return self.b.and_(self.compare("==", whole, target), self.test("ISFINITE", target))
        if name in ("bit_length", "bit_count"):
            handler = lookup(int.bit_length if name == "bit_length" else int.bit_count)
            assert handler is not None
            return handler(self, [target], {})  # type: ignore[arg-type]
        if name == "_replace":
            fields = {**dict(zip(target._fields, target, strict=True)), **kwargs}
            if len(fields) != len(target) or args:
                raise Unsupported(f"._replace() got fields that are not {target._fields}")
            return tuple.__new__(type(target), fields.values())
        if name == "_asdict":
            return LocalDict(zip(target._fields, target, strict=True))
        if isinstance(target, dict):
            return self.dict_method(name, target, args)
        if isinstance(target, ListRef) and name in (
            *("append", "extend", "insert", "pop", "reverse", "sort"),
        ):
            if self.list_branch.get(target, self.branch) is not self.branch:
                raise Unsupported(
                    f".{name}() under a condition would make the list's length depend on the data",
                    "make the list of fixed length and assign its elements",
                )
            items = list(self.heap[target])
            if name == "append":
                items.append(args[0])
                result = None
            elif name == "extend":
                items.extend(self.sequence(args[0]))
                result = None
            elif name == "insert" and not isinstance(args[0], Val):
                items.insert(*args)
                result = None
            elif name == "sort":
                made = lookup(sorted)(self, [target], kwargs)  # type: ignore[misc, arg-type]
                items = list(self.heap[made])
                result = None
            elif name == "pop":
                if not items or (args and isinstance(args[0], Val)):
                    raise Unsupported("this .pop() is not supported")
                result = items.pop(*args)
            elif name == "reverse":
                items.reverse()
                result = None
            else:
                raise Unsupported(f"this .{name}() is not supported")
            self.heap[target] = tuple(items)
            return result
        if name == "copy":
            return self.new_list(self.heap[target])
        if name in ("index", "count"):
            return self.find_in(name, self.sequence(target), args)
        if name == "mean":
            total = self.call(sum, [target], {})
            return self.binary("/", total, self.length(target))
        handler = lookup({"sum": sum, "min": min, "max": max, "prod": math.prod}.get(name, name))
        if handler is None:
            raise Unsupported(f".{name}() is not supported")
        return handler(self, [target, *args], kwargs)  # type: ignore[arg-type]


def _target_names(node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> list[str]:
    """The variables of its own, and their flags (unassigned.py)."""
    return [
        name
        for clause in node.generators
        for n in ast.walk(clause.target)
        if isinstance(n, ast.Name)
        for name in (n.id, "?" + n.id)
    ]


def _fold_body(
    name: str, element: ast.expr, total: str, low: str, step: str, which: str
) -> list[ast.stmt]:
    store = ast.Name(total, ast.Store())
    if name in ("any", "all"):
        test = element if name == "any" else ast.UnaryOp(ast.Not(), element)
        return [ast.If(test, [ast.Assign([store], ast.Constant(name == "any")), ast.Break()], [])]
    load = ast.Name(total, ast.Load())
    if name == "prod":
        return [ast.Assign([store], ast.BinOp(load, ast.Mult(), element))]
    if name == "next":
        seen_now = ast.Assign([ast.Name(low, ast.Store())], ast.Constant(True))
        return [ast.Assign([store], element), seen_now, ast.Break()]
    if name in ("MIN", "MAX"):
        seen = ast.Name(low, ast.Load())
        given: list[ast.expr] = [ast.Name(which, ast.Load()), load, seen, element]
        return [
            ast.Assign([store], ast.Call(ast.Name(step, ast.Load()), given, [])),
            ast.Assign([ast.Name(low, ast.Store())], ast.Constant(True)),
        ]
    both = ast.Tuple([store, ast.Name(low, ast.Store())], ast.Store())
    args: list[ast.expr] = [load, ast.Name(low, ast.Load()), element]
    return [ast.Assign([both], ast.Call(ast.Name(step, ast.Load()), args, []))]


def _locate(node: ast.AST, here: ast.AST) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, (ast.expr, ast.stmt)) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, here)
