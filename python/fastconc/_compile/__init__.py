# SPDX-License-Identifier: BSD-3-Clause
"""The kernel compiler: a Python function in, a verified program of the block VM out.

source.py    finds the AST of a function or lambda (and trace.py copes where no source exists)
evaluate.py  walks it with symbolic values for the arguments: what is known at compile time is
computed
             here, the rest becomes instructions; statements.py does the same for control flow under
             masks
functions.py what `math`, `numpy`, `operator` and the builtins become
ir.py        the instructions: typed values, structured control flow, folding and common
subexpressions emit.py      dead code, registers, bytes
"""
