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
import operator
import types
from typing import Any

from . import float_bits, integer_functions, operator_functions  # noqa: F401 (they register)
from .arith import STATUS, describe, is_number
from .deps import MISSING
from .errors import NeedUnroll, NoSource, Unsupported
from .functions import lookup
from .ir import Builder, Mask, Val
from .loops import Loops
from .match import Match
from .recursion import tail_loop
from .sequences import Sequences
from .source import Body
from .statements import NOTHING
from .values import (
    Closure,
    Frame,
    Generator,
    Iterable,
    ListRef,
    LocalDict,
    Method,
    Parameters,
    Range,
    Table,
    Unbound,
    Vector,
    parameters_of,
)

LIST_METHODS = ("append", "extend", "insert", "pop", "copy", "reverse", "sort", "index", "count")
_FOLDS = (sum, min, max, any, all)
MAX_DEPTH = 40
MAX_CALLS = 3000
MAX_GLOBAL = 200_000  # elements of a global array

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
UNARY_TEXT: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
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


class Evaluator(Loops, Match, Sequences):
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
        # (type, bytes, buffer); None where a program may have no tables
        self.constant_tables: list[tuple[Any, Any, Any]] | None = None
        self.first_constant_table = 0

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

    def eval_in(self, frame: Frame, node: ast.expr) -> Any:
        """What node gives in another frame."""
        self.frames.append(frame)
        try:
            return self.eval(node)
        finally:
            self.frames.pop()

    def x_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, complex):
            raise Unsupported("complex numbers are not supported", HINTS["complex"])
        return node.value

    def x_Name(self, node: ast.Name) -> Any:
        return self.load(node.id)

    def load(self, name: str) -> Any:
        frame: Frame | None = self.frame
        value: Any = MISSING
        while frame is not None:
            value = frame.env.get(name, MISSING)
            if value is not MISSING:
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
        if value is MISSING:
            assert frame is not None
            if name in frame.globals:
                value = frame.globals[name]
                self.deps.append(("global", frame.globals, name, value))
                return self.admit(value)
            value = getattr(builtins, name, MISSING)
            if value is MISSING:
                raise Unsupported(f"the name {name!r} is not defined")
            self.deps.append(("global", frame.globals, name, MISSING))
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
            return tuple.__new__(type(value), [self.admit(v) for v in value])
        item = getattr(value, "item", None)
        if item is not None and hasattr(value, "dtype") and hasattr(value, "ndim"):
            if isinstance(value, types.ModuleType | type):
                return value
            if value.ndim == 0:
                return self.admit(value.item())
            if value.size > MAX_GLOBAL:
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
            return Vector(self.admit_nested(v) for v in value)
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
        if isinstance(value, Vector):
            sign = UNARY_TEXT[type(node.op)]
            return Vector(self.unary(sign, item) for item in value)
        return self.unary(UNARY_TEXT[type(node.op)], value)

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
        outer = self.mask
        rest_mask = (
            self.b.mask_and(self.mask, cond) if is_and else self.b.mask_andn(self.mask, cond)
        )
        self.mask = rest_mask
        rest = self.conditionally(cond if is_and else self.b.not_(cond), nodes[1:], is_and)
        self.mask = outer
        if isinstance(value, Val) and value.type == "B":
            if isinstance(rest, bool) or (isinstance(rest, Val) and rest.type == "B"):
                rest_bool = rest if isinstance(rest, bool) else self.b.as_bool(rest)
                return self.b.and_(cond, rest_bool) if is_and else self.b.or_(cond, rest_bool)
        if is_and:
            return self.choose(cond, rest, value, "the operands of `and`")
        return self.choose(cond, value, rest, "the operands of `or`")

    def conditionally(self, cond: Any, nodes: list[ast.expr], is_and: bool) -> Any:
        """The rest of a BoolOp; what it assigns is assigned where cond holds."""
        frame = self.frame
        env, heap = frame.env, self.heap
        frame.env, self.heap = dict(env), dict(heap)
        branch, self.branch = self.branch, object()
        try:
            rest = self.bool_op(nodes, is_and)
        finally:
            self.branch = branch
        self.rejoin(cond, frame, env, heap)
        return rest

    def rejoin(
        self, cond: Any, frame: Frame, env: dict[str, Any], heap: dict[ListRef, tuple[Any, ...]]
    ) -> None:
        """Merge what a part of an expression assigned on the lanes of cond with what was before."""
        frame.env = self.merge_envs(cond, frame.env, env)
        self.heap = self.merge_heaps(cond, self.heap, heap)

    def x_Compare(self, node: ast.Compare) -> Any:
        left = self.eval(node.left)
        outer = self.mask
        result: Any = True
        try:
            for op, right_node in zip(node.ops, node.comparators, strict=True):
                if result is not True and _assigns(right_node):
                    raise Unsupported(
                        "an assignment in a chained comparison is not supported",
                        "assign before the comparison",
                    )
                right = self.member_list(op, right_node)
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

    def member_list(self, op: ast.cmpop, node: ast.expr) -> Any:
        """The right side of a comparison; a set display is as good as a tuple to `in`."""
        if isinstance(op, ast.In | ast.NotIn) and isinstance(node, ast.Set):
            return tuple(self.elements(node.elts))
        return self.eval(node)

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
        if isinstance(left, Vector) or isinstance(right, Vector):
            raise Unsupported("comparing arrays is not supported", "compare their elements")
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
        if isinstance(items, Table):
            return self.call(_is_member, [value, items], {})
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
            frame = self.frame
            env, heap = frame.env, self.heap
            self.mask = self.b.mask_and(outer, cond)
            frame.env, self.heap = dict(env), dict(heap)
            yes = self.region(self.mask, lambda: self.eval(node.body))
            then_env, then_heap = frame.env, self.heap
            self.mask = self.b.mask_andn(outer, cond)
            frame.env, self.heap = env, heap
            no = self.region(self.mask, lambda: self.eval(node.orelse))
            self.mask = outer
            frame.env = self.merge_envs(cond, then_env, frame.env)
            self.heap = self.merge_heaps(cond, then_heap, self.heap)
        finally:
            self.mask = outer
        return self.choose(cond, yes, no)

    def x_Attribute(self, node: ast.Attribute) -> Any:
        value = self.eval(node.value)
        return self.attribute(value, node.attr)

    def attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, tuple) and name in getattr(value, "_fields", ()):
            return value[value._fields.index(name)]  # type: ignore[attr-defined]
        if isinstance(value, tuple) and type(value) is not tuple:
            own = getattr(type(value), name, None)
            if isinstance(own, types.FunctionType):
                return types.MethodType(own, value)
            if isinstance(own, property):
                return self.call(own.fget, [value], {})
        if isinstance(value, dict) and name in ("get", "keys", "values", "items"):
            if name == "get" or isinstance(value, LocalDict):
                return Method(name, value)
            raise Unsupported(f".{name}() of a global dict is not supported", "use a tuple")
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
                return Method(name, value)
            if isinstance(value, Val):
                if name in ("bit_length", "bit_count"):
                    self.as_int(value)
                    return Method(name, value)
                if name in ("numerator", "denominator"):
                    return self.as_int(value) if name == "numerator" else 1
            elif name == "value":
                return value  # of an enum with numbers
        if isinstance(value, ListRef) and name in LIST_METHODS:
            return Method(name, value)
        if name in ("sum", "min", "max", "mean", "prod", "index", "count", "dot") and isinstance(
            value, (ListRef, tuple)
        ):
            return Method(name, value)
        if name == "shape" and isinstance(value, tuple):
            return (len(value),)
        if isinstance(value, Table) and name in ("shape", "ndim", "size"):
            shape = value.shape or (self.length(value),)
            total: Any = 1
            for length in shape:
                total = self.binary("*", total, length)
            return {"shape": shape, "ndim": len(shape), "size": total}[name]
        if isinstance(value, Table) and name in ("sum", "min", "max", "mean", "prod"):
            return Method(name, value)
        if name == "size" and isinstance(value, tuple):
            return self.length(value)
        raise Unsupported(
            f"the attribute {name!r} of {describe(self.plain(value))} is not supported"
        )

    def x__Given(self, node: Any) -> Any:
        return node.value

    def x_Dict(self, node: ast.Dict) -> Any:
        made = LocalDict()
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if key_node is None:
                spread = self.eval(value_node)
                if not isinstance(spread, dict):
                    raise Unsupported("`**` of something that is not a known dict")
                made.update({k: self.admit(v) for k, v in spread.items()})
                continue
            key = self.eval(key_node)
            if isinstance(key, Val):
                raise Unsupported("a dict with keys known only at run time is not supported")
            value = made[key] = self.eval(value_node)
            if not isinstance(value, (bool, int, float, str, Closure, tuple)) or any(
                isinstance(v, Val) for v in (value if isinstance(value, tuple) else ())
            ):
                if not callable(value):
                    raise Unsupported(
                        "a dict of values known only at run time is not supported",
                        "use a tuple, or separate variables",
                    ).at(node, self.frame.body.source)
        return made

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

    # Calls

    def x_Call(self, node: ast.Call) -> Any:
        function = self.eval(node.func)
        if len(node.args) >= 1 and isinstance(node.args[0], ast.ListComp) and function in _FOLDS:
            # a list that is only folded need not be stored
            args = [Generator(node.args[0], self.frame), *self.elements(node.args[1:])]
        else:
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
        if isinstance(function, Method):
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
        if type(function) in (operator.itemgetter, operator.attrgetter):
            return self.getter(function, args)
        if function in (operator.itemgetter, operator.attrgetter):
            return function(*args)
        if isinstance(function, type) and issubclass(function, tuple) and function is not tuple:
            if hasattr(function, "_fields"):
                try:
                    return function(*args, **kwargs)
                except TypeError as error:
                    raise Unsupported(str(error)) from None
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

    def getter(self, function: Any, args: list[Any]) -> Any:
        """operator.itemgetter(...)(x) and attrgetter."""
        (value,) = args
        wanted = function.__reduce__()[1]
        if isinstance(function, operator.itemgetter):
            found = [self.subscript(value, index) for index in wanted]
        else:
            found = [functools.reduce(self.attribute, name.split("."), value) for name in wanted]
        return found[0] if len(found) == 1 else tuple(found)

    def unary_call(self, function: Any, x: Any) -> Any:
        return self.call(function, [x], {})

    def call_function(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        code = function.__code__
        if code.co_flags & 0x2A0:  # generator, coroutine, async generator
            raise Unsupported(f"{function.__name__} is a generator or coroutine", "return a value")
        if (function.__module__ or "").split(".")[0] in ("numpy", "scipy"):
            return self.call_library(function, args, kwargs)
        return self.call_user(function, args, kwargs)

    def call_library(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        """A library's function in Python compiles if it is simple; its insides are no one's
        concern if not."""
        try:
            return self.call_user(function, args, kwargs)
        except NeedUnroll:
            raise
        except Unsupported:
            name = f"{function.__module__.split('.')[0]}.{function.__name__}"
            raise Unsupported(f"the function {name}() is not supported") from None

    def call_user(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        self.deps.append(("code", function, None, function.__code__))
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
        if any(isinstance(value, (Val, Table)) for value in env.values()):
            loop = tail_loop(function, frame.body, parameters_of(function))
            if loop is not None:
                frame.body = loop
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
        lanes = returns[-1].mask
        if self.mask is not False:
            # Some lanes may run off the end, where Python returns None.
            if any(r.value is not None for r in returns):
                self.b.raise_if(True, STATUS["INVALID"], self.mask)
        for escape in reversed(returns[:-1]):
            self.mask = lanes = self.b.mask_or(lanes, escape.mask)
            value = self.choose(
                self.b.as_bool(self.b.as_val(escape.mask)),
                escape.value,
                value,
                "the return statements",
            )
        return value


def _is_member(value: Any, items: Any) -> bool:
    return any(value == item for item in items)


def _assigns(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node))


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
