# SPDX-License-Identifier: BSD-3-Clause
"""Native function pointers behind Python objects: ctypes, cffi, Numba and SciPy's LowLevelCallable.

`resolve` finds the address and the C signature; `integrand_form` turns that into what the
integrators call.
None of the libraries is imported here: an object of theirs exists only if the user imported them.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

# The forms that src/binding/integrals/integrand.c knows, and (address, form, number of doubles,
# user data, owner).
FORM_SCALARS, FORM_SCALARS_USER_DATA, FORM_VECTOR, FORM_VECTOR_USER_DATA = range(4)
IntegrandForm = tuple[int, int, int, int, object]


class SignatureError(TypeError, ValueError):
    """No integrand has this signature; SciPy raises ValueError there."""


class Native(NamedTuple):
    """A native function; types are C's names without qualifiers: "double", "int", "void *"."""

    address: int
    result: str
    parameters: tuple[str, ...]
    user_data: int
    owner: object  # keeps the machine code (and the user data) alive
    # A plain ctypes function. SciPy takes its argtypes (int, double) for double (int, double *):
    # so scripts of the early days declare functions of many variables.
    legacy: bool = False

    @property
    def signature(self) -> str:
        return f"{self.result} ({', '.join(self.parameters)})"


def resolve(f: object) -> Native | None:
    """Return the native function behind `f`, None when there is none.

    Raises TypeError when `f` is a native pointer that cannot be used: null, or without a known
    signature.
    """
    kind = type(f)
    for cls in kind.__mro__:
        module = cls.__module__
        if module == "_ctypes" and cls.__name__ in ("CFuncPtr", "_CFuncPtr", "PyCFuncPtr"):
            return _from_ctypes(f)
        if module == "_cffi_backend" and cls.__name__ in ("_CDataBase", "CData"):
            return _from_cffi(f)
        if cls.__name__ == "LowLevelCallable" and module.startswith("scipy"):
            return _from_scipy(f)
        if cls.__name__ == "CFunc" and module.startswith("numba"):
            return _from_numba(f)
    return None


def integrand_form(native: Native) -> IntegrandForm:
    """Return how to call `native` as an integrand; raise TypeError when it is none."""
    parameters = native.parameters
    if native.result == "double":
        with_data = bool(parameters) and parameters[-1] == "void *"
        own = parameters[:-1] if with_data else parameters
        if own == ("int", "double *"):
            form = FORM_VECTOR_USER_DATA if with_data else FORM_VECTOR
            return native.address, form, 0, native.user_data, native.owner
        if own and all(p == "double" for p in own) and (len(own) == 1 or not with_data):
            form = FORM_SCALARS_USER_DATA if with_data else FORM_SCALARS
            return native.address, form, len(own), native.user_data, native.owner
    if parameters == ("int", "double") and native.legacy:
        return native.address, FORM_VECTOR, 0, 0, native.owner
    raise SignatureError(
        "a native integrand must be double (double, ...), double (double, void *), "
        f"double (int, double *) or double (int, double *, void *), not {native.signature}"
    )


def _usable(address: int | None, f: object) -> int:
    if not address:
        raise TypeError(f"{f!r} is a null pointer")
    return address


def _from_ctypes(f: Any) -> Native | None:
    import ctypes

    if f._flags_ & 4:  # FUNCFLAG_PYTHONAPI: it needs the GIL, so it is a Python callable to us
        return None
    address = _usable(ctypes.cast(f, ctypes.c_void_p).value, f)
    if f.argtypes is None:
        raise TypeError(f"{f!r} has no argtypes: set argtypes and restype to the C signature")
    parameters = tuple(_ctypes_name(t) for t in f.argtypes)
    return Native(address, _ctypes_name(f.restype), parameters, 0, f, legacy=True)


def _ctypes_name(kind: Any) -> str:
    import ctypes

    if kind is None:
        return "void"
    if kind is ctypes.c_void_p:
        return "void *"
    if isinstance(kind, type) and issubclass(kind, ctypes._Pointer):
        return f"{_ctypes_name(kind._type_)} *"
    # c_int is c_long where both have one size, so the codes name the C types.
    names = {"d": "double", "f": "float", "i": "int", "l": "long", "q": "long", "I": "unsigned int",
             "L": "unsigned long", "Q": "unsigned long", "?": "_Bool"}  # fmt: skip
    code = getattr(kind, "_type_", None)
    return (
        names.get(code, getattr(kind, "__name__", str(kind)))
        if isinstance(code, str)
        else str(kind)
    )


def _from_cffi(f: Any) -> Native | None:
    backend = sys.modules["_cffi_backend"]
    kind = backend.typeof(f)
    if kind.kind == "pointer" and kind.item.kind == "function":
        kind = kind.item
    if kind.kind != "function":
        raise TypeError(f"{f!r} is no pointer to a function")
    if kind.ellipsis:
        raise TypeError(f"{f!r} takes a variable number of arguments")
    address = int(backend.cast(backend.new_primitive_type("uintptr_t"), f))
    parameters = tuple(_c_name(t.cname) for t in kind.args)
    return Native(_usable(address, f), _c_name(kind.result.cname), parameters, 0, f)


def _from_numba(f: Any) -> Native | None:
    native = _from_ctypes(f.ctypes)
    return native._replace(owner=f, legacy=False) if native is not None else None


def _from_scipy(f: Any) -> Native | None:
    from fastconc import _core

    # A LowLevelCallable is a tuple whose first item is a PyCapsule named by the signature.
    address, name, user_data = _core._capsule(tuple.__getitem__(f, 0))
    match = re.fullmatch(r"\s*(.+?)\s*\((.*)\)\s*", name or "")
    if match is None:
        raise TypeError(f"{f!r} has no signature")
    inside = match[2].strip()
    parameters = tuple(_c_name(p) for p in inside.split(",")) if inside and inside != "void" else ()
    return Native(_usable(address, f), _c_name(match[1]), parameters, user_data, f)


def _c_name(text: str) -> str:
    """Return a C type's name without const and with one space before each star."""
    text = re.sub(r"\b(const|volatile|restrict)\b", " ", text)
    return " ".join(text.replace("*", " * ").split())
