# SPDX-License-Identifier: BSD-3-Clause
"""count_words equals the loop in its documentation, over all of Unicode and at any width."""

import gc
import io
import os
import signal
import sys
import tempfile
import weakref
from collections import Counter
from pathlib import Path

import fastconc.text
import pytest
from fastconc import count_words
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st


def reference(lines, sep=None, lower=False):
    counts = {}
    for line in [lines] if isinstance(lines, str | bytes) else lines:
        for word in line.split(sep):
            if lower:
                word = word.lower()
            counts[word] = counts.get(word, 0) + 1
    return counts


def check(lines, sep=None, lower=False, **kwargs):
    expected = reference(lines, sep, lower)
    counts = count_words(lines, sep, lower, **kwargs)
    assert type(counts) is dict
    assert list(counts.items()) == list(expected.items())  # the order, too
    return counts


# Few characters, so that words repeat; with those where implementations differ: all kinds of space,
# capitals whose lower case is longer (İ), depends on its place (Σ) or is ASCII (the kelvin sign),
# a lone surrogate.
SPECIAL = (
    "aAbz ,\n\t\x0b\x1c\x1f\x85\xa0\u1680\u2003\u2028\u200b\u3000ßÉΣσİK中\ud800\U00010400\U0001f600"
)
TEXT = st.text(st.sampled_from(SPECIAL), max_size=60) | st.text(max_size=40)
SEPARATOR = st.none() | st.text(st.sampled_from("a,Σ \u3000\U0001f600"), min_size=1, max_size=3)


# The same examples each time, and no complaint of a busy machine's slowness.
SETTINGS = settings(
    deadline=None,
    derandomize=not os.environ.get("FASTCONC_LONG_TESTS"),
    database=None,
    suppress_health_check=list(HealthCheck),
)


@given(st.lists(TEXT, max_size=8), SEPARATOR, st.booleans())
@example(["ΑΣ ΑΣ, ΣΑΣ", "\u212a k K"], None, True)
@example(["aaa", "a", ""], "aa", False)
@settings(SETTINGS, max_examples=400)
def test_equals_the_loop(lines, sep, lower):
    check(lines, sep, lower)


BYTES = st.lists(st.sampled_from(list(b"aAz ,\n\x0b\x1c\x85\xa0\xff\x00")), max_size=90).map(bytes)


@given(
    st.lists(BYTES, max_size=6),
    st.none() | st.sampled_from([b",", b"a", b"aa", b"\xff"]),
    st.booleans(),
)
@settings(SETTINGS, max_examples=300)
def test_equals_the_loop_on_bytes(lines, sep, lower):
    check(lines, sep, lower)


@given(TEXT, SEPARATOR, st.booleans(), st.integers(1, 4))
@settings(SETTINGS, max_examples=100)
def test_long_lines(text, sep, lower, workers):
    """Longer than several blocks, so that words and separators fall on their ends."""
    text *= 300_000 // max(len(text), 1) if len(text) > 20 else 1000
    check(text, sep, lower, workers=workers)


EVERYTHING = "".join(map(chr, range(sys.maxunicode + 1)))


@pytest.mark.parametrize("limit", [0x80, 0x100, 0x10000, sys.maxunicode + 1])
def test_white_space_is_that_of_this_python(limit):
    check(EVERYTHING[:limit])


def test_lower_case_is_that_of_this_python():
    capitals = [c for c in EVERYTHING if c.lower() != c]
    check(" ".join(capitals) + " " + " ".join(capitals).lower(), lower=True)


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
def test_the_order_does_not_depend_on_the_width(workers):
    text = " ".join(str(i * i % 9973) for i in range(300_000))
    check(text, workers=workers)
    check(text.split("7"), workers=workers)
    with fastconc.num_threads(workers):
        check(text)


def test_more_words_than_a_block_and_a_batch():
    check([f"w{i} and" for i in range(200_000)])
    check(" ".join(f"word-number-{i}-is-longer" for i in range(100_000)), lower=True)
    check([f"{i % 7}" * 1000 for i in range(20_000)])


def test_very_long_words():
    long = "x" * 1_000_000
    check(f"{long} y {long}Y é{long}", lower=True)
    check([long, long[1:], long + " "])


