"""Writes sentences about facts: each number is picked by its path, and so brings its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from cer_assist.domain.prose import Given, Kind, Number, Part, Section, Sentence
from cer_assist.views.methods_references import REFERENCES
from cer_assist.views.methods_sources import source_of

# As words, before a noun.
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Facts = dict[str, Any]


class Writer:
    """Facts, and what the text about them has cited so far."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.cited: set[str] = set()

    def get(self, path: str) -> Any:
        """What stands at a path; None where something on the way is not known."""
        found: Any = self.facts
        for step in path.split("."):
            if found is None:
                return None
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found

    def count(self, path: str, noun: str = "", many: str = "") -> Number:
        """A whole number, below ten as a word before its noun."""
        value = self.get(path)
        written = SMALL[value] if noun and value < len(SMALL) else f"{value:,}"
        form = noun if value == 1 else many or f"{noun}s"
        return Number(value, f"{written} {form}" if noun else written, source_of(path))

    def whole(self, path: str) -> Number:
        """A measured number, shown to the nearest whole one."""
        value = self.get(path)
        return Number(value, f"{value:,.0f}", source_of(path))

    def decimal(self, path: str) -> Number:
        """A coefficient's difference, to two places."""
        value = self.get(path)
        return Number(value, _bare(value), source_of(path))

    def share(self, path: str) -> Number:
        """A share in per cent; what is not nothing or all never reads as such."""
        value = self.get(path)
        return Number(value, _percent(value), source_of(path))

    def figure(self, path: str) -> Number:
        """A coefficient with its interval, without the zero before the point."""
        return self._figure(path, _bare)

    def distance(self, path: str) -> Number:
        """A figure in levels with its interval."""
        return self._figure(path, "{:.2f}".format)

    def percent(self, path: str) -> Number:
        """A share with its interval."""
        return self._figure(path, _percent)

    def points(self, path: str) -> Number:
        """A difference of shares with its interval, in points."""
        return self._figure(path, lambda value: f"{100 * value:+.0f}", " percentage points")

    def _figure(self, path: str, form: Any, unit: str = "") -> Number:
        one = self.get(path)
        value = f"{form(one['value'])}{unit}"
        low, high = one["low"], one["high"]
        ends = "no interval"
        if low is not None and high is not None:
            ends = f"95 % CI {form(low).removesuffix(' %')} to {form(high)}"
        text = f"{value} ({ends})".replace("-", "−")
        return Number(one["value"], text, source_of(path))

    def is_known(self, path: str) -> bool:
        """Whether a figure has a value."""
        one = self.get(path)
        return one is not None and one["value"] is not None

    def cite(self, *keys: str) -> Given:
        """A citation in brackets; its entry is listed."""
        self.cited.update(keys)
        said = "; ".join(REFERENCES[key][0] for key in keys)
        return Given(f"({said})", Kind.citation)

    def made(self, path: str) -> Sentence:
        """When figures were made, and how much there was to make them of."""
        answers = self.count(f"{path}.labels", "answer")
        when = day(self.get(f"{path}.made_at"))
        return say("These figures were made on ", when, ", when coders had given ", answers,
                   ", replaced ones counted.")  # fmt: skip

    def was(self, path: str) -> str:
        """The verb of a count."""
        return "was" if self.get(path) == 1 else "were"


def _bare(value: float) -> str:
    """To two places, without the zero that cannot be anything else."""
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _percent(value: float) -> str:
    whole = round(value * 100)
    if whole == 0 and value > 0:
        return "< 1 %"
    return "> 99 %" if whole == 100 and value < 1 else f"{whole} %"


def day(at: dt.datetime) -> Given:
    """A day (UTC), as it stands in a sentence."""
    return Given(f"{at.day} {at:%B %Y}", Kind.date)


def moment(at: dt.datetime) -> Given:
    """A time to the minute."""
    return Given(f"{at.day} {at:%B %Y}, {at:%H:%M} UTC", Kind.date)


def digest(sha256: str) -> Given:
    """A hash."""
    return Given(f"SHA-256 {sha256}", Kind.hash)


def say(*parts: Part) -> Sentence:
    """A sentence of these parts."""
    return Sentence(parts)


def listed(items: Sequence[tuple[Part, ...]], last: str = "and") -> tuple[Part, ...]:
    """Parts with commas between, and “and” or another word before the last."""
    found: list[Part] = []
    for at, item in enumerate(items):
        if at:
            found.append(f" {last} " if at == len(items) - 1 else ", ")
        found.extend(item)
    return tuple(found)


def section(key: str, title: str, *paragraphs: list[Sentence], is_list: bool = False) -> Section:
    """A section without its empty paragraphs."""
    return Section(key, title, tuple(tuple(one) for one in paragraphs if one), is_list)
