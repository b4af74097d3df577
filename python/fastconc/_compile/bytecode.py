# SPDX-License-Identifier: BSD-3-Clause
"""Functions without loops, read from their code object.

Most integrands are one expression. Finding, parsing and walking their source takes several times as
long as all the rest of a compilation; the interpreter's own instructions say the same, are there
without a search, and need no tree. They run here on symbolic values, with the evaluator's rules for
each operation, so nothing but the way to the operations differs. Where the condition of a jump is
known only at run time, both ways are followed, each under its mask; they meet again where one jumps
to (branching.py). A function with a loop, a comprehension, an inner function or whatever else is
not in the table below is read from its source; so is one that turns out not to compile, as only the
source can show where.

The tables hold for CPython 3.10 to 3.14, and are not used elsewhere. Instructions are told apart by
their names, for the numbers change with each version.
"""

from __future__ import annotations

import opcode
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

from .branching import Ways
from .errors import Unsupported
from .source import Body, Source
from .values import Frame, ListRef

if TYPE_CHECKING:
    from .evaluate import Evaluator

_VERSION = sys.version_info[:2]
_KNOWN = (3, 10) <= _VERSION <= (3, 14)

# What takes the place of a body in frames of functions that are read here
NO_BODY = Body(Source("", []), None, None)

# How an instruction is carried out; the most frequent ones first, in the order of the chain below.
(
    LOAD, CONST, BINARY, GLOBAL, ATTRIBUTE, METHOD, CALL, NOTHING, STORE, COMPARE, UNARY, RETURN,
    CELL, NULL, LOAD_LOAD, STORE_LOAD, STORE_STORE, TUPLE, UNPACK, SUBSCRIPT, POP, COPY, SWAP,
    RETURN_CONST, SMALL_INT, NAMES, CALL_METHOD, CALL_KW, INTRINSIC, EXTENDED, ROTATE_3,
    JUMP_FALSE, JUMP_TRUE, JUMP, FALSE_OR_POP, TRUE_OR_POP,
) = range(36)  # fmt: skip

_KINDS: dict[str, int] = {
    **dict.fromkeys(("LOAD_FAST", "LOAD_FAST_BORROW"), LOAD),
    "LOAD_CONST": CONST,
    "BINARY_OP": BINARY,
    "LOAD_GLOBAL": GLOBAL,
    "LOAD_ATTR": ATTRIBUTE,
    "LOAD_METHOD": METHOD,
    **dict.fromkeys(("CALL", "CALL_FUNCTION"), CALL),
    **dict.fromkeys(("NOP", "RESUME", "PRECALL", "COPY_FREE_VARS", "NOT_TAKEN", "CACHE"), NOTHING),
    "TO_BOOL": NOTHING,  # only `not` and jumps follow
    "STORE_FAST": STORE,
    "COMPARE_OP": COMPARE,
    **dict.fromkeys(("UNARY_NEGATIVE", "UNARY_NOT", "UNARY_INVERT", "UNARY_POSITIVE"), UNARY),
    "RETURN_VALUE": RETURN,
    "LOAD_DEREF": CELL,
    "PUSH_NULL": NULL,
    **dict.fromkeys(
        ("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"), LOAD_LOAD
    ),
    "STORE_FAST_LOAD_FAST": STORE_LOAD,
    "STORE_FAST_STORE_FAST": STORE_STORE,
    "BUILD_TUPLE": TUPLE,
    "UNPACK_SEQUENCE": UNPACK,
    "BINARY_SUBSCR": SUBSCRIPT,
    "POP_TOP": POP,
    **dict.fromkeys(("COPY", "DUP_TOP"), COPY),
    **dict.fromkeys(("SWAP", "ROT_TWO"), SWAP),
    "ROT_THREE": ROTATE_3,
    "RETURN_CONST": RETURN_CONST,
    "LOAD_SMALL_INT": SMALL_INT,
    "KW_NAMES": NAMES,
    "CALL_METHOD": CALL_METHOD,
    **dict.fromkeys(("CALL_KW", "CALL_FUNCTION_KW"), CALL_KW),
    "CALL_INTRINSIC_1": INTRINSIC,
    "EXTENDED_ARG": EXTENDED,
    **dict.fromkeys(("POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_FALSE"), JUMP_FALSE),
    **dict.fromkeys(("POP_JUMP_IF_TRUE", "POP_JUMP_FORWARD_IF_TRUE"), JUMP_TRUE),
    **dict.fromkeys(("JUMP_FORWARD", "JUMP_ABSOLUTE"), JUMP),
    "JUMP_IF_FALSE_OR_POP": FALSE_OR_POP,
    "JUMP_IF_TRUE_OR_POP": TRUE_OR_POP,
}  # fmt: skip
_UNARY_TEXT = {
    "UNARY_NEGATIVE": "-", "UNARY_NOT": "not", "UNARY_INVERT": "~", "UNARY_POSITIVE": "+"
}  # fmt: skip
# Binary instructions of CPython 3.10, which has one for each operator
_OLD_BINARY = {
    "ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "TRUE_DIVIDE": "/", "FLOOR_DIVIDE": "//",
    "MODULO": "%", "POWER": "**", "AND": "&", "OR": "|", "XOR": "^", "LSHIFT": "<<", "RSHIFT": ">>",
}  # fmt: skip

