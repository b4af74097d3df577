# SPDX-License-Identifier: BSD-3-Clause
"""Process-wide settings: the number of threads, and what this build and machine offer."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastconc import _core


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Let native calls inside the ``with`` block that name no workers use n threads.

    The setting is process-wide: other threads see it too. Raises ValueError when n < 1.
    """
    before = _core.get_num_threads()
    _core.set_num_threads(n)
    try:
        yield
    finally:
        _core.set_num_threads(before)


def show_config() -> None:
    """Print the version, the instruction set in use and the cores."""
    from fastconc import __version__

    print(f"fastconc {__version__}")
    print(f"instruction set: {_core.isa()}")
    print(f"cores: {_core.cpu_count()}, threads by default: {_core.get_num_threads()}")
