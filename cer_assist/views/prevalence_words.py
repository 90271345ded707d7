"""What a prevalence report says in plain words; for page, download and command line."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from typing import Any

from cer_assist.domain.rubric import Rubric
from cer_assist.views.presentation import count

FEWEST, FEW, FEW_ERRORS = 20, 5, 4  # `statistics.prevalence`
NEXT_TO_NOTHING = 0.1  # per cent
HEADLINE = 3  # the level from which a protocol engages communities, by the default rubric

Found = dict[str, Any]
TITLE = "How many are on which level?"
METHOD = (
    "Final levels are counted as they are. A protocol whose readers differ counts for the level of "
    "each of them alike, and intervals hold whatever from the lowest to the highest it may be "
    "settled on. For the other protocols the model's level is taken, "
    "and its errors are taken out: of what it calls one level, the share that readers of the "
    "random sample gave each level, before they had seen anything of it, is what is counted. It "
    "never learnt from that sample; where its readers differ, intervals hold what they leave open "
    "as well. Readings "
    "are weighted so that the model is as sure of them as it is of what is unread (double "
    "sampling, Tenenbein 1972; with prediction-powered inference, Angelopoulos et al. 2023). "
    "Intervals are of the whole number of unread protocols on a level: beta-binomial numbers, one "
    "for each level that the model says, added up, with mid-P ends (Berry and Armitage 1995)."
)
RESTS_ON = (
    "It rests on this: the sample was drawn at random; which of it was read first had nothing to "
    "do with its levels; among protocols that the model calls alike and is alike sure of, the "
    "unread are like the sample; and what people settled is the true level."
)
SCALES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)  # what a small chart runs to, else to all
FEW_SIGN, FEW_ERRORS_SIGN = "†", "‡"
FEW_SAID, FEW_ERRORS_SAID = "too few in the fenced sample", "few errors of the model seen"
FEW_HELD, FEW_ERRORS_HELD = "94 to 100", "94 to 99"  # simulated: docs/prevalence.md


def percent(one: Found) -> str:
    """A share with its interval; known exactly without."""
    if one["low"] == one["high"]:
        return f"{_number(one['value'])} %"
    return f"{_number(one['value'])} % ({_number(one['low'])} to {_number(one['high'])} %)"


def doubtful(one: Found) -> str:
    """What stands beside an interval that need not hold 95 times in 100; else empty."""
    return FEW_SAID if one["few"] else FEW_ERRORS_SAID if one["few_errors"] else ""


def sign(one: Found) -> str:
    """The same where there is room for one sign."""
    return {FEW_SAID: FEW_SIGN, FEW_ERRORS_SAID: FEW_ERRORS_SIGN, "": ""}[doubtful(one)]


def headline(found: Found) -> str:
    """The one sentence; empty while there is none."""
    if not found["at_least"]:
        return ""
    at = _middle(found["scale"])
    one, level = found["at_least"][at], found["scale"][at]
    known, why = one["low"] == one["high"], doubtful(one)
    return (
        f"Of {count(found['protocols'], 'protocol')} {'' if known else 'about '}"
        f"{percent(one)} are on level {level} or above{f' ({why})' if why else ''}."
    )


def unread(found: Found) -> int:
    """How many still want a reader."""
    left: int = found["protocols"] - found["counted"] - found["disputed"]
    return left


def counted(found: Found) -> str:
    """What of it is known, and how the rest is."""
    read, differ, left = found["counted"], found["disputed"], unread(found)
    said = f"{count(read, 'protocol')} {'was' if read == 1 else 'were'} read by people and "
    said += f"{'is' if read == 1 else 'are'} counted as settled"
    if differ:
        it, counts = ("it", "it counts") if differ == 1 else ("them", "they count")
        said += f"; of {count(differ)} the readers differ and nobody has settled {it}, so "
        said += f"{counts} between their levels"
    if left:
        said += f"; {count(left)} {'is' if left == 1 else 'are'} estimated "
        drawn = f"{count(found['sampled'], 'protocol')} drawn at random and read"
        is_foretold = found["unsaid"] < left
        said += (
            f"from what the model says, corrected by {drawn}" if is_foretold else f"from {drawn}"
        )
    return f"{said}. {_brackets(found)}".rstrip()


def _brackets(found: Found) -> str:
    """What they are: nothing is called a 95 % interval that simulations hold more often."""
    if not unread(found):
        differ = "In brackets: the least and the most that readings which differ allow."
        return differ if found["disputed"] else ""
    said = "In brackets: 95 % intervals"
    if any(doubtful(one) for one in _figures(found)):
        said += ", but where a note stands beside them (explained below)"
    if found["disputed"]:
        said += "; wider by all that readings which differ leave open"
    return f"{said}."


def moment(at: dt.datetime) -> str:
    """A time to the minute, with its zone."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def source(found: Found, made_at: dt.datetime, rubric: Rubric) -> str:
    """When and from what it was made, and what it keeps to itself."""
    version = f" with version {found['version']} of the model" if found["version"] else ""
    return (
        f"Made {moment(made_at)}{version}, rubric “{rubric.title}” version {rubric.version}. "
        f"Nothing is told of fewer than {FEWEST} protocols, nor of unread ones from fewer than "
        f"{FEWEST} readings of the sample."
    )


