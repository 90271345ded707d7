"""What the desk's filters can be set to on its pages, and what is chosen, in words.

An address may hold what is in no list: a coder of another project, a version that does not exist.
It then gets an entry of its own, for a form that did not show it would drop it without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cer_assist.services.desk_choices import Choices
from cer_assist.services.desk_filters import NONE, TITLES, Answers, DeskFilters
from cer_assist.views import desk_words as words
from cer_assist.views.presentation import share
from cer_assist.views.timeline_words import EXPOSURES


@dataclass(frozen=True, slots=True)
class Field:
    """A filter with a list."""

    name: str
    title: str
    options: list[tuple[str, str]]  # in the address, in words


def fields(filters: DeskFilters, choices: Choices, scale: Sequence[int]) -> list[Field]:
    """All that have a list, in the order of the form."""
    levels = [(str(one), str(one)) for one in scale]
    versions, rubrics = ([(str(n), str(n)) for n in s] for s in (choices.versions, choices.rubrics))
    known: list[tuple[str, str, Iterable[tuple[str, str]]]] = [
        ("suggested", "all", [*levels, (NONE, "none")]),
        ("level", "all", levels),
        ("final", "all", [*levels, (NONE, "none: readers differ")]),
        ("coder", "all", choices.coders),
        ("version", "all", versions),
        ("exposure", "all", EXPOSURES.items()),
        ("arm", "all", words.ARMS.items()),
        ("rubric", "all", rubrics),
        ("fenced", "all", [("yes", "yes"), ("no", "no")]),
        ("unlearnt", "all", [("yes", "certainly not")]),
        ("answers", "that stand", [(Answers.all, "superseded ones too")]),
        ("signal", "all", words.TITLES.items()),
    ]
    return [
        Field(name, TITLES[name], [("", every), *_with(getattr(filters, name), options)])
        for name, every, options in known
    ]


def _with(value: str, options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    found = [(str(key), said) for key, said in options]
    is_known = not value or value in dict(found)
    return found if is_known else [*found, (value, f"{value} (not known here)")]


def told(filters: DeskFilters, shown: Sequence[Field]) -> str:
    """What is chosen, as the form has it; nothing if all readings are."""
    given = filters.given()
    said = [
        f"{one.title}: {dict(one.options)[given[one.name]]}" for one in shown if one.name in given
    ]
    if "since" in given or "until" in given:
        ends = ("from", filters.since), ("to", filters.until)
        said.append(f"Days: {' '.join(f'{word} {day}' for word, day in ends if day)}")
    if "probability" in given:
        said.append(f"{TITLES['probability']}: {share(filters.probability)}")
    if "speed" in given:
        said.append(f"{TITLES['speed']}: {filters.speed:,.0f}")
    return "; ".join(said)
