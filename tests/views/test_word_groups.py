"""Stored scores become groups of words, as tables of cases."""

from __future__ import annotations

import pytest

from cer_assist.views import word_groups
from tests.scores import some_scores


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (5, "committee for, board for, church neutral, study neutral, flyers against"),
        (2, "flyers for, study for, church neutral, board neutral, committee against"),
    ],
)
def test_what_does_less_than_the_median_is_neutral(level: int, expected: str) -> None:
    rows = word_groups.grouped(some_scores(), level).rows
    assert ", ".join(f"{row.word} {row.group}" for row in rows) == expected


def test_without_words_there_are_no_groups() -> None:
    assert word_groups.grouped(some_scores() | {"words": {}}, 5).rows == []


def test_a_word_that_does_nothing_is_neutral_even_if_all_do_nothing() -> None:
    rows = word_groups.grouped(some_scores(times=0.0), 5).rows
    assert {row.group for row in rows} == {"neutral"}


def test_shares_are_read_in_per_cent_and_scores_with_their_sign() -> None:
    assert word_groups.looked(0.0123, True) == "1.2 %"
    assert word_groups.looked(-0.3677, False) == "-0.368"