def groups_said(found: Found) -> str:
    """What a table of groups shows."""
    return (
        f"Level {headline_level(found['scale'])} or above. Each stands on its own readings, so "
        "small ones have wide intervals; intervals that overlap do not show a difference"
    )


def charts_said(found: Found) -> str:
    """How the small charts are read."""
    said = (
        f"Each chart runs from 0 to {100 * top(found):.0f} %: the bar is the share, the line on it "
        "what stands in brackets, the dotted line the share of that level in all protocols"
    )
    shown = [one for group in found["groups"] for one in group["levels"] or []]
    signs = sorted({(sign(one), doubtful(one)) for one in shown if sign(one)})
    return ". ".join([said, *(f"{what}: {why}" for what, why in signs)])


def has_charts(found: Found) -> bool:
    """Whether any group has shares of levels."""
    return any(group["levels"] for group in found["groups"])


def top(found: Found) -> float:
    """The share that all small charts run to, so that they can be compared."""
    highest = max(one["high"] for part in (found, *found["groups"]) for one in part["levels"] or [])
    return next((scale for scale in SCALES if highest <= scale), 1.0)


def _middle(scale: list[int]) -> int:
    """Where `HEADLINE` is; the middle of another scale."""
    return scale.index(HEADLINE) if HEADLINE in scale else len(scale) // 2


def at_least(found: Found, scale: list[int]) -> Found | None:
    """The headline's figure of a group; None for too few."""
    return found["at_least"][_middle(scale)] if found["at_least"] else None


def headline_level(scale: list[int]) -> int:
    """The level of it."""
    return scale[_middle(scale)]


def told(found: Found) -> str:
    """Why a group has no figure."""
    if found["protocols"] < FEWEST:
        return f"too few: {count(found['protocols'], 'protocol')}"
    return f"too few readings in the random sample: {found['sampled']} of {FEWEST}"


def limits(found: Found) -> list[str]:
    """What weakens it, or is lacking."""
    left, said = unread(found), []
    if not found["levels"] and found["protocols"] < FEWEST:
        said.append(_no_protocols(found["protocols"]))
    elif not found["levels"]:
        said.append(
            f"{count(left, 'protocol')} that still {'wants' if left == 1 else 'want'} a reader can "
            "only be estimated from a random sample that people have read. "
            f"{found['sampled']} of the {found['drawn']} drawn are read; {FEWEST} are wanted."
        )
    if found["differ"] and left:
        said.append(
            f"Of {count(found['differ'], 'protocol')} of the random sample the readers differ, so "
            f"what it says of the {count(left, 'unread protocol')} is less certain; once an "
            "adjudicator has settled them, intervals are narrower."
        )
    if found["disputed"]:
        it = "it" if found["disputed"] == 1 else "them"
        said.append(
            f"Of {count(found['disputed'], 'protocol')} the readers differ: once an adjudicator "
            f"has settled {it}, intervals are narrower."
        )
    if _any_says(found, FEW_SAID):
        said.append(
            f"“Too few in the fenced sample”: fewer than {FEW} of its readings are of that level, "
            "or of all others. Such an interval is no 95 % one: simulated, it held "
            f"{FEW_HELD} times in 100, depending on the project."
        )
    if _any_says(found, FEW_ERRORS_SAID):
        said.append(
            f"“Few errors of the model seen”: fewer than {FEW_ERRORS} readings of the fenced "
            "sample, as they are weighted, show it wrong about that level, so its errors elsewhere "
            "are hardly known. Such an interval is no 95 % one but rather wider: simulated, it "
            f"held {FEW_ERRORS_HELD} times in 100, depending on the project."
        )
    if found["levels"] and left and found["version"] is None:
        said.append("There is no model yet: what is unread is estimated from the sample alone.")
    elif found["levels"] and found["unsaid"]:
        said.append(
            f"Of {count(found['unsaid'], 'unread protocol')} the model has said nothing; the whole "
            f"sample speaks for {'it' if found['unsaid'] == 1 else 'them'}."
        )
    return said


def _no_protocols(there: int) -> str:
    if not there:
        return "There are no protocols yet: import some."
    return f"There are fewer than {FEWEST} protocols: look at them one by one."


def quoted(column: str) -> str:
    """As a shell takes it for one word."""
    return shlex.quote(column)


def file_name(project: str, column: str, ending: str) -> str:
    """Of a report by a column, or by none."""
    by = re.sub(r"[^A-Za-z0-9]+", "-", column).strip("-").lower()
    return "-".join(filter(None, (project, "prevalence", "by" if by else "", by))) + ending


def _any_says(found: Found, what: str) -> bool:
    return any(doubtful(one) == what for one in _figures(found))


def _figures(found: Found) -> list[Found]:
    """All that the report shows."""
    parts = [found, *found["groups"]]
    return [one for part in parts for kind in ("levels", "at_least") for one in part[kind] or []]


def _number(share: float) -> str:
    """Per cent without needless digits; a share is not called 0 or 100 that is not."""
    shown = 100 * share
    if 0 < shown < NEXT_TO_NOTHING:
        return f"< {NEXT_TO_NOTHING}"
    if 100 - NEXT_TO_NOTHING < shown < 100:
        return f"> {100 - NEXT_TO_NOTHING}"
    if 0 < shown < 1 or 99 < shown < 100:
        return f"{shown:.1f}"
    return f"{shown:.0f}"
