# SPDX-License-Identifier: BSD-3-Clause
import os

import fastconc
import pytest


def test_cpu_count_honours_affinity():
    assert 1 <= fastconc.cpu_count() <= len(os.sched_getaffinity(0))


def test_num_threads_is_restored():
    before = fastconc.get_num_threads()
    with fastconc.num_threads(3):
        assert fastconc.get_num_threads() == 3
    assert fastconc.get_num_threads() == before


@pytest.mark.parametrize("bad", [0, -1, "2", 1.5])
def test_bad_num_threads(bad):
    with pytest.raises((ValueError, TypeError), match="workers|n must"):
        fastconc.set_num_threads(bad)


def test_every_public_name_exists():
    for name in fastconc.__all__:
        assert getattr(fastconc, name) is not None
