# SPDX-License-Identifier: BSD-3-Clause
"""How the compiler says no: one internal exception, turned into a KernelError that shows file, line
and caret."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from fastconc._errors import KernelError

if TYPE_CHECKING:
    from .source import Source


class Unsupported(Exception):
    """Something cannot be compiled. ``node`` and ``source`` are filled in by whoever knows them
    first."""

    def __init__(self, reason: str, hint: str = "", node: ast.AST | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.node = node
        self.source: Source | None = None

    def at(self, node: ast.AST, source: Source | None) -> Unsupported:
        if self.node is None:
            self.node = node
        if self.source is None:
            self.source = source
        return self


class NotFound(Unsupported):
    """A name, attribute or source is not there; it may be later, and nothing tells when."""


class NeedUnroll(Unsupported):
    """A loop's variable must be known at compile time; the loop is tried again, unrolled."""


class NeedsInteger(Unsupported):
    """A float stands where Python needs an integer; other argument types may do."""


class NeedsDimensions(Unsupported):
    """An argument is read with more indices than it was taken to have dimensions."""


class NeedsAllBits(Unsupported):
    """An integer constant beyond 64 bits, all of which matter; to be refused where it stands."""


class NoSource(NotFound):
    """The function has no source; it may be traced instead."""


def place(source: Source | None, node: Any) -> tuple[str, int, str, int, int] | None:
    """File, line, text of the line, first and last column of a node; None where unknown."""
    if source is None or node is None or not hasattr(node, "lineno"):
        return None
    line, column = source.position(node.lineno, node.col_offset)
    text = source.line(line)
    end_line, end = line, column + 1
    if getattr(node, "end_lineno", None) is not None:
        end_line, end = source.position(node.end_lineno, node.end_col_offset)
    if not text.isascii():  # columns count bytes
        raw = text.encode()
        column = len(raw[:column].decode(errors="replace"))
        end = len(raw[:end].decode(errors="replace"))
    if end_line != line:
        end = len(text.rstrip())
    return source.filename, line, text, column, max(end, column + 1)


def to_kernel_error(error: Unsupported, name: str) -> KernelError:
    lines = [f"cannot compile {name}: {error.reason}"]
    where = place(error.source, error.node)
    if where is not None:
        filename, line, text, column, end = where
        lines.append(f'  File "{filename}", line {line}')
        if text.strip():
            indent = len(text) - len(text.lstrip())
            lines.append("    " + text.strip())
            start = max(column - indent, 0)
            lines.append("    " + " " * start + "^" * max(end - indent - start, 1))
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    result = KernelError("\n".join(lines))
    result.needs_integer = isinstance(error, NeedsInteger)  # type: ignore[attr-defined]
    result.needs_dimensions = isinstance(error, NeedsDimensions)  # type: ignore[attr-defined]
    result.looked_in_vain = isinstance(error, NotFound)  # type: ignore[attr-defined]
    result.reason = error.reason  # type: ignore[attr-defined]
    result.line = where[1] if where else None  # type: ignore[attr-defined]
    return result
