# SPDX-License-Identifier: BSD-3-Clause
"""Functions without branches are read from their code object: the program is the same, to the
byte, as from their source, and what does not compile is told with the line of the source."""

import array
import dis
import math
import operator
import os
import random
import sys
from functools import partial
from pathlib import Path

import fastconc
import pytest
from fastconc import KernelError, _core, kernel
from fastconc._compile import bytecode, emit, evaluate, ir, source
from fastconc._compile.bytecode import is_readable
from fastconc._compile.unit import Options, Target, Unit

sys.path.insert(0, str(Path(__file__).parent))
from test_kernel_corpus import CASES, name_of

SCALE = 2.5
reads_code = pytest.mark.skipif(
    not bytecode._KNOWN, reason="the instructions of this version are not known"
)
TABLE = (0.5, 1.5, 2.5)


class Wave:
    def __init__(self):
        self.amplitude, self.rate, self.__hidden = 2.0, 3.0, 4.0

    def at(self, x):
        return self.amplitude * math.sin(self.rate * x)

    def private(self, x):
        return self.__hidden * x


def square(x):
    return x * x


def with_default(x, p=3.0, *, q=2):
    return x * p - q


def several(x):
    y = z = x + 1
    y, z = z * 2, y
    y += 3
    y **= 2
    return y - z


def rotated(x):
    a, b, c = x, x + 1, x * 3
    a, b, c = c, a, b
    b, a = a, b
    return a - 2 * b + 5 * c


def many_lines(x):
    a = x * 2

    b = (
        a
        + math.sin(x)
    )  # fmt: skip
    return (
        a * b
        - 3
    )  # fmt: skip


def two_results(x):
    return x + 1, x * 2


def unpacked(x):
    (a, b), c = two_results(x), 3
    return a * b + c


def annotated(x: float) -> float:
    """A docstring."""
    y: float = -x
    return ~(3 + 0) + +y


def closure(k):
    return lambda x: x * k + k


def ladder(x):
    if x < 0.0:
        return -x
    if x < 0.5:
        return math.sin(x) * math.exp(x) * math.cos(3 * x)
    if x < 1 or x > 4:
        return x * x
    return 1 / x


def nested(x):
    y = 1.0
    if x > 0.25:
        if x > 0.5 and x < 3:
            y = math.exp(-x) * math.sin(x) * math.log(x + 4)
        elif not x > 0.4 or x > 5:
            y += 2
        z = y * 2
    else:
        z = x
        if x < -1:
            y, z = z, y
    return y - 2 * z


def expensive(x):
    if x < 0.3:
        y = math.exp(x) * math.sin(x) * math.cos(x)
        if y < 0.1:
            return math.log(x * x + 1) + math.atan(x) + math.erf(x)
        y = y * math.tan(y) if y > 0.2 and math.sinh(y) > 0.21 else math.cosh(y) + y**0.3
    else:
        y = math.exp(-x) + math.gamma(abs(x) + 1)
    return y + 1 if y < 3 or y > 3.5 else y - 1


def clamp(x, low, high):
    return low if x < low else high if x > high else x


def ends_in_a_branch(x):
    if x > 1:
        return x
    elif x > 0:
        return 2 * x
    else:
        return 3 * x


def in_a_loop(x):
    while x < 10:
        x = x * 2 + 1
    return x


BRANCHES = [
    lambda x: 1.5 if x else 2.0,
    lambda x: x and 2,
    lambda x: x or 2,
    lambda x: 0 < x < 1,
    lambda x: x if 0 < x < 1 <= 2 * x else -x,
    lambda x: not (x > 1 and x < 2) or x == 3,
    lambda x: (x > 1 or x < 0.5) and (x < 4 or x > 6) and not x == 3,
    lambda x: 2.0 * (x > 1 and x < 3) + (x if x > 2 else 1),
    lambda x: clamp(x, 0.2, 1.5) + clamp(2 * x, x * x, SCALE),
    lambda x: (1.0 if x > 0.5 else 2.0) * (3.0 if x < 2 else x),
    lambda x: math.sqrt(x if x > 0 else -x) if SCALE > 1 else undefined_name,  # noqa: F821
    lambda x: ladder(x) if x < 2 else nested(x),
    lambda x: expensive(x) + (expensive(2 * x) if x > 0.2 else ladder(x)),
    ladder, nested, expensive, ends_in_a_branch,
]  # fmt: skip

