# SPDX-License-Identifier: BSD-3-Clause
"""From a code object to the AST of the function it was compiled from, in tens of microseconds.

``inspect.getsource`` tokenises, and finds only the line of a lambda. Here a lambda's body is cut
out of its line by the positions that the code object carries (CPython >= 3.11), and a ``def`` by
its indentation; only that text is parsed. Where this fails, the whole file is parsed once, and
candidates are compared with the code object.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from .errors import NoSource, Unsupported

Function = ast.Lambda | ast.FunctionDef


class Source:
    """Where parsed text came from: maps positions of its nodes to those of the file."""

    __slots__ = ("column_shift", "filename", "line_shift", "lines")

    def __init__(
        self, filename: str, lines: list[str], line_shift: int = 0, column_shift: int = 0
    ) -> None:
        self.filename = filename
        self.lines = lines
        self.line_shift = line_shift
        self.column_shift = column_shift  # of the first parsed line only

    def position(self, line: int, column: int) -> tuple[int, int]:
        return line + self.line_shift, column + (self.column_shift if line == 1 else 0)

    def line(self, line: int) -> str:
        return self.lines[line - 1].rstrip("\n") if 0 < line <= len(self.lines) else ""


class Body:
    """What the evaluator needs of a function: statements or one expression, and where they
    stand."""

    __slots__ = (
        "expression",
        "live",
        "passed_on",
        "source",
        "statements",
        "subscripted",
        "tail",
        "unsure",
    )

    def __init__(
        self, source: Source, statements: list[ast.stmt] | None, expression: ast.expr | None
    ) -> None:
        self.source = source
        self.statements = statements
        self.expression = expression
        self.subscripted: frozenset[str] | None = None  # filled when first asked for
        self.passed_on: list[tuple[str, int, str | None, str]] = []
        self.tail: Body | bool | None = False  # as a loop; False: not looked at yet
        self.live: dict[str, tuple[int, int]] | None = None
        self.unsure: frozenset[str] | None = None  # locals that may be read before assigned


_MAX_CACHED = 4096
_bodies: dict[
    int, tuple[CodeType, Body]
] = {}  # by id; the code object is kept so that the id stays its own
_modules: dict[str, tuple[int, int, ast.Module]] = {}


def body_of(code: CodeType) -> Body:
    """The body of the function that ``code`` belongs to; Unsupported("... no source") if there is
    none."""
    found = _bodies.get(id(code))
    if found is not None and found[0] is code:
        return found[1]
    body = _find(code)
    if len(_bodies) >= _MAX_CACHED:
        _bodies.clear()
    _bodies[id(code)] = (code, body)
    return body


def lines_of(code: CodeType) -> list[str]:
    filename = code.co_filename
    if filename not in linecache.cache or not filename.startswith("<"):
        linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    if not lines:
        by_code: Callable[[CodeType], list[str]] | None = getattr(
            linecache, "_getlines_from_code", None
        )
        if by_code is not None:
            lines = by_code(code)
    if not lines and filename == "<string>":
        # python -c "...": the interpreter keeps its command line
        argv = sys.orig_argv
        for option, text in itertools.pairwise(argv):
            if option == "-c" or (option.startswith("-") and option.endswith("c")):
                lines = text.splitlines(keepends=True)
                break
    return lines


def _no_source(code: CodeType) -> NoSource:
    return NoSource(
        f"no source of {code.co_name} was found ({code.co_filename}, line {code.co_firstlineno})",
        "define the function in a file, a notebook cell or with linecache filled",
    )


def _find(code: CodeType) -> Body:
    lines = lines_of(code)
    if not 0 < code.co_firstlineno <= len(lines):
        raise _no_source(code)
    if code.co_name == "<lambda>":
        body = _lambda_by_positions(code, lines) or _lambda_by_search(code, lines)
    else:
        body = _function_by_indent(code, lines) or _function_by_search(code, lines)
    if body is None or not _names_match(code, body):
        raise _no_source(code)
    return body


_NAMING = (ast.alias, ast.Import, ast.ImportFrom, ast.ClassDef)


def _names_match(code: CodeType, body: Body) -> bool:
    """Guard against a file that changed after it was imported: every name the code uses is in the
    text."""
    missing = {
        name for name in (*code.co_names, *code.co_freevars) if name[0] != "_" and "." not in name
    }
    if any(name[0] == "@" for name in missing):
        return True  # pytest has rewritten its asserts
    work: list[Any] = [body.expression] if body.expression else list(body.statements or [])
    while work and missing:
        node = work.pop()
        kind = type(node)
        if kind is ast.Name:
            missing.discard(node.id)
            continue
        if kind is ast.Attribute:
            missing.discard(node.attr)
        elif kind in _NAMING:
            return True  # these name things in ways not worth following
        for field in node._fields:
            value = getattr(node, field)
            if type(value) is list:
                work.extend(item for item in value if isinstance(item, ast.AST))
            elif isinstance(value, ast.AST) and value._fields:
                work.append(value)
    return not missing


# Lambdas


def _slice(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Text between two positions (line from 1, column in bytes)."""
    (line, column), (end_line, end_column) = start, end
    if line == end_line:
        return lines[line - 1].encode()[column:end_column].decode()
    parts = [lines[line - 1].encode()[column:].decode()]
    parts += lines[line : end_line - 1]
    parts.append(lines[end_line - 1].encode()[:end_column].decode())
    return "".join(parts)


