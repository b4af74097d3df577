# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators: the families, imported for their handlers."""

from fastconc.classify import (
    _ops_element,
    _ops_move,
    _ops_product,
    _ops_quantize,
    _ops_reduce,
)

__all__ = ["_ops_element", "_ops_move", "_ops_product", "_ops_quantize", "_ops_reduce"]
