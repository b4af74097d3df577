# SPDX-License-Identifier: BSD-3-Clause
"""Native work in processes that multiprocessing forks from one with native threads."""

import multiprocessing
import warnings

import fastconc

warnings.simplefilter("ignore", DeprecationWarning)


def count(i):
    return fastconc.count_words(f"w{i} x " * 50_000, workers=2)[f"w{i}"]


if __name__ == "__main__":
    if "fork" not in multiprocessing.get_all_start_methods():
        raise SystemExit("skip: needs fork")
    assert count(0) == 50_000
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(count, range(12)) == [50_000] * 12
    assert count(0) == 50_000
