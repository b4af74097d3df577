# SPDX-License-Identifier: BSD-3-Clause
import math
import subprocess
import sys

import pytest
from fastconc import bench
from fastconc._expression import parse


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fastconc", *arguments], capture_output=True, text=True, timeout=250
    )


def test_integrate_prints_the_lectures_line():
    done = run("integrate", "x**2", "0", "10", "-n", "10000000", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Numerical solution with N=10000000 : 333.333283"


def test_limits_may_be_formulas():
    done = run("integrate", "sin(x)", "0", "pi/2", "-n", "1000", "--rule", "simpson")
    assert done.stdout.splitlines()[0] == "Numerical solution with N=1000 : 1.000000"


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["x**", "0", "1"], "not a formula"),
        (["y", "0", "1"], "unknown name 'y'"),
        (["x", "0", "nan_"], "unknown name 'nan_'"),
        (["x", "0", "1", "-n", "0"], "n must"),
        (["x", "0", "1", "--workers", "0"], "workers must"),
        (["x", "0", "1", "--rule", "guess"], "rule"),
    ],
)
def test_bad_input_is_told_in_one_line(arguments, says):
    done = run("integrate", *arguments)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr


def test_info():
    assert "instruction set" in run("info").stdout


@pytest.mark.parametrize("text, x, value", [
    ("x**2 + 1", 3.0, 10.0),
    ("math.sin(x) if x > 0 else -x", -2.0, 2.0),
    ("max(x, pi) <= 4", 3.5, True),
])  # fmt: skip
def test_formula(text, x, value):
    assert parse(text, "x")(x) == value


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')",
    "(lambda: 1)()",
    "lambda x: x",
    "x.__class__",
    "[x for x in (1, 2)]",
    "'a' * 9",
    "x := 3",
    "open('f')",
    "sin(x=1)",
    "x(1)",
    "f'{x}'",
    "1j * x",
    "sin.__globals__",
    "math.__doc__",
])  # fmt: skip
def test_formula_refuses(text):
    with pytest.raises(ValueError, match=r"formula|name|number|functions|allowed|without"):
        parse(text, "x")


def test_formula_has_no_builtins():
    assert parse("sin(x)", "x").__globals__["__builtins__"] == {}
    assert math.isnan(parse("x - x", "x")(math.inf))


def job(answer):
    ways = [("slow", lambda: 2), ("fast", lambda: answer)]
    return bench.Job("one and one", lambda value: value == 2, ways)


def test_bench_prints_ratios_to_the_last_way():
    made = job(2)
    bench.measure(made, rounds=3)
    *_, slow, fast = bench.table([made]).splitlines()
    assert slow.startswith("| one and one | slow |") and fast.endswith("| 1.0 |")


def test_bench_refuses_a_wrong_answer():
    with pytest.raises(AssertionError, match="one and one: fast gives a wrong answer"):
        bench.measure(job(3), rounds=1)


def test_bench_draws(tmp_path):
    pytest.importorskip("matplotlib")
    made = job(2)
    bench.measure(made, rounds=1)
    bench.plot([made], str(tmp_path / "bars.png"))
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
