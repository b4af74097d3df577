# SPDX-License-Identifier: BSD-3-Clause
"""Kernels as C functions, and C functions as kernels."""

import ctypes
import gc
import math
import shutil
import subprocess
import sys
from pathlib import Path

import fastconc
import numpy as np
import pytest
from fastconc import KernelError, kernel

sys.path.insert(0, str(Path(__file__).parent))


def test_ctypes_function():
    f = kernel(lambda x: x * x + 1).ctypes
    assert f(3.0) == 10.0
    g = kernel(lambda x, y: x if x > y else y * 2).ctypes
    assert (g(3.0, 1.0), g(1.0, 3.0)) == (3.0, 6.0)
    assert math.isnan(kernel(lambda x: 1 // int(x)).ctypes(0.0))
    address = ctypes.cast(f, ctypes.c_void_p).value
    again = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)
    assert again(2.0) == 5.0


def test_slots_are_given_back():
    for i in range(200):
        assert kernel(lambda x, i=i: x + i).ctypes(1.0) == 1.0 + i
        gc.collect() if i % 50 == 0 else None
    kept = []
    with pytest.raises(RuntimeError, match="64"):
        for i in range(100):
            kept.append(kernel(lambda x, i=i: x + i).ctypes)


def test_scipy():
    integrate = pytest.importorskip("scipy.integrate")
    k = kernel(lambda x: math.exp(-x * x))
    value, _ = integrate.quad(k.low_level_callable(), 0, 1)
    assert value == pytest.approx(math.erf(1) * math.sqrt(math.pi) / 2, rel=1e-12)
    two = kernel(lambda x, y: x * y * y)
    value, _ = integrate.nquad(two.low_level_callable("vector"), [[0, 1], [0, 2]])
    assert value == pytest.approx(4 / 3, rel=1e-10)


def test_what_has_no_pointer():
    with pytest.raises(KernelError):
        _ = kernel(lambda x: (x, x)).ctypes
    with pytest.raises(ValueError):
        _ = kernel(lambda a, b, c, d: a + b + c + d).ctypes
    with pytest.raises(ValueError):
        kernel(lambda x: x).low_level_callable("other")


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_c_source(tmp_path):
    from corpus import numerics, physics, statistics

    parts, checks = [], []
    for module in (numerics, physics, statistics):
        for f, ranges in module.CASES.items():
            if not all(isinstance(r, tuple) for r in ranges) or len(ranges) > 3:
                continue
            k = kernel(f)
            name = f"k{len(checks)}"
            try:
                parts.append(k.c_source(name))
            except KernelError as error:
                assert "one result" in str(error) or "no C source" in str(error), error
                continue
            checks.append((name, k, ranges))
    assert len(checks) > 70
    head, _, _ = parts[0].partition("int k0(")
    text = head + "\n".join(p[len(head) :] for p in parts)
    (tmp_path / "all.c").write_text(text)
    command = ["cc", "-O1", "-std=gnu11", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(
        [*command, "-o", str(tmp_path / "all.so"), str(tmp_path / "all.c"), "-lm"],
        check=True,
        timeout=250,
    )
    library = ctypes.CDLL(str(tmp_path / "all.so"))
    rng = np.random.default_rng(3)
    for name, k, ranges in checks:
        function = getattr(library, name)
        function.argtypes = [ctypes.c_double] * len(ranges) + [ctypes.POINTER(ctypes.c_double)]
        for _ in range(5):
            row = [float(rng.uniform(*r)) for r in ranges]
            result = ctypes.c_double()
            assert function(*row, ctypes.byref(result)) == 0
            expected = k(*row)
            assert result.value == pytest.approx(float(expected), rel=1e-9, abs=1e-12), name


def test_native_functions_are_mapped():
    library = ctypes.CDLL(None)
    cos = library.cos
    cos.restype, cos.argtypes = ctypes.c_double, [ctypes.c_double]
    x = np.linspace(0, 3, 1001)
    np.testing.assert_array_equal(fastconc.map(cos, x), [math.cos(v) for v in x])
    out = np.empty(1001)
    assert fastconc.map(cos, x, out=out, workers=2) is out
    pow_ = library.pow
    pow_.restype, pow_.argtypes = ctypes.c_double, [ctypes.c_double] * 2
    np.testing.assert_array_equal(fastconc.map(pow_, x, 2.0), [math.pow(v, 2) for v in x])
    k = kernel(cos)
    assert k(0.0) == 1.0
    assert k(x).shape == x.shape
