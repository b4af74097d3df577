# SPDX-License-Identifier: BSD-3-Clause
# needs: 3.13
"""On a free-threaded build neither the import nor any public name turns the GIL on."""

import sys

if getattr(sys, "_is_gil_enabled", lambda: True)():
    raise SystemExit("skip: has a GIL")

import fastconc

for name in fastconc.__all__:
    try:
        getattr(fastconc, name)
    except ModuleNotFoundError as error:
        assert error.name == "numpy", name
assert not sys._is_gil_enabled()
q = fastconc.Queue()
q.put(1)
assert q.get() == 1 and q.mutex and fastconc.count_words("a") == {"a": 1}
assert not sys._is_gil_enabled()
