# SPDX-License-Identifier: BSD-3-Clause
"""Lists, tuples, tables and what else a function subscripts, slices or iterates over."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .arith import STATUS, Arithmetic, describe, is_number
from .builtin_functions import compensate, sum_step
from .deps import MISSING
from .errors import NeedUnroll, Unsupported
from .functions import lookup
from .ir import Val
from .values import Frame, Generator, Iterable, ListRef, Method, Range, Table


class Sequences(Arithmetic):
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

    # Subscripts and sequences

    def x_Subscript(self, node: ast.Subscript) -> Any:
        value = self.eval(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                None if part is None else self.eval(part)
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if isinstance(value, Table):
                raise Unsupported(
                    "slices of array arguments are not supported", "read single elements"
                )
            if any(isinstance(bound, Val) for bound in bounds):
                if self.unrollable:
                    raise NeedUnroll("a slice with bounds known only at run time is not supported")
                raise Unsupported("a slice with bounds known only at run time is not supported")
            cut = tuple(self.sequence(value))[slice(*bounds)]
            return self.new_list(cut) if isinstance(value, ListRef) else cut
        return self.subscript(value, self.eval(node.slice))

    def subscript(self, value: Any, index: Any) -> Any:
        if isinstance(value, Table):
            if isinstance(index, tuple):
                raise Unsupported(
                    f"{value.name!r} is read with {len(index)} indices; tables have one dimension",
                    "pass array.ravel() and compute the index",
                )
            position = self.as_int(index)
            return self.b.emit(
                f"INDEX_{value.type}", value.type, (position,), value.index, self.mask
            )
        if isinstance(value, dict):
            if isinstance(index, Val):
                raise Unsupported("a dict cannot be indexed by a number known only at run time")
            try:
                found = value[index]
            except (KeyError, TypeError):
                raise Unsupported(f"the dict has no key {index!r}") from None
            self.deps.append(("item", value, index, found))
            return self.admit(found)
        value = self.plain(value)
        if isinstance(value, str):
            raise Unsupported("strings are not supported")
        if is_number(value):
            raise Unsupported(
                f"{describe(value)} is subscripted",
                "an argument of helper functions that is a table must be subscripted in the "
                "kernel itself",
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
        result = items[n - 1]
        for k in range(n - 2, -1, -1):
            here = self.b.or_(self.compare("==", index, k), self.compare("==", index, k - n))
            result = self.choose(here, items[k], result, "the elements of the sequence")
        return result

    def length(self, value: Any) -> Any:
        value = self.plain(value)
        if isinstance(value, Table):
            return self.b.emit("LEN_I", "I", (), value.index)
        if isinstance(value, (tuple, str, dict, range, set, frozenset)):
            return len(value)
        if isinstance(value, Iterable):
            return value.length
        raise Unsupported(f"len() of {describe(value)} is not supported")

    def iterable(self, value: Any) -> Iterable:
        value = self.plain(value)
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
        self.frames.append(generator.frame)

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

    def fold_loop(self, name: str, items: Any, start: Any) -> Any:
        """sum, prod, any, all over something iterated at run time: the loop that Python would run.

        Written as statements on hidden variables, so that types, masks and early exits are those of
        loops.
        """
        node: ast.GeneratorExp | ast.ListComp | ast.SetComp
        if isinstance(items, Generator):
            node, frame = items.node, items.frame
        else:
            it = ast.Name(".items", ast.Load())
            element = ast.Name(".element", ast.Store())
            clause = ast.comprehension(element, it, [], 0)
            node = ast.GeneratorExp(ast.Name(".element", ast.Load()), [clause])
            frame = self.frames[-1]
            frame.env[".items"] = items
        here = ast.Pass(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
        if isinstance(items, Generator):
            here = node  # type: ignore[assignment]
        total = f".total{len(frame.env)}"
        low = f".low{len(frame.env)}"
        names = _target_names(node)
        saved = {n: frame.env[n] for n in names if n in frame.env}
        body = _fold_body(name, node.elt, total, low)
        for clause in reversed(node.generators):
            for test in reversed(clause.ifs):
                body = [ast.If(test, body, [])]
            body = [ast.For(clause.target, clause.iter, body, [])]
            if name in ("any", "all") and clause is not node.generators[0]:
                leave = ast.If(ast.Name(total, ast.Load()), [ast.Break()], [])
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
            frame.env[total] = start
            frame.env[low] = 0.0
            frame.env[".step"] = sum_step
            for statement in body:
                self.exec(statement)
            result = frame.env[total]
            if name == "sum" and is_number(result) and self.type_of(result) in "DF":
                result = compensate(self, result, frame.env[low])  # type: ignore[arg-type]
            return result
        finally:
            self.frames.pop()
            frame.breaks, frame.continues = outer
            for n in (*names, total, low, ".items", ".step"):
                frame.env.pop(n, None)
            frame.env.update(saved)

    def sequence_binary(self, op: str, x: Any, y: Any) -> Any:
        p, q = self.plain(x), self.plain(y)
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
            return target
        if name == "is_integer":
            if self.type_of(target) in "IB":
                return True
            whole = self.b.emit(f"FLOOR_{self.b.fl}", self.b.fl, (self.as_float(target),))
            return self.b.and_(self.compare("==", whole, target), self.test("ISFINITE", target))
        if isinstance(target, ListRef) and name in ("append", "extend", "pop", "reverse"):
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
            elif name == "pop":
                if not items or (args and isinstance(args[0], Val)):
                    raise Unsupported("this .pop() is not supported")
                result = items.pop(*args)
            else:
                items.reverse()
                result = None
            self.heap[target] = tuple(items)
            return result
        if name == "copy":
            return self.new_list(self.heap[target])
        if name in ("index", "count"):
            raise Unsupported(f".{name}() is not supported")
        handler = lookup({"sum": sum, "min": min, "max": max}.get(name, name))
        if handler is None:
            raise Unsupported(f".{name}() is not supported")
        return handler(self, [target, *args], kwargs)  # type: ignore[arg-type]


def _target_names(node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> list[str]:
    return [
        n.id
        for clause in node.generators
        for n in ast.walk(clause.target)
        if isinstance(n, ast.Name)
    ]


def _fold_body(name: str, element: ast.expr, total: str, low: str) -> list[ast.stmt]:
    store = ast.Name(total, ast.Store())
    if name in ("any", "all"):
        test = element if name == "any" else ast.UnaryOp(ast.Not(), element)
        return [ast.If(test, [ast.Assign([store], ast.Constant(name == "any")), ast.Break()], [])]
    load = ast.Name(total, ast.Load())
    if name == "prod":
        return [ast.Assign([store], ast.BinOp(load, ast.Mult(), element))]
    both = ast.Tuple([store, ast.Name(low, ast.Store())], ast.Store())
    args: list[ast.expr] = [load, ast.Name(low, ast.Load()), element]
    return [ast.Assign([both], ast.Call(ast.Name(".step", ast.Load()), args, []))]


def _locate(node: ast.AST, here: ast.AST) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, (ast.expr, ast.stmt)) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, here)
