"""What the Agreement page says of each coefficient, and where its interval is drawn."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cer_assist.views.model_figures import Row, grid


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient, said plainly."""

    title: str
    meaning: str


COEFFICIENTS = {
    "alpha_ordinal": Coefficient(
        "Krippendorff's alpha, ordinal", "beyond chance, by the order of the levels; the main one"
    ),
    "kappa_quadratic": Coefficient(
        "Weighted kappa, quadratic", "beyond chance; two levels apart count four times one"
    ),
    "ac2": Coefficient(
        "Gwet's AC2, ordinal weights", "beyond chance, and steady where one level is common"
    ),
    "percent": Coefficient("Same level", "share of pairs of readings; chance is not taken out"),
    "within_one": Coefficient("At most one level apart", "likewise"),
    "alpha_interval": Coefficient("Krippendorff's alpha, interval", "levels taken as distances"),
    "alpha_nominal": Coefficient("Krippendorff's alpha, nominal", "levels taken as mere names"),
    "kappa_linear": Coefficient("Weighted kappa, linear", "beyond chance; distance counts once"),
    "kappa": Coefficient("Kappa, unweighted", "Cohen's, Conger's for more than two coders"),
    "ac1": Coefficient("Gwet's AC1", "the unweighted AC2"),
    "fleiss": Coefficient("Fleiss' kappa", "levels as names, coders interchangeable"),
}
# Of one coder's repeats: of fewer even ten equal ones are no proof (Wilson: .72 and more).
FEWEST_TWICE = 10
WIDTH = 200  # of a drawn scale, in units of its own


@dataclass(frozen=True, slots=True)
class Drawn:
    """An interval on a scale from `low` to `high`, in units of the drawing."""

    start: float
    end: float
    value: float
    zero: float  # where the scale's zero is


def lowest(figures: Iterable[Mapping[str, Any]]) -> float:
    """Where the scale of several figures begins: 0, or the quarter below the lowest end."""
    ends = [f["value"] if f["low"] is None else f["low"] for f in figures if f["value"] is not None]
    return min(0.0, math.floor(min(ends, default=0.0) * 4) / 4)


def drawn(figure: Mapping[str, Any], low: float, high: float = 1.0) -> Drawn:
    """Places of a figure's interval and value; without an interval both ends are the value."""

    def place(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(share * WIDTH, 1)

    value = figure["value"]
    ends = [value if figure[end] is None else figure[end] for end in ("low", "high")]
    return Drawn(place(ends[0]), place(ends[1]), place(value), place(0.0))


def reach(coders: Iterable[Mapping[str, Any]]) -> float:
    """How far a scale in levels goes to both sides, in halves of a level."""
    ends = [abs(end) for one in coders for end in one["in_levels"].values() if end is not None]
    return max(0.5, math.ceil(max(ends, default=0.0) * 2) / 2)


def table(counts: list[list[int]], scale: tuple[int, ...]) -> list[Row]:
    """Two coders' levels against each other."""
    cells = {
        (row, column): number
        for row, numbers in zip(scale, counts, strict=True)
        for column, number in zip(scale, numbers, strict=True)
    }
    return grid(cells, scale)


def stands_apart(one: Mapping[str, Any]) -> bool:
    """Whether the interval of a coder's levels above the average lies on one side of 0."""
    low, high = one["in_levels"]["low"], one["in_levels"]["high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def days_of(month: str) -> tuple[str, str]:
    """First and last day of a month such as 2026-11."""
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]:02d}"
