# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: F821, F823, F841, B007
"""Local variables that only some paths, or some turns of a loop, assign."""

import math

import numpy as np
import pytest
from fastconc import KernelError, kernel


def last_of_range(n):
    for k in range(n):
        pass
    return k


def last_of_while(n):
    while n > 5:
        y = n
        n -= 1
    return y + n


def one_branch(n):
    if n > 3:
        a = 1
    elif n > 2:
        a = 2
    if n > -2:
        return a
    return 0


def kept_between_turns(n):
    s = 0
    for k in range(n):
        if k == 2:
            t = k
        if k > 2:
            s += t
    return s


def read_before_written(n):
    s = 0
    for k in range(n):
        if k > 0:
            s += k - previous
        previous = k * k
    return s


def read_too_early(n):
    s = 0
    for k in range(n):
        if k > 1:
            s += t
        if k == 2:
            t = k
    return s


def last_hit(n):
    for k in range(n):
        for j in range(k):
            if j * k % 5 == 3:
                hit = j
    return hit


def left_by_break(n):
    while n > 0:
        n -= 1
        if n % 3 == 0:
            continue
        if n % 7 == 0:
            break
        if n % 2:
            last = n
    return last


def found_then_left(n):
    for k in range(40):
        if n * k > 10:
            found = k
            break
    return found


def a_pair(n):
    for j in range(n):
        if j == 4:
            s = (j, j * 2)
        elif j == 7:
            s = (1, 2)
    return s[0] + s[1]


def no_case(n):
    match n:
        case 0:
            y = 1
        case 1:
            y = 2
        case k if k > 5:
            y = k
    return y + k


def from_walrus(n):
    if n > 3 or (y := n * 2) > 3:
        return y
    return y + 1


def from_inside(n):
    if n > 1:
        y = n

    def inside():
        return y

    return inside()


def comprehension_has_its_own(n):
    for k in range(n):
        pass
    total = sum(k for k in range(3))
    return total + k


def else_of_loop(n):
    for i in range(n):
        t = i
    else:
        i = 7
    return i + t


FUNCTIONS = [
    last_of_range,
    last_of_while,
    one_branch,
    kept_between_turns,
    read_before_written,
    read_too_early,
    last_hit,
    left_by_break,
    found_then_left,
    a_pair,
    no_case,
    from_walrus,
    from_inside,
    comprehension_has_its_own,
    else_of_loop,
]


def outcome(f, n):
    try:
        return f(n)
    except NameError as error:
        return type(error)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_same_as_python(f):
    k = kernel(f)
    expected = [outcome(f, n) for n in range(-3, 20)]
    raises = any(isinstance(e, type) for e in expected)
    assert raises or f in (kept_between_turns, read_before_written)
    assert [outcome(k, n) for n in range(-3, 20)] == expected
    good = [n for n, e in zip(range(-3, 20), expected, strict=True) if not isinstance(e, type)]
    assert k(np.array(good)).tolist() == [f(n) for n in good]
    if raises:
        with pytest.raises(NameError, match="is not associated|referenced before"):
            k(np.arange(-3, 20))


def test_float_that_is_kept():
    def f(x):
        s = 0.0
        for k in range(50):
            y = math.floor(x * k)
            if k > 0:
                s += abs(y - previous)
            previous = y + 0.5
        return s

    xs = np.linspace(-3, 3, 101)
    assert kernel(f)(xs).tolist() == [f(x) for x in xs.tolist()]


@pytest.mark.parametrize("start", ["text", (1, 2)])
def test_what_changes_its_kind_in_a_loop_is_refused(start):
    def f(n):
        best = start
        for k in range(n):
            if k % 5 == 3:
                best = k
        return best

    with pytest.raises(KernelError, match="'best' changes its kind in a loop"):
        kernel(f)(11)


def in_place_prefix_sums(n):
    items = [n, 1, 2, 3]
    for k, v in enumerate(items):
        if k < 3 and n % (k + 2):
            items[k + 1] += v
    return items[3]


def last_of_list_changes(n):
    items = [n, n + 1, 5]
    for v in items:
        items[-1] = n % 4
        items[n % 3] -= 1
    return v


def reversed_and_zipped(n):
    items = [n, n + 1, 5]
    total = 0
    for v, w in zip(items, reversed(items), strict=True):
        items[1] = items[2] = n % 7
        total = total * 10 + v - w
    return total


def changed_by_some(n):
    items = [1, 2, 3]
    total = 0
    for v in items:
        total += v
        if n > 3:
            items[2] = n
        if total > 12:
            break
    return total


@pytest.mark.parametrize(
    "f", [in_place_prefix_sums, last_of_list_changes, reversed_and_zipped, changed_by_some]
)
def test_list_that_changes_while_it_is_iterated_over(f):
    ns = np.arange(-10, 20)
    assert kernel(f)(ns).tolist() == [f(n) for n in ns.tolist()]


@pytest.mark.parametrize("iterate", [lambda v: v, enumerate, lambda v: zip(v, v, strict=False)])
def test_list_that_grows_while_it_is_iterated_over_is_refused(iterate):
    def f(n):
        items = [n]
        for _ in iterate(items):
            if len(items) < 4:
                items.append(n)
        return sum(items)

    with pytest.raises(KernelError, match="changes its length while"):
        kernel(f)


def test_index_of_an_augmented_assignment_is_evaluated_once():
    def f(n):
        items = [0, 0, 0]
        i = 0
        for k in range(5):
            items[(i := (i + n) % 3)] += k
        return items[0], items[1], items[2], i

    assert [kernel(f)(n) for n in range(-6, 7)] == [f(n) for n in range(-6, 7)]


SHADOWED = 5.0


def global_of_the_same_name(x):
    SHADOWED = SHADOWED + x
    return SHADOWED


def global_in_place(x):
    SHADOWED += x
    return SHADOWED


def variable_of_the_function_around(x):
    def inner(t):
        z = x * t
        x = 2.0
        return z

    return inner(3.0)


@pytest.mark.parametrize(
    "f", [global_of_the_same_name, global_in_place, variable_of_the_function_around]
)
def test_a_local_variable_hides_outer_ones_before_it_is_assigned(f):
    with pytest.raises(UnboundLocalError):
        f(2.0)
    with pytest.raises(UnboundLocalError):
        kernel(f)(2.0)


def test_bits_of_a_constant_float_are_not_the_users_exception():
    with pytest.raises(KernelError, match="needs integers"):
        kernel(lambda x: x if x > 0 else 0.5 ^ True)
