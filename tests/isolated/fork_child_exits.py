# SPDX-License-Identifier: BSD-3-Clause
"""A forked child ends the ordinary way, though its parent's threads are not there."""

import os
import sys
import warnings

import fastconc

if not hasattr(os, "fork"):
    raise SystemExit("skip: needs fork")
warnings.simplefilter("ignore", DeprecationWarning)
fastconc.count_words("a b " * 100_000, workers=3)
for uses_threads in (False, True):
    child = os.fork()
    if child == 0:
        if uses_threads:
            assert fastconc.count_words("a b " * 100_000, workers=3) == {"a": 100_000, "b": 100_000}
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
