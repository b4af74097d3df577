# SPDX-License-Identifier: BSD-3-Clause
"""The kernel compiler: a Python function in, a verified program of the block VM out.

source.py      finds the AST of a function or lambda (and trace.py copes where no source exists)
evaluate.py    walks it with symbolic values for the arguments: what is known at compile time is
               computed here, the rest becomes instructions; sequences.py does lists and tables,
               statements.py and loops.py control flow under masks, match.py patterns
functions.py   what calls become: `math` there, the rest in builtin_, integer_, operator_ and
               numpy_functions.py
ir.py          the instructions: typed values, structured control flow, folding and common
               subexpressions
emit.py        dead code, registers, bytes
unit.py        programs by argument types; deps.py notices when what they read has changed
"""
