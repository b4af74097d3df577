# SPDX-License-Identifier: BSD-3-Clause
"""Counting words: count_words against the loop of the lecture, its threads and its processes.

About 5 MB of text with the frequencies of a language (Zipf). Each answer is checked before timing.
"""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import fastconc
import pytest

N_WORDS = 800_000


def make_lines():
    rng = random.Random(1)
    vocabulary = [
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(1, 12)))
        for _ in range(30_000)
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    words = rng.choices(vocabulary, weights, k=N_WORDS)
    return [" ".join(words[i : i + 12]) + "\n" for i in range(0, N_WORDS, 12)]


LINES = make_lines()
TEXT = "".join(LINES)


def loop(lines):
    counts = {}
    for line in lines:
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
    return counts


def counter(lines):
    counts = Counter()
    for line in lines:
        counts.update(line.split())
    return counts


def in_parts(executor_map, n):
    size = -(-len(LINES) // n)
    total = Counter()
    for part in executor_map(counter, [LINES[i : i + size] for i in range(0, len(LINES), size)]):
        total.update(part)
    return total


def threads():
    with ThreadPoolExecutor(fastconc.cpu_count()) as pool:
        return in_parts(pool.map, fastconc.cpu_count())


def processes():
    with get_context("spawn").Pool(fastconc.cpu_count()) as pool:
        return in_parts(pool.map, fastconc.cpu_count())


CANDIDATES = {
    "loop": lambda: loop(LINES),
    "Counter.update": lambda: counter(LINES),
    "threads": threads,
    "processes": processes,
    "count_words, 1 thread": lambda: fastconc.count_words(LINES, workers=1),
    "count_words": lambda: fastconc.count_words(LINES),
    "count_words of one str": lambda: fastconc.count_words(TEXT),
    "count_words, lower": lambda: fastconc.count_words(LINES, lower=True),
}


@pytest.mark.parametrize("name", list(CANDIDATES))
@pytest.mark.benchmark(group="count words", min_rounds=3, max_time=0.5)
def test_words(benchmark, name):
    assert CANDIDATES[name]() == loop(LINES)
    benchmark(CANDIDATES[name])
