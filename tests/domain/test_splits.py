"""No group is ever in two splits, shares are met as far as groups let them, leaks are found."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.split_checks import Placed, report, table
from cer_assist.domain.splits import (
    FENCED,
    LEFT_OUT,
    TEST,
    TRAIN,
    Piece,
    dealt,
    joined,
    merged,
    unmet,
)

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
PIECES = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 5), st.booleans()), min_size=1, max_size=120
).map(lambda rows: [Piece(key, *row) for key, row in enumerate(rows, 1)])


@given(PIECES, st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_no_group_is_split_whatever_comes_and_in_whatever_order(
    pieces: list[Piece], seed: int, order: random.Random
) -> None:
    if len({p.group for p in pieces} - {p.group for p in pieces if p.is_fenced}) < len(SHARES):
        with pytest.raises(InvalidInput, match="Nothing is dealt"):
            dealt(pieces, SHARES, seed)
        return
    found = dealt(pieces, SHARES, seed)
    assert set(SHARES) <= set(found.values())  # each has something, however few there are
    assert found.keys() == {piece.key for piece in pieces}
    splits_of: dict[int, set[str]] = {}
    for piece in pieces:
        splits_of.setdefault(piece.group, set()).add(found[piece.key])
        assert (found[piece.key] == FENCED) == piece.is_fenced
    assert all(len(own) == 1 or own == {FENCED, LEFT_OUT} for own in splits_of.values())
    shuffled = order.sample(pieces, len(pieces))
    assert dealt(shuffled, dict(reversed(SHARES.items())), seed) == found


def test_groups_that_stand_apart_with_the_fenced_sample_are_told() -> None:
    """As when all of a department stays together, and each has some of the sample."""
    pieces = [Piece(key, key % 2, 1, is_fenced=key < 3) for key in range(1, 9)]
    told = r"Nothing is dealt: 0 groups .*\(2 more hold a protocol of the fenced sample\)"
    with pytest.raises(InvalidInput, match=told):
        dealt(pieces, SHARES, 1)


@given(PIECES, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_each_level_has_its_share_as_far_as_the_largest_group_lets_it(
    pieces: list[Piece], seed: int
) -> None:
    pieces = [replace(piece, is_fenced=False) for piece in pieces]
    pieces += [Piece(1000 + at, 1000 + at, 1) for at in range(len(SHARES))]
    found = dealt(pieces, SHARES, seed)
    largest = max(Counter(piece.group for piece in pieces).values())
    sizes = Counter(found.values())
    for name, share in SHARES.items():
        # Each of five levels may be off by a group.
        assert abs(sizes[name] - share * len(pieces)) <= 5 * largest
    assert unmet(found, pieces, {name: n / len(pieces) for name, n in sizes.items()}) == []


def far(pieces: list[Piece], found: dict[int, str]) -> float:
    """Squared distance of each level's number from its share, the rarest level's the most."""
    total = Counter(piece.level for piece in pieces)
    got = Counter((found[piece.key], piece.level) for piece in pieces)
    return sum(
        (got[name, level] - share * n) ** 2 / n
        for name, share in SHARES.items()
        for level, n in total.items()
    )


@pytest.mark.parametrize("seed", range(6))
def test_groups_of_several_levels_are_dealt_as_near_as_no_move_or_exchange_betters(
    seed: int,
) -> None:
    dice = random.Random(seed)
    pieces = [Piece(key, key // 4, dice.randint(1, 5)) for key in range(80)]
    found = dealt(pieces, SHARES, 1)
    assert not [one for one in unmet(found, pieces, SHARES) if "has" in one]
    groups, least = range(20), far(pieces, found) - 1e-9
    split_of = {piece.group: found[piece.key] for piece in pieces}
    for one in groups:
        for name in SHARES:
            moved = split_of | {one: name}
            if set(moved.values()) == set(SHARES):
                assert far(pieces, {piece.key: moved[piece.group] for piece in pieces}) >= least
        for other in groups:
            swapped = split_of | {one: split_of[other], other: split_of[one]}
            assert far(pieces, {piece.key: swapped[piece.group] for piece in pieces}) >= least


def test_a_split_without_a_level_is_told() -> None:
    """Ten 5s of one investigator go one way."""
    pieces = [Piece(key, key, 1 + key % 4) for key in range(100)]
    pieces += [Piece(100 + at, 100, 5) for at in range(10)]
    found = dealt(pieces, SHARES, 1)
    told = [one for one in unmet(found, pieces, SHARES) if "holds nothing of level 5" in one]
    assert len(told) == 2


def test_single_protocols_are_dealt_to_within_one_of_each_level() -> None:
    levels = [1] * 40 + [2] * 300 + [3] * 7 + [4] * 100 + [5] * 20
    pieces = [Piece(key, key, level) for key, level in enumerate(levels)]
    found = dealt(pieces, SHARES, 1)
    for level, n in Counter(levels).items():
        for name, share in SHARES.items():
            got = sum(found[piece.key] == name for piece in pieces if piece.level == level)
            assert abs(got - share * n) <= 1, (level, name)
    assert dealt(pieces, SHARES, 2) != found
    assert LEFT_OUT not in found.values()
    assert unmet(found, pieces, SHARES) == []


def test_a_share_of_nothing_gets_nothing_and_a_large_group_is_told() -> None:
    pieces = [Piece(key, 0 if key < 60 else key, 1 + key % 5) for key in range(100)]
    found = dealt(pieces, {"train": 0.5, "validation": 0.0, "test": 0.5}, 0)
    assert set(found.values()) == {"train", "test"}
    (one, _) = unmet(found, pieces, {"train": 0.5, "validation": 0.0, "test": 0.5})
    assert "the largest holds 60 of 100 protocols" in one


def test_one_protocol_of_each_level_still_gives_every_split_one() -> None:
    pieces = [Piece(level, level, level) for level in range(1, 6)]
    found = dealt(pieces, SHARES, 1)
    assert Counter(found.values()) == {"train": 3, "validation": 1, "test": 1}
    with pytest.raises(InvalidInput, match="2 groups of protocols with a level are there for 3"):
        dealt(pieces[:2], SHARES, 1)


def test_pairs_join_groups_and_what_is_in_them() -> None:
    assert merged({1: 1, 2: 1, 3: 3, 4: 3, 5: 5}, [(2, 4)]) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5}


def test_ties_reach_across_one_another() -> None:
    near, study = {1: 7, 2: 7}, {2: 2, 3: 2}
    who: dict[int, str | None] = {3: "A", 4: "A", 5: None, 6: None}
    assert joined([6, 5, 4, 3, 2, 1], near, study, who) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5, 6: 6}


def a_set() -> list[Placed]:
    """Six in three splits, nothing in common."""
    return [
        Placed(f"P-{at}", split, 1 + at % 5, at, split == FENCED, f"c{at}", f"w{at}", at, at)
        for at, split in enumerate(("train", "train", "validation", "test", "fenced", "fenced"))
    ]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("group", {"group": 0}),
        ("near_copy", {"near": 0}),
        ("study", {"study": 0}),
        ("same_text", {"content": "c0"}),
        ("same_words", {"words": "w0"}),
        ("column:investigator", {"values": {"investigator": "Lind"}}),
        ("fence", {"is_fenced": True}),
        ("unlabelled", {"level": None}),
    ],
)
def test_a_planted_leak_of_each_kind_is_found_and_no_other(
    code: str, change: dict[str, object]
) -> None:
    rows = a_set()
    rows[0] = replace(rows[0], values={"investigator": "Lind"})
    assert [line.found for line in report(rows, ["investigator"], [], fenced_is_test=False)] == [
        0
    ] * 10
    rows[3] = replace(rows[3], **change)  # type: ignore[arg-type]
    found = {line.code: line for line in report(rows, ["investigator"], [], fenced_is_test=False)}
    assert {name for name, line in found.items() if line.found} == {code}
    assert (found[code].found, "P-3" in found[code].names) == (1, True)


def test_near_copies_that_no_cluster_knows_are_a_leak_of_their_own() -> None:
    lines = report(a_set(), [], [("P-0", "P-3")], fenced_is_test=False)
    (found,) = [line for line in lines if line.found]
    assert (found.code, found.of, found.names) == ("alike", 13, ("P-0", "P-3"))


def test_a_fenced_one_that_would_be_learnt_is_found_also_where_the_fence_is_the_test() -> None:
    rows = [replace(row, split=TEST if row.is_fenced else row.split) for row in a_set()]
    assert not any(line.found for line in report(rows, [], [], fenced_is_test=True))
    rows[5] = replace(rows[5], split=TRAIN)
    wrong = {line.code for line in report(rows, [], [], fenced_is_test=True) if line.found}
    assert wrong == {"fence", "taught"}
    assert table(rows, (1, 2, 3, 4, 5), SHARES)[0]["levels"] == {
        "1": 2,
        "2": 1,
        "3": 0,
        "4": 0,
        "5": 0,
    }
