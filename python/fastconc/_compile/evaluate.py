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
import types
from collections.abc import Callable
from typing import Any

from fastconc._masked import is_matrix, refuse_masked

from . import (  # noqa: F401 (they register)
    float_bits,
    integer_functions,
    iteration_functions,
    operator_functions,
)
from .arith import describe, is_number
from .calls import COMPLEX_HINT, Calls
from .comparisons import Comparisons
from .deps import MISSING
from .errors import NotFound, Unsupported
from .ir import Builder, Mask, Val
from .loops import Loops
from .match import Match
from .maybe import Maybe, lift_all, may_lift
from .sequences import Sequences
from .source import Body
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
)

LIST_METHODS = ("append", "extend", "insert", "pop", "copy", "reverse", "sort", "index", "count")
MAX_GLOBAL = 200_000  # elements of a global array
_BOUND = (types.MethodType, types.BuiltinMethodType)
# Objects that never hold numbers that could change
_THEMSELVES = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)

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
UNARY_TEXT: dict[type[ast.unaryop], str] = {
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not",
}
HINTS: dict[str, str] = {
    "JoinedStr": "format the result after the kernel has run",
    "Dict": "use a tuple, or separate arguments",
    "Set": "use a tuple",
    "DictComp": "use a list or tuple",
    "Await": "use a plain function",
    "Yield": "return a value instead",
    "YieldFrom": "return a value instead",
    "complex": COMPLEX_HINT,
}


