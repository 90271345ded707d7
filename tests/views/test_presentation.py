"""How values look, and that every level of every scale can be told and read."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

import pytest

from cer_assist.views.assets import STATIC
from cer_assist.views.presentation import count, figure, ramp, share, when

RAMP = re.compile(r"\.(ramp-\d+) \{ --level: #(\w{6}); --level-ink: #(\w{6}); \}")


def colours() -> dict[str, tuple[str, str]]:
    """Ground and ink of each class of the ramp, as the style sheet has them."""
    css = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    return {name: (ground, ink) for name, ground, ink in RAMP.findall(css)}


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("levels", range(3, 8))
def test_every_scale_has_its_colours_in_order_of_lightness(first: int, levels: int) -> None:
    scale = tuple(range(first, first + levels))
    grounds = [luminance(colours()[ramp(level, scale)][0]) for level in scale]
    assert grounds == sorted(grounds, reverse=True)
    assert all(above - below > 0.02 for above, below in pairwise(grounds))


def test_every_digit_can_be_read_on_its_colour() -> None:
    found = colours()
    assert len(found) == 13
    for name, (ground, ink) in found.items():
        light, dark = sorted((luminance(ground), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.999, "> 99 %"), (1.0, "100 %")],
)
def test_what_is_not_nothing_or_all_never_reads_as_such(value: float, shown: str) -> None:
    assert share(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"value": 0.744, "low": 0.62, "high": 0.83}, "0.74 (0.62 to 0.83)"),
        ({"value": 0.7, "low": None, "high": None}, "0.70 (no interval)"),
        ({"value": None, "low": None, "high": None}, "not defined"),
    ],
)
def test_a_figure_stands_with_its_interval(value: dict[str, float | None], shown: str) -> None:
    assert re.sub(r"<[^>]+>", "", figure(value)) == shown


def test_numbers_agree_with_their_nouns() -> None:
    assert count(1, "label") == "1 label"
    assert count(12_345, "label") == "12,345 labels"


def test_a_time_says_its_zone_and_keeps_the_instant() -> None:
    at = dt.datetime(2026, 3, 5, 9, 7, 30, tzinfo=dt.UTC)
    assert when(at) == '<time datetime="2026-03-05T09:07:30+00:00">5 Mar 2026, 09:07 UTC</time>'
