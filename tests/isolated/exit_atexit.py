# SPDX-License-Identifier: BSD-3-Clause
"""Native work in atexit callbacks, registered before and after the import, and in a finaliser."""

import atexit


def late(when):
    import fastconc

    assert fastconc.count_words("a b " * 100_000, workers=3)["b"] == 100_000, when


atexit.register(late, "registered before the import")

import fastconc  # noqa: E402

assert fastconc.count_words("a b " * 100_000, workers=3)["b"] == 100_000
atexit.register(late, "registered after it")


class Last:
    count_words = staticmethod(fastconc.count_words)

    def __del__(self):
        assert self.count_words("a b " * 100_000, workers=3)["b"] == 100_000


last = Last()
