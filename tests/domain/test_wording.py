"""A wording goes into a file and a form and back, and its changes are told word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cer_assist.domain.rubric import parse_rubric
from cer_assist.domain.rubric_changes import changes, touched, words_changed
from cer_assist.domain.wording import Wording, faults, one_line, wording_of, yaml_of
from tests.builders import RUBRIC

FIRST = wording_of(parse_rubric(RUBRIC.read_text(encoding="utf-8")))
TEXTS = some.text(min_size=1).map(one_line).filter(bool)


def with_level(value: int, **said: object) -> Wording:
    levels = tuple(
        replace(level, **said) if level.value == value else level  # type: ignore[arg-type]
        for level in FIRST.levels
    )
    return replace(FIRST, levels=levels)


def test_the_first_version_survives_file_and_database() -> None:
    assert faults(FIRST) == {}
    assert wording_of(parse_rubric(yaml_of(FIRST, "cenr-5", 2))) == FIRST
    assert Wording.from_json(FIRST.as_json()) == FIRST


@settings(deadline=None)
@given(TEXTS, TEXTS, some.lists(TEXTS, min_size=1))
def test_whatever_is_typed_survives_the_file(text: str, term: str, lines: list[str]) -> None:
    said = replace(
        with_level(2, definition=text, include=tuple(lines), examples=((text, term),)),
        terms=((term, text),),
        decision_rules=tuple(lines),
    )
    assert wording_of(parse_rubric(yaml_of(said, "cenr-5", 2))) == said


@pytest.mark.parametrize(
    ("wording", "place", "told"),
    [
        (replace(FIRST, title=""), "title", "write something"),
        (with_level(1, definition=""), "levels.0.definition", "write something"),
        (with_level(5, include=()), "levels.4.include", "one line"),
        (with_level(3, name="x" * 61), "levels.2.name", "longer than 60"),
        (with_level(3, examples=(("text", ""),)), "levels.2.examples.0.why", "write something"),
        (with_level(3, name="reciprocal"), "", "Two levels have the same name."),
        (replace(FIRST, terms=(("Peer", ""),)), "terms.0", "name and a meaning"),
        (replace(FIRST, terms=(("Peer", "a"), ("Peer", "b"))), "terms.1", "twice"),
    ],
)
def test_each_fault_is_told_at_its_place(wording: Wording, place: str, told: str) -> None:
    found = faults(wording)
    assert list(found) == [place]
    assert told in found[place]


def test_changes_are_told_by_level_and_part() -> None:
    level = FIRST.levels[1]
    after = with_level(2, include=(*level.include[1:], "A new line"), definition="Other words.")
    found = changes(FIRST, after)
    assert [(change.level, change.part) for change in found] == [
        (2, "definition"),
        (2, "belongs here"),
    ]
    gone, come = found[1].rows
    assert (gone.after, come.before) == (None, None)
    assert found[1].unchanged == 1
    assert changes(FIRST, FIRST) == []


def test_words_that_went_and_came_are_marked_and_nothing_is_lost() -> None:
    row = words_changed("A partner lends a room.", "A partner lends one room, once.")
    assert row.before is not None
    assert row.after is not None
    assert [(p.mark, p.text) for p in row.before] == [
        ("same", "A partner lends "),
        ("out", "a "),
        ("same", "room"),
        ("same", "."),
    ]
    assert [(p.mark, p.text) for p in row.after if p.mark == "in"] == [
        ("in", "one "),
        ("in", ", once"),
    ]
    other = words_changed("Lay workers who deliver it", "Ministries can be partners")
    assert [piece.mark for piece in (*(other.before or ()), *(other.after or ()))] == ["out", "in"]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_both_sides_hold_their_whole_text(before: str, after: str) -> None:
    row = words_changed(before, after)
    assert "".join(piece.text for piece in row.before or ()) == before
    assert "".join(piece.text for piece in row.after or ()) == after


def test_a_changed_rule_touches_the_levels_that_it_names() -> None:
    rules = (*FIRST.decision_rules[:1], "A mere site is a 2, its staff a 3.")
    found = changes(FIRST, replace(FIRST, decision_rules=rules + FIRST.decision_rules[2:]))
    assert touched(found, FIRST.scale) == (2, 3, 4)
    assert touched(changes(FIRST, with_level(5, name="Shared")), FIRST.scale) == (5,)
    assert touched(changes(FIRST, replace(FIRST, source="2022, 3 authors")), FIRST.scale) == ()
