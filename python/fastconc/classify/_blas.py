# SPDX-License-Identifier: BSD-3-Clause
"""Finding OpenBLAS: FASTCONC_OPENBLAS=/path/libopenblas.so, else the package scipy-openblas32."""

from __future__ import annotations

import os

from fastconc import _core

PREFIXES = ("scipy_", "")


def _library() -> str:
    path = os.environ.get("FASTCONC_OPENBLAS")
    if path:
        return path
    try:
        import scipy_openblas32  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            "no OpenBLAS: install scipy-openblas32, or name a library in FASTCONC_OPENBLAS"
        ) from error
    folder: str = scipy_openblas32.get_lib_dir()
    for name in sorted(os.listdir(folder)):
        if name.startswith("libscipy_openblas") and name.split(".")[1] in ("so", "dylib"):
            return os.path.join(folder, name)
    raise ImportError(f"no libscipy_openblas in {folder}")


def load_blas() -> str:
    """Load OpenBLAS once per process, its own threads off; return its description.

    ImportError says why it cannot be.
    """
    config = _core.blas_config()
    if config is not None:
        return config
    path = _library()
    # OpenBLAS reads this when it is opened, and would start a thread per core otherwise.
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        for prefix in PREFIXES:
            try:
                _core.blas_load(path, prefix)
                break
            except ImportError:
                if prefix == PREFIXES[-1]:
                    raise ImportError(
                        f"{path!r} cannot be loaded, or lacks cblas_sgemm, openblas_set_num_threads"
                    ) from None
    finally:
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before
    config = _core.blas_config()
    assert config is not None
    return config