class Evaluator(Calls, Comparisons, Loops, Match, Sequences):
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
        self.quick = not (raising or exact or fastmath)
        self.has_read_code = False
        self.wants_lines = True
        self.heap: dict[ListRef, tuple[Any, ...]] = {}
        self.deps: list[tuple[str, Any, Any, Any]] = []
        self.frames: list[Frame] = []
        self.n_calls = 0
        self.n_folds = 0
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
            result = method(node)
            return self.present(result) if type(result) is Maybe else result
        except Unsupported as error:
            error.at(node, self.frame.body.source)
            raise

    def eval_maybe(self, node: ast.expr) -> Any:
        """As eval, where None on some lanes is welcome (a Maybe)."""
        if isinstance(node, ast.Name):
            return self.x_Name(node)
        try:
            if isinstance(node, ast.IfExp):
                return self.if_expression(node, self.eval_maybe)
            if isinstance(node, ast.Call):
                return self.x_Call(node)
        except Unsupported as error:
            error.at(node, self.frame.body.source)
            raise
        return self.eval(node)

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
        return self.load(node.id, hasattr(node, "unsure"))

    def load(self, name: str, unsure: bool = False) -> Any:
        frame: Frame | None = self.frame
        value: Any = MISSING
        while frame is not None:
            value = frame.env.get(name, MISSING)
            if unsure and "?" + name in frame.env:
                assigned = frame.env["?" + name]
                if assigned is not True:
                    self.raise_where(self.b.not_(assigned), "INVALID")
                    if assigned is False:
                        return False  # for no lane that goes on
            if value is not MISSING:
                break
            cell = frame.cells.get(name)
            if cell is not None:
                try:
                    value = cell.cell_contents
                except ValueError:
                    raise NotFound(f"the free variable {name!r} is not assigned yet") from None
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
                raise NotFound(f"the name {name!r} is not defined")
            self.deps.append(("global", frame.globals, name, MISSING))
            return value
        if isinstance(value, Unbound):
            raise Unsupported(f"{name!r} {value.reason}", "begin with the kind that it becomes")
        return value

    def admit(self, value: Any) -> Any:
        """An outside object as the evaluator's value; what can change inside is recorded."""
        if isinstance(value, (int, float)):
            kind = type(value)
            if kind is bool or kind is int or kind is float:
                return value
            return float(value) if isinstance(value, float) else int(value)
        if isinstance(value, _THEMSELVES):
            return value
        if isinstance(value, list):
            self.deps.append(("list", value, None, tuple(value)))
            return tuple(self.admit(v) for v in value)
        if isinstance(value, tuple):
            return tuple.__new__(type(value), [self.admit(v) for v in value])
        item = getattr(value, "item", None)
        if item is not None and hasattr(value, "dtype") and hasattr(value, "ndim"):
            try:
                refuse_masked("an array from outside", value)
            except TypeError as error:
                raise Unsupported(str(error)) from None
            if value.ndim == 0:
                return self.admit(value.item())
            if is_matrix(value):
                raise Unsupported(
                    "the rows of a np.matrix are matrices, not numbers", "use np.asarray of it"
                )
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

    def elements(self, nodes: list[ast.expr], maybe: bool = False) -> list[Any]:
        result: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                result.extend(self.sequence(self.eval(node.value)))
            else:
                result.append(self.eval_maybe(node) if maybe else self.eval(node))
        return result

    def x_BinOp(self, node: ast.BinOp) -> Any:
        return self.binary(BINARY[type(node.op)], self.eval(node.left), self.eval(node.right))

    def x_UnaryOp(self, node: ast.UnaryOp) -> Any:
        return self.unary_any(UNARY_TEXT[type(node.op)], self.eval_maybe(node.operand))

    def unary_any(self, op: str, value: Any) -> Any:
        """Also `not`, and NumPy's arrays."""
        if op == "not":
            return self.b.not_(self.truth(self.plain(value)))
        value = self.present(value)
        if isinstance(value, Vector):
            return Vector(self.unary(op, item) for item in value)
        return self.unary(op, value)

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
        value = self.eval_maybe(nodes[0])
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

    def x_IfExp(self, node: ast.IfExp) -> Any:
        return self.if_expression(node, self.eval)

    def if_expression(self, node: ast.IfExp, part: Callable[[ast.expr], Any]) -> Any:
        """``part`` evaluates the two sides."""
        cond = self.truth(self.plain(self.eval_maybe(node.test)))
        if isinstance(cond, bool):
            return part(node.body if cond else node.orelse)
        outer = self.mask
        try:
            frame = self.frame
            env, heap = frame.env, self.heap
            self.mask = self.b.mask_and(outer, cond)
            frame.env, self.heap = dict(env), dict(heap)
            yes = self.region(self.mask, lambda: part(node.body))
            then_env, then_heap = frame.env, self.heap
            self.mask = self.b.mask_andn(outer, cond)
            frame.env, self.heap = env, heap
            no = self.region(self.mask, lambda: part(node.orelse))
            self.mask = outer
            frame.env = self.merge_envs(cond, then_env, frame.env)
            self.heap = self.merge_heaps(cond, then_heap, self.heap)
        finally:
            self.mask = outer
        if part == self.eval_maybe and may_lift(yes, no):
            yes, no = lift_all([yes, no])
        return self.choose(cond, yes, no)

    def x_Attribute(self, node: ast.Attribute) -> Any:
        value = self.eval(node.value)
        return self.attribute(value, node.attr)

    def attribute(self, value: Any, name: str) -> Any:
        if type(value) is types.ModuleType:
            return self.outside_attribute(value, name)
        if isinstance(value, tuple) and name in getattr(value, "_fields", ()):
            return value[value._fields.index(name)]  # type: ignore[attr-defined]
        if isinstance(value, tuple) and type(value) is not tuple:
            own = getattr(type(value), name, None)
            if name in ("_replace", "_asdict") and hasattr(value, "_fields"):
                return Method(name, value)
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
        return self.outside_attribute(value, name)

    def outside_attribute(self, value: Any, name: str) -> Any:
        """Of a module, or any object that is no number and holds none."""
        try:
            found = getattr(value, name)
        except AttributeError:
            kind = "module" if isinstance(value, types.ModuleType) else type(value).__name__
            label = getattr(value, "__name__", "") if kind == "module" else ""
            raise NotFound(
                f"the {kind} {label} has no attribute {name!r}".replace("  ", " ")
            ) from None
        except Exception as error:
            raise NotFound(f"reading the attribute {name!r} failed: {error!r}") from None
        # A method of an object is another object each time; a module's function is not.
        if isinstance(value, types.ModuleType) or not isinstance(found, _BOUND):
            self.deps.append(("attribute", value, name, found))
        return self.admit(found)

    def number_attribute(self, value: Any, name: str) -> Any:
        if is_number(value):
            if name == "real":
                return self.unary("+", value)  # of a bool: an int
            if name == "imag":
                return 0.0 if self.type_of(value) in "DF" else 0
            if name in ("conjugate", "is_integer", "item"):
                return Method(name, value)
            if name in ("bit_length", "bit_count"):
                self.as_int(value)
                return Method(name, value)
            if isinstance(value, Val):
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

    def x_Given(self, node: Any) -> Any:
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
