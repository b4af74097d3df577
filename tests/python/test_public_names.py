# SPDX-License-Identifier: BSD-3-Clause
"""Type checkers see the names that programs see: __init__.pyi follows the table in __init__.py."""

import ast
from pathlib import Path

import fastconc


def stub_imports():
    stub = Path(fastconc.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {
        alias.asname: (node.module, alias.name)
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_stub_names_what_the_package_has():
    expected = {name: (f"fastconc.{module}", name) for name, module in fastconc._LAZY.items()}
    for name in fastconc._EAGER - {"__version__"}:
        expected[name] = ("fastconc._core", name)
    assert stub_imports() == expected


def test_all_is_public_and_dir_shows_everything():
    assert set(fastconc.__all__) <= set(dir(fastconc))
    assert set(fastconc._LAZY) <= set(dir(fastconc))
    assert not {"map", "sum", "min", "max", "any", "all"} & set(fastconc.__all__)
