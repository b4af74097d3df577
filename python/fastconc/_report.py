# SPDX-License-Identifier: BSD-3-Clause
"""pool.report(): what the workers did, in ten lines."""

from __future__ import annotations

from typing import Any


class Report(dict[str, Any]):
    """The counters as a dict, and as text.

    tasks, pending, threads, idle, blocked: numbers; busy_ns, gil_wait_ns: sums over the workers;
    lifetime_ns: the pool's age; call_ns and overhead_ns: sums over `samples` measured tasks.
    """

    def __repr__(self) -> str:
        threads = max(self["threads"], 1)
        age = max(self["lifetime_ns"], 1)
        samples = max(self["samples"], 1)
        busy = self["busy_ns"] / (age * threads)
        awake = max(self["busy_ns"] + self["gil_wait_ns"], 1)
        lines = [
            f"tasks done            {self['tasks']}",
            f"tasks pending         {self['pending']}",
            f"threads               {self['threads']}",
            f"  idle                {self['idle']}",
            f"  waiting for tasks   {self['blocked']}",
            f"age                   {age / 1e9:.3f} s",
            f"busy                  {busy:.1%} of the threads' time",
            f"wait for the GIL      {self['gil_wait_ns'] / awake:.1%} of the time awake",
            f"time in a task        {self['call_ns'] / samples / 1e3:.2f} us (mean)",
            f"overhead per task     {self['overhead_ns'] / samples / 1e3:.2f} us (mean)",
        ]
        return "\n".join(lines)

    __str__ = __repr__
