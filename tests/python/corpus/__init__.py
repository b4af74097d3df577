# SPDX-License-Identifier: BSD-3-Clause
"""Functions as textbooks and lectures have them, with the ranges of their arguments.

In CASES a pair is a range of floats, a ``range`` is ints, a list is a table (an array read by
index).
"""
