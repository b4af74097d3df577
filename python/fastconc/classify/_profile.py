# SPDX-License-Identifier: BSD-3-Clause
"""The table that Classifier.profile returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepTime:
    """Time of one step for a batch on one thread."""

    layer: str
    kind: str
    milliseconds: float
    gflops: float  # 10^9 operations a second
    share: float  # of the peak


class Profile:
    """Times of a network's steps; prints as a table, iterates over StepTime."""

    def __init__(
        self,
        runs: list[list[tuple[str, float, int]]],
        layers: list[str],
        items: int,
        peak: float,
    ) -> None:
        self.items, self.peak = items, peak
        self.steps: list[StepTime] = []
        for number, (layer, (kind, flops, _)) in enumerate(zip(layers, runs[0], strict=True)):
            ns = max(1, min(run[number][2] for run in runs))
            gflops = flops * items / ns
            self.steps.append(StepTime(layer, kind, ns / 1e6, gflops, gflops / peak))

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def milliseconds(self) -> float:
        """All steps together."""
        return sum(step.milliseconds for step in self.steps)

    def __str__(self) -> str:
        total = self.milliseconds
        lines = [f"{'layer':<36} {'kind':<10} {'ms':>9} {'%':>5} {'GFLOP/s':>8} {'of peak':>8}"]
        for s in self.steps:
            lines.append(
                f"{s.layer[-36:]:<36} {s.kind:<10} {s.milliseconds:>9.3f} "
                f"{100 * s.milliseconds / total:>5.1f} {s.gflops:>8.1f} {100 * s.share:>7.1f}%"
            )
        lines.append(
            f"{self.items} image(s) on one thread: {total:.3f} ms; peak {self.peak:.1f} GFLOP/s"
        )
        return "\n".join(lines)