_kind = [-1] * 256
_text = [""] * 256  # of an operator that the instruction itself tells
for _name, _number in opcode.opmap.items():
    if not _KNOWN or _number > 255:
        continue
    if _name in _KINDS:
        _kind[_number] = _KINDS[_name]
        _text[_number] = _UNARY_TEXT.get(_name, "")
    elif _VERSION == (3, 10) and _name.partition("_")[0] in ("BINARY", "INPLACE"):
        _operator = _OLD_BINARY.get(_name.partition("_")[2])
        if _operator is not None:
            _kind[_number] = BINARY
            _text[_number] = _operator
_readable = frozenset(number for number in range(256) if _kind[number] >= 0)

# The operators of BINARY_OP, which follow from its argument: the same again from 13 for `+=`
_OPERATORS = ["+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^"]
_SUBSCRIPT = 26
_COMPARE_SHIFT = 0 if _VERSION < (3, 12) else 4 if _VERSION == (3, 12) else 5
_COMPARE_MASK = 15 if _VERSION < (3, 13) else 7
_COMPARISONS = ["<", "<=", "==", "!=", ">", ">="]
_POSITIVE = 5  # of CALL_INTRINSIC_1
_GLOBAL_SHIFT = 1 if _VERSION >= (3, 11) else 0  # the low bit tells whether NULL goes with it
_ATTRIBUTE_SHIFT = 1 if _VERSION >= (3, 12) else 0
_HAS_DEPTH = _VERSION >= (3, 11)  # COPY and SWAP; an argument of ROT_TWO is none of its own
_CALL_TAKES_TWO = _VERSION >= (3, 11)  # the function, and NULL or self

# Of jumps: whether the argument is the place itself (of all but JUMP_FORWARD), and the number of
# instructions behind the jump that are room for caches
_ABSOLUTE = _VERSION == (3, 10)
_FORWARD = opcode.opmap.get("JUMP_FORWARD", -1)
_JUMP_CACHES = 1 if _VERSION >= (3, 13) else 0

_NULL: Any = object()


def jump_target(place: int, op: int, argument: int) -> int:
    """Where the jump at `place` goes to."""
    if op == _FORWARD:
        return place + 2 + 2 * argument
    if _ABSOLUTE:
        return 2 * argument
    return place + 2 + 2 * (argument + _JUMP_CACHES)


def is_readable(code: CodeType) -> bool:
    """Whether `read` can carry the function out; the evaluator may still refuse what it does."""
    return _readable.issuperset(code.co_code[::2]) and not code.co_cellvars


def _lines(code: CodeType) -> dict[int, int]:
    """The places where the line changes."""
    return {start: line for start, _, line in code.co_lines() if line is not None}


def _take_function(stack: list[Any]) -> Any:
    """The function below a call's arguments: it and NULL, in an order that differs by version."""
    upper, lower = stack.pop(), stack.pop()
    if lower is _NULL:
        return upper
    if upper is not _NULL:
        raise Unsupported("a call of this form is read from the source")
    return lower


