# SPDX-License-Identifier: BSD-3-Clause
"""Parallel Python that is really parallel.

The public names are listed in ``__all__``; those that shadow builtins (``map``, ``sum``, ...) are
attributes of the package but stay out of it. A name's module is imported when the name is first
used, so that ``import fastconc`` costs little.
"""

from importlib import import_module as _import_module

from fastconc._core import cpu_count, get_num_threads, set_num_threads  # noqa: F401

__version__ = "0.1.0"

# Public name -> the module of this package that defines it, imported at first use (PEP 562).
_LAZY = {
    "ALL_COMPLETED": "_future",
    "Barrier": "_sync",
    "BoundedSemaphore": "_sync",
    "BrokenBarrierError": "_sync",
    "BrokenPool": "_errors",
    "CancelledError": "_future",
    "Classifier": "classify",
    "Condition": "_sync",
    "Counter": "_sync",
    "DeadlockError": "_errors",
    "Empty": "_sync",
    "Event": "_sync",
    "FIRST_COMPLETED": "_future",
    "FIRST_EXCEPTION": "_future",
    "Full": "_sync",
    "Future": "_future",
    "IntegrationWarning": "_errors",
    "Kernel": "_kernel",
    "KernelError": "_errors",
    "LifoQueue": "_sync",
    "Lock": "_sync",
    "MonteCarloResult": "_mcquad",
    "PerformanceWarning": "_errors",
    "Pool": "_pool",
    "PoolExecutor": "_executor",
    "PriorityQueue": "_sync",
    "QuadResult": "_integrate",
    "Queue": "_sync",
    "RLock": "_sync",
    "Semaphore": "_sync",
    "ShutDown": "_sync",
    "SimpleQueue": "_sync",
    "TimeoutError": "_future",
    "all": "_reductions",
    "any": "_reductions",
    "as_completed": "_future",
    "count": "_reductions",
    "count_words": "text",
    "cubature": "_cubature",
    "dblquad": "_nquad",
    "integrate": "_integrate",
    "kernel": "_kernel",
    "map": "_kernel",
    "max": "_reductions",
    "mcquad": "_mcquad",
    "mean": "_reductions",
    "min": "_reductions",
    "nquad": "_nquad",
    "num_threads": "_runtime",
    "prod": "_reductions",
    "quad": "_quad",
    "show_config": "_runtime",
    "sum": "_reductions",
    "tplquad": "_nquad",
    "wait": "_future",
}
_SHADOWS_BUILTINS = {"map", "sum", "min", "max", "any", "all"}

_EAGER = {"__version__", "cpu_count", "get_num_threads", "set_num_threads"}

__all__ = sorted(_EAGER | (_LAZY.keys() - _SHADOWS_BUILTINS))


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _LAZY.keys())