ONE = [
    lambda x: x,
    lambda x: 3,
    lambda x: -x + +x,
    lambda x: x * x + 2 * x - 1 / (x + 3),
    lambda x: x**2 + x**0.5 + 2**x + x // 2 + x % 3,
    lambda x: (x > 1) * x + (x <= 2) + (x == 3) - (x != 4) + (x < 1) * (x >= 0),
    lambda x: not x,
    lambda x: math.exp(-x * x) * math.sin(x + 1e300) * math.pi + SCALE,
    lambda x: abs(x) + min(x, 3, 2 * x) + max(x, 0.5) + pow(x, 2) + round(x) + divmod(x, 2)[1],
    lambda x: square(square(x) + 1) + square(x=x),
    lambda x: with_default(x) + with_default(x, 2) + with_default(x, q=1, p=x),
    lambda x: TABLE[1] * x + TABLE[-1],
    lambda x: math.hypot(x, 3.0) + operator.add(x, 1) + partial(with_default, p=4)(x),
    lambda x: Wave().amplitude if False else x,
    lambda x, *rest: x + len(rest),
    lambda x: sum((x, 1, 2 * x)),
    lambda x: float(int(x)) + bool(x),
    lambda x: (x + 1j).real if 0 else 1,
    several, rotated, many_lines, two_results, unpacked, annotated, with_default,
    closure(3), closure(2.5), Wave().at, partial(with_default, q=5), partial(with_default, 4.0),
]  # fmt: skip


def compiled(f, signature, monkeypatch, reads_code=True):
    monkeypatch.setattr(evaluate.Evaluator, "reads_code", reads_code)
    target = Target(f)
    return Unit(target, Options()).get(signature)


@pytest.mark.parametrize("k", range(len(ONE)))
def test_the_same_program_as_from_the_source(k, monkeypatch):
    for letter in "DI":
        programs = []
        for reads_code in (True, False):
            try:
                made = compiled(ONE[k], (letter,), monkeypatch, reads_code)
                programs.append((made.emitted.data, made.structure, made.outputs))
            except KernelError as error:
                programs.append(str(error))
        assert programs[0] == programs[1]


POINTS = [
    *(-7.5, -1.5, -1.0, -0.2, 0.0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.45, 0.5, 0.7),
    *(1.0, 1.3, 1.5, 2.0, 2.3, 3.0, 3.5, 4.0, 4.5, 5.5, 6.5, 8.0),
]


