# SPDX-License-Identifier: BSD-3-Clause
"""progress=True: tqdm's bar if it is installed, else a line on stderr."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any


class _Line:
    """What a bar is without tqdm: ``12/100``, at most ten times a second."""

    def __init__(self, total: int | None) -> None:
        self.n = 0
        self.total = "?" if total is None else total
        self.shown = 0.0

    def update(self, n: int) -> None:
        self.n += n
        if time.monotonic() - self.shown > 0.1:
            self._show()

    def close(self) -> None:
        self._show()
        print(file=sys.stderr)

    def _show(self) -> None:
        self.shown = time.monotonic()
        print(f"\r{self.n}/{self.total}", end="", file=sys.stderr, flush=True)


class Bar:
    """A bar over `total` items (None: unknown)."""

    def __init__(self, total: int | None) -> None:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            self._bar: Any = _Line(total)
        else:
            self._bar = tqdm(total=total)
        self._closed = False

    def update(self, n: int) -> None:
        """n more are done."""
        self._bar.update(n)

    def close(self) -> None:
        """Leave the bar as it is."""
        if not self._closed:
            self._closed = True
            self._bar.close()


def watch(future: Any, interval: float = 0.1) -> Any:
    """Show the progress of a map's future until it is done; returns it at once."""
    total = len(future.result()) if future.done() and future.successful() else None
    if total is not None or not hasattr(future, "_n_done"):
        return future
    bar = Bar(future._n_items)

    def follow() -> None:
        shown = 0
        while True:
            future.wait(interval)
            done = future.done()
            n = future._n_done
            bar.update(n - shown)
            shown = n
            if done:
                break
        bar.close()

    thread = threading.Thread(target=follow, name="fastconc-progress", daemon=True)
    thread.start()
    return future
