# SPDX-License-Identifier: BSD-3-Clause
"""Names of the backends that a pool may ask for."""

BACKENDS = ("threads", "interpreters", "processes", "auto")


def check_backend(backend: str) -> None:
    """Raise ValueError for an unknown backend, NotImplementedError for one that is not built."""
    if backend == "threads":
        return
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}")
    raise NotImplementedError(
        f"backend={backend!r} is not built yet; backend='threads' runs Python tasks in threads "
        "that share the GIL, and compiled kernels without it"
    )
