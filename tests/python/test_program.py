# SPDX-License-Identifier: BSD-3-Clause
"""Programs as bytes: random and mutated ones are refused or run within bounds, never crash; and
what one gives does not depend on how many workers there are."""

import os
import pickle
import random

import numpy as np
import pytest
from fastconc import _core
from program_asm import Asm

LONG = os.environ.get("FASTCONC_LONG_TESTS") == "1"
ROUNDS = 20 if LONG else 1
DTYPES = {"D": "f8", "F": "f4", "I": "i8", "B": "?"}


def newton() -> bytes:
    """Square root by iteration: a loop that lanes leave at different times."""
    a = Asm()
    x = a.input("D")
    half, tiny = a.const("D", 0.5), a.const("D", 1e-12)
    y = a.op("MOV_D", a.reg("D"), x)
    error = a.new("SQUARE_D", y)  # 1
    a.op("SUB_D", error, error, x)
    a.op("ABS_D", error, error)
    bound = a.new("MUL_D", tiny, x)
    more = a.new("LT_D", bound, error)
    a.op("JUMP_NONE", a=more, imm=12)
    step = a.new("DIV_D", x, y)
    a.op("ADD_D", step, y, step)
    a.op("MUL_D", step, half, step)
    a.op("SELECT_D", y, step, y, more)
    a.op("JUMP", imm=1)
    return a.build(y)  # 12: END


def branches() -> bytes:
    a = Asm()
    x, k = a.input("D"), a.input("I")
    zero, two = a.const("D", 0.0), a.const("I", 2)
    below = a.new("LT_D", x, zero)
    root = a.new("SQRT_D", x)
    other = a.new("NEG_D", x)
    chosen = a.new("SELECT_D", other, root, below)
    even = a.new("MOD_I", k, two)
    doubled = a.new("MUL_I", k, two)
    return a.build(chosen, even, doubled)


def lookup() -> bytes:
    a = Asm()
    k = a.input("I")
    table = a.table("D")
    value = a.new("INDEX_D", k, imm=table)
    return a.build(a.new("EXP_D", value), a.new("ISNAN_D", value))


SEEDS = [newton, branches, lookup]


def run_anything(program: _core.Program, n: int = 37) -> None:
    """Calls the program with arrays of the types it wants; errors are fine, crashes are not."""
    inputs = []
    for letter in program.inputs:  # in lower case: one number for all elements
        values = (np.arange(n) % 7).astype(DTYPES[letter.upper()])
        inputs.append(values if letter.isupper() else values[3].item())
    tables = tuple(np.arange(5.0) for _ in range(program.n_tables))
    try:
        program.map(tuple(inputs), None, tables, 2, 100)
    except (ArithmeticError, ValueError, IndexError, AssertionError, TypeError, RuntimeError):
        pass
    try:
        program.reduce("sum", tuple(inputs), tables, 1, 100)
    except (ArithmeticError, ValueError, IndexError, AssertionError, TypeError, RuntimeError):
        pass


def accepted(data: bytes) -> bool:
    try:
        program = _core.Program(data)
    except ValueError:
        return False
    run_anything(program)
    assert isinstance(program.disassemble(), str)
    assert pickle.loads(pickle.dumps(program)).program == program.program
    return True


def test_random_bytes_are_refused():
    rng = random.Random(1)
    for _ in range(3000 * ROUNDS):
        body = rng.randbytes(rng.randrange(200))
        assert not accepted(body)
        accepted(b"FCP1" + body)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_truncation_is_refused(seed):
    data = seed()
    assert accepted(data)
    for length in range(len(data)):
        with pytest.raises(ValueError):
            _core.Program(data[:length])
    with pytest.raises(ValueError):
        _core.Program(data + b"\0")


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_programs_are_refused_or_run(seed):
    rng = random.Random(2)
    data = seed()
    n_accepted = 0
    for _ in range(3000 * ROUNDS):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            at = rng.randrange(len(changed))
            changed[at] = rng.choice((0, 1, 2, 0xFF, rng.randrange(256), changed[at] ^ 1))
        n_accepted += accepted(bytes(changed))
    assert n_accepted > 50  # else this tests the header alone


@pytest.mark.parametrize("seed", SEEDS)
def test_moved_instructions_are_refused_or_run(seed):
    """Mutations that keep each instruction well-formed get deeper than those of bytes."""
    rng = random.Random(3)
    data = seed()
    n_code = int.from_bytes(data[12:16], "little")
    code = [data[len(data) - 16 * (n_code - i) :][:16] for i in range(n_code)]
    head = data[: len(data) - 16 * n_code]
    n_accepted = 0
    for _ in range(1000 * ROUNDS):
        body = list(code[:-1])
        for _ in range(rng.randrange(1, 4)):
            i, j = rng.randrange(len(body)), rng.randrange(len(body))
            if rng.random() < 0.5:
                body[i], body[j] = body[j], body[i]
            else:
                body[i] = body[j]
        n_accepted += accepted(head + b"".join(body) + code[-1])
    assert n_accepted > 100


@pytest.mark.parametrize("data", [None, 1, "FCP1", [1, 2], object()])
def test_other_objects_are_refused(data):
    with pytest.raises(TypeError):
        _core.Program(data)


@pytest.mark.parametrize("kind", ["sum", "prod", "min", "max", "any", "all", "count"])
@pytest.mark.parametrize("n", [1, 1000, 32_768, 100_001])
def test_reductions_have_the_same_bits_for_any_number_of_workers(kind, n):
    program = _core.Program(newton())
    x = np.random.default_rng(4).lognormal(0, 1, n)
    results = {np.float64(program.reduce(kind, (x,), (), w, 0)).tobytes() for w in (1, 2, 3, 5, 16)}
    assert len(results) == 1


def test_maps_have_the_same_bits_for_any_number_of_workers():
    program = _core.Program(newton())
    x = np.random.default_rng(5).lognormal(0, 3, 200_001)
    (first,) = program.map((x,), None, (), 1, 0)
    np.testing.assert_allclose(first, np.sqrt(x), rtol=1e-11)
    for workers in (2, 3, 5, 16):
        (again,) = program.map((x,), None, (), workers, 0)
        assert again.tobytes() == first.tobytes()
    for part in (x[:1], x[17:18], x[1000:1100]):  # nor on an element's neighbours
        at = int(np.flatnonzero(x == part[0])[0])
        (again,) = program.map((part,), None, (), 1, 0)
        assert again.tobytes() == first[at : at + len(part)].tobytes()
