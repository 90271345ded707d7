"""The difference of two texts: exact, by words and sections, and never without end."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.differences import Change, compare_texts, compare_words, edits
from cer_assist.domain.protocols import compose

SAME, GONE, NEW = Change.same, Change.gone, Change.new


def said(before: str, after: str) -> list[tuple[Change, str]]:
    return [(run.change, run.text) for run in compare_words(before, after)]


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
        (  # one word that both have by chance
            "Nobody ever asked whether the nurses would meet them there.",
            "All is agreed with the council of elders before it begins.",
            [
                (GONE, "Nobody ever asked whether the nurses would meet them there"),
                (NEW, "All is agreed with the council of elders before it begins"),
                (SAME, "."),
            ],
        ),
    ],
)
def test_words_that_went_and_came_stand_between_those_that_stayed(
    before: str, after: str, expected: list[tuple[Change, str]]
) -> None:
    assert said(before, after) == expected


texts = st.lists(st.sampled_from(["we", "ask", "people", "in", "town", "."]), max_size=30)


@given(texts, texts)
def test_both_texts_can_be_read_off_a_difference(old: list[str], new: list[str]) -> None:
    found = said(" ".join(old), " ".join(new))
    before = [word for change, text in found if change is not NEW for word in text.split()]
    after = [word for change, text in found if change is not GONE for word in text.split()]
    assert (before, after) == (old, new)
    fates = [change for change, _ in found]
    assert all(one is not other for one, other in pairwise(fates))
    assert (NEW, GONE) not in pairwise(fates)  # what went stands before what came


def longest_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for one in old:
        above = row[:]
        for at, other in enumerate(new, 1):
            row[at] = above[at - 1] + 1 if one == other else max(above[at], row[at - 1])
    return row[-1]


short = st.lists(st.sampled_from(["we", "ask", "people"]), max_size=8)


@given(short, short)
def test_no_more_is_marked_than_must_be(old: list[str], new: list[str]) -> None:
    """Of short texts: nothing in them stays by chance."""
    kept = sum(step.old.stop - step.old.start for step in edits(old, new) if step.is_same)
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


def test_all_changes_of_a_long_text_are_found_and_told_from_the_rest() -> None:
    chance = random.Random(1)
    words = [f"w{chance.randrange(3000)}" for _ in range(20_000)]
    changed = {at: f"v{at}" for at in range(5, 20_000, 10)}
    found = compare_words(
        " ".join(words), " ".join(changed.get(*pair) for pair in enumerate(words))
    )
    assert [run.text.strip() for run in found if run.change is NEW] == list(changed.values())
    assert sum(run.words for run in found if run.change is SAME) == 18_000


def test_texts_that_share_but_single_words_are_told_as_a_whole() -> None:
    words, other = ([f"{name}{at}" for at in range(21_000)] for name in "wv")
    words[::50] = other[::50] = ["the"] * 420
    found = compare_words(" ".join(words), " ".join(other))
    assert [(run.change, run.words) for run in found] == [
        (SAME, 1),
        (GONE, 20_999),
        (NEW, 20_999),
    ]