def _lambda_by_positions(code: CodeType, lines: list[str]) -> Body | None:
    if sys.version_info < (3, 11):
        return None
    start, end = (sys.maxsize, 0), (0, 0)
    for line, end_line, column, end_column in set(code.co_positions()):
        if line is None or end_line is None or column is None or end_column is None:
            continue
        if line == end_line and column == end_column:
            continue  # RESUME and its like have no extent
        start = min(start, (line, column))
        end = max(end, (end_line, end_column))
    if end <= start or end[0] > len(lines):
        return None
    before = lines[start[0] - 1].encode()[: start[1]].decode(errors="replace").rstrip("( \t")
    if before.strip() and not before.endswith(":"):
        return None  # the optimiser removed the outermost operation
    try:
        text = _slice(lines, start, end)
        expression = ast.parse("(" + text + "\n)", mode="eval").body
    except (SyntaxError, UnicodeDecodeError, IndexError):
        return None
    after = lines[end[0] - 1].encode()[end[1] :].decode(errors="replace").lstrip(") \t\r\n")
    if after and after[0] not in ",]}#;:\\":
        word = after.split(None, 1)[0].rstrip(",)]}:")
        if word not in ("if", "else", "for", "and", "or", "in", "is"):
            return None
    source = Source(code.co_filename, lines, start[0] - 1, start[1] - 1)
    return Body(source, None, expression)


def _lambda_by_search(code: CodeType, lines: list[str]) -> Body | None:
    for tree, shift, columns in _trees(code, lines):
        candidates = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Lambda)
            and node.lineno + shift == code.co_firstlineno
            and _parameters(node.args) == code.co_varnames[: _n_parameters(code)]
        ]
        if len(candidates) > 1:
            imports = _imports(code, lines)
            same = [node for node in candidates if _same_code(node, code, imports)]
            candidates = same or candidates
            if len({ast.dump(node.body) for node in candidates}) > 1:
                raise Unsupported(
                    "several lambdas on this line cannot be told apart",
                    "write them on separate lines",
                )
        if candidates:
            source = Source(code.co_filename, lines, shift, columns)
            return Body(source, None, candidates[0].body)
    return None


def _trees(code: CodeType, lines: list[str]) -> Iterator[tuple[ast.AST, int, int]]:
    """Parsed texts that may hold the function, the smallest first; with the shift of lines and
    columns."""
    first = lines[code.co_firstlineno - 1]
    stripped = first.strip()
    try:
        shift = len(first) - len(first.lstrip())
        yield ast.parse(stripped), code.co_firstlineno - 1, shift
    except SyntaxError:
        pass
    try:
        yield _module(code.co_filename, lines), 0, 0
    except SyntaxError:
        return


