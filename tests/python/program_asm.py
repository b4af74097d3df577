# SPDX-License-Identifier: BSD-3-Clause
"""A tiny assembler for tests of the block VM: builds the bytes that fc_program.h describes."""

import struct

from fastconc import _core

NONE = 0xFFFF
TYPES = "DFIB"


class Asm:
    def __init__(self) -> None:
        self.registers: list[tuple[int, int, int]] = []
        self.constants: list[bytes] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.tables: list[int] = []
        self.code: list[tuple[int, int, int, int, int, int, int]] = []

    def reg(self, type: str, kind: int = 0) -> int:
        self.registers.append((TYPES.index(type), kind, 0))
        return len(self.registers) - 1

    def uniform(self, type: str) -> int:
        return self.reg(type, 1)

    def const(self, type: str, value: float) -> int:
        self.constants.append(
            struct.pack("<q", int(value)) if type in "IB" else struct.pack("<d", value)
        )
        self.registers.append((TYPES.index(type), 2, len(self.constants) - 1))
        return len(self.registers) - 1

    def input(self, type: str, kind: int = 0) -> int:
        self.inputs.append(self.reg(type, kind))
        return self.inputs[-1]

    def table(self, type: str) -> int:
        self.tables.append(TYPES.index(type))
        return len(self.tables) - 1

    def op(self, name: str, d: int = NONE, a: int = NONE, b: int = NONE, c: int = NONE, *,
           m: int = NONE, imm: int = 0) -> int:  # fmt: skip
        self.code.append((_core.OPCODES[name][0], d, a, b, c, m, imm))
        return d

    def new(self, name: str, *operands: int, m: int = NONE, imm: int = 0) -> int:
        """The operation with a fresh varying register as its result."""
        return self.op(name, self.reg(_core.OPCODES[name][1][0]), *operands, m=m, imm=imm)

    def build(self, *outputs: int, flags: int = 0) -> bytes:
        self.op("END")
        n = (len(self.registers), len(self.inputs), len(outputs), len(self.tables))
        return b"".join(
            [
                b"FCP1",
                struct.pack("<HHHHII", *n, len(self.code), flags),
                *(
                    struct.pack("<BBHI", type, kind, 0, index)
                    for type, kind, index in self.registers
                ),
                struct.pack("<I", len(self.constants)),
                *self.constants,
                struct.pack(f"<{len(self.inputs)}H", *self.inputs),
                struct.pack(f"<{len(outputs)}H", *outputs),
                bytes(self.tables),
                *(struct.pack("<HHHHHHi", *ins) for ins in self.code),
            ]
        )

    def program(self, *outputs: int, flags: int = 0) -> _core.Program:
        return _core.Program(self.build(*outputs, flags=flags))
