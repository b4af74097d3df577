# SPDX-License-Identifier: BSD-3-Clause
"""A formula typed by a user, such as ``x**2``, as a Python function.

It is parsed and checked, and never sees builtins.
"""

import ast
import linecache
import math
from collections.abc import Callable
from itertools import count

_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf}
_FUNCTIONS = {
    name: getattr(math, name)
    for name in dir(math)
    if not name.startswith("_") and callable(getattr(math, name))
}
_BUILTINS = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "int": int,
    "float": float,
    "pow": pow,
}
_NAMES: dict[str, object] = {**_CONSTANTS, **_FUNCTIONS, **_BUILTINS}
_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call),
    *(ast.Name, ast.Constant, ast.Load, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_counter = count()


def parse(text: str, *variables: str) -> Callable[..., float]:
    """Return the function of `variables` that the formula `text` states.

    Allowed are numbers, the variables, arithmetic, comparisons, conditional expressions, the
    constants and functions of ``math`` (by their bare names or as ``math.sin``), and the builtins
    ``abs min max round int float pow``.

    Raises ValueError, which shows the text and names what is not allowed, for anything else.
    """
    source = text.strip()
    if source.startswith("lambda"):
        raise ValueError(
            f"{text!r}: write the formula alone, without 'lambda {', '.join(variables)}:'"
        )
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is not a formula: {error}") from None
    tree = ast.fix_missing_locations(_StripMath().visit(tree))
    for node in ast.walk(tree):
        _check(node, text, variables)
    filename = f"<formula {next(_counter)}>"
    lines = f"lambda {', '.join(variables)}: {ast.unparse(tree)}\n"
    code = compile(lines, filename, "eval")
    linecache.cache[filename] = (len(lines), None, [lines], filename)  # the compiler reads it here
    function: Callable[..., float] = eval(code, {"__builtins__": {}, **_NAMES})
    return function


class _StripMath(ast.NodeTransformer):
    """``math.sin`` means ``sin``."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr in _NAMES:
            return ast.Name(node.attr, ast.Load())
        return node


def _check(node: ast.AST, text: str, variables: tuple[str, ...]) -> None:
    if not isinstance(node, _NODES):
        raise ValueError(f"{text!r}: {type(node).__name__} is not allowed in a formula")
    if isinstance(node, ast.Name) and node.id not in variables and node.id not in _NAMES:
        raise ValueError(
            f"{text!r}: unknown name {node.id!r}; the variables are {', '.join(variables)}"
        )
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool):
        raise ValueError(f"{text!r}: {node.value!r} is not a real number")
    if isinstance(node, ast.Call) and (
        not isinstance(node.func, ast.Name) or node.func.id in variables or node.keywords
    ):
        raise ValueError(f"{text!r}: only the functions of math can be called")
