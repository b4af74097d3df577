# SPDX-License-Identifier: BSD-3-Clause
"""What plain Python says about single elements: its exception at one that failed, and the self-
check.

Before the first results of a program are handed out, a few of the caller's own elements are
computed by the program and by the function itself. A disagreement raises: a wrong number never
passes.
"""

from __future__ import annotations

import contextlib
import math
import sys
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

from fastconc._errors import KernelError

from .call import Call, broadcast_shape, shape_of
from .unit import Compiled, Constant, Options, Unit, unit_of


def is_table(item: Any) -> bool:
    return bool(item[0] == "table" or item[0][0] == "T")


class _OutOfBudget(Exception):
    pass


def n_elements(call: Call) -> int:
    n = 1
    for length in broadcast_shape(call.inputs):
        n *= length
    return n


def arguments_at(call: Call, index: int) -> tuple[list[Any], tuple[int, ...]]:
    """The function's arguments at one element, as Python numbers, and the element's position."""
    shape = broadcast_shape(call.inputs)
    position = []
    for length in reversed(shape):
        position.append(index % max(length, 1))
        index //= max(length, 1)
    position.reverse()
    inputs = iter(call.inputs)
    values: list[Any] = []
    for item, original in zip(call.key[0], call.given, strict=True):
        if isinstance(item, Constant):
            values.append(original)
        elif is_table(item):
            values.append(_as_python_reads(original))
        else:
            value = next(inputs)
            if not isinstance(value, (int, float)):
                own = shape_of(value)
                skip = len(shape) - len(own)
                local = tuple(
                    0 if length == 1 else position[skip + k] for k, length in enumerate(own)
                )
                value = (value if hasattr(value, "dtype") else memoryview(value))[local]
                value = value.item() if hasattr(value, "item") else value
            values.append(value)
    return values, tuple(position)


MOST_COMPARED = 100_000  # elements of a table; larger ones of small types are not compared


def _as_python_reads(table: Any) -> Any:
    """A table whose elements are Python's numbers: NumPy's small integers would wrap."""
    dtype = getattr(table, "dtype", None)
    if dtype is None or dtype == "float64":
        return table
    if table.size > MOST_COMPARED:
        raise _OutOfBudget
    return table.astype(object)


def run_python(call: Call, values: list[Any]) -> Any:
    target = call.kernel._target
    original: Any = target.original
    if getattr(original, "_is_kernel", False):
        original = original.__wrapped__
    if target.parameters.vararg is not None:
        return original(*values)
    named = dict(zip(call.names, values, strict=True))
    positional = target.parameters.positional[: target.parameters.n_positional_only]
    args = [named.pop(n) for n in positional if n in named]
    return original(*args, **named)


def python_error(call: Call, error: BaseException, overwritten: bool) -> BaseException:
    """The exception that plain Python raises at the element that failed, if it does."""
    fault: tuple[int, int] = error.fastconc_fault  # type: ignore[attr-defined]
    if overwritten:
        return error
    try:
        values, position = arguments_at(call, fault[0])
    except Exception:
        return error
    place = position[0] if len(position) == 1 else position
    try:
        with _Budget(True), quiet():
            result = run_python(call, values)
    except _OutOfBudget:
        return error
    except Exception as real:
        if position:
            _add_note(real, f"at element {place}")
        real.fastconc_fault = fault  # type: ignore[attr-defined]
        return real
    if result is None:
        return TypeError(
            f"{call.kernel.__name__}() returned None{f' at element {place}' if position else ''}: "
            "a path through it ends without `return`"
        )
    return error


