# SPDX-License-Identifier: BSD-3-Clause
"""ONNX's message classes: the module that protobuf generated for the package ``onnx``, without the
rest of that package, whose import takes longer than a network takes to load."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from os.path import isfile, join
from types import ModuleType
from typing import Any

MODULE = "onnx.onnx_ml_pb2"


def _generated() -> ModuleType | None:
    """The generated module alone, under its own name, so that a later ``import onnx`` finds it."""
    spec = find_spec("onnx")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = join(folder, "onnx_ml_pb2.py")
        inner = spec_from_file_location(MODULE, path) if isfile(path) else None
        if inner is None or inner.loader is None:
            continue
        module = module_from_spec(inner)
        sys.modules[MODULE] = module
        try:
            inner.loader.exec_module(module)
        except BaseException:
            del sys.modules[MODULE]
            raise
        return module
    return None


def _load() -> Any:
    try:
        if "onnx" not in sys.modules and MODULE not in sys.modules:
            module = _generated()
            if module is not None:
                return module
        elif MODULE in sys.modules:
            return sys.modules[MODULE]
        import onnx

        return onnx
    except ImportError as error:  # pragma: no cover - depends on the installation
        raise ImportError(
            "ONNX files need the package onnx: pip install 'fastconc[onnx]'"
        ) from error


messages = _load()
