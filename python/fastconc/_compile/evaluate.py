# SPDX-License-Identifier: BSD-3-Clause
"""Evaluates a function on symbolic arguments: expressions, names and calls.

The evaluator runs the function's AST once, as Python would, except that some values are ``Val``s,
known only at run time, and that statements run under a mask of lanes. Everything else (functions,
tuples, constants, which branch a known condition takes) happens here, at compile time. Each outside
value that was looked at is recorded in ``deps``, so that a kernel notices when one has changed.
"""

from __future__ import annotations

import ast
import builtins
import functools
import types
from collections.abc import Callable
from typing import Any

from .arith import STATUS, Arithmetic, describe, is_number, same_constant
from .errors import NeedUnroll, NoSource, Unsupported
from .functions import compensate, lookup, sum_step
from .ir import Builder, Mask, Val
from .source import Body
from .statements import NOTHING, Statements
from .values import (
    Closure,
    Frame,
    Generator,
    Iterable,
    ListRef,
    Parameters,
    Range,
    Table,
    Unbound,
    parameters_of,
)

MAX_DEPTH = 40
MAX_CALLS = 3000
_MISSING = object()

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.MatMult: "@",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
HINTS: dict[str, str] = {
    "JoinedStr": "format the result after the kernel has run",
    "Dict": "use a tuple, or separate arguments",
    "Set": "use a tuple",
    "DictComp": "use a list or tuple",
    "Await": "use a plain function",
    "Yield": "return a value instead",
    "YieldFrom": "return a value instead",
    "complex": "use real arithmetic: carry the real and the imaginary part as two numbers",
}


