# SPDX-License-Identifier: BSD-3-Clause
"""Names of classes: from a sequence, a text file with one name a line, or a JSON file."""

from __future__ import annotations

import json
import os
from typing import Any


def read_labels(labels: Any) -> list[str] | None:
    """The labels as a list of str; TypeError or ValueError name what is wrong."""
    if labels is None:
        return None
    if isinstance(labels, (str, os.PathLike)):
        path = os.fspath(labels)
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            labels = json.loads(text) if path.endswith(".json") else text.splitlines()
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"labels: {path!r} is no text of labels: {error}") from None
        if isinstance(labels, dict):  # {"0": "tench", ...}
            try:
                labels = [labels[str(i)] for i in range(len(labels))]
            except KeyError as error:
                raise ValueError(f"labels: {path!r} has no entry {error}") from None
    try:
        names = list(labels)
    except TypeError:
        raise TypeError(
            f"labels must be a path or a sequence of str, not {type(labels).__name__}"
        ) from None
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise TypeError(f"labels[{i}] must be a str, not {type(name).__name__}")
    return names
