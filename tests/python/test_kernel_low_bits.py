# SPDX-License-Identifier: BSD-3-Clause
"""Hashes and random number generators: products beyond 64 bits of which only low bits are kept."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from fastconc import KernelError, kernel

M = 0xFFFFFFFF
M64 = 2**64 - 1

_RANDOM = random.Random(5)
VALUES = [
    *(0, 1, -1, 2, -2, 255, 2**31, M, -(2**31), 2**62, 2**63 - 1, -(2**63), -(2**63) + 1),
    *(_RANDOM.randrange(-(2**63), 2**63) for _ in range(60)),
    *(_RANDOM.randrange(2**32) for _ in range(60)),
]


def murmur_end(h):
    h &= M
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & M
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & M
    return h ^ (h >> 16)


def fnv1a(x):
    h = 2166136261
    for i in range(8):
        h = ((h ^ ((x >> (8 * i)) & 255)) * 16777619) & M
    return h


def fnv1a_64(x):
    h = 0xCBF29CE484222325
    for i in range(8):
        h = ((h ^ ((x >> (8 * i)) & 255)) * 1099511628211) & M64
    return h >> 32


def xorshift32(x):
    x &= M
    x ^= (x << 13) & M
    x ^= x >> 17
    return x ^ ((x << 5) & M)


def xorshift64(x):
    x &= M64
    for _ in range(5):
        x ^= (x << 13) & M64
        x ^= x >> 7
        x ^= (x << 17) & M64
    return x >> 1


def splitmix64(x):
    z = (x + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def pcg32(x):
    state = (x * 6364136223846793005 + 1442695040888963407) & M64
    mixed = (((state >> 18) ^ state) >> 27) & M
    turn = state >> 59
    return ((mixed >> turn) | (mixed << (-turn & 31))) & M


def lcg(x):
    return (6364136223846793005 * x + 1442695040888963407) % 2**64 >> 33


def polynomial_hash(x):
    h = 0
    for i in range(50):
        h = h * 31 + x + i  # grows without bound, and is cut at the end
    return h % 2**32


def java_hash(x):
    h = 17
    for _ in range(x & 63):
        h = (h << 5) - h + x
    h &= M
    return h - (1 << 32) if h >= 1 << 31 else h


def negated(x):
    return (-x * x * x - ~x * 7) & 0xFFFF


def by_branch(x):
    t = x * x * x if x % 3 == 0 else x << 40
    return t & 0xFFFFFF


def high_part(x):
    return (x * 0x9E3779B97F4A7C15 & M64) >> 60


def cell(x):
    return ((x * 73856093) ^ (x * 19349663)) % 1024


def floors(x):
    return x // 8, x % 8, x // 2**40, x % 2**62, x // 1, x % 1


HASHES = [
    *(murmur_end, fnv1a, fnv1a_64, xorshift32, xorshift64, splitmix64, pcg32, lcg),
    *(polynomial_hash, java_hash, negated, by_branch, high_part, cell, floors),
]


@pytest.mark.parametrize("f", HASHES, ids=lambda f: f.__name__)
def test_low_bits_are_exact(f: Callable[[int], int]) -> None:
    k = kernel(f)
    expected = [f(x) for x in VALUES]
    assert [k(x) for x in VALUES] == expected
    result = k(np.array(VALUES))
    if isinstance(result, tuple):
        result = np.stack(result, axis=1)
    assert np.array_equal(result, np.array(expected))


def wide_result(x):
    return (x * 0x9E3779B97F4A7C15) & M64


def also_compared(x):
    h = x * x * x
    return 1 if h > 5 else h & 7


def divided(x):
    return (x * x * x // 3) & M


def remainder(x):
    return (x * x * x % 7) & M


def as_float(x):
    return float(x * x * x) + (x & 3)


def shifted_by_unknown(x):
    return ((x * x * x) >> (x & 3)) & M


def in_a_mask(x):
    return (x * x * x) & -2


@pytest.mark.parametrize(
    "f",
    [wide_result, also_compared, divided, remainder, as_float, shifted_by_unknown, in_a_mask],
    ids=lambda f: f.__name__,
)
def test_where_high_bits_matter_nothing_wraps(f: Callable[[int], int]) -> None:
    k = kernel(f)
    refused = 0
    for x in VALUES:
        try:
            got = k(x)
        except OverflowError:
            refused += 1
        else:
            assert got == f(x)
    assert 0 < refused < len(VALUES)
    with pytest.raises(OverflowError, match="element"):
        k(np.array(VALUES))


def test_comparisons_with_what_no_int64_reaches_still_compute() -> None:
    """The answer is known for any int of 64 bits, but the product may have more."""
    for f in (
        lambda x, y: 1 if x * y > 2**63 else 0,
        lambda x, y: x * y == 2**64,
        lambda x, y: x * y < -(2**70),
        lambda x, y: x * y != 2**80,
    ):
        k = kernel(f)
        assert k(3, 4) == f(3, 4)
        with pytest.raises(OverflowError):
            k(2**40, 2**40)
    assert kernel(lambda x: x < 2**70)(5) is True


def test_negative_shifts_still_raise() -> None:
    k = kernel(lambda x, n: (x << n) & 0xFF)
    assert k(3, 100) == 0
    with pytest.raises(ValueError, match="negative shift count"):
        k(3, -1)


def test_constants_beyond_64_bits_are_refused_where_they_stand() -> None:
    def f(x: int) -> int:
        y = x & 7
        return y + 0xFFFFFFFFFFFFFFFF

    with pytest.raises(KernelError, match="(?s)does not fit into 64 bits.*0xFFFFFFFFFFFFFFFF"):
        kernel(f)(3)


def test_source_in_c_wraps_too() -> None:
    text = kernel(lambda x: float((int(x) * 0x85EBCA6B) & 0xFFFFFFFF)).c_source("f")
    assert "(uint64_t)r" in text.split("result)")[-1]