class Evaluator(Statements, Arithmetic):
    def __init__(
        self,
        builder: Builder,
        *,
        raising: bool = False,
        exact: bool = False,
        fastmath: bool = False,
    ) -> None:
        self.b = builder
        self.mask: Mask = None
        self.raising = raising
        self.exact = exact
        self.fastmath = fastmath
        self.heap: dict[ListRef, tuple[Any, ...]] = {}
        self.deps: list[tuple[str, Any, Any, Any]] = []
        self.frames: list[Frame] = []
        self.n_calls = 0
        self.unrollable = 0  # loops around this place that may be tried again unrolled
        self.list_branch: dict[ListRef, object] = {}

    # Expressions

    def eval(self, node: ast.expr) -> Any:
        method = getattr(self, "x_" + type(node).__name__, None)
        try:
            if method is None:
                kind = type(node).__name__
                raise Unsupported(f"{_kind_text(node)} is not supported", HINTS.get(kind, ""))
            self.b.line = node.lineno + self.frame.body.source.line_shift
            return method(node)
        except Unsupported as error:
            error.at(node, self.frame.body.source)
            raise

    def x_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, complex):
            raise Unsupported("complex numbers are not supported", HINTS["complex"])
        return node.value

    def x_Name(self, node: ast.Name) -> Any:
        return self.load(node.id)

    def load(self, name: str) -> Any:
        frame: Frame | None = self.frame
        value: Any = _MISSING
        while frame is not None:
            value = frame.env.get(name, _MISSING)
            if value is not _MISSING:
                break
            cell = frame.cells.get(name)
            if cell is not None:
                try:
                    value = cell.cell_contents
                except ValueError:
                    raise Unsupported(f"the free variable {name!r} is not assigned yet") from None
                self.deps.append(("cell", cell, name, value))
                return self.admit(value)
            if frame.parent is None:
                break
            frame = frame.parent
        if value is _MISSING:
            assert frame is not None
            if name in frame.globals:
                value = frame.globals[name]
                self.deps.append(("global", frame.globals, name, value))
                return self.admit(value)
            value = getattr(builtins, name, _MISSING)
            if value is _MISSING:
                raise Unsupported(f"the name {name!r} is not defined")
            self.deps.append(("global", frame.globals, name, _MISSING))
            return value
        if isinstance(value, Unbound):
            raise Unsupported(f"{name!r} {value.reason}")
        return value

    def admit(self, value: Any) -> Any:
        """An outside object as the evaluator's value; what can change inside is recorded."""
        if isinstance(value, (int, float)):
            kind = type(value)
            if kind is bool or kind is int or kind is float:
                return value
            return float(value) if isinstance(value, float) else int(value)
        if isinstance(value, list):
            self.deps.append(("list", value, None, tuple(value)))
            return tuple(self.admit(v) for v in value)
        if isinstance(value, tuple):
            return tuple(self.admit(v) for v in value)
        item = getattr(value, "item", None)
        if item is not None and hasattr(value, "dtype") and hasattr(value, "ndim"):
            if isinstance(value, types.ModuleType | type):
                return value
            if value.ndim == 0:
                return self.admit(value.item())
            if value.size > 4096:
                raise Unsupported(
                    f"a global array of {value.size} elements is too large to compile in",
                    "pass it as an argument",
                )
            content = value.tolist()
            self.deps.append(("array", value, None, value.copy()))
            return self.admit_nested(content)
        return value

    def admit_nested(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self.admit_nested(v) for v in value)
        return value

    def x_NamedExpr(self, node: ast.NamedExpr) -> Any:
        value = self.eval(node.value)
        self.store(node.target, value)
        return value

    def x_Tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.elements(node.elts))

    def x_List(self, node: ast.List) -> Any:
        return self.new_list(tuple(self.elements(node.elts)))

    def new_list(self, items: tuple[Any, ...]) -> ListRef:
        ref = ListRef()
        self.heap[ref] = items
        self.list_branch[ref] = self.branch
        return ref

    def elements(self, nodes: list[ast.expr]) -> list[Any]:
        result: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                result.extend(self.sequence(self.eval(node.value)))
            else:
                result.append(self.eval(node))
        return result

    def x_BinOp(self, node: ast.BinOp) -> Any:
        return self.binary(BINARY[type(node.op)], self.eval(node.left), self.eval(node.right))

    def x_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.eval(node.operand)
        if isinstance(node.op, ast.Not):
            return self.b.not_(self.truth(self.plain(value)))
        return self.unary({ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)], value)

    def plain(self, value: Any) -> Any:
        return self.heap[value] if isinstance(value, ListRef) else value

    def x_BoolOp(self, node: ast.BoolOp) -> Any:
        is_and = isinstance(node.op, ast.And)
        outer = self.mask
        try:
            return self.bool_op(node.values, is_and)
        finally:
            self.mask = outer

    def bool_op(self, nodes: list[ast.expr], is_and: bool) -> Any:
        value = self.eval(nodes[0])
        if len(nodes) == 1:
            return value
        cond = self.truth(self.plain(value))
        if isinstance(cond, bool):
            return self.bool_op(nodes[1:], is_and) if cond == is_and else value
        # The rest is evaluated on the lanes that get there.
        rest_mask = (
            self.b.mask_and(self.mask, cond) if is_and else self.b.mask_andn(self.mask, cond)
        )
        self.mask = rest_mask
        rest = self.bool_op(nodes[1:], is_and)
        if isinstance(value, Val) and value.type == "B":
            if isinstance(rest, bool) or (isinstance(rest, Val) and rest.type == "B"):
                rest_bool = rest if isinstance(rest, bool) else self.b.as_bool(rest)
                return self.b.and_(cond, rest_bool) if is_and else self.b.or_(cond, rest_bool)
        if is_and:
            return self.choose(cond, rest, value, "the operands of `and`")
        return self.choose(cond, value, rest, "the operands of `or`")

    def x_Compare(self, node: ast.Compare) -> Any:
        left = self.eval(node.left)
        outer = self.mask
        result: Any = True
        try:
            for op, right_node in zip(node.ops, node.comparators, strict=True):
                right = self.eval(right_node)
                part = self.compare_op(op, left, right)
                if not isinstance(part, (bool, Val)):
                    part = bool(part)
                result = self.b.and_(
                    result, part if isinstance(part, bool) else self.b.as_bool(part)
                )
                if result is False:
                    return False
                self.mask = self.b.mask_and(outer, result)
                left = right
        finally:
            self.mask = outer
        return result

    def compare_op(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        if isinstance(op, ast.In | ast.NotIn):
            found = self.contains(left, right)
            return self.b.not_(found) if isinstance(op, ast.NotIn) else found
        if isinstance(op, ast.Is | ast.IsNot):
            if isinstance(left, Val) or isinstance(right, Val):
                if (
                    left is not None
                    and right is not None
                    and not (isinstance(left, bool) or isinstance(right, bool))
                ):
                    raise Unsupported("`is` between numbers is not supported", "compare with ==")
                other = right if isinstance(left, Val) else left
                val = left if isinstance(left, Val) else right
                if isinstance(other, bool) and val.type == "B":
                    same: Any = self.compare("==", left, right)
                else:
                    same = False
            else:
                same = left is right
            return self.b.not_(same) if isinstance(op, ast.IsNot) else same
        text = COMPARE[type(op)]
        left, right = self.plain(left), self.plain(right)
        if isinstance(left, tuple) and isinstance(right, tuple):
            return self.compare_tuples(text, left, right)
        return self.compare(text, left, right)

    def compare_tuples(self, op: str, left: tuple[Any, ...], right: tuple[Any, ...]) -> Any:
        if op not in ("==", "!="):
            raise Unsupported("ordering sequences is not supported", "compare their elements")
        same: Any = len(left) == len(right)
        if same:
            for x, y in zip(left, right, strict=True):
                part = self.compare("==", x, y)
                same = self.b.and_(same, part)
        return self.b.not_(same) if op == "!=" else same

    def contains(self, value: Any, items: Any) -> Any:
        if isinstance(items, (dict, set, frozenset)) and not isinstance(value, Val):
            return value in items
        if isinstance(items, str) and isinstance(value, str):
            return value in items
        if isinstance(items, range) and isinstance(value, Val) and len(items) > 64:
            raise Unsupported(
                "`in range(...)` of this length is not supported", "compare the bounds"
            )
        found: Any = False
        for item in self.sequence(tuple(items) if isinstance(items, (set, frozenset)) else items):
            found = self.b.or_(found, self.compare("==", value, item))
        return found

    def x_IfExp(self, node: ast.IfExp) -> Any:
        cond = self.truth(self.plain(self.eval(node.test)))
        if isinstance(cond, bool):
            return self.eval(node.body if cond else node.orelse)
        outer = self.mask
        try:
            self.mask = self.b.mask_and(outer, cond)
            yes = self.region(self.mask, lambda: self.eval(node.body))
            self.mask = self.b.mask_andn(outer, cond)
            no = self.region(self.mask, lambda: self.eval(node.orelse))
        finally:
            self.mask = outer
        return self.choose(cond, yes, no)

    def x_Attribute(self, node: ast.Attribute) -> Any:
        value = self.eval(node.value)
        return self.attribute(value, node.attr)

    def attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, (Val, ListRef, Table, tuple, int, float)):
            return self.number_attribute(value, name)
        if isinstance(value, Closure | Generator | Range | Iterable):
            raise Unsupported(f"the attribute {name!r} is not supported here")
        try:
            found = getattr(value, name)
        except AttributeError:
            kind = "module" if isinstance(value, types.ModuleType) else type(value).__name__
            label = getattr(value, "__name__", "") if kind == "module" else ""
            raise Unsupported(
                f"the {kind} {label} has no attribute {name!r}".replace("  ", " ")
            ) from None
        except Exception as error:
            raise Unsupported(f"reading the attribute {name!r} failed: {error!r}") from None
        if not isinstance(found, types.MethodType | types.BuiltinMethodType):
            self.deps.append(("attribute", value, name, found))
        return self.admit(found)

    def number_attribute(self, value: Any, name: str) -> Any:
        if is_number(value):
            if name == "real":
                return value
            if name == "imag":
                return 0.0 if self.type_of(value) in "DF" else 0
            if name in ("conjugate", "is_integer", "item"):
                return _Method(name, value)
        if isinstance(value, ListRef) and name in ("append", "extend", "pop", "copy", "reverse"):
            return _Method(name, value)
        if name in ("sum", "min", "max", "mean", "prod", "index", "count", "dot") and isinstance(
            value, (ListRef, tuple)
        ):
            return _Method(name, value)
        if name == "shape" and isinstance(value, tuple):
            return (len(value),)
        if name == "shape" and isinstance(value, Table):
            return (self.length(value),)
        if name == "size" and isinstance(value, Table | tuple):
            return self.length(value)
        raise Unsupported(
            f"the attribute {name!r} of {describe(self.plain(value))} is not supported"
        )

    def x_Lambda(self, node: ast.Lambda) -> Any:
        source = self.frame.body.source
        return Closure(
            "<lambda>", self.parameters(node.args), Body(source, None, node.body), self.frame
        )

    def parameters(self, args: ast.arguments) -> Parameters:
        positional = [a.arg for a in (*args.posonlyargs, *args.args)]
        keyword_only = [a.arg for a in args.kwonlyargs]
        defaults: dict[str, Any] = {}
        if args.defaults:
            for name, node in zip(positional[-len(args.defaults) :], args.defaults, strict=True):
                defaults[name] = self.eval(node)
        for name, default in zip(keyword_only, args.kw_defaults, strict=True):
            if default is not None:
                defaults[name] = self.eval(default)
        return Parameters(
            positional,
            len(args.posonlyargs),
            keyword_only,
            args.vararg.arg if args.vararg else None,
            args.kwarg.arg if args.kwarg else None,
            defaults,
        )

    def x_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return Generator(node, self.frame)

    def x_ListComp(self, node: ast.ListComp) -> Any:
        return self.new_list(tuple(self.sequence(Generator(node, self.frame))))

    def x_Starred(self, node: ast.Starred) -> Any:
        raise Unsupported("a starred expression is not supported here")

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
        saved = dict(generator.frame.env)
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
            generator.frame.env.clear()
            generator.frame.env.update(saved)
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
            frame = self.frame
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
                result = compensate(self, result, frame.env[low])
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

    # Calls

    def x_Call(self, node: ast.Call) -> Any:
        function = self.eval(node.func)
        args = self.elements(node.args)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                spread = self.eval(keyword.value)
                if not isinstance(spread, dict):
                    raise Unsupported("`**` of something that is not a known dict is not supported")
                kwargs.update({k: self.admit(v) for k, v in spread.items()})
            else:
                kwargs[keyword.arg] = self.eval(keyword.value)
        self.b.line = node.lineno + self.frame.body.source.line_shift
        return self.call(function, args, kwargs)

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if isinstance(function, Closure):
            env = function.parameters.bind(function.name, args, kwargs)
            frame = Frame(
                function.name, function.body, env, function.frame.globals, {}, function.frame, None
            )
            return self.run_frame(frame)
        if isinstance(function, _Method):
            return self.method(function, args, kwargs)
        if isinstance(function, Val):
            raise Unsupported(f"{describe(function)} is called as if it were a function")
        handler = lookup(function)
        if handler is not None:
            return handler(self, args, kwargs)
        if isinstance(function, types.FunctionType):
            return self.call_function(function, args, kwargs)
        if isinstance(function, types.MethodType):
            return self.call(function.__func__, [function.__self__, *args], kwargs)
        if isinstance(function, functools.partial):
            given = [self.admit(a) for a in function.args]
            named = {k: self.admit(v) for k, v in function.keywords.items()}
            return self.call(function.func, [*given, *args], {**named, **kwargs})
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not isinstance(function, type):
            return self.call(
                wrapped, args, kwargs
            )  # functools.lru_cache, Kernel, Numba's dispatchers
        python = getattr(function, "py_func", None)
        if isinstance(python, types.FunctionType):
            return self.call(python, args, kwargs)
        if isinstance(function, type):
            raise Unsupported(
                f"making a {function.__name__} object is not supported",
                HINTS.get(function.__name__, "use numbers, tuples and lists"),
            )
        call = next(
            (vars(c)["__call__"] for c in type(function).__mro__ if "__call__" in vars(c)), None
        )
        if isinstance(call, types.FunctionType):
            return self.call(call, [function, *args], kwargs)
        name = getattr(function, "__qualname__", None) or repr(function)
        module = getattr(function, "__module__", None)
        label = f"{module}.{name}" if module and module != "builtins" else str(name)
        if function is builtins.print:
            raise Unsupported(
                "print() is not supported", "print the results after the kernel has run"
            )
        if module and (
            module == "random" or str(module).startswith("numpy.random") or "Random" in label
        ):
            raise Unsupported(
                f"random numbers ({label}) are not supported", "pass an array of random numbers"
            )
        raise Unsupported(f"the function {label}() is not supported")

    def call_function(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        code = function.__code__
        if code.co_flags & 0x2A0:  # generator, coroutine, async generator
            raise Unsupported(f"{function.__name__} is a generator or coroutine", "return a value")
        self.deps.append(("code", function, None, code))
        if function.__defaults__:
            self.deps.append(("defaults", function, None, function.__defaults__))
        parameters = parameters_of(function)
        env = parameters.bind(function.__name__, args, kwargs)
        for name in parameters.names:
            if name in parameters.defaults and env[name] is parameters.defaults[name]:
                env[name] = self.admit(env[name])
        return self.run_function(function, env)

    def run_function(self, function: types.FunctionType, env: dict[str, Any]) -> Any:
        try:
            frame = Frame.of_function(function, env)
        except NoSource:
            from .trace import trace

            return trace(self, function, env)
        return self.run_frame(frame)

    def run_frame(self, frame: Frame) -> Any:
        self.n_calls += 1
        if len(self.frames) >= MAX_DEPTH or self.n_calls > MAX_CALLS:
            raise Unsupported(
                f"the recursion of {frame.name}() has no bound known at compile time",
                "write it as a loop, or bound its depth by a constant argument",
            )
        outer_mask = self.mask
        saved_unrollable, self.unrollable = self.unrollable, self.unrollable
        line = self.b.line
        self.frames.append(frame)
        try:
            if frame.body.expression is not None:
                return self.eval(frame.body.expression)
            assert frame.body.statements is not None
            self.exec_block(frame.body.statements)
            return self.finish_returns(frame)
        finally:
            self.frames.pop()
            self.mask = outer_mask
            self.unrollable = saved_unrollable
            self.b.line = line

    def finish_returns(self, frame: Frame) -> Any:
        """The value of a call: that of each return on its own lanes."""
        returns = frame.returns
        if not returns:
            return None
        returns = [r for r in returns if r.value is not NOTHING]
        if not returns:
            return None
        value = returns[-1].value
        if self.mask is not False:
            # Some lanes may run off the end, where Python returns None.
            if any(r.value is not None for r in returns):
                self.b.raise_if(True, STATUS["INVALID"], self.mask)
        for escape in reversed(returns[:-1]):
            value = self.choose(
                self.b.as_bool(self.b.as_val(escape.mask)),
                escape.value,
                value,
                "the return statements",
            )
        return value

    def method(self, method: _Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
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
        return handler(self, [target, *args], kwargs)


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


class _Method:
    __slots__ = ("name", "target")

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target


def _kind_text(node: ast.AST) -> str:
    return {
        "JoinedStr": "a formatted string",
        "Dict": "a dict",
        "Set": "a set",
        "DictComp": "a dict comprehension",
        "SetComp": "a set comprehension",
        "Await": "`await`",
        "Yield": "`yield`",
        "YieldFrom": "`yield from`",
    }.get(type(node).__name__, type(node).__name__)


def comparable(deps: list[tuple[str, Any, Any, Any]]) -> list[tuple[str, Any, Any, Any]]:
    """The dependencies as ``KernelBase._remember`` takes them: what is compared by identity."""
    result = []
    for kind, container, key, value in deps:
        if kind == "global" and value is _MISSING:
            result.append(("absent", container, key, None))
        elif kind in ("code", "defaults"):
            result.append(("attribute", container, f"__{kind}__", value))
        else:
            result.append((kind, container, key, value))
    return result


def still_valid(deps: list[tuple[str, Any, Any, Any]]) -> bool:
    """Whether everything that was looked at during the compilation is as it was."""
    for kind, container, key, value in deps:
        if kind == "global":
            if container.get(key, _MISSING) is not value:
                return False
        elif kind == "cell":
            try:
                if container.cell_contents is not value:
                    return False
            except ValueError:
                return False
        elif kind == "attribute":
            found = getattr(container, key, _MISSING)
            if found is not value and not (
                type(found) is type(value)
                and isinstance(value, (int, float))
                and same_constant(found, value)
            ):
                return False
        elif kind == "list":
            if len(container) != len(value) or any(
                a is not b for a, b in zip(container, value, strict=True)
            ):
                return False
        elif kind == "item":
            if container.get(key, _MISSING) is not value:
                return False
        elif kind == "code":
            if container.__code__ is not value:
                return False
        elif kind == "defaults":
            if container.__defaults__ is not value:
                return False
        elif kind == "array":
            if container.shape != value.shape or container.tobytes() != value.tobytes():
                return False
    return True


Handler = Callable[[Evaluator, list[Any], dict[str, Any]], Any]
