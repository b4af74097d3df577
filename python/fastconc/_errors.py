# SPDX-License-Identifier: BSD-3-Clause
"""Exceptions and warnings of fastconc; those of the standard library are used wherever one fits."""

from concurrent.futures import BrokenExecutor


class KernelError(TypeError):
    """A function cannot be compiled; the text gives file, line, caret, reason and a rewrite."""


class PerformanceWarning(UserWarning):
    """A function runs as plain Python, correct but slow; the text gives line and reason.

    Warned once per function.
    """


class IntegrationWarning(UserWarning):
    """An integral was computed but must not be trusted to the requested tolerance."""


class BrokenPool(BrokenExecutor):
    """A pool's initializer failed or its workers are gone; no task can run any more."""


class DeadlockError(RuntimeError):
    """Tasks of a pool wait for each other in a cycle; the text names it."""
