# SPDX-License-Identifier: BSD-3-Clause
"""What cannot be compiled is told with file, line, caret, reason and a hint; never an internal
traceback."""

import io
import math
import random
import subprocess
import sys
import textwrap
import types

import fastconc
import numpy as np
import pytest
from fastconc import KernelError, PerformanceWarning, kernel

STATEMENTS = {
    "try": "try:\n    y = 1 / x\nexcept ZeroDivisionError:\n    y = 0\nreturn y",
    "with": "with open('f') as f:\n    return x",
    "import": "import math\nreturn x",
    "from_import": "from math import sin\nreturn sin(x)",
    "class": "class A:\n    pass\nreturn x",
    "del": "y = x\ndel y\nreturn x",
    "global": "global g\ng = x\nreturn x",
    "yield": "yield x",
    "string": "return f'{x}'",
    "dict": "d = {'a': x}\nreturn d['a']",
    "dict_item": "d = {'a': 1.0}\nd['a'] = x\nreturn d['a']",
    "set": "return {x}",
    "append_under_condition": "v = []\nif x > 0:\n    v.append(x)\nreturn sum(v)",
    "data_dependent_list": "v = [k for k in range(3) if k > x]\nreturn sum(v)",
    "complex": "return x * 1j",
    "matmul": "return x @ x",
    "print": "print(x)\nreturn x",
    "open": "return open('f')",
    "str": "return str(x)",
    "none": "y = x",
    "attribute_assignment": "x.y = 1\nreturn x",
    "undefined": "return undefined_name + x",
    "unbounded_recursion": "return g(x)",
    "random": "return random.random() * x",
    "method": "return x.hex()",
    "subscript_of_number": "y = x + 1\nreturn y[0]",
    "wrong_arity": "return math.sin(x, x)",
    "missing_attribute": "return math.sine(x)",
    "calling_a_number": "y = x + 1\nreturn y(2)",
    "slice_of_run_time": "v = [1.0, 2.0, 3.0]\nreturn sum(v[: int(x)])",
    "isinstance_object": "return object()",
    "returns_string": "return 'a'",
    "big_int": "return int(x) + 2**70",
    "unpack": "a, b = x, x, x\nreturn a",
    "not_iterable": "y = x + 1\nfor v in y:\n    pass\nreturn y",
    "lambda_returned": "return lambda y: x",
    "starred": "return [*x]",
    "decorated": "@staticmethod\ndef h(y):\n    return y\nreturn h(x)",
    "while_none_type": "y = None\nreturn y + x",
}
STATEMENTS["match"] = "match x:\n    case {1: y}:\n        return 2\nreturn 3"


def g(x):
    return g(x - 1) + 1 if x > 0 else 0.0


@pytest.mark.parametrize("name", STATEMENTS)
def test_unsupported(name, tmp_path):
    path = tmp_path / "user.py"
    text = "def f(x):\n" + textwrap.indent(STATEMENTS[name], "    ") + "\n"
    path.write_text(text)
    namespace = {"math": math, "random": random, "g": g}
    exec(compile(text, str(path), "exec"), namespace)
    with pytest.raises(KernelError) as caught:
        kernel(namespace["f"])
    message = str(caught.value)
    assert "cannot compile f" in message
    if name not in ("yield", "none", "returns_string", "lambda_returned"):
        assert f'File "{path}", line ' in message or "test_kernel_errors" in message, message
        assert "^" in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_position_and_caret():
    def f(x):
        y = x + 1
        z = y * hex(x)
        return z

    with pytest.raises(KernelError) as caught:
        kernel(f)
    lines = str(caught.value).splitlines()
    where = next(i for i, line in enumerate(lines) if "File" in line)
    line = f.__code__.co_firstlineno + 2
    assert lines[where].endswith(f"line {line}") and __file__ in lines[where]
    assert lines[where + 1].strip() == "z = y * hex(x)"
    start = lines[where + 2].index("^")
    assert lines[where + 1][start : start + lines[where + 2].count("^")] == "hex(x)"


def test_position_in_a_helper():
    def helper(x):
        return open(x)

    with pytest.raises(KernelError, match=f"line {helper.__code__.co_firstlineno + 1}"):
        kernel(lambda x: helper(x) + 1)


def test_position_in_a_lambda_of_several_lines():
    f = lambda x: (  # noqa: E731
        x  # a comment keeps the lines apart
        + hex(x)
    )
    with pytest.raises(KernelError, match="hex") as caught:
        kernel(f)
    assert f"line {f.__code__.co_firstlineno + 2}" in str(caught.value)


def test_not_python():
    for f in (math.sin, np.sin, print, int):
        with pytest.raises(KernelError):
            kernel(f)
    for f in (3, "x"):
        with pytest.raises(TypeError):
            kernel(f)


