# SPDX-License-Identifier: BSD-3-Clause
"""Lowering of operators: the families, imported for their handlers."""

from fastconc.classify import (
    _fold_index,
    _ops_element,
    _ops_logic,
    _ops_ml,
    _ops_move,
    _ops_product,
    _ops_quantize,
    _ops_reduce,
    _ops_tokens,
)

__all__ = [
    "_fold_index",
    "_ops_element",
    "_ops_logic",
    "_ops_ml",
    "_ops_move",
    "_ops_product",
    "_ops_quantize",
    "_ops_reduce",
    "_ops_tokens",
]
