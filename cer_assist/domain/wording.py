"""What a rubric says, apart from its id and number: the part that a draft changes.

A draft is kept as it was typed, faults and all. Only a wording without faults becomes a version,
and its levels keep their values: another scale would make the labels given so far unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import yaml
from pydantic import ValidationError

from cer_assist.domain.protocols import clean
from cer_assist.domain.rubric import Rubric, RubricFile

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LevelWording:
    """What is said of one level."""

    value: int
    name: str = ""
    definition: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    examples: tuple[Pair, ...] = ()  # (text, why)
    cue_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of the whole scale and of each level."""

    title: str
    instruction: str
    source: str
    terms: tuple[Pair, ...]  # (term, meaning)
    levels: tuple[LevelWording, ...]
    decision_rules: tuple[str, ...]

    @property
    def scale(self) -> tuple[int, ...]:
        """The level values in order."""
        return tuple(level.value for level in self.levels)

    def as_json(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Wording:
        """The same back."""
        levels = tuple(
            LevelWording(
                level["value"],
                level["name"],
                level["definition"],
                tuple(level["include"]),
                tuple(level["exclude"]),
                _pairs(level["examples"]),
                tuple(level["cue_words"]),
            )
            for level in stored["levels"]
        )
        rules = tuple(stored["decision_rules"])
        whole = (stored["title"], stored["instruction"], stored["source"])
        return cls(*whole, _pairs(stored["terms"]), levels, rules)

    def with_example(self, value: int, text: str, why: str) -> Wording:
        """One example more for a level."""
        levels = tuple(
            replace(level, examples=(*level.examples, (text, why)))
            if level.value == value
            else level
            for level in self.levels
        )
        return replace(self, levels=levels)


def wording_of(rubric: Rubric) -> Wording:
    """What a version says; a blank is a blank, however the file broke its lines."""
    levels = tuple(
        LevelWording(
            level.value,
            one_line(level.name),
            one_line(level.definition),
            tuple(map(one_line, level.include)),
            tuple(map(one_line, level.exclude)),
            tuple((one_line(example.text), one_line(example.why)) for example in level.examples),
            tuple(map(one_line, level.cue_words)),
        )
        for level in rubric.levels
    )
    return Wording(
        one_line(rubric.title),
        one_line(rubric.instruction),
        one_line(rubric.source),
        tuple((one_line(term), one_line(meaning)) for term, meaning in rubric.terms.items()),
        levels,
        tuple(map(one_line, rubric.decision_rules)),
    )


def one_line(text: str) -> str:
    """Words with one blank between them, and nothing that no browser or document can show."""
    return " ".join(clean(text).split())


def yaml_of(wording: Wording, rubric_id: str, version: int) -> str:
    """The file of a version; read back by `parse_rubric` it says the same."""
    data = _as_file(wording, rubric_id, version)
    for name in ("source", "terms", "decision_rules"):
        if not data[name]:
            del data[name]
    for level in data["levels"]:
        for name in ("examples", "cue_words"):
            if not level[name]:
                del level[name]
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=96)


def faults(wording: Wording) -> dict[str, str]:
    """What keeps a wording from being published, by the name of its place; "" is the whole."""
    found = {}
    try:
        RubricFile.model_validate(_as_file(wording, "draft", 1))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            found[".".join(map(str, fault["loc"]))] = _say(fault["type"], fault)
    terms = [term for term, _ in wording.terms]
    for at, (term, meaning) in enumerate(wording.terms):
        if not term or not meaning:
            found[f"terms.{at}"] = "A term needs a name and a meaning."
        elif term in terms[:at]:
            found[f"terms.{at}"] = "This term stands here twice."
    return found


def _as_file(wording: Wording, rubric_id: str, version: int) -> dict[str, Any]:
    return {
        "id": rubric_id,
        "version": version,
        "title": wording.title,
        "source": wording.source,
        "instruction": wording.instruction,
        "terms": dict(wording.terms),
        "levels": [
            {
                "value": level.value,
                "name": level.name,
                "definition": level.definition,
                "include": list(level.include),
                "exclude": list(level.exclude),
                "examples": [{"text": text, "why": why} for text, why in level.examples],
                "cue_words": list(level.cue_words),
            }
            for level in wording.levels
        ],
        "decision_rules": list(wording.decision_rules),
    }


def _say(kind: str, fault: Any) -> str:
    if kind == "string_too_short":
        return "This is empty: write something."
    if kind == "too_short":
        return "This needs one line at least."
    if kind == "string_too_long":
        return f"This is longer than {fault['ctx']['max_length']} characters: shorten it."
    text: str = fault["msg"].removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."


def _pairs(stored: Iterable[Iterable[str]]) -> tuple[Pair, ...]:
    return tuple((first, second) for first, second in stored)
