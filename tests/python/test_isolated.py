# SPDX-License-Identifier: BSD-3-Clause
"""Runs each script of tests/isolated in a process of its own: exit, fork, signals, subinterpreters.

A script passes when it ends with status 0 in time and writes nothing to stderr. It may say in its
header what else holds:

    # exit status: 130          it must end so
    # stderr: KeyboardInterrupt stderr must match this regular expression
    # needs: 3.12               the least Python version

and skips itself with ``raise SystemExit("skip: reason")``. Scripts that take arguments are run by
tests of their own.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import fastconc
import pytest

FOLDER = Path(__file__).parent.parent / "isolated"
SCRIPTS = sorted(
    script for script in FOLDER.glob("*.py") if "sys.argv" not in script.read_text(encoding="utf-8")
)


def header(text, name, default):
    found = re.search(rf"^# {name}: (.*)$", text, re.MULTILINE)
    return found[1].strip() if found else default


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script(script):
    text = script.read_text(encoding="utf-8")
    needs = tuple(map(int, header(text, "needs", "3.10").split(".")))
    if sys.version_info < needs:
        pytest.skip(f"needs Python {needs[0]}.{needs[1]}")
    package = str(Path(fastconc.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"}
    done = subprocess.run(
        [sys.executable, script],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
    )
    if done.stderr.startswith("skip: "):
        pytest.skip(done.stderr[6:].strip())
    report = f"status {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == int(header(text, "exit status", "0")), report
    pattern = header(text, "stderr", None)
    if pattern is None:
        assert done.stderr == "", report
    else:
        assert re.search(pattern, done.stderr), report


def test_there_are_scripts():
    assert len(SCRIPTS) > 5
