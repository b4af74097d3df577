# SPDX-License-Identifier: BSD-3-Clause
import copy
import itertools
import operator
import pickle
import threading
import weakref

import pytest
from fastconc import Counter

LIMIT = 2**63


def test_steps_return_the_new_value():
    counter = Counter()
    assert counter.increment() == 1
    assert counter.increment(5) == 6
    assert counter.increment(n=-2) == 4
    assert counter.decrement() == 3
    assert counter.decrement(n=10) == -7
    assert counter.value == -7
    assert counter.reset() == -7 and counter.value == 0
    assert counter.reset(value=9) == 0 and counter.value == 9
    counter.value = 3
    assert counter.increment(True) == 4


def test_augmented_assignment_keeps_the_object():
    counter = same = Counter(1)
    counter += 4
    counter -= 2
    assert counter is same and counter.value == 3
    counter += Counter(2)
    assert counter.value == 5


def test_it_behaves_as_its_int():
    counter = Counter(5)
    assert int(counter) == operator.index(counter) == 5 and float(counter) == 5.0
    assert "abcdefg"[counter] == "f" and list(range(counter)) == [0, 1, 2, 3, 4]
    assert counter == 5 and counter != 6 and counter < 6 and counter >= 5 and 4 < counter
    assert counter == Counter(5) and Counter(4) < counter and counter != "5"
    assert bool(counter) and not Counter()
    assert repr(counter) == "Counter(5)" and str(counter) == "5" and f"{counter:03d}" == "005"
    with pytest.raises(TypeError):
        hash(counter)
    with pytest.raises(TypeError):
        counter < "5"  # noqa: B015


def test_there_is_no_plus():
    with pytest.raises(TypeError):
        Counter() + 1


def test_range():
    counter = Counter(LIMIT - 2)
    assert counter.increment() == LIMIT - 1
    with pytest.raises(OverflowError, match="64 bits"):
        counter.increment()
    with pytest.raises(OverflowError):
        counter += 1
    assert counter.value == LIMIT - 1
    counter.reset(-LIMIT)
    for step in (
        counter.decrement,
        lambda: counter.increment(-1),
        lambda: counter.decrement(LIMIT - 1),
    ):
        with pytest.raises(OverflowError):
            step()
    assert counter.value == -LIMIT
    assert counter.decrement(-LIMIT) == 0  # -(-2**63) does not fit, the difference does
    with pytest.raises(OverflowError, match="n must fit in 64 bits"):
        counter.increment(LIMIT)
    with pytest.raises(OverflowError, match="value must fit"):
        Counter(10**30)


@pytest.mark.parametrize("bad", [1.5, "1", None, 1j])
def test_bad_types(bad):
    counter = Counter(7)
    for call in (counter.increment, counter.decrement, counter.reset, Counter):
        with pytest.raises(TypeError, match="must be an int"):
            call(bad)
    with pytest.raises(TypeError):
        counter.value = bad
    with pytest.raises(TypeError):
        counter += bad
    with pytest.raises(TypeError):
        counter.increment(1, 2)
    with pytest.raises(TypeError):
        counter.increment(m=1)
    with pytest.raises(AttributeError):
        del counter.value
    assert counter.value == 7


class Named(Counter):
    def __init__(self, value=0):
        self.name = "x"


def test_pickle_copy_subclass():
    for make in (lambda c: pickle.loads(pickle.dumps(c)), copy.copy, copy.deepcopy):
        counter = Named(3)
        other = make(counter)
        assert type(other) is Named and other.value == 3 and other.name == "x"
        other += 1
        assert counter.value == 3
    assert repr(Named(3)) == "Named(3)"
    counter = Counter()
    assert weakref.ref(counter)() is counter


def test_no_count_is_lost():
    counter = Counter()
    n = 50_000

    def count():
        nonlocal counter
        for _ in range(n):
            counter += 1
            counter.increment(2)
            counter.decrement()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert counter == 4 * 2 * n


def test_values_are_handed_out_once():
    counter = Counter()
    tickets = [[] for _ in range(4)]

    def draw(mine):
        for _ in range(20_000):
            mine.append(counter.increment())

    threads = [threading.Thread(target=draw, args=(mine,)) for mine in tickets]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(itertools.chain(*tickets)) == list(range(1, 80_001))


class Tagged(Counter):
    pass


class Slotted(Counter):
    __slots__ = ("tag",)


@pytest.mark.parametrize("cls", [Tagged, Slotted])
def test_a_subclass_takes_its_attributes_along(cls):
    counter = cls(4)
    counter.tag = ["x"]
    copies = [pickle.loads(pickle.dumps(counter, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*copies, copy.copy(counter), copy.deepcopy(counter)):
        assert type(twin) is cls
        assert (twin.value, twin.tag) == (4, ["x"])
