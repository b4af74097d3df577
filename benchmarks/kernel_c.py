# SPDX-License-Identifier: BSD-3-Clause
"""Hand-written C beside the kernels: gcc -O3 -march=native, OpenMP, libmvec, called by ctypes."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

C_TYPES = {"float64": "double", "int64": "long", "uint8": "unsigned char"}
# -ffast-math is what makes GCC call libmvec; without tests for infinity nothing here needs more.
FLAGS = ["-O3", "-march=native", "-fopenmp", "-ffast-math", "-shared", "-fPIC"]


def source(case: Any, body: str) -> str:
    parameters = "".join(f", const {C_TYPES[case.element]} *restrict {n}" for n in case.names)
    simd = " simd" if "while" not in body and "break" not in body and "n < 100" not in body else ""
    return f"""#include <math.h>
void {case.name}(long n_elements{parameters}, {C_TYPES[case.result]} *restrict y)
{{
    #pragma omp parallel for{simd} schedule(static)
    for (long i = 0; i < n_elements; i++) {{
        {body}
    }}
}}
"""


@functools.cache
def library() -> Any:
    """All cases as one shared object; None where there is no compiler."""
    from kernel_cases import C_BODIES, CASES

    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kernels.c")
        with open(path, "w") as f:
            f.write("\n".join(source(case, C_BODIES[case.function]) for case in CASES))
        target = os.path.join(folder, "kernels.so")
        # As fast as the library goes; a machine without libmvec still builds it, scalar.
        built = subprocess.run([gcc, *FLAGS, path, "-o", target, "-lm"], capture_output=True)
        return ctypes.CDLL(target) if built.returncode == 0 else None


def build(case: Any) -> Callable[..., Any] | None:
    compiled = library()
    if compiled is None:
        return None
    function = getattr(compiled, case.name)
    function.restype = None

    def run(*arrays: Any) -> Any:
        out = np.empty(arrays[0].shape, case.result)
        pointers = (ctypes.c_void_p(a.ctypes.data) for a in (*arrays, out))
        function(ctypes.c_long(out.size), *pointers)
        return out

    return run
