# SPDX-License-Identifier: BSD-3-Clause
"""The process ends at once while native threads sleep."""

import fastconc

assert fastconc.count_words("a b " * 100_000, workers=4)["a"] == 100_000