def read(ev: Evaluator, frame: Frame) -> Any:
    """The value that the function of the frame returns."""
    code = frame.code
    assert code is not None
    raw, constants, names, variables = code.co_code, code.co_consts, code.co_names, code.co_varnames
    b, env = ev.b, frame.env
    first_cell = len(variables) if _VERSION >= (3, 11) else 0
    stack: list[Any] = []
    push, pop = stack.append, stack.pop
    keywords: tuple[str, ...] = ()
    high = 0
    outermost = ev.frames[0].code
    lines: dict[int, int] = {}
    ways: Ways | None = None
    event = -1  # the next place where ways meet
    alive = True
    if ev.wants_lines and outermost and code.co_filename == outermost.co_filename:
        # The lines of explain() are those of one file.
        b.line = code.co_firstlineno
        lines = _lines(code)
    for place in range(0, len(raw), 2):
        op = raw[place]
        if not op:
            continue  # room for the interpreter's caches
        if place in lines:
            b.line = lines[place]
        if place == event:
            assert ways is not None
            stack, alive = ways.meet(place, stack, alive), True
            push, pop, env, event = stack.append, stack.pop, frame.env, ways.next
        if not alive:
            continue
        argument = raw[place + 1] | high
        high = 0
        kind = _kind[op]
        if kind == LOAD:
            name = variables[argument]
            push(env[name] if name in env else _local(env, name))
        elif kind == CONST:
            push(_constant(constants[argument]))
        elif kind == BINARY:
            right, left = pop(), pop()
            text = _text[op]
            if not text:
                if argument == _SUBSCRIPT:
                    push(ev.subscript(left, right))
                    continue
                text = _OPERATORS[argument if argument < 13 else argument - 13]
            if type(left) is ListRef:
                raise Unsupported("a list changes")  # by `+=`; the source tells
            push(ev.binary(text, left, right))
        elif kind == GLOBAL:
            value = ev.load(names[argument >> _GLOBAL_SHIFT])
            if _GLOBAL_SHIFT and argument & 1:
                push(_NULL)
            push(value)
        elif kind == ATTRIBUTE or kind == METHOD:
            value = ev.attribute(pop(), names[argument >> (_ATTRIBUTE_SHIFT and kind == ATTRIBUTE)])
            if kind == METHOD or (_ATTRIBUTE_SHIFT and argument & 1):
                push(_NULL)
            push(value)
        elif kind == CALL or kind == CALL_METHOD:
            split = len(stack) - argument
            values = stack[split:]
            del stack[split:]
            if kind == CALL and not _CALL_TAKES_TWO:
                function = pop()
            else:
                function = _take_function(stack)
            if keywords:
                split = argument - len(keywords)
                named = dict(zip(keywords, values[split:], strict=True))
                keywords = ()
                push(ev.call(function, values[:split], named))
            else:
                push(ev.call(function, values, {}))
        elif kind == NOTHING:
            pass
        elif kind == STORE:
            env[variables[argument]] = pop()
        elif kind == COMPARE:
            right, left = pop(), pop()
            text = _COMPARISONS[(argument >> _COMPARE_SHIFT) & _COMPARE_MASK]
            push(ev.compare_once(text, left, right))
        elif kind == UNARY:
            push(ev.unary_any(_text[op], pop()))
        elif kind == RETURN:
            if ways is None:
                return pop()
            ways.leave(pop())
            alive = False
        elif kind == CELL:
            push(ev.load(code.co_freevars[argument - first_cell]))
        elif kind == NULL:
            push(_NULL)
        elif kind == LOAD_LOAD:
            push(_local(env, variables[argument >> 4]))
            push(_local(env, variables[argument & 15]))
        elif kind == STORE_LOAD:
            env[variables[argument >> 4]] = pop()
            push(_local(env, variables[argument & 15]))
        elif kind == STORE_STORE:
            env[variables[argument >> 4]] = pop()
            env[variables[argument & 15]] = pop()
        elif kind == TUPLE:
            split = len(stack) - argument
            stack[split:] = [tuple(stack[split:])]
        elif kind == UNPACK:
            items = ev.sequence(pop())
            if len(items) != argument:
                raise Unsupported("the number of values differs")
            stack.extend(reversed(items))
        elif kind == SUBSCRIPT:
            index = pop()
            push(ev.subscript(pop(), index))
        elif kind == POP:
            pop()
        elif kind == COPY:
            push(stack[-(argument if _HAS_DEPTH else 1)])
        elif kind == SWAP:
            other = -(argument if _HAS_DEPTH else 2)
            stack[-1], stack[other] = stack[other], stack[-1]
        elif kind == ROTATE_3:
            stack.insert(-2, pop())
        elif kind == RETURN_CONST:
            if ways is None:
                return _constant(constants[argument])
            ways.leave(_constant(constants[argument]))
            alive = False
        elif kind == SMALL_INT:
            push(argument)
        elif kind == NAMES:
            keywords = constants[argument]
        elif kind == CALL_KW:
            given = pop()
            split = len(stack) - argument
            values = stack[split:]
            del stack[split:]
            function = _take_function(stack) if _CALL_TAKES_TWO else pop()
            split = argument - len(given)
            named = dict(zip(given, values[split:], strict=True))
            push(ev.call(function, values[:split], named))
        elif kind == INTRINSIC and argument == _POSITIVE:
            push(ev.unary_any("+", pop()))
        elif kind == EXTENDED:
            high = argument << 8
        elif kind >= JUMP_FALSE:
            target = jump_target(place, op, argument)
            if target <= place:
                raise Unsupported("a loop is read from the source")
            if ways is None:
                ways = Ways(ev, frame)
            if kind == JUMP:
                alive = ways.jump(target, stack)
            else:
                value = stack[-1] if kind >= FALSE_OR_POP else pop()
                on = kind == JUMP_TRUE or kind == TRUE_OR_POP
                alive = ways.split(value, on, target, stack, place)
                if kind >= FALSE_OR_POP and alive:
                    pop()
                env = frame.env
            event = ways.next
        else:
            raise Unsupported("an instruction that is read from the source")
    if ways is None:
        raise Unsupported("the function does not end")
    return ev.finish_returns(frame)


def _local(env: dict[str, Any], name: str) -> Any:
    try:
        return env[name]
    except KeyError:
        raise Unsupported(f"the name {name!r} is not assigned") from None


_NO_VALUES = (complex, CodeType)


def _constant(value: Any) -> Any:
    if type(value) in _NO_VALUES:
        raise Unsupported("such a constant is read from the source")
    return value