def agree(got, wanted):
    return got == wanted or got == pytest.approx(wanted, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("k", range(len(BRANCHES)))
def test_branches_as_python(k, monkeypatch):
    """Also where lanes part: each element alone, and all of them in one block."""
    f = BRANCHES[k]
    wanted = [f(x) for x in POINTS]
    for reads_code in (True, False):
        monkeypatch.setattr(evaluate.Evaluator, "reads_code", reads_code)
        program = Unit(Target(f), Options()).get(("D",), "D", True).program
        out = array.array("d", bytes(8 * len(POINTS)))
        program.map((array.array("d", POINTS),), (out,), (), 1, 0)
        assert all(map(agree, out, wanted)), (out, wanted)
        for x, value in zip(POINTS, wanted, strict=True):
            assert agree(program.map((x,), None, (), 1, 0)[0], value)


def random_function(pick):
    """The text of a function with branches in branches, early returns and conditional values."""
    names = ["x", "y", "z"]
    text = ["def f(x):", "    y = x * 2", "    z = 1.5"]

    def expression(depth):
        kind = pick.randrange(9 if depth else 2)
        if kind == 0:
            return pick.choice(names)
        if kind == 1:
            return repr(pick.choice([0.5, 1.25, 3.0, -2.0, 2]))
        if kind < 5:
            a, b = expression(depth - 1), expression(depth - 1)
            return f"({a} {pick.choice('+-*')} {b})"
        if kind == 5:
            return f"math.{pick.choice(['sin', 'cos', 'atan', 'tanh'])}({expression(depth - 1)})"
        if kind == 6:
            return f"({expression(depth - 1)} / (1 + ({expression(depth - 1)}) ** 2))"
        a, b = expression(depth - 1), expression(depth - 1)
        return f"({a} if {condition(depth - 1)} else {b})"

    def condition(depth):
        kind = pick.randrange(6 if depth > 0 else 2)
        if kind < 2:
            a, b = pick.choice(names), repr(pick.choice([-1.0, 0.0, 0.5, 1.0, 2]))
            return f"{a} {pick.choice(['<', '<=', '>', '>=', '==', '!='])} {b}"
        if kind == 2:
            return f"0.2 < {pick.choice(names)} <= {pick.choice(names)} + 1"
        if kind == 3:
            return f"not ({condition(depth - 1)})"
        joint = pick.choice([" and ", " or "])
        return "(" + joint.join(condition(depth - 1) for _ in range(pick.randrange(2, 4))) + ")"

    def block(depth, indent):
        for _ in range(pick.randrange(1, 4)):
            kind = pick.randrange(5 if depth else 2)
            pad = "    " * indent
            if kind < 2:
                text.append(f"{pad}{pick.choice(['y', 'z'])} = {expression(3)}")
                continue
            text.append(f"{pad}if {condition(2)}:")
            block(depth - 1, indent + 1)
            if kind == 3:
                text.append(f"{pad}elif {condition(1)}:")
                block(depth - 1, indent + 1)
            if kind >= 3:
                text.append(f"{pad}else:")
                block(depth - 1, indent + 1)
        if depth and pick.random() < 0.3:
            text.append("    " * indent + f"return {expression(2)}")

    block(3, 1)
    text.append(f"    return {expression(2)}")
    return "\n".join(text) + "\n"


@reads_code
@pytest.mark.parametrize("seed", range(60 if not os.environ.get("FASTCONC_LONG_TESTS") else 3000))
def test_random_branches_as_python(seed, monkeypatch):
    text = random_function(random.Random(seed))
    space = {"math": math}
    exec(compile(text, f"<random {seed}>", "exec"), space)
    f = space["f"]
    monkeypatch.setattr(source, "body_of", None)  # nothing but the code
    target = Target(f)
    assert is_readable(f.__code__)
    program = Unit(target, Options()).get(("D",), "D", True).program
    wanted = [f(x) for x in POINTS]
    out = array.array("d", bytes(8 * len(POINTS)))
    program.map((array.array("d", POINTS),), (out,), (), 1, 0)
    exact = Unit(target, Options(exact=True)).get(("D",), "D", True).program
    for x, value, single in zip(POINTS, wanted, out, strict=True):
        if not agree(single, value):  # a comparison may hang on the last bit of a sine
            assert exact.map((x,), None, (), 1, 0)[0] == value, (text, x)
        assert program.map((x,), None, (), 1, 0)[0] == single, (text, x)


@pytest.mark.parametrize("f", [*BRANCHES, *ONE, in_a_loop, random_function], ids=str)
def test_targets_of_jumps(f):
    f = getattr(f, "func", getattr(f, "__func__", f))
    if not bytecode._KNOWN:
        pytest.skip("not known for this version")
    for i in dis.get_instructions(f):
        if bytecode._kind[dis.opmap.get(i.opname, 0)] >= bytecode.JUMP_FALSE:
            target = bytecode.jump_target(i.offset, i.opcode, i.arg)
            assert target == i.argval, i


def code_of(emitted):
    """Instructions with constants in place of registers, whose numbers are chosen by address."""
    return [
        (i.op, i.imm, [a.payload if a.op == "CONST" else None for a in i.args], i.mask is not None)
        for i in emitted.instructions
    ]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_same_programs_in_the_corpus(case, monkeypatch):
    _, f, ranges = case
    programs = []
    for reads_code in (True, False):
        monkeypatch.setattr(evaluate.Evaluator, "reads_code", reads_code)
        signature = tuple(
            "TD" if isinstance(r, list) else "I" if isinstance(r, range) else "D" for r in ranges
        )
        try:
            emitted = Unit(Target(f), Options()).get(signature).emitted
            lines = [i.line for i in emitted.instructions]
            programs.append((code_of(emitted), lines))
        except KernelError as error:
            programs.append(str(error))
    if programs[0] != programs[1]:  # masks of branches are made in another order
        lengths = [len(program[0]) for program in programs]
        assert isinstance(programs[0], tuple) and any("SELECT" in i[0] for i in programs[0][0])
        assert lengths[0] <= 1.3 * lengths[1] + 1


def test_what_is_read_from_the_code():
    """Were nothing read from it, all of the above would pass."""
    if sys.version_info[:2] > (3, 14):
        pytest.skip("not known for this version")
    functions = [getattr(f, "__func__", getattr(f, "func", f)) for f in ONE]
    assert all(is_readable(f.__code__) for f in functions)
    assert all(is_readable(f.__code__) for f in BRANCHES)
    others = [
        lambda x: sum(k for k in range(3)),
        lambda x: (lambda y: y)(x),
        lambda x: f"{x}",
        lambda x: x is None,
    ]
    if sys.version_info >= (3, 11):  # where jumps back have names of their own
        others.append(in_a_loop)
    assert not any(is_readable(f.__code__) for f in others)


def test_every_known_instruction_belongs_to_some_version():
    """A name with a typing error would never be met."""
    later = {
        "LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "NOT_TAKEN", "LOAD_SMALL_INT",
        "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST", "CALL_KW",
        "RETURN_CONST", "CALL_INTRINSIC_1", "CALL", "RESUME", "PRECALL", "COPY_FREE_VARS", "CACHE",
        "PUSH_NULL", "TO_BOOL", "COPY", "SWAP", "KW_NAMES", "BINARY_OP",
    }  # fmt: skip
    earlier = {
        "LOAD_METHOD", "CALL_METHOD", "CALL_FUNCTION", "CALL_FUNCTION_KW", "DUP_TOP", "ROT_TWO",
        "ROT_THREE", "PRECALL", "KW_NAMES", "UNARY_POSITIVE", "BINARY_SUBSCR", "RETURN_CONST",
        "JUMP_ABSOLUTE", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP", "POP_JUMP_IF_FALSE",
        "POP_JUMP_IF_TRUE", "POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_FORWARD_IF_TRUE",
    }  # fmt: skip
    for name in bytecode._KINDS:
        assert name in dis.opmap or name in later or name in earlier, name


def test_lines_of_instructions(monkeypatch):
    first = many_lines.__code__.co_firstlineno
    text = kernel(many_lines).explain()
    assert f"line {first + 1}: a = x * 2" in text
    lines = [
        [i.line for i in compiled(many_lines, ("D",), monkeypatch, reads_code).emitted.instructions]
        for reads_code in (True, False)
    ]
    for found in lines:  # an operation is where it or its last operand begins
        assert len(set(found)) > 3 and set(found) <= {0, *range(first, first + 12)}


@reads_code
def test_private_names():
    assert kernel(Wave().private)(2.0) == 8.0


@reads_code
def test_more_than_256_names_and_constants():
    terms = " + ".join(f"{k}.5 * x" for k in range(300))
    text = f"def f(x):\n    return {terms}\n"
    space = {}
    exec(compile(text, "<many>", "exec"), space)
    assert is_readable(space["f"].__code__)
    assert kernel(space["f"])(1.5) == space["f"](1.5)
    terms = "\n".join(f"    v{k} = x + {k}" for k in range(300))
    exec(compile(f"def g(x):\n{terms}\n    return v7 * v299\n", "<many>", "exec"), space)
    assert kernel(space["g"])(1.5) == space["g"](1.5)


def test_functions_without_source_need_none():
    space = {"math": math}
    exec(compile("f = lambda x: math.cos(x) + x * 3", "<nowhere>", "exec"), space)
    assert kernel(space["f"])(2.0) == pytest.approx(math.cos(2.0) + 6, rel=1e-15)
    assert fastconc.quad(space["f"], 0, 1)[0] == pytest.approx(math.sin(1) + 1.5, rel=1e-14)


@reads_code
def test_a_changed_file_does_not_matter(tmp_path):
    path = tmp_path / "changed.py"
    path.write_text("def f(x):\n    return x * 3\n")
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    path.write_text("def f(x):\n    return x * 4\n")
    assert kernel(space["f"])(2.0) == 6.0


def refuse(f):
    with pytest.raises(KernelError) as caught:
        kernel(f)
    return str(caught.value)


def helper_that_fails(x):
    y = x + 1
    return y + undefined_name  # noqa: F821


@pytest.mark.parametrize(
    "f, caret, reason",
    [
        (lambda x: x + print(x), "^" * 8, "print() is not supported"),
        (lambda x: 2 * (x + 3j), "^^", "complex numbers"),
        (lambda x: x + "abc", "^", "abc"),
        (lambda x: x.nothing, "^" * 9, "'nothing'"),
        (lambda x: math.nothing(x), "^" * 12, "'nothing'"),
        (lambda x: with_default(), "^" * 14, "misses the argument 'x'"),
        (lambda x: helper_that_fails(x), "^" * 14, "'undefined_name' is not defined"),
        (lambda x: helper_that_fails(x) if x > 1 else 3, "^" * 14, "'undefined_name'"),
    ],
)
def test_what_is_refused_shows_the_source(f, caret, reason):
    text = refuse(f)
    assert caret in text and reason in text and "test_kernel_code.py" in text


def test_changes_of_what_was_read_are_noticed():
    space = {"k": 2.0, "math": math}
    exec("def helper(x):\n    return x * k\ndef f(x):\n    return helper(x) + 1\n", space)
    f = kernel(space["f"])
    assert f(3.0) == 7.0
    space["k"] = 5.0
    assert f(3.0) == 16.0
    space["helper"] = lambda x: -x
    assert f(3.0) == -2.0
    assert fastconc.quad(space["f"], 0, 2)[0] == pytest.approx(0.0, abs=1e-12)
    space["helper"] = lambda x: x
    assert fastconc.quad(space["f"], 0, 2)[0] == pytest.approx(4.0, rel=1e-14)


# The last steps in C


def in_python(monkeypatch):
    monkeypatch.setattr(emit, "_core", type("Without", (), {"_pack": lambda *args: None}))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_packed_as_in_python(case, monkeypatch):
    _, f, ranges = case
    signature = tuple(
        "TD" if isinstance(r, list) else "I" if isinstance(r, range) else "D" for r in ranges
    )
    try:
        packed = Unit(Target(f), Options()).get(signature)
    except KernelError:
        return
    in_python(monkeypatch)
    plain = Unit(Target(f), Options()).get(signature)
    assert code_of(packed.emitted) == code_of(plain.emitted)
    assert set(packed.emitted.registers.values()) <= set(range(packed.emitted.n_registers))
    assert packed.emitted.n_registers <= plain.emitted.n_registers + 1
    assert len(packed.emitted.data) <= len(plain.emitted.data) + 8
    names = {id(v): r for v, r in zip(packed.emitted.inputs, range(99), strict=False)}
    for key, register in names.items():
        assert packed.emitted.registers[key] == register


def test_pack_refuses_what_is_no_program():
    def pack(body, inputs, outputs):
        return _core._pack(body, inputs, outputs, b"", emit._OPCODES, 0, emit._END)

    x = _core.Val("INPUT", "D")
    double = _core.Val("ADD_D", "D", (x, x))
    assert pack([double], [x], [double]) is not None
    assert pack([], [x], [x]) is not None
    assert pack([3], [x], [x]) is None  # no Val
    assert pack([], [3], [x]) is None
    assert pack([], [], [x]) is None  # no operand
    assert pack([double], [], [double]) is None
    assert pack([_core.Val("NO_SUCH_OP", "D", (x, x))], [x], [x]) is None
    assert pack([_core.Val("ADD_D", "D", (x, x, x, x))], [x], [x]) is None
    assert pack([], [], [_core.Val("CONST", "", (), True, payload=1.0)]) is None  # no result
    with pytest.raises(TypeError):
        pack([], [], [_core.Val("CONST", "D", (), True, payload="text")])
    with pytest.raises(TypeError):
        _core._pack((), [], [], b"", {}, 0, 0)


def test_values_and_builders_refuse_what_is_none():
    x = _core.Val("INPUT", "D")
    assert repr(x) == "<INPUT D>" and x.args == () and x.home is None and not x.uniform
    for arguments in (("ADD_D",), ("ADD_D", "D", [x]), ("ADD_D", "D", (3,)), (1, "D")):
        with pytest.raises(TypeError):
            _core.Val(*arguments)
    with pytest.raises(TypeError):
        _core.BuilderBase().emit("ADD_D", "D", (x, x))  # not set up
    b = ir.Builder()
    total = b.emit("ADD_D", "D", (x, x))
    assert b.emit("ADD_D", "D", (x, x)) is total and b.body == [total]
    for arguments in (("ADD_D", "D"), ("ADD_D", "D", [x]), ("ADD_D", "D", (x,), "1"), (1, 2, (x,))):
        with pytest.raises(TypeError):
            b.emit(*arguments)
    with pytest.raises(TypeError):
        b.emit("ADD_I", "I", (x, x), mask=3)
    with pytest.raises(TypeError):
        b.emit("ADD_D", "D", (x, x), masc=None)
    with pytest.raises(ValueError):
        b.emit("ADD_D", "D", (x, x), imm=1 << 40)
    with pytest.raises(TypeError):
        b.append(3)
    assert b.binary("+", 1.0, 2.0) is None and b.binary("+", x, True) is None
    assert b.binary("//", x, x) is b.binary("<<", x, x) is b.binary("+", x, 2**53 + 1) is None


def test_long_chains_of_values_go_without_a_deep_stack():
    x = _core.Val("INPUT", "D")
    for _ in range(200_000):
        x = _core.Val("NEG_D", "D", (x,))
    del x


def test_lambdas_on_one_line_that_call_what_is_imported():
    # fmt: off
    fs = [kernel(f) for f in (lambda x: math.gcd(x, 4), lambda x: math.gcd(x, 6))]; g = (lambda f: kernel(f))(lambda x: math.lcm(x, 4))  # noqa: E501, E702
    # fmt: on
    assert [f(12) for f in (*fs, g)] == [4, 6, 12]
