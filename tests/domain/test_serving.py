"""Which strategy serves next, and what is said of it."""

from __future__ import annotations

from collections import Counter

import pytest

from cer_assist.domain.serving import (
    COLD_START,
    DEFAULT_SHARES,
    DIVERSE,
    FENCED,
    FORMERLY_UNCERTAIN,
    RANDOM,
    RARE,
    REASONS,
    REASONS_TOLD,
    SECOND_READING,
    UNCERTAIN,
    Shares,
    draw_strategy,
)

# Of the four fifths that are no second reading; half of the random ones are fenced.
SHARES = Shares(diverse=0.25, rare=0.25, random=0.25)


@pytest.mark.parametrize(
    ("chance", "state", "expected"),
    [
        (0.0, "learnt", SECOND_READING),
        (0.19, "none", SECOND_READING),
        (0.2, "learnt", FENCED),
        (0.29, "learnt", FENCED),
        (0.31, "learnt", RANDOM),
        (0.39, "rubric", RANDOM),
        (0.41, "learnt", DIVERSE),
        (0.59, "learnt", DIVERSE),
        (0.61, "learnt", RARE),
        (0.79, "learnt", RARE),
        (0.81, "learnt", UNCERTAIN),
        (0.99, "learnt", UNCERTAIN),
        (0.41, "rubric", COLD_START),
        (0.99, "rubric", COLD_START),
        (0.25, "none", FENCED),
        (0.99, "none", RANDOM),
    ],
)
def test_the_die_decides_by_shares(chance: float, state: str, expected: str) -> None:
    drawn = draw_strategy(
        chance,
        SHARES,
        double_coded=0.2,
        has_model=state != "none",
        has_learnt=state == "learnt",
    )
    assert drawn == expected


def test_each_strategy_has_its_share() -> None:
    drawn = Counter(
        draw_strategy(at / 1000, SHARES, double_coded=0, has_model=True, has_learnt=True)
        for at in range(1000)
    )
    assert drawn == {FENCED: 125, RANDOM: 125, DIVERSE: 250, RARE: 250, UNCERTAIN: 250}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [(Shares(0, 0, 1), RANDOM), (Shares(0, 0, 0), UNCERTAIN), (Shares(1, 0, 0), DIVERSE)],
)
def test_all_of_one(shares: Shares, expected: str) -> None:
    assert (
        draw_strategy(0.9999, shares, double_coded=0, has_model=True, has_learnt=True) == expected
    )


def test_defaults_leave_the_model_something_to_be_unsure_of() -> None:
    assert DEFAULT_SHARES.uncertain == pytest.approx(0.4)


def test_what_a_coder_is_told_gives_nothing_away() -> None:
    assert REASONS.keys() == REASONS_TOLD.keys() - {FORMERLY_UNCERTAIN}
    assert not any(letter.isdigit() for reason in REASONS.values() for letter in reason)
    # Neither a second reading nor a rare level may be known by what is said of it.
    assert REASONS[SECOND_READING] == REASONS[RANDOM]
    assert REASONS[RARE] == REASONS[UNCERTAIN]
    # A fenced one is stored and told as random.
    assert FENCED not in REASONS
