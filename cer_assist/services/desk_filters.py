"""What the auditor's desk looks at: a choice of readings that stands in the address.

A cell of a table is that choice with two levels more, so its list holds what the cell has counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cer_assist.domain.errors import InvalidInput

NONE = "none"  # of a level: there is none


class Answers(StrEnum):
    """Which answers are readings."""

    standing = "standing"
    all = "all"


class Signal(StrEnum):
    """What is worth a look."""

    confident = "confident"
    fast = "fast"
    unread = "unread"
    weak = "weak"
    towards = "towards"
    away = "away"
    wrong_switch = "wrong_switch"


@dataclass(frozen=True, slots=True)
class DeskFilters:
    """Empty means any; levels are numbers as text, or `none`."""

    suggested: str = ""
    level: str = ""
    final: str = ""
    coder: str = ""
    version: str = ""
    exposure: str = ""
    arm: str = ""
    rubric: str = ""
    fenced: str = ""  # yes, no
    unlearnt: str = ""  # yes: the version cannot have learnt the protocol's level
    since: str = ""
    until: str = ""  # that day with it
    answers: str = ""  # standing unless `all`
    signal: str = ""
    probability: float = 0.8  # from which a disagreement is a confident one
    speed: float = 1000.0  # words a minute above which nobody reads

    def given(self) -> dict[str, Any]:
        """What differs from the plain desk, for addresses and the audit."""
        plain = asdict(DeskFilters())
        return {name: value for name, value in asdict(self).items() if value != plain[name]}

    def day(self, name: str) -> dt.datetime | None:
        """The beginning of a day in UTC, of `until` of the day after."""
        value = getattr(self, name)
        if not value:
            return None
        at = dt.datetime.combine(dt.date.fromisoformat(value), dt.time(), dt.UTC)
        return at + dt.timedelta(days=1) if name == "until" else at


# As the desk's form calls them.
TITLES = {
    "suggested": "Suggestion",
    "level": "Label",
    "final": "Final level",
    "coder": "Coder",
    "version": "Model version",
    "exposure": "Seen before answering",
    "arm": "Lot",
    "rubric": "Rubric version",
    "fenced": "Fenced sample",
    "unlearnt": "Version had learnt it",
    "since": "From",
    "until": "To",
    "answers": "Answers",
    "signal": "Signal",
    "probability": "Confident from",
    "speed": "Words a minute",
}
_CHOICES = {
    "exposure": ("blind", "after_suggestion", "prefilled", "after_peer", "unknown"),
    "arm": ("suggestion", "none"),
    "fenced": ("yes", "no"),
    "unlearnt": ("yes",),
    "answers": tuple(Answers),
    "signal": tuple(Signal),
}


def read_filters(asked: Mapping[str, str]) -> DeskFilters:
    """Filters out of an address or a command line; what means nothing is refused by name."""
    values: dict[str, Any] = {}
    for name, plain in asdict(DeskFilters()).items():
        text = str(asked.get(name, "")).strip()
        if text:
            values[name] = _checked(name, text, plain)
    if values.get("since", "") > values.get("until", "9"):
        raise InvalidInput(
            "The period ends before it begins: exchange the two days.", fields=("since", "until")
        )
    return DeskFilters(**values)


def _checked(name: str, text: str, plain: Any) -> Any:
    known = _CHOICES.get(name)
    if known is not None and text not in known:
        raise _unusable(name, f"one of {', '.join(known)}")
    if name == "answers" and text == Answers.standing:
        return ""  # as if it had been left out
    if name == "probability":
        return _read(name, text, _chance, "a number above 0 and at most 1, such as 0.8")
    if isinstance(plain, float):
        return _read(name, text, _positive, "a number above 0, such as 1000")
    if name in ("suggested", "level", "final") and text != NONE:
        return str(_read(name, text, _small, "a level of the scale, or none"))
    if name in ("version", "rubric"):
        return str(_read(name, text, _small, "a version's number"))
    if name in ("since", "until"):
        return str(_read(name, text, _date, "a day such as 2026-03-31"))
    return text[:200]


def _read(name: str, text: str, convert: Callable[[str], Any], meant: str) -> Any:
    try:
        return convert(text)
    except (ValueError, OverflowError) as error:
        raise _unusable(name, meant) from error


def _unusable(name: str, meant: str) -> InvalidInput:
    """Told by the form's word, with the name that addresses and scripts have for it."""
    return InvalidInput(f"“{TITLES[name]}” ({name}) has to be {meant}.", fields=(name,))


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError
    return value


def _chance(text: str) -> float:
    value = _positive(text)
    if value > 1:
        raise ValueError
    return value


def _small(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**31:
        raise ValueError
    return value


def _date(text: str) -> dt.date:
    day = dt.date.fromisoformat(text)
    if not 1970 <= day.year <= 9000:
        raise ValueError
    return day
