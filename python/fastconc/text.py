# SPDX-License-Identifier: BSD-3-Clause
"""Counting words on every core."""

import io
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import IO, Any, AnyStr

from fastconc import _core

__all__ = ["count_words"]

_CHUNK = 1 << 22


def _read_chunks(file: Any) -> Iterator[Any]:
    """Some megabytes at a time, each ending where a line does, so that no word is cut.

    An unbuffered file reads its lines byte by byte, so this is also much faster.
    """
    while chunk := file.read(_CHUNK):
        yield chunk + file.readline()


def count_words(
    lines: AnyStr | Iterable[AnyStr] | IO[AnyStr],
    sep: AnyStr | None = None,
    lower: bool = False,
    *,
    workers: Any = None,
) -> dict[AnyStr, int]:
    """Count how often each word occurs, on several cores.

    Equals this loop, including the order of the result::

        counts = {}
        for line in lines:
            for word in line.split(sep):
                if lower:
                    word = word.lower()
                counts[word] = counts.get(word, 0) + 1

    lines: a ``str`` or ``bytes`` (one line, of any length), an open file, or any iterable of
    ``str`` or of ``bytes``; it is consumed in batches, so it may be larger than memory.
    sep: what separates words, as in ``str.split`` and ``bytes.split``; None: runs of white space.
    lower: count words in lower case, by ``str.lower`` or ``bytes.lower``.
    workers: None (all cores allowed), a number of threads, or a pool.

    Returns a dict from words to counts, in order of first appearance. Raises TypeError for lines
    that are neither ``str`` nor ``bytes``, or some of each, and for a ``sep`` of another type;
    ValueError for an empty ``sep``; and whatever iterating raises. The GIL is released while words
    are counted.

    >>> count_words("to be or not to be")
    {'to': 2, 'be': 2, 'or': 1, 'not': 1}
    >>> count_words(["a,b", "B,a"], ",", lower=True)
    {'a': 2, 'b': 2}
    """
    source: Any = lines
    if isinstance(lines, PathLike):
        raise TypeError(f"lines must be text, not the path {lines!r}; open the file and pass that")
    if sep is None and isinstance(lines, io.IOBase):
        source = _read_chunks(lines)  # lines do not matter where white space separates
    counts: dict[AnyStr, int] = _core._count_words(source, sep, lower, workers)
    return counts
