# SPDX-License-Identifier: BSD-3-Clause
"""Python's arithmetic on values that are numbers known now, or Vals known at run time.

Rules followed: int op int stays int (exact, or an error at run time), int meets float as float,
bool counts as int, comparisons of int and float are exact, `**` follows Python's types. What both
operands allow is computed now with Python's own operators. Where Python raises for floats, the
result here is IEEE 754's (inf, nan); with errors="raise" the lanes that would raise are tested
first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from .errors import NeedsInteger, Unsupported
from .ir import INT_MAX, INT_MIN, Bool, Builder, Mask, Val, is_exact_float, to_float32
from .maybe import Maybe, lift

# fc_status numbers that RAISE_IF carries; checked against _core.STATUS by the tests
STATUS = {
    "INVALID": 11,  # as DOMAIN: a ValueError that tells the element
    "OVERFLOW": 9,
    "ZERODIV": 10,
    "DOMAIN": 11,
    "RANGE": 12,
    "INDEX": 13,
    "ASSERT": 14,
}

NUMBER = (int, float)  # bool is an int

FOLD: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
}
_BITS = {"&": "AND", "|": "OR", "^": "XOR", "<<": "SHL", ">>": "SHR"}
_PLAIN = {"+": "ADD", "-": "SUB", "*": "MUL", "//": "FLOORDIV", "%": "MOD"}


def is_number(value: Any) -> bool:
    return type(value) is Val or isinstance(value, NUMBER)


class Arithmetic:
    b: Builder
    mask: Mask
    raising: bool  # errors="raise"
    exact: bool  # accuracy="exact"
    fastmath: bool
    quick: bool  # none of the three
    float_powers: bool = False  # int ** a negative int was met

    # Types

    def type_of(self, value: Any) -> str:
        if type(value) is Val:
            return value.type
        if isinstance(value, bool):
            return "B"
        if isinstance(value, int):
            return "I"
        if isinstance(value, float):
            return self.b.fl
        raise Unsupported(f"{describe(value)} is used where a number is needed")

    def as_type(self, value: Any, type: str) -> Val:
        """Convert to a wider or equal type: B to I to float."""
        b = self.b
        if not isinstance(value, Val):
            if type == "B":
                return b.const(bool(value), "B")
            try:
                return b.const(value, type)
            except OverflowError:
                raise Unsupported(f"the integer {value} is too large for a float") from None
        have = value.type
        if have == type:
            return value
        if type == "I" and have == "B":
            return b.emit("I_B", "I", (value,))
        if type in "DF":
            if have == "B":
                value = b.emit("I_B", "I", (value,))
            elif have == "I" and value.op == "I_D" and type == "D":
                inner = value.args[0]
                if inner.op in ("FLOOR_D", "CEIL_D", "TRUNC_D", "RINT_D"):
                    # An integral float to int and back: only -0.0 changes. nan passes as nan.
                    return b.emit("ADD_D", "D", (inner, b.const(0.0, "D")))
                return b.emit("ADD_D", "D", (b.emit("TRUNC_D", "D", (inner,)), b.const(0.0, "D")))
            if have in "DF":
                if value.op == "F_D" and type == "D" and value.args[0].op == "TRUEDIV_I":
                    pass
                return b.emit(f"{type}_{have}", type, (value,))
            return b.emit(f"{type}_I", type, (value,))
        raise Unsupported(f"a {TYPE_NAMES[have]} cannot become a {TYPE_NAMES[type]} here")

    def as_float(self, value: Any) -> Val:
        b = self.b
        if type(value) is Val:
            return value if value.type == b.fl else self.as_type(value, b.fl)
        if type(value) is float:
            return b.const(value, b.fl)
        self.type_of(value)
        return self.as_type(value, b.fl)

    def as_int(self, value: Any) -> Val:
        if self.type_of(value) not in "IB":
            raise NeedsInteger(
                "a float is used where Python needs an integer", "convert with int()"
            )
        return self.as_type(value, "I")

    def truth(self, value: Any) -> Bool:
        if not isinstance(value, Val):
            if isinstance(value, Maybe):
                return self.b.and_(self.known_present(value), self.truth(value[1]))
            if isinstance(value, tuple):
                return len(value) > 0
            return bool(value)
        if value.type == "B":
            return self.b.as_bool(value)
        return self.b.emit(f"B_{value.type}", "B", (value,))

    def unify(self, a: Any, b: Any) -> tuple[Val, Val, str]:
        ta, tb = self.type_of(a), self.type_of(b)
        type = join(ta, tb)
        return self.as_type(a, type), self.as_type(b, type), type

    # Operators

    def unary(self, op: str, value: Any) -> Any:
        if not isinstance(value, Val):
            if not isinstance(value, NUMBER):
                raise Unsupported(f"`{op}` on {describe(value)} is not supported")
            return UNARY[op](value)
        if op == "+":
            return self.as_type(value, "I") if value.type == "B" else value
        if op == "~":
            return self.b.emit("NOT_I", "I", (self.as_int(value),))
        if value.type in "IB":
            return self.b.emit("NEG_I", "I", (self.as_int(value),), mask=self.mask)
        if value.op == f"NEG_{value.type}":
            return value.args[0]
        return self.b.emit(f"NEG_{value.type}", value.type, (value,))

    def binary(self, op: str, x: Any, y: Any) -> Any:
        if self.quick:
            done = self.b.binary(op, x, y)
            if done is not None:
                return done
        if type(x) is not Val and type(y) is not Val:
            if isinstance(x, NUMBER) and isinstance(y, NUMBER):
                folded = self.fold(op, x, y)
                if folded is not None:
                    return folded
            else:
                return self.sequence_binary(op, x, y)
        elif not (is_number(x) and is_number(y)):
            return self.sequence_binary(op, x, y)
        if op not in _PLAIN:
            if op == "/":
                return self.divide(x, y)
            if op == "**":
                return self.power(x, y)
            if op in _BITS:
                return self.bits(op, x, y)
            if op in ("<", "<=", ">", ">=", "==", "!="):
                return self.compare(op, x, y)
            raise Unsupported(f"the operator `{op}` is not supported")
        tx, ty = self.type_of(x), self.type_of(y)
        b = self.b
        if tx in "IB" and ty in "IB":
            if op in ("%", "//") and type(y) is int and y > 1 and not y & (y - 1):
                # Floor division by a power of two: the same as a shift, for negative ints too
                if op == "%":
                    return self.bits("&", x, y - 1)
                return self.bits(">>", x, y.bit_length() - 1)
            x, y = self.as_int(x), self.as_int(y)
            if y.op == "CONST":
                if (op in "+-" and y.payload == 0) or (op in ("*", "//") and y.payload == 1):
                    return x
            if x.op == "CONST" and (
                (op == "+" and x.payload == 0) or (op == "*" and x.payload == 1)
            ):
                return y
            return b.emit(f"{_PLAIN[op]}_I", "I", (x, y), mask=self.mask)
        fl = b.fl
        x, y = self.as_float(x), self.as_float(y)
        if op in ("//", "%"):
            if self.raising:
                self.raise_where(self.compare("==", y, 0.0), "ZERODIV")
            return b.emit(f"{_PLAIN[op]}_{fl}", fl, (x, y))
        if self.fastmath and op in "+-":
            fused = self.contract(op, x, y)
            if fused is not None:
                return fused
        return b.binary(op, x, y)

    def contract(self, op: str, x: Val, y: Val) -> Val | None:
        """x + y with a product among them, as one FMA (fastmath only)."""
        b, fl = self.b, self.b.fl
        for p, q, swapped in ((x, y, False), (y, x, True)):
            if p.op == f"MUL_{fl}":
                s, t = p.args
            elif p.op == f"SQUARE_{fl}":
                s = t = p.args[0]
            else:
                continue
            if op == "-":
                if swapped:
                    s = b.emit(f"NEG_{fl}", fl, (s,))
                else:
                    q = b.emit(f"NEG_{fl}", fl, (q,))
            return b.emit(f"FMA_{fl}", fl, (s, t, q))
        return None

    def fold(self, op: str, x: Any, y: Any) -> Any:
        """Python's own answer, or None where it raises or leaves the numbers we have."""
        if op in ("**", "<<") and isinstance(x, int) and isinstance(y, int):
            if y > 4096 and abs(x) > 1:
                raise Unsupported(f"the integer {x}{op}{y} does not fit into 64 bits")
        try:
            result = FOLD[op](x, y)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        except TypeError:
            raise NeedsInteger(f"`{op}` needs integers, and one operand is a float") from None
        except KeyError:
            raise Unsupported(f"the operator `{op}` is not supported") from None
        return None if isinstance(result, complex) else result

    def sequence_binary(self, op: str, x: Any, y: Any) -> Any:
        raise Unsupported(f"`{op}` between {describe(x)} and {describe(y)} is not supported")

    def bits(self, op: str, x: Any, y: Any) -> Any:
        tx, ty = self.type_of(x), self.type_of(y)
        if tx == "B" and ty == "B" and op in "&|^":
            p, q = self.as_type(x, "B"), self.as_type(y, "B")
            if op == "^":
                return self.b.emit("XOR_B", "B", (p, q))
            joined = self.b.and_ if op == "&" else self.b.or_
            return joined(self.b.as_bool(p), self.b.as_bool(q))
        if tx not in "IB" or ty not in "IB":
            raise NeedsInteger(f"`{op}` needs integers, and one operand is a float")
        name = f"{_BITS[op]}_I"
        if op == "&":
            self.b.drops_bits = True
            if type(x) is int:
                x, y = y, x
            if type(y) is int and INT_MAX < y < 2**64:
                name = "LOW_I"
        return self.b.emit(name, "I", (self.as_int(x), self.as_int(y)), mask=self.mask)

    def divide(self, x: Any, y: Any) -> Val:
        b, fl = self.b, self.b.fl
        if self.type_of(x) in "IB" and self.type_of(y) in "IB":
            if fl == "D" and _of_float(x) and type(y) is int and y and is_exact_float(y):
                # Both rounded once from the same quotient; `round(x * 100) / 100` makes no integer.
                return self.divide(self.as_type(x, "D"), float(y))
            quotient = b.emit("TRUEDIV_I", "D", (self.as_int(x), self.as_int(y)), mask=self.mask)
            return quotient if fl == "D" else b.emit("F_D", "F", (quotient,))
        p, q = self.as_float(x), self.as_float(y)
        if self.raising and not (q.op == "CONST" and q.payload):
            self.raise_where(self.compare("==", q, 0.0), "ZERODIV")
        result: Val = b.binary("/", p, q)
        return result

    def power(self, x: Any, y: Any) -> Any:
        b, fl = self.b, self.b.fl
        tx, ty = self.type_of(x), self.type_of(y)
        if tx in "IB" and ty in "IB":
            if isinstance(y, Val) and self.float_powers:
                return self.mixed_power(x, y)
            if isinstance(y, Val):
                return b.emit("POW_I", "I", (self.as_int(x), self.as_int(y)), mask=self.mask)
            if y >= 0:
                base = self.as_int(x)
                if y == 0:
                    return 1
                if y == 1:
                    return base
                if y == 2:
                    return b.emit("MUL_I", "I", (base, base), mask=self.mask)
                return b.emit("POW_I", "I", (base, b.const(y, "I")), mask=self.mask)
        base, exponent = self.as_float(x), self.as_float(y)
        if exponent.op == "CONST" and not self.exact:
            reduced = self.power_const(base, exponent.payload)
            if reduced is not None:
                return reduced
        if self.raising:
            zero = self.b.and_(
                self.truth(self.compare("==", base, 0.0)),
                self.truth(self.compare("<", exponent, 0.0)),
            )
            zero = self.b.and_(zero, self.test("ISFINITE", exponent))  # 0.0**-inf is inf
            self.raise_where(zero, "ZERODIV")
        result = b.emit(f"POW_{fl}", fl, (base, exponent))
        if self.raising:
            # A negative base to a fraction is complex in Python; a finite one may overflow.
            finite = b.and_(self.test("ISFINITE", base), self.test("ISFINITE", exponent))
            self.raise_where(b.and_(finite, self.test("ISNAN", result)), "DOMAIN")
            self.raise_where(b.and_(finite, self.test("ISINF", result)), "RANGE")
        return result

    def mixed_power(self, x: Any, y: Val) -> Any:
        """int ** int where a negative exponent makes a float, as in Python: a float everywhere."""
        b = self.b
        negative = self.truth(self.compare("<", y, 0))
        self.raise_where(b.and_(negative, self.truth(self.compare("==", x, 0))), "ZERODIV")
        mask = b.mask_andn(self.mask, negative)
        if mask is False:
            return b.emit(f"POW_{b.fl}", b.fl, (self.as_float(x), self.as_float(y)))
        whole = b.emit("POW_I", "I", (self.as_int(x), self.as_int(y)), mask=mask)
        part = b.emit(f"POW_{b.fl}", b.fl, (self.as_float(x), self.as_float(y)))
        return self.choose(negative, part, whole)

    def power_const(self, base: Val, exponent: float) -> Any:
        """Strength reduction that keeps pow()'s special values and its accuracy."""
        b, fl = self.b, self.b.fl
        result: Val | None = None
        if exponent == 0.0:
            return 1.0
        if exponent == 1.0:
            return base
        if exponent == 2.0:
            result = b.emit(f"SQUARE_{fl}", fl, (base,))
        elif exponent == 3.0:
            result = b.emit(f"CUBE_{fl}", fl, (base,))
        elif exponent == -1.0:
            if self.raising:
                self.raise_where(self.compare("==", base, 0.0), "ZERODIV")
            result = b.emit(f"DIV_{fl}", fl, (b.const(1.0, fl), base))
        elif exponent == 0.5:
            # pow(-0.0, 0.5) is +0.0 and pow(-inf, 0.5) is inf, unlike sqrt's
            if self.raising:
                negative = b.and_(
                    self.truth(self.compare("<", base, 0.0)), self.test("ISFINITE", base)
                )
                self.raise_where(negative, "DOMAIN")
            if self.fastmath:
                return b.emit(f"SQRT_{fl}", fl, (base,))
            root = b.emit(f"SQRT_{fl}", fl, (b.emit(f"ADD_{fl}", fl, (base, b.const(0.0, fl))),))
            infinite = b.emit(f"EQ_{fl}", "B", (base, b.const(-math.inf, fl)))
            return b.select(infinite, b.const(math.inf, fl), root)
        if result is not None and self.raising:
            self.raise_where(
                b.and_(self.test("ISFINITE", base), self.test("ISINF", result)), "RANGE"
            )
        return result

    # Comparisons

    def compare(self, op: str, x: Any, y: Any) -> Any:
        if not isinstance(x, Val) and not isinstance(y, Val):
            return FOLD[op](x, y)
        done = self.b.binary(op, x, y)
        if done is not None:
            return done
        if op in (">", ">="):
            x, y = y, x
            op = "<" if op == ">" else "<="
        if op == "!=":
            equal = self.compare("==", x, y)
            if isinstance(equal, Val) and equal.op == "EQ_D":
                return self.b.emit("NE_D", "B", equal.args)
            if isinstance(equal, Val) and equal.op == "EQ_F":
                return self.b.emit("NE_F", "B", equal.args)
            return self.b.not_(equal)
        if not (is_number(x) and is_number(y)):
            if op == "==":
                return False
            raise Unsupported(f"`{op}` between {describe(x)} and {describe(y)} is not supported")
        name = {"<": "LT", "<=": "LE", "==": "EQ"}[op]
        tx, ty = self.type_of(x), self.type_of(y)
        if tx in "IB" and ty in "IB":
            if tx == "B" and ty == "B" and op == "==":
                p, q = self.as_type(x, "B"), self.as_type(y, "B")
                return self.b.not_(self.b.emit("XOR_B", "B", (p, q)))
            return self.compare_int(name, x, y)
        if tx in "IB" or ty in "IB":
            mixed = self.compare_mixed(name, x, y, tx in "IB")
            if mixed is not None:
                return mixed
        p, q = self.as_float(x), self.as_float(y)
        return self.b.emit(f"{name}_{self.b.fl}", "B", (p, q))

    def compare_int(self, name: str, x: Any, y: Any) -> Any:
        for value, other in ((x, y), (y, x)):
            if not isinstance(value, Val) and not INT_MIN <= value <= INT_MAX:
                known = name != "EQ" and (value > 0) == (other is x)
                if other.op in _NEVER_OVERFLOWS:
                    return known
                # As no 64-bit integer compares, but this one has to be made: it may overflow.
                least = self.b.const(INT_MIN, "I")
                held = self.b.emit("LE_I", "B", (least, self.as_int(other)))
                return held if known else self.b.not_(held)
        if (_of_float(x) or _of_float(y)) and _exact_float(x) and _exact_float(y):
            p, q = self.float_of_int(x), self.float_of_int(y)
            return self.b.emit(f"{name}_D", "B", (p, q))
        return self.b.emit(f"{name}_I", "B", (self.as_int(x), self.as_int(y)))

    def float_of_int(self, value: Any) -> Val:
        """An int that a float holds exactly, as one; int(nan) raises as it does in Python."""
        if isinstance(value, Val) and value.op == "I_D":
            self.raise_where(self.b.not_(self.test("ISFINITE", value.args[0])), "DOMAIN")
        return self.as_type(value, "D")

    def compare_mixed(self, name: str, x: Any, y: Any, x_is_int: bool) -> Any:
        """int against float without rounding the int; None where rounding does no harm."""
        integer = x if x_is_int else y
        if self.b.fl == "F" or (isinstance(integer, Val) and integer.op == "I_B"):
            return None
        if not isinstance(integer, Val):
            if is_exact_float(integer):
                return None
            if not INT_MIN <= integer <= INT_MAX:
                return self.compare_huge(name, x, y, x_is_int)
        elif integer.op == "I_D":
            p, q = (self.float_of_int(v) if v is integer else self.as_float(v) for v in (x, y))
            return self.b.emit(f"{name}_D", "B", (p, q))
        elif integer.type == "B":
            return None
        if name == "EQ":
            pair = (y, x) if x_is_int else (x, y)
            return self.b.emit("EQ_DI", "B", (self.as_float(pair[0]), self.as_int(pair[1])))
        if x_is_int:
            return self.b.emit(f"{name}_ID", "B", (self.as_int(x), self.as_float(y)))
        return self.b.emit(f"{name}_DI", "B", (self.as_float(x), self.as_int(y)))

    def compare_huge(self, name: str, x: Any, y: Any, x_is_int: bool) -> Any:
        """A float with an int that lies between two neighbouring floats, beyond 64 bits."""
        integer = x if x_is_int else y
        try:
            near = float(integer)
        except OverflowError:
            near = math.inf if integer > 0 else -math.inf
        if name == "EQ":
            return False
        # No float is the integer: those below it are those below or at `near`.
        name = "LT" if (near > integer) != x_is_int else "LE"
        p, q = (near, y) if x_is_int else (x, near)
        return self.b.emit(f"{name}_D", "B", (self.as_float(p), self.as_float(q)))

    # Numbers or None
    # Numbers or None

    def known_present(self, value: Maybe) -> Any:
        """Whether it is there: True or False if that is known now."""
        return value[0] if isinstance(value[0], bool) else self.b.as_bool(value[0])

    def present(self, value: Any) -> Any:
        """The number, after raising on the lanes where there is none."""
        if type(value) is not Maybe:
            return value
        there = self.known_present(value)
        if there is False:
            return None
        if there is not True:
            self.raise_where(self.b.not_(there), "INVALID")
        return value[1]

    def compare_maybe(self, left: Any, right: Any) -> Any:
        """`is` and `==`, where either side may be None on some lanes."""
        x, y = lift(left, 0), lift(right, 0)
        if type(x) is not Maybe or type(y) is not Maybe:
            return False
        a, b = self.known_present(x), self.known_present(y)
        same = self.b.not_(self.b.or_(a, b))  # both are None
        both = self.b.and_(a, b)
        if both is not False:
            equal = self.truth(self.compare("==", x[1], y[1]))
            same = self.b.or_(same, self.b.and_(both, equal))
        return same

    # Tests, selections, errors

    def test(self, name: str, value: Any) -> Bool:
        """ISNAN, ISINF, ISFINITE of a float."""
        if not isinstance(value, Val):
            value = float(value)
            return {"ISNAN": math.isnan, "ISINF": math.isinf, "ISFINITE": math.isfinite}[name](
                value
            )
        if value.type in "IB":
            return name == "ISFINITE"
        return self.b.emit(f"{name}_{value.type}", "B", (value,))

    def choose(self, cond: Bool, x: Any, y: Any, what: str = "the two branches") -> Any:
        """x where cond, else y; numbers of different types meet in the wider one."""
        if x is y or cond is True:
            return x
        if cond is False:
            return y
        if type(x) is Val and type(y) is Val and x.type == y.type:
            return self.b.select(cond, x, y)
        if isinstance(x, Maybe) or isinstance(y, Maybe):
            x, y = lift(x, y), lift(y, x)
        if isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
            parts = [self.choose(cond, p, q, what) for p, q in zip(x, y, strict=True)]
            return tuple.__new__(type(x) if type(x) is type(y) else tuple, parts)
        if not isinstance(x, Val) and not isinstance(y, Val):
            if type(x) is type(y) and same_constant(x, y):
                return x
        if not (is_number(x) and is_number(y)):
            raise Unsupported(
                f"{what} give {describe(x)} and {describe(y)}, which one must know now"
            )
        for value, other in ((x, y), (y, x)):
            # Python would keep an integer here: it must survive as a float
            if not isinstance(value, Val) and self.type_of(value) == "I":
                if self.type_of(other) in "DF" and not is_exact_float(value):
                    raise Unsupported(
                        f"{what} give the integer {value} and a float, which cannot hold it exactly"
                    )
        wide = join(self.type_of(x), self.type_of(y))
        p = self.as_joined(x, wide, self.b.mask_and(self.mask, cond))
        q = self.as_joined(y, wide, self.b.mask_andn(self.mask, cond))
        return self.b.select(cond, p, q)

    def as_joined(self, value: Any, type: str, lanes: Mask) -> Val:
        """Python would keep an int here; where a float cannot hold it, that is an overflow."""
        result = self.as_type(value, type)
        if type == "D" and isinstance(value, Val) and value.type == "I":
            if value.op not in ("I_B", "I_D", "LEN_I") and lanes is not False:
                inexact = self.b.not_(self.b.emit("EQ_DI", "B", (result, value)))
                self.b.raise_if(inexact, STATUS["OVERFLOW"], lanes)
        return result

    def raise_where(self, cond: Any, status: str) -> None:
        self.b.raise_if(
            self.truth(cond) if not isinstance(cond, bool) else cond, STATUS[status], self.mask
        )


