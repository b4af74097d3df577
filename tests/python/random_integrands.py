# SPDX-License-Identifier: BSD-3-Clause
"""Text of random integrands, for the quick reader: numbers of all types, sequences, comprehensions,
inner functions, keywords, loops and branches."""

from __future__ import annotations

import random

_UNARY = (
    "math.sin",
    "math.exp",
    "abs",
    "np.cos",
    "np.tanh",
    "math.sqrt",
    "float",
    "np.sign",
    "int",
)
_BINARY = ("min", "max", "math.atan2", "np.maximum", "np.minimum", "math.hypot", "pow", "np.power")
_NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "2.5", "-0.25", "1e-3", "True", "10")


class Writer:
    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.lines: list[str] = []
        self.names = ["x", "y"]
        self.tuples = ["P", "c"]
        self.functions = ["g", "h"]
        self.whole: list[str] = []  # names of ints
        self.n = 0

    def fresh(self, letter: str) -> str:
        self.n += 1
        return f"{letter}{self.n}"

    def number(self, depth: int) -> str:
        pick = self.pick
        kind = pick.randrange(22 if depth > 0 else 3)
        if kind == 0:
            return pick.choice(_NUMBERS)
        if kind < 3:
            return pick.choice(self.names + self.whole)
        if kind < 9:
            op = pick.choice(["+", "-", "*", "*", "/", "**", "//", "%"])
            right = pick.choice(["2", "3", "0.5", "-1", "4"]) if op in "**//%" else ""
            return f"({self.number(depth - 1)} {op} {right or self.number(depth - 1)})"
        if kind == 9:
            return f"(-{self.number(depth - 1)})"
        if kind == 10:
            return f"{pick.choice(_UNARY)}({self.number(depth - 1)})"
        if kind == 11:
            return f"{pick.choice(_BINARY)}({self.number(depth - 1)}, {self.number(depth - 1)})"
        if kind == 12:
            test, other = self.test(depth - 1), self.number(depth - 1)
            return f"({self.number(depth - 1)} if {test} else {other})"
        if kind == 13:
            return self.test(depth - 1)
        if kind == 14:
            return f"{pick.choice(self.functions)}({self.number(depth - 1)})"
        if kind == 15:
            return f"k({self.number(depth - 1)}, b={self.number(depth - 1)})"
        if kind == 16:
            return f"{pick.choice(self.tuples)}[{pick.randrange(-3, 3)}]"
        if kind == 17:
            t = self.fresh("t")
            self.names.append(t)
            body = self.number(depth - 1)
            self.names.remove(t)
            fold = pick.choice(["sum", "math.prod", "max", "min"])
            return f"{fold}({body} for {t} in {self.sequence(depth - 1)})"
        if kind == 18:
            fold = pick.choice(["sum", "max", "min", "len", "any", "all", "math.prod"])
            return f"{fold}({self.sequence(depth - 1)})"
        if kind == 19:
            test, other = self.test(depth - 1), self.number(depth - 1)
            return f"np.where({test}, {self.number(depth - 1)}, {other})"
        if kind == 20:
            t = self.fresh("t")
            self.names.append(t)
            body = self.number(depth - 1)
            self.names.remove(t)
            return f"(lambda {t}: {body})({self.number(depth - 1)})"
        return f"round({self.number(depth - 1)})"

    def test(self, depth: int) -> str:
        pick = self.pick
        kind = pick.randrange(6 if depth > 0 else 1)
        if kind < 3:
            op = pick.choice(["<", "<=", ">", ">=", "==", "!="])
            return f"({self.number(depth - 1)} {op} {self.number(depth - 1)})"
        if kind == 3:
            return f"({self.number(0)} < {self.number(depth - 1)} <= {self.number(0)})"
        if kind == 4:
            return f"({self.test(depth - 1)} {pick.choice(['and', 'or'])} {self.test(depth - 1)})"
        return f"(not {self.test(depth - 1)})"

    def sequence(self, depth: int) -> str:
        pick = self.pick
        kind = pick.randrange(8 if depth > 0 else 2)
        if kind < 2:
            return pick.choice(self.tuples)
        items = ", ".join(self.number(depth - 1) for _ in range(3))
        if kind < 4:
            return f"({items})"
        if kind < 6:
            return f"[{items}]"
        if kind == 6:
            return f"{pick.choice(self.tuples)}[:2]"
        t = self.fresh("t")
        self.names.append(t)
        made = f"[{self.number(depth - 1)} for {t} in {pick.choice(self.tuples)}]"
        self.names.remove(t)
        return made

    def block(self, depth: int, indent: int) -> None:
        pick, pad = self.pick, "    " * indent
        for _ in range(pick.randrange(1, 4)):
            kind = pick.randrange(12 if depth > 0 else 4)
            if kind < 3:
                name = pick.choice(["y", self.fresh("v")])
                self.lines.append(f"{pad}{name} = {self.number(2)}")
                if name != "y" and indent == 1:
                    self.names.append(name)
            elif kind == 3:
                self.lines.append(f"{pad}y {pick.choice(['+=', '-=', '*='])} {self.number(2)}")
            elif kind < 6:
                self.lines.append(f"{pad}if {self.test(2)}:")
                self.block(depth - 1, indent + 1)
                if pick.random() < 0.5:
                    self.lines.append(f"{pad}else:")
                    self.block(depth - 1, indent + 1)
            elif kind == 6 and indent == 1:
                self.lines.append(f"{pad}if {self.test(2)}:")
                self.lines.append(f"{pad}    return {self.number(2)}")
            elif kind < 9:
                name = self.fresh("i")
                n = pick.choice([3, 5, 12, 13, 20])
                over = pick.choice([f"range({n})", f"range(1, {n}, 2)", self.sequence(1)])
                self.lines.append(f"{pad}for {name} in {over}:")
                self.names.append(name)
                self.block(depth - 1, indent + 1)
                self.names.remove(name)
            elif kind == 9 and indent == 1:
                a, b = self.fresh("a"), self.fresh("a")
                self.lines.append(f"{pad}{a}, {b} = {self.number(1)}, {self.number(1)}")
                self.names += [a, b]
            elif kind == 10 and indent == 1:
                name = self.fresh("l")
                self.lines.append(f"{pad}{name} = {self.sequence(1)} * 1")
                self.lines.append(f"{pad}{name} = [*{name}, y, {self.number(1)}, x]")
                self.tuples.append(name)
            elif indent == 1:
                name, t = self.fresh("f"), self.fresh("t")
                self.lines.append(f"{pad}def {name}({t}, u=2.0):")
                self.names.append(t)
                self.lines.append(f"{pad}    return {self.number(2)} * u")
                self.names.remove(t)
                self.functions.append(name)


def random_integrand(pick: random.Random) -> str:
    """Of f(x), which reads P (a tuple of 3), c (a list of 3), g(x), h(x) and k(x, b)."""
    writer = Writer(pick)
    writer.lines = ["def f(x):", "    y = x * 0.5"]
    if pick.random() < 0.7:
        writer.block(2, 1)
    writer.lines.append(f"    return {writer.number(3)}")
    return "\n".join(writer.lines) + "\n"
