"""Stored figures of quality become what tables and charts show; both are given the same values.

Older versions lack what was not measured in their time: that is None here, and said on the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cer_assist.domain.precision import wilson

CURVES = ("qwk", "macro_f1")
HEATS = 9  # steps between nothing and all, each with a class in model.css


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of quality, said plainly."""

    title: str
    meaning: str


MEASURES = {
    "qwk": Measure("QWK", "agreement weighted by distance: 1 is full, 0 is chance"),
    "accuracy": Measure("Accuracy", "share of protocols with exactly the coders' level"),
    "within_one": Measure("Within one level", "share at most one level off"),
    "mae": Measure("Mean distance", "in levels; 0 is best"),
    "macro_f1": Measure("Macro-F1", "mean over levels, so rare levels count as much"),
    "ece": Measure("Calibration error", "how far its percentages are off; 0 is best"),
    "ace": Measure("Calibration error of all levels", "the same for every level's percentage"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A count in a table, with how much of its row it is in steps of heat."""

    column: int
    count: int
    heat: int


@dataclass(frozen=True, slots=True)
class Row:
    """Counts of one level over all levels."""

    level: int
    cells: list[Cell]

    @property
    def total(self) -> int:
        """All of the row."""
        return sum(cell.count for cell in self.cells)


def grid(counts: Mapping[tuple[int, int], int], scale: Sequence[int]) -> list[Row]:
    """Counts by (row, column) as rows; the heat of a cell is its share of the row."""
    rows = []
    for level in scale:
        numbers = [counts.get((level, column), 0) for column in scale]
        most = max(1, sum(numbers))
        cells = [
            Cell(column, number, math.ceil(HEATS * number / most))
            for column, number in zip(scale, numbers, strict=True)
        ]
        rows.append(Row(level, cells))
    return rows


def confusion(metrics: Mapping[str, Any], scale: Sequence[int]) -> list[Row] | None:
    """The coders' level in rows, the model's in columns."""
    stored = metrics.get("confusion")
    if not stored:
        return None
    counts = {
        (level, column): round(number)
        for level, numbers in zip(scale, stored, strict=True)
        for column, number in zip(scale, numbers, strict=True)
    }
    return grid(counts, scale)


@dataclass(frozen=True, slots=True)
class Bin:
    """Protocols of which the model was about equally sure."""

    n: int
    confidence: float  # what it said, on average
    accuracy: float  # how often it was right
    low: float  # 95 % interval of that
    high: float


@dataclass(frozen=True, slots=True)
class BinRow:
    """A range of confidence before and after calibration."""

    low: float
    high: float
    before: Bin | None
    after: Bin | None


def reliability(metrics: Mapping[str, Any]) -> list[BinRow] | None:
    """Ranges of confidence that hold any protocol; None where they were not recorded."""
    stored = metrics.get("reliability")
    if not stored:
        return None
    found: dict[tuple[float, float], dict[str, Bin]] = {}
    for when in ("before", "after"):
        for item in stored.get(when, []):
            if item["n"]:
                found.setdefault((item["low"], item["high"]), {})[when] = _bin(item)
    return [
        BinRow(low, high, bins.get("before"), bins.get("after"))
        for (low, high), bins in sorted(found.items())
    ]


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels that came after the figures, and how many the model had suggested before."""

    n: int
    right: int
    share: float
    low: float  # 95 % interval of the share
    high: float


def judged(metrics: Mapping[str, Any]) -> Judged | None:
    """What became of labels since the last full fit; None where there are none."""
    found = metrics.get("judged")
    if not found or not found["n"]:
        return None
    share = found["right"] / found["n"]
    return Judged(found["n"], found["right"], share, *wilson(share, found["n"]))


def curve_points(versions: Iterable[Any], in_use: int | None) -> list[dict[str, Any]]:
    """Measured versions in the order of what they learned from, as tables and charts take them."""
    points = [
        {
            "version": version.number,
            "labels": version.label_count,
            "n": version.n,
            "used": version.published_at is not None,
            "in_use": version.number == in_use,
            "qwk": version.qwk,
            "macro_f1": version.macro_f1,
        }
        for version in versions
        if _has_value(version.qwk) or _has_value(version.macro_f1)
    ]
    return sorted(points, key=lambda point: (point["labels"], point["version"]))


def spans(numbers: Sequence[int]) -> str:
    """Numbers in a row as a range: 4, 6-8."""
    # Numbers that follow each other lie equally far from their places.
    runs = groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    found = [[number for _, number in run] for _, run in runs]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in found)


def _bin(item: Mapping[str, Any]) -> Bin:
    return Bin(
        item["n"], item["confidence"], item["accuracy"], *wilson(item["accuracy"], item["n"])
    )


def _has_value(figure: Mapping[str, Any] | None) -> bool:
    return bool(figure) and figure is not None and figure.get("value") is not None
