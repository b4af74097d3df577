# SPDX-License-Identifier: BSD-3-Clause
"""What importing costs, as whole processes: bare Python, concurrent.futures, fastconc."""

import subprocess
import sys

import pytest


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("module", ["sys", "concurrent.futures.thread", "fastconc"])
def test_import(benchmark, module):
    command = [sys.executable, "-c", f"import {module}"]
    assert subprocess.run(command).returncode == 0
    benchmark.pedantic(subprocess.run, args=(command,), rounds=11, warmup_rounds=1)