TYPE_NAMES = {"D": "float", "F": "float32", "I": "int", "B": "bool"}
_ORDER = "BIFD"


def join(a: str, b: str) -> str:
    return a if _ORDER.index(a) >= _ORDER.index(b) else b


def same_constant(x: Any, y: Any) -> bool:
    if isinstance(x, float):
        return (x == y and math.copysign(1, x) == math.copysign(1, y)) or (x != x and y != y)
    try:
        return bool(x == y)
    except Exception:
        return False


_NEVER_OVERFLOWS = {"INPUT", "I_B", "INDEX_I", "LEN_I"}


def _of_float(value: Any) -> bool:
    """Whether it is the int of an integral float, and no more than that."""
    return type(value) is Val and value.op == "I_D"


def _exact_float(value: Any) -> bool:
    return _of_float(value) or (type(value) is int and is_exact_float(value))


def describe(value: Any) -> str:
    if isinstance(value, Val):
        return f"a {TYPE_NAMES.get(value.type, 'value')}"
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float, str)):
        return f"{type(value).__name__} {value!r}"[:60]
    if isinstance(value, tuple):
        return f"a sequence of {len(value)}"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"a {type(value).__name__}"


__all__ = ["Arithmetic", "describe", "is_number", "join", "same_constant", "to_float32"]
