# SPDX-License-Identifier: BSD-3-Clause
"""Native functions from elsewhere (ctypes, cffi, Numba's @cfunc, LowLevelCallable), applied to
arrays."""

from __future__ import annotations

import array
import importlib
from typing import Any

from fastconc import _core, _native


class NativeKernel:
    """A C function of doubles that maps over arrays as a `Kernel` does, on native threads."""

    _is_kernel = True

    def __init__(self, f: object, native: _native.Native) -> None:
        self._form = _native.integrand_form(native)
        self._f = f
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        self.signature = native.signature

    def __call__(self, *args: Any, out: Any = None, workers: Any = None) -> Any:
        if not args:
            raise TypeError(f"{self.__name__}() needs one or more arguments")
        if all(isinstance(a, (int, float)) for a in args):
            one = array.array("d", [0.0])
            _core._map_native(self._form, tuple(array.array("d", [a]) for a in args), one, 1)
            return one[0]
        numpy: Any = importlib.import_module("numpy")
        arrays = numpy.broadcast_arrays(*(numpy.asarray(a, dtype="f8") for a in args))
        inputs = tuple(numpy.ascontiguousarray(a).reshape(-1) for a in arrays)
        shape = arrays[0].shape
        if out is not None and numpy.shape(out) != shape:
            raise ValueError(f"out has the shape {numpy.shape(out)}, the result {shape}")
        result = numpy.empty(inputs[0].shape)
        _core._map_native(self._form, inputs, result, workers)
        if out is None:
            return result.reshape(shape)
        numpy.asarray(out)[...] = result.reshape(shape)
        return out

    def map(self, *arrays: Any, out: Any = None, workers: Any = None) -> Any:
        return self(*arrays, out=out, workers=workers)

    def __repr__(self) -> str:
        return f"<fastconc native kernel {self.__name__}: {self.signature}>"


def native_kernel(f: object) -> NativeKernel | None:
    """A kernel of the native function behind f; None if there is none."""
    native = _native.resolve(f)
    return None if native is None else NativeKernel(f, native)
