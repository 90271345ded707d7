"""The difference of two texts: exact, by words and sections, and never without end."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.differences import Change, compare_texts, compare_words, shortest_edits
from cer_assist.domain.protocols import compose

SAME, GONE, NEW = Change.same, Change.gone, Change.new


def said(before: str, after: str, most: int = 1000) -> list[tuple[Change, str]]:
    return [(run.change, run.text) for run in compare_words(before, after, most)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("All the same.", "All  the\nsame.", [(SAME, "All  the\nsame.")]),
        ("", "Now said.", [(NEW, "Now said.")]),
        ("Once said.", "", [(GONE, "Once said.")]),
        (
            "We ask ten people.",
            "We ask twelve people.",
            [(SAME, "We ask "), (GONE, "ten "), (NEW, "twelve "), (SAME, "people.")],
        ),
        (
            "We ask people.",
            "Later we ask many people.",
            [(GONE, "We "), (NEW, "Later we "), (SAME, "ask "), (NEW, "many "), (SAME, "people.")],
        ),
    ],
)
def test_words_that_went_and_came_stand_between_those_that_stayed(
    before: str, after: str, expected: list[tuple[Change, str]]
) -> None:
    assert said(before, after) == expected


texts = st.lists(st.sampled_from(["we", "ask", "people", "in", "town", "."]), max_size=30)


@given(texts, texts, st.sampled_from([1, 4, 1000]))
def test_both_texts_can_be_read_off_a_difference(old: list[str], new: list[str], most: int) -> None:
    found = said(" ".join(old), " ".join(new), most)
    before = [word for change, text in found if change is not NEW for word in text.split()]
    after = [word for change, text in found if change is not GONE for word in text.split()]
    assert (before, after) == (old, new)


def longest_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for one in old:
        above = row[:]
        for at, other in enumerate(new, 1):
            row[at] = above[at - 1] + 1 if one == other else max(above[at], row[at - 1])
    return row[-1]


@given(texts, texts)
def test_no_more_is_marked_than_must_be(old: list[str], new: list[str]) -> None:
    steps = shortest_edits(old, new, len(old) + len(new))
    assert steps is not None
    kept = sum(number for change, number in steps if change is SAME)
    assert kept == longest_common(old, new)


def test_sections_are_matched_by_name_and_what_only_one_has_stands_alone() -> None:
    old = compose("A", "", [("Aims", "Walk."), ("Risks", "None known."), ("End", "Done.")])
    new = compose("B", "", [("Aims", "Walk more."), ("Sites", "Leeds."), ("End", "Done.")])
    found = compare_texts(old.text, old.sections, new.text, new.sections)
    assert [(one.name, one.gone, one.new) for one in found.sections] == [
        ("Aims", 0, 1),
        ("Risks", 2, 0),
        ("Sites", 0, 1),
        ("End", 0, 0),
    ]
    assert (found.gone, found.new) == (2, 2)
    assert found.share_kept == 2 * 2 / (2 * 2 + 4)


def test_long_unchanged_stretches_are_folded_but_for_the_words_around_a_change() -> None:
    words = [f"word{at}" for at in range(200)]
    old = compose("A", "", [("Text", " ".join(words))])
    new = " ".join([*words[:100], "x", *words[100:]])
    later = compose("B", "", [("Text", new)])
    [found] = compare_texts(old.text, old.sections, later.text, later.sections).sections
    assert [run.is_folded for run in found.runs] == [True, False, False, False, True]
    assert [run.words for run in found.runs] == [88, 12, 1, 12, 88]
    assert "".join(run.text for run in found.runs) == new


@pytest.mark.parametrize("kind", ["shuffled", "rewritten", "one word"])
def test_twenty_thousand_words_that_have_nothing_in_common_end(kind: str) -> None:
    """Bounded by count, not by time: more edits than allowed, and sentences are compared."""
    chance = random.Random(1)
    words = ["the"] * 20_000 if kind == "one word" else [f"w{at % 700}" for at in range(20_000)]
    other = [f"v{at % 700}" for at in range(20_000)] if kind == "rewritten" else words[:]
    chance.shuffle(other)
    found = compare_words(" ".join(words), " ".join(other))
    assert sum(run.words for run in found if run.change is not NEW) == 20_000