def test_nothing():
    assert count_words([]) == count_words("") == count_words(b"") == count_words(" \n") == {}
    assert count_words("", ",") == {"": 1} and count_words([], ",") == {}
    assert count_words([""] * 3, ",") == {"": 3}


class Text(str):
    pass


def test_kinds_of_iterables():
    lines = ["a b", "b c"]
    for source in (
        lines,
        tuple(lines),
        iter(lines),
        (line for line in lines),
        dict.fromkeys(lines),
    ):
        assert count_words(source) == {"a": 1, "b": 2, "c": 1}
    assert count_words([Text("a b"), Text("b")]) == {"a": 1, "b": 2}
    assert all(type(word) is str for word in count_words([Text("a")]))
    assert Counter(count_words(lines)) == Counter("a b b c".split())


@pytest.mark.parametrize("newline", [None, "", "\n", "\r"])
def test_files(newline, monkeypatch):
    monkeypatch.setattr(fastconc.text, "_CHUNK", 1000)
    text = "Où est la\r\nbibliothèque ?\r où\x1cest\n\n elle ?\u2028" * 2_000
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "text")
        path.write_bytes(text.encode())
        for sep in (None, " "):
            with open(path, encoding="utf-8", newline=newline) as f:
                expected = reference(f, sep)
            with open(path, encoding="utf-8", newline=newline) as f:
                assert list(count_words(f, sep).items()) == list(expected.items())
            with open(path, "rb") as f:
                expected = reference(f, sep and b" ")
            for buffering in (-1, 0):
                with open(path, "rb", buffering=buffering) as f:
                    assert count_words(f, sep and b" ") == expected
    assert count_words(io.StringIO("a b\na")) == {"a": 2, "b": 1}
    assert count_words(io.BytesIO(b"a b\na")) == {b"a": 2, b"b": 1}
    assert count_words(io.StringIO("")) == {}


def test_bad_arguments():
    for lines, sep, error, text in [
        (5, None, TypeError, "not iterable"),
        (["a", 1], None, TypeError, r"lines\[1\] is int"),
        (["a", b"b"], None, TypeError, r"lines\[1\] is bytes"),
        ([bytearray(b"a")], None, TypeError, "bytearray"),
        (["a"], b",", TypeError, "sep must be str or None, not bytes"),
        ([b"a"], ",", TypeError, "sep must be None or a bytes-like object"),
        (["a"], 1, TypeError, "sep must be str or None, not int"),
        ([], 1, TypeError, "sep"),
        ("a", "", ValueError, "empty separator"),
        (b"a", b"", ValueError, "empty separator"),
        (Path("a"), None, TypeError, "open the file"),
    ]:
        with pytest.raises(error, match=text):
            count_words(lines, sep)
    for workers, error in [(0, ValueError), (-1, ValueError), ("2", TypeError)]:
        with pytest.raises(error, match="workers"):
            count_words("a", workers=workers)
    with pytest.raises(TypeError):
        count_words("a", None, False, 2)


def test_the_iterables_exception_passes():
    def lines():
        yield "a"
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        count_words(lines())


def test_lines_are_released():
    class Line(str):
        pass

    line = Line("a b")
    gone = weakref.ref(line)
    before = sys.getrefcount("a b c")
    count_words([line])
    del line
    gc.collect()
    assert gone() is None
    for _ in range(10):
        count_words(["a b c"] * 10)
    assert sys.getrefcount("a b c") <= before + 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_ctrl_c():
    def interrupt(signum, frame):
        raise KeyboardInterrupt

    text = "aaab" * 10_000_000  # one block, as the separator overlaps itself
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.02, 2)  # CPython may lose the first
            while True:
                count_words(text, "aa")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert count_words("a b") == {"a": 1, "b": 1}


@pytest.mark.skipif(not os.environ.get("FASTCONC_LONG_TESTS"), reason="long")
def test_a_hundred_megabytes():
    words = [f"{i:x}" for i in range(1_000_000)]
    text = " ".join(words * 15)
    assert count_words(text) == dict.fromkeys(words, 15)
