"""The prevalence report as a PDF: what the page says, with the same figures and the same words."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from cer_assist.domain.rubric import Rubric
from cer_assist.views import prevalence_words as words
from cer_assist.views.assets import STATIC
from cer_assist.views.presentation import count, ramp

if TYPE_CHECKING:
    from cer_assist.exports.pdf import Pdf

Found = dict[str, Any]
BAR, SMALL = 120.0, 66.0  # points


def pdf(found: Found, made_at: dt.datetime, project: str, rubric: Rubric) -> bytes:
    """One file that needs nothing else."""
    from cer_assist.exports.pdf import Pdf  # ReportLab: half a second that no other page pays

    about = f"{project}. Made {words.moment(made_at)} by CER Assist."
    made = Pdf(words.TITLE, about, subject=f"Shares of levels in {project}")
    if found["levels"]:
        _in_short(made, found)
        _levels(made, found, rubric)
    if found["groups"]:
        _groups(made, found)
        if words.has_charts(found):
            _charts(made, found, rubric)
    if cannot := words.limits(found):
        made.heading("What weakens it" if found["levels"] else "What cannot be told yet")
        made.items(cannot)
    made.heading("How it is worked out")
    made.text(words.METHOD)
    made.text(words.RESTS_ON)
    made.text(words.source(found, made_at, rubric), "quiet")
    return made.bytes()


def _in_short(made: Pdf, found: Found) -> None:
    made.heading("In short")
    made.text(words.headline(found), "strong")
    made.text(words.counted(found))


def _levels(made: Pdf, found: Found, rubric: Rubric) -> None:
    from cer_assist.exports.pdf import share_bar

    made.heading("Level by level")
    alone = bool(found["plain"]) and words.unread(found) > 0
    rows = []
    for at, level in enumerate(found["scale"]):
        one = found["levels"][at]
        bar = share_bar(one, _colour(level, found["scale"]), width=BAR)
        row = [f"{level} {_name(rubric, level)}", _said(one), bar, _said(found["at_least"][at])]
        rows.append([*row, words.percent(found["plain"][at])] if alone else row)
    header = ["Level", "Share", "", "This level or above"]
    made.table(
        f"Share of all {count(found['protocols'], 'protocol')}; the line on a bar is what stands "
        "in brackets",
        [*header, "Random sample alone"] if alone else header,
        rows,
        [26, 24, 26, 24, 22][: len(header) + alone],
        numbers=frozenset({1, 3, 4}),
    )


def _groups(made: Pdf, found: Found) -> None:
    from cer_assist.exports.pdf import share_bar

    level = words.headline_level(found["scale"])
    rows = []
    for group in found["groups"]:
        one = words.at_least(group, found["scale"])
        counts = [group["name"], count(group["protocols"]), count(group["counted"])]
        if one:
            colour = _colour(level, found["scale"])
            rows.append([*counts, _said(one), share_bar(one, colour, width=BAR)])
        else:
            rows.append([*counts, words.told(group), ""])
    made.heading(f"By {found['by']}")
    header = (found["by"], "Protocols", "Counted", f"Level {level} or above", "")
    numbers = frozenset({1, 2, 3})
    made.table(words.groups_said(found), header, rows, [34, 13, 12, 26, 26], numbers=numbers)


def _charts(made: Pdf, found: Found, rubric: Rubric) -> None:
    from cer_assist.exports.pdf import share_bar

    scale, top, rows = found["scale"], words.top(found), []
    for group in found["groups"]:
        if not group["levels"]:
            continue  # the table above says why
        of_all = [one["value"] for one in found["levels"] or []] or [-1.0] * len(scale)
        bars = [
            share_bar(one, _colour(level, scale), width=SMALL, top=top, mark=mark)
            for one, level, mark in zip(group["levels"], scale, of_all, strict=True)
        ]
        rows.append([group["name"], *bars])
        rows.append(["", *(_short(one) for one in group["levels"])])
    made.heading(f"Each level by {found['by']}")
    header = [found["by"], *(f"{level} {_name(rubric, level)}" for level in scale)]
    widths = [30, *[100 / len(scale)] * len(scale)]
    made.table(words.charts_said(found), header, rows, widths, pairs=True)


def _said(one: Found) -> str:
    return "\n".join(filter(None, (words.percent(one), words.doubtful(one))))


def _short(one: Found) -> str:
    return f"{words.percent(one)} {words.sign(one)}".strip()


def _name(rubric: Rubric, level: int) -> str:
    return next((one.name for one in rubric.levels if one.value == level), "")


def _colour(level: int, scale: list[int]) -> str:
    return _ramp()[ramp(level, scale)]


@cache
def _ramp() -> dict[str, str]:
    """Colours of levels as the pages have them."""
    style = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    return dict(re.findall(r"\.(ramp-\d+) \{ --level: (#[0-9a-f]{6})", style))