def self_check(call: Call) -> None:
    """Compare a few elements with plain Python."""
    if call.key[1] == "F" or call.kernel.fastmath:
        return  # other numbers than Python's are wanted
    n = n_elements(call)
    if n == 0:
        return
    loops = call.compiled.emitted.has_loops
    for index in sorted({0, n // 2, n - 1}):
        try:
            arguments, _ = arguments_at(call, index)
            with _Budget(loops), quiet():
                expected = run_python(call, arguments)
        except _OutOfBudget:
            return
        except Exception:
            continue  # what happens then is documented, and differs from Python
        try:
            got = run_program(call, call.compiled, arguments)
        except (ArithmeticError, ValueError, IndexError, AssertionError, RuntimeError):
            continue  # raising is never a wrong number
        if not (
            agrees(got, expected)
            or _exact_agrees(call, arguments, expected)
            or _reads_small_numbers(call)
        ):
            raise KernelError(
                f"{call.kernel.__name__}: the compiled function gives {got!r} where plain Python "
                f"gives {expected!r}, for the arguments {arguments!r}. This is a bug of fastconc; "
                "please report it together with the function."
            )


# Abscissae at which compiled integrands are compared with plain Python; one of them is likely to
# be where the function is defined.
_SAMPLES = (0.6180339887498949, 2.414213562373095, -0.7320508075688772)


def check_integrand(
    f: Any, unit: Unit, key: tuple[Any, ...], compiled: Compiled, n: int, args: tuple[Any, ...]
) -> None:
    """As self_check, for a program that integrators run: KernelError if it disagrees."""
    if unit.options.fastmath:
        return
    loops = compiled.emitted.has_loops
    with _nothing if not (args or loops) and _is_silent(unit) else quiet():
        for sample in _SAMPLES:
            numbers = (sample,) if n == 1 else tuple([sample * (1.0 + k / 8) for k in range(n)])
            given = (numbers, *args) if type(key[0][0]) is tuple else (*numbers, *args)  # a point
            try:
                if loops:
                    with _Budget(True):
                        expected = f(*given)
                else:
                    expected = f(*given)
            except _OutOfBudget:
                break
            except Exception:
                continue
            _compare(unit, key, compiled, numbers, expected)
    unit.checked.add(key)


_nothing = contextlib.nullcontext()
_SILENT = (FunctionType, BuiltinFunctionType, CodeType, float, int, object)


def _is_silent(unit: Unit) -> bool:
    """Whether the function calls nothing of NumPy's that could warn."""
    return "numpy" not in sys.modules or all(
        [type(value) in _SILENT or value is math for _, _, _, value in unit.deps]
    )


def _compare(
    unit: Unit, key: tuple[Any, ...], compiled: Compiled, numbers: tuple[float, ...], expected: Any
) -> None:
    try:
        got = compiled.assemble(compiled.program.map(numbers, None, (), 1, 10_000))
        if agrees(got, expected):
            return
        exact = unit_of(unit.target, Options(unit.options.raising, True, False)).get(*key)
        got = exact.assemble(exact.program.map(numbers, None, (), 1, 10_000))
    except (ArithmeticError, ValueError, IndexError, AssertionError, RuntimeError):
        return
    if not agrees(got, expected):
        raise KernelError(
            f"{unit.target.name}: the compiled function gives {got!r} where plain Python gives "
            f"{expected!r}, at {numbers!r}. This is a bug of fastconc; please report it "
            "together with the function."
        )


def run_program(call: Call, compiled: Compiled, arguments: list[Any]) -> Any:
    inputs = tuple(
        value
        for value, item in zip(arguments, call.key[0], strict=True)
        if not isinstance(item, Constant) and not is_table(item)
    )
    most = call.kernel.max_iterations or 0
    tables = (*call.tables, *compiled.tables)
    values = compiled.program.map(inputs, None, tables, 1, most)
    return compiled.assemble(values)


def _exact_agrees(call: Call, arguments: list[Any], expected: Any) -> bool:
    """Functions that magnify the last bit (chaos, cancellation) agree once libm's own are used."""
    if call.kernel.accuracy == "exact":
        return False
    unit = unit_of(
        call.kernel._target,
        Options(call.kernel.errors == "raise", True, False, call.unit.options.float_powers),
    )
    return agrees(run_program(call, unit.get(*call.key), arguments), expected)


def _reads_small_numbers(call: Call) -> bool:
    """Whether plain Python computed with NumPy's small numbers from outside: they wrap and round
    where a kernel takes each for the number it is."""
    return any(
        hasattr(value, "dtype") and value.dtype not in ("float64", "int64")
        for _, _, _, value in call.unit.deps
    )


def agrees(got: Any, expected: Any) -> bool:
    if type(got) is float and type(expected) is float and got == expected:
        return True
    if isinstance(got, tuple):
        try:
            parts = tuple(expected)
        except TypeError:
            return False
        return len(parts) == len(got) and all(agrees(g, e) for g, e in zip(got, parts, strict=True))
    if isinstance(expected, complex):
        return bool(got != got)
    try:
        if got == expected or (got != got and expected != expected):
            return True
        return bool(abs(got - expected) <= 1e-9 * max(abs(got), abs(expected), 1e-300))
    except (TypeError, ValueError, OverflowError):
        return False


class _Budget:
    """Stops plain Python after some thousand lines: only so may a self-check run loops."""

    LINES = 10_000

    def __init__(self, active: bool) -> None:
        self.active = active
        self.left = self.LINES

    def __enter__(self) -> None:
        if self.active:
            if sys.gettrace() is not None:
                raise _OutOfBudget  # a debugger or a coverage measurement is at work
            sys.settrace(self.trace)

    def __exit__(self, *exc: object) -> None:
        if self.active:
            sys.settrace(None)

    def trace(self, frame: Any, event: str, arg: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise _OutOfBudget
        return self.trace


def quiet() -> Any:
    numpy = sys.modules.get("numpy")
    return numpy.errstate(all="ignore") if numpy is not None else contextlib.nullcontext()


def _add_note(error: BaseException, text: str) -> None:
    if hasattr(error, "add_note"):
        error.add_note(text)
    elif error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} ({text})", *error.args[1:])
