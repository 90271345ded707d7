"""The draft's form: every field is named as the fault about it is, so both find each other."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from cer_assist.domain.wording import LevelWording, Pair, Wording, one_line

_CALLED = {"include": "belongs here", "exclude": "does not", "examples": "an example"}
MOST = 200  # examples of a level, or terms


def wording_from(form: MultiDict[str, str], scale: Sequence[int]) -> Wording:
    """What was typed; empty lines and empty pairs are left out."""
    return Wording(
        one_line(form.get("title", "")),
        one_line(form.get("instruction", "")),
        one_line(form.get("source", "")),
        _pairs(form, "terms", "term", "meaning"),
        tuple(_level(form, f"levels.{at}", value) for at, value in enumerate(scale)),
        _lines(form, "decision_rules"),
    )


def place_in_words(name: str, scale: Sequence[int]) -> str:
    """A field as people call it: `levels.1.include` is “level 2, belongs here”."""
    parts = name.split(".")
    if parts[0] != "levels":
        return _CALLED.get(parts[0], parts[0].replace("_", " "))
    called = _CALLED.get(parts[2], parts[2].replace("_", " "))
    return f"level {scale[int(parts[1])]}, {called}"


def touched_from(form: MultiDict[str, str]) -> list[int]:
    """The levels that are ticked."""
    return form.getlist("touched", type=int)


def _level(form: MultiDict[str, str], place: str, value: int) -> LevelWording:
    return LevelWording(
        value,
        one_line(form.get(f"{place}.name", "")),
        one_line(form.get(f"{place}.definition", "")),
        _lines(form, f"{place}.include"),
        _lines(form, f"{place}.exclude"),
        _pairs(form, f"{place}.examples", "text", "why"),
        _lines(form, f"{place}.cue_words"),
    )


def _lines(form: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(line for text in form.get(name, "").splitlines() if (line := one_line(text)))


def _pairs(form: MultiDict[str, str], place: str, first: str, second: str) -> tuple[Pair, ...]:
    found = []
    for at in range(MOST):
        if f"{place}.{at}.{first}" not in form:
            break
        pair = tuple(one_line(form.get(f"{place}.{at}.{name}", "")) for name in (first, second))
        if any(pair):
            found.append((pair[0], pair[1]))
    return tuple(found)