def test_coroutines():
    async def f(x):
        return x

    with pytest.raises(KernelError):
        kernel(f)


def test_wrong_argument_types_are_told_by_name():
    k = kernel(lambda x, table: table[int(x)])
    with pytest.raises((TypeError, KernelError), match="'table'"):
        k(1.0, np.ones((2, 2)))
    with pytest.raises(TypeError, match="'x'"):
        k(np.array([1j]), np.ones(3))


def test_globals_of_the_wrong_type():
    setting = {"a": "text"}
    with pytest.raises(KernelError, match="text|str"):
        kernel(lambda x: x + setting["a"])


def run(code, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=250,
        **options,
    )


def test_dash_c_has_source():
    shown = run(
        """
        from fastconc import kernel
        def f(x):
            s = 0.0
            for i in range(int(x)):
                s += i
            return s
        print(kernel(f)(4.0), kernel(lambda x: x * 2)(4.0))
        """
    )
    assert shown.stdout.split() == ["6.0", "8.0"], shown.stderr


def test_stdin_and_exec_are_traced():
    code = (
        "from fastconc import kernel\nimport math\n"
        "f = lambda x: math.sin(x) * 2 if x > 0 else -x\n"
        "print(kernel(f)(-4.0), kernel(f)(1.0) == 2 * math.sin(1.0))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, timeout=250
    )
    assert shown.stdout.split() == ["4.0", "True"], shown.stderr
    namespace = {"math": math}
    exec(
        "def h(x, n=3):\n"
        "    total = 0.0\n"
        "    for k in range(n):\n"
        "        total += x ** k / math.factorial(k)\n"
        "    if total > 2 and x < 5:\n"
        "        return total\n"
        "    return max(-total, 0.5)\n",
        namespace,
    )
    h = namespace["h"]
    x = np.linspace(-2, 8, 50)
    np.testing.assert_allclose(kernel(h)(x), [h(v) for v in x.tolist()], rtol=1e-15)


def test_traced_loops_on_data_are_refused():
    namespace = {}
    exec("def h(x):\n    while x > 1:\n        x = x / 2\n    return x\n", namespace)
    with pytest.raises(KernelError, match="source"):
        kernel(namespace["h"])


def test_file_changed_after_import(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def f(x):\n    return x + 1\n")
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    path.write_text("def f(x):\n    return other(x) + 1\n")
    f = namespace["f"]
    try:
        assert kernel(f)(1.0) == f(1.0)
    except KernelError:
        pass


def test_every_new_function_warns_even_at_the_address_of_an_old_one():
    for _ in range(20):
        scope = {}
        exec("def f(x): return print(x) or x", scope)
        with pytest.warns(PerformanceWarning, match="plain Python"):
            fastconc.map(scope.pop("f"), [])


@pytest.mark.parametrize("text", [
    "f = lambda x: seen.append(x) or x",
    "def f(x):\n    global n\n    n += 1\n    return n * x",
    "def f(x):\n    print(x, file=out)\n    return x",
    "def f(x):\n    box.n = x\n    return x",
    "f = lambda x: known.setdefault(1, 2) * x",
])  # fmt: skip
def test_what_has_effects_is_not_traced(text):
    box = types.SimpleNamespace(n=0)
    scope = {"seen": [], "n": 0, "out": io.StringIO(), "box": box, "known": {}}
    exec(text, scope)
    with pytest.raises(KernelError, match="has no source"):
        kernel(scope["f"])(np.ones(3))
    assert scope["seen"] == [] and scope["n"] == 0 and scope["out"].getvalue() == ""
    assert box.n == 0 and scope["known"] == {}


def test_a_traced_function_reads_what_is_outside():
    scope = {"math": math, "np": np, "table": np.arange(5.0), "list_": [1.0, 2.0]}
    exec("f = lambda x: math.sin(x) * list_[1] + np.sqrt(x) + table[2]", scope)
    assert kernel(scope["f"])(0.5) == math.sin(0.5) * 2.0 + math.sqrt(0.5) + 2.0


def test_outputs_are_named():
    k = kernel(lambda x: x + 1.0)
    x = np.arange(4.0)
    for out in ([0.0] * 4, 3.0, "text", object()):
        with pytest.raises(TypeError, match="out must be an array"):
            k(x, out=out)
    frozen = np.empty(4)
    frozen.flags.writeable = False
    for out in (frozen, np.broadcast_to(np.zeros(1), 4), bytes(32)):
        with pytest.raises(ValueError, match="out is read-only"):
            k(x, out=out)
    with pytest.raises(ValueError, match=r"\(5,\), not \(4,\)"):
        k(x, out=np.empty(5))
    with pytest.raises(ValueError, match=r"\(3, 2\), not \(3, 4\)"):
        k(np.zeros((3, 4)), out=np.empty((3, 2)))