def _module(filename: str, lines: list[str]) -> ast.Module:
    text = "".join(lines)
    key = (len(text), hash(text))
    cached = _modules.get(filename)
    if cached is not None and cached[:2] == key:
        return cached[2]
    tree = ast.parse(text)
    _modules[filename] = (*key, tree)
    return tree


def _n_parameters(code: CodeType) -> int:
    return (
        code.co_argcount
        + code.co_kwonlyargcount
        + bool(code.co_flags & 0x04)
        + bool(code.co_flags & 0x08)
    )


def _parameters(args: ast.arguments) -> tuple[str, ...]:
    found = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    found += [a.arg for a in (args.vararg, args.kwarg) if a is not None]
    return tuple(found)


def _imports(code: CodeType, lines: list[str]) -> list[ast.stmt]:
    """The module's imports: CPython 3.11 calls what was imported by other instructions."""
    found: list[ast.stmt] = []

    def look(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                if not any(alias.name == "*" for alias in child.names):
                    found.append(child)
            elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                look(child)

    try:
        look(_module(code.co_filename, lines))
    except SyntaxError:
        pass
    return found


def _same_code(node: ast.Lambda, code: CodeType, imports: list[ast.stmt]) -> bool:
    """Whether the lambda compiles to the same instructions (inside a function that owns its free
    names)."""
    owner = ast.parse("def _owner():\n    pass").body[0]
    assert isinstance(owner, ast.FunctionDef)
    frees = [
        ast.Assign([ast.Name(name, ast.Store())], ast.Constant(0)) for name in code.co_freevars
    ]
    owner.body = [*frees, ast.Return(node)]
    module = ast.fix_missing_locations(ast.Module([*imports, owner], []))
    try:
        outer = compile(module, "<candidate>", "exec")
    except (SyntaxError, ValueError):
        return False
    stack = [outer]
    while stack:
        for const in stack.pop().co_consts:
            if isinstance(const, CodeType):
                if const.co_name == "<lambda>":
                    return (
                        const.co_code == code.co_code
                        and const.co_names == code.co_names
                        and [c for c in const.co_consts if not isinstance(c, CodeType)]
                        == [c for c in code.co_consts if not isinstance(c, CodeType)]
                    )
                stack.append(const)
    return False


# Functions


def _function_by_indent(code: CodeType, lines: list[str]) -> Body | None:
    first = code.co_firstlineno - 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    prefix = "if 1:\n" if indent else ""
    header = first
    while header < len(lines) and not lines[header].lstrip().startswith(("def ", "async def ")):
        header += 1  # decorators
    if header == len(lines):
        return None
    end = header + 1
    for _ in range(20):
        while end < len(lines):
            text = lines[end]
            stripped = text.lstrip()
            if stripped and stripped[0] not in "#)]}" and len(text) - len(stripped) <= indent:
                break
            end += 1
        try:
            tree: ast.AST = ast.parse(prefix + "".join(lines[first:end]))
        except SyntaxError:
            if end >= len(lines):
                return None
            end += 1  # a string or a bracket reaches further left than the function
            continue
        node = tree.body[0]  # type: ignore[attr-defined]
        if indent:
            node = node.body[0]
        if isinstance(node, ast.AsyncFunctionDef):
            raise Unsupported(f"{code.co_name} is a coroutine function", "use a plain `def`")
        if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
            return None
        source = Source(code.co_filename, lines, first - (1 if indent else 0))
        return Body(source, node.body, None)
    return None


def _function_by_search(code: CodeType, lines: list[str]) -> Body | None:
    try:
        tree = _module(code.co_filename, lines)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return Body(Source(code.co_filename, lines), node.body, None)
    return None
