# SPDX-License-Identifier: BSD-3-Clause
"""What a compilation looked at outside of its function, and whether that is still as it was."""

from __future__ import annotations

from typing import Any

from .arith import same_constant

MISSING = object()


def comparable(deps: list[tuple[str, Any, Any, Any]]) -> list[tuple[str, Any, Any, Any]]:
    """The dependencies as ``KernelBase._remember`` takes them: what is compared by identity."""
    result = []
    for kind, container, key, value in deps:
        if kind == "global" and value is MISSING:
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
            if container.get(key, MISSING) is not value:
                return False
        elif kind == "cell":
            try:
                if container.cell_contents is not value:
                    return False
            except ValueError:
                return False
        elif kind == "attribute":
            found = getattr(container, key, MISSING)
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
            if container.get(key, MISSING) is not value:
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
