# SPDX-License-Identifier: BSD-3-Clause
"""One call of a kernel: its arguments bound, classified by type, and the program for these
types."""

from __future__ import annotations

import array
import math
import sys
from typing import TYPE_CHECKING, Any

from fastconc._masked import is_matrix, refuse_masked

from .unit import Compiled, Constant, Target

if TYPE_CHECKING:
    from fastconc._kernel import Kernel

_BUFFER_TYPES = {
    "d": "D",
    "f": "F",
    "?": "B",
    **dict.fromkeys("bBhHiIlLqQnN", "I"),
}
_ARRAY_CODES = {"D": "d", "F": "f", "I": "q"}


class Call:
    """One call: arguments bound and classified, the program for their types."""

    __slots__ = (
        *("compiled", "given", "inputs", "kernel", "key", "names", "numpy", "scalar", "shapes"),
        *("tables", "unit"),
    )

    def __init__(self, kernel: Kernel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        target = kernel._target
        names = target.names
        special = target.has_keyword_only or target.parameters.vararg is not None
        if kwargs or len(args) != len(names) or special:
            names, args = _bind(target, args, kwargs)
        self.kernel = kernel
        self.names = names
        self.given = args
        self.inputs: list[Any] = []
        self.tables: list[Any] = []
        self.numpy = False
        self.scalar = True
        table_names = target.table_names()
        signature: list[Any] = []
        floats: set[str] = set()
        for name, value in zip(names, args, strict=True):
            kind = type(value)
            if kind is float:
                signature.append("d")
                self.inputs.append(value)
            elif kind is int:
                signature.append("i")
                self.inputs.append(value)
            elif kind is bool:
                signature.append("b")
                self.inputs.append(value)
            else:
                self.classify(name, value, name in table_names, signature, floats)
        float_type = "F" if "F" in floats and "D" not in floats else "D"
        self.key = (tuple(signature), float_type)
        self.unit = kernel._current()
        self.compiled: Compiled = self.unit.get(self.key[0], float_type)

    def classify(
        self, name: str, value: Any, table: bool, signature: list[Any], floats: set[str]
    ) -> None:
        if isinstance(value, (list, tuple, range)) and (not value or not callable(value[0])):
            value = _sequence_array(name, value, self)
        elif hasattr(value, "__array__") and not hasattr(value, "__array_interface__"):
            value = value.__array__()  # as pandas and tensor libraries offer their data
        if hasattr(value, "dtype") and hasattr(value, "shape"):  # NumPy, without importing it
            dtype = value.dtype
            refuse_masked(f"argument {name!r}", value)
            if table and is_matrix(value):
                raise TypeError(
                    f"argument {name!r} is read by index, and the rows of a np.matrix are "
                    "matrices; give np.asarray of it"
                )
            letter = {"f": "D", "i": "I", "u": "I", "b": "B"}.get(dtype.kind)
            if letter is None or dtype.itemsize > 8:
                raise TypeError(
                    f"argument {name!r}: arrays of {dtype} are not supported, "
                    "only bool, integers and floats of at most 64 bits"
                )
            if dtype.kind == "f" and dtype.itemsize < 8:
                letter = "F"
                floats.add("F")
                if dtype.itemsize == 2:
                    value = value.astype("float32")
            elif dtype.kind == "f" or (letter == "I" and dtype.itemsize >= 4):
                floats.add("D")
            if not dtype.isnative:
                value = value.astype(dtype.newbyteorder("="))
            if table:
                self.add_table(name, value, value.ndim, letter, signature)
            elif value.shape == ():
                signature.append(letter.lower())
                self.inputs.append(value.item())
            else:
                self.scalar = False
                self.numpy = True
                signature.append(letter)
                self.inputs.append(value)
            return
        try:
            view = memoryview(value)
        except TypeError:
            self.other(name, value, signature)
            return
        letter = _BUFFER_TYPES.get(view.format.lstrip("@="), None)
        if letter is None:
            raise TypeError(
                f"argument {name!r}: buffers of format {view.format!r} are not supported"
            )
        if letter in "DF":
            floats.add(letter)
        elif letter == "I" and view.itemsize >= 4:
            floats.add("D")
        if table:
            self.add_table(name, view, view.ndim, letter, signature)
            return
        self.scalar = False
        signature.append(letter)
        self.inputs.append(value)

    def add_table(
        self, name: str, value: Any, ndim: int, letter: str, signature: list[Any]
    ) -> None:
        if ndim == 1:
            signature.append("T" + letter)
            self.tables.append(value)
            return
        if ndim == 0:
            raise TypeError(f"argument {name!r} is read by index, and is a number")
        signature.append(("table", letter, tuple(value.shape)))
        if hasattr(value, "dtype"):
            self.tables.append(value.reshape(-1))
        else:
            self.tables.append(memoryview(value.tobytes()).cast(value.format))

    def other(self, name: str, value: Any, signature: list[Any]) -> None:
        if isinstance(value, (int, float)):  # subclasses: enums and the like
            number = float(value) if isinstance(value, float) else int(value)
            signature.append("d" if isinstance(number, float) else "i")
            self.inputs.append(number)
        elif isinstance(value, complex):
            raise TypeError(f"argument {name!r}: complex numbers are not supported")
        elif hasattr(value, "__float__") and not callable(value):
            signature.append("d")
            self.inputs.append(float(value))
        else:
            signature.append(Constant(value))

    def outputs(self, out: Any) -> tuple[Any, ...] | None:
        n = self.compiled.n_outputs
        if out is not None:
            if isinstance(out, tuple):
                if len(out) != n:
                    raise ValueError(f"out must have {n} arrays, not {len(out)}")
            elif n != 1:
                raise ValueError(f"out must be a tuple of {n} arrays")
            else:
                out = (out,)
            for target in out:
                _check_output(target)
            return out  # type: ignore[no-any-return]
        if self.numpy or self.scalar:
            return None
        shape = broadcast_shape(self.inputs)
        return tuple(_new_buffer(letter, shape) for letter in self.compiled.outputs)


def _check_output(target: Any) -> None:
    refuse_masked("out", target)
    try:
        view = memoryview(target)
    except TypeError:
        raise TypeError(
            f"out must be an array or another writable buffer, not {type(target).__name__}"
        ) from None
    if view.readonly:
        raise ValueError("out is read-only")


def shape_of(value: Any) -> tuple[int, ...]:
    if isinstance(value, (int, float)):
        return ()
    shape = getattr(value, "shape", None)
    return tuple(shape if shape is not None else memoryview(value).shape or ())


def broadcast_shape(values: list[Any]) -> tuple[int, ...]:
    """NumPy's rule, without NumPy."""
    result: tuple[int, ...] = ()
    for value in values:
        shape = shape_of(value)
        n = max(len(result), len(shape))
        a = (1,) * (n - len(result)) + result
        b = (1,) * (n - len(shape)) + shape
        merged = []
        for p, q in zip(a, b, strict=True):
            if p != q and 1 not in (p, q):
                raise ValueError(f"arrays of shapes {result} and {shape} do not broadcast")
            merged.append(q if p == 1 else p)
        result = tuple(merged)
    return result


def _sequence_array(name: str, value: Any, call: Call) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if value and type(value[0]) not in (int, float):
            refuse_masked(f"argument {name!r}", value)
        try:
            result = numpy.asarray(value)
        except (ValueError, OverflowError) as error:  # of rows that differ in length
            raise type(error)(f"argument {name!r}: {error}") from None
        if result.dtype.kind not in "fiub":
            raise TypeError(f"argument {name!r}: the sequence does not hold numbers only")
        return result
    try:
        if all(isinstance(v, int) for v in value):
            return array.array("q", value)
        return array.array("d", value)
    except (TypeError, OverflowError):
        raise TypeError(f"argument {name!r}: the sequence does not hold numbers only") from None


def _new_buffer(letter: str, shape: tuple[int, ...]) -> Any:
    if len(shape) == 1 and letter in _ARRAY_CODES:
        code = _ARRAY_CODES[letter]
        return array.array(code, bytes(array.array(code).itemsize * shape[0]))
    code = "?" if letter == "B" else _ARRAY_CODES[letter]
    size = {"d": 8, "f": 4, "q": 8, "?": 1}[code]
    raw: Any = memoryview(bytearray(size * math.prod(shape)))
    return raw.cast(code, shape) if math.prod(shape) else raw.cast(code)


def _bind(
    target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[str], tuple[Any, ...]]:
    names = target.names
    bound_positional = [n for n in target.parameters.positional if n in set(names)]
    if len(args) > len(bound_positional) and target.parameters.vararg is None:
        raise TypeError(
            f"{target.name}() takes {len(bound_positional)} positional arguments but "
            f"{len(args)} were given"
        )
    if target.parameters.vararg is not None:
        return _bind_any(target, bound_positional, args, kwargs)
    values = dict(zip(bound_positional, args, strict=False))
    only_positional = target.parameters.positional[: target.parameters.n_positional_only]
    for key, value in kwargs.items():
        if key not in names or key in only_positional:
            raise TypeError(f"{target.name}() got an unexpected keyword argument {key!r}")
        if key in values:
            raise TypeError(f"{target.name}() got multiple values for argument {key!r}")
        values[key] = value
    missing = [n for n in names if n not in values and n not in target.parameters.defaults]
    if missing:
        raise TypeError(f"{target.name}() missing required arguments: {', '.join(missing)}")
    # Parameters left to their defaults are constants of the program, unless one before is given
    # later.
    found = [n for n in names if n in values]
    if found != names[: len(found)]:
        for n in names[: names.index(found[-1]) + 1]:
            values.setdefault(n, target.parameters.defaults.get(n))
        found = [n for n in names if n in values]
    return found, tuple(values[n] for n in found)


def _bind_any(
    target: Target, names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[str], tuple[Any, ...]]:
    """The arguments of a function that takes *args: those have names that no parameter has."""
    if kwargs:
        raise TypeError(f"{target.name}() takes *args, and then all by position")
    missing = [n for n in names[len(args) :] if n not in target.parameters.defaults]
    if missing:
        raise TypeError(f"{target.name}() missing required arguments: {', '.join(missing)}")
    extra = len(args) - len(names)
    made = [*names[: len(args)], *(f"*{k}" for k in range(extra))]
    return made, args


_LETTERS = {float: "d", int: "i", bool: "b"}
_DTYPES = dict(
    zip(
        ("float64", "float32", "int64", "int32", "int16", "int8"),
        "ABCDEF",
        strict=True,
    )
) | dict(zip(("uint8", "uint16", "uint32", "uint64", "bool"), "GHIJK", strict=True))


def fast_signature(args: tuple[Any, ...]) -> str | None:
    """The argument types in the letters of ``KernelBase._remember``; None if they are not
    simple."""
    letters = []
    for value in args:
        kind = type(value)
        letter = _LETTERS.get(kind)
        if letter is None and kind.__name__ == "ndarray" and kind.__module__ == "numpy":
            if value.ndim and value.dtype.isnative:
                letter = _DTYPES.get(value.dtype.name)
        if letter is None:
            return None
        letters.append(letter)
    return "".join(letters)
