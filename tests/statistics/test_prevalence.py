"""Shares of levels: by hand, against a loop, and in worlds whose shares are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.prevalence import (
    GROUPED,
    GROUPS,
    SHARES,
    World,
    marks,
    protocols_of,
    run,
    run_groups,
)
from cer_assist.statistics import prevalence as module
from cer_assist.statistics.left import BORROWED, JEFFREYS, ends
from cer_assist.statistics.prevalence import UNSAID, Read, Unread, by_group, prevalence

NAN = float("nan")
SURE = {"few": False, "few_errors": False}


def read(levels: list[int], said: list[int], doubt: list[float] | None = None) -> Read:
    doubts = [NAN] * len(levels) if doubt is None else doubt
    votes = np.eye(5)[np.array(levels, int)]
    return Read(votes, np.array(said, int), np.array(doubts, float))


def unread(said: list[int], doubt: list[float] | None = None) -> Unread:
    doubts = [NAN] * len(said) if doubt is None else doubt
    return Unread(np.array(said, int), np.array(doubts, float))


def estimated(
    others: np.ndarray, sample: Read, rest: Unread, votes: np.ndarray | None = None
) -> dict[str, Any]:
    """Of so many levels as were counted, beside the sample."""
    some = replace(sample, votes=sample.votes[:, : len(others)])
    settled = some.votes[some.votes.max(axis=1) == 1]
    return prevalence(others + settled.sum(axis=0).astype(int), some, rest, votes)


def a_sample(seed: int, n: int = 60, left: int = 200) -> tuple[Read, Unread]:
    dice = np.random.default_rng(seed)
    levels = dice.integers(0, 5, n)
    said = np.where(dice.random(n) < 0.7, levels, dice.integers(0, 5, n))
    rest = dice.integers(0, 5, left).tolist()
    return read(levels.tolist(), said.tolist()), unread(rest)


def test_a_models_errors_are_learnt_from_the_sample_and_taken_out() -> None:
    """It calls half of the zeros ones: of 100 ones that it says are left, half are zeros."""
    of_two = read([0] * 20 + [0] * 20 + [1] * 20, [0] * 20 + [1] * 40)
    found = estimated(np.array([10, 30]), of_two, unread([1] * 100))
    assert (found["protocols"], found["counted"], found["sampled"]) == (200, 100, 60)
    share = found["levels"][1]
    # 30 + 20 were counted, and about 50 of the 100 are of that level.
    assert share["value"] == pytest.approx((50 + 50) / 200, abs=0.003)
    assert share["low"] < 0.5 < share["high"]
    assert found["plain"][1]["value"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_a_loop_over_protocols(seed: int) -> None:
    sample, rest = a_sample(seed)
    counted = np.array([40, 10, 5, 3, 2])
    found = estimated(counted, sample, rest)
    b = BORROWED
    pooled = [(sum(sample.votes[:, k]) + b / 5) / (60 + b) for k in range(5)]
    totals = [float(counted[k] + sum(sample.votes[:, k])) for k in range(5)]
    for said in rest.said:
        alike = sample.votes[sample.said == said]
        for k in range(5):
            totals[k] += (sum(alike[:, k]) + b * pooled[k]) / (len(alike) + b)
    assert [one["value"] for one in found["levels"]] == pytest.approx([t / 320 for t in totals])
    assert sum(one["value"] for one in found["levels"]) == pytest.approx(1)
    for level, one in enumerate(found["at_least"]):
        assert one["value"] == pytest.approx(sum(totals[level:]) / 320)
    assert found["at_least"][0] == {"value": 1.0, "low": 1.0, "high": 1.0} | SURE


def test_without_a_model_it_is_the_random_sample_that_speaks() -> None:
    sample = read([0] * 45 + [1] * 15, [UNSAID] * 60)
    found = estimated(np.array([0, 0]), sample, unread([UNSAID] * 940))
    assert found["levels"][1]["value"] == pytest.approx(0.25, abs=0.003)
    for end in ("low", "high"):
        assert found["levels"][1][end] == pytest.approx(found["plain"][1][end], abs=0.02)


def test_a_model_that_knows_narrows_the_interval() -> None:
    dice = np.random.default_rng(3)
    levels = (dice.random(100) < 0.4).astype(int).tolist()
    rest = (dice.random(900) < 0.4).astype(int).tolist()
    good = estimated(np.zeros(2, int), read(levels, levels), unread(rest))["levels"][1]
    none = estimated(np.zeros(2, int), read(levels, [UNSAID] * 100), unread([UNSAID] * 900))
    other = none["levels"][1]
    assert good["high"] - good["low"] < 0.5 * (other["high"] - other["low"])


def test_readings_are_weighted_until_their_certainty_is_that_of_the_unread() -> None:
    """Of what it calls 0 it is wrong where it doubts, and only what it does not doubt is left."""
    sample = read([0] * 40 + [1] * 40, [0] * 80, [0.1] * 40 + [0.9] * 40)
    sure = estimated(np.zeros(2, int), sample, unread([0] * 200, [0.1] * 200))
    blunt = estimated(np.zeros(2, int), read([0] * 40 + [1] * 40, [0] * 80), unread([0] * 200))
    assert sure["levels"][1]["value"] * 280 == pytest.approx(40, abs=2)
    assert blunt["levels"][1]["value"] * 280 == pytest.approx(140, abs=2)


def test_what_everyone_read_is_known_without_an_interval() -> None:
    found = estimated(np.array([30, 10]), read([], []), unread([]))
    assert found["levels"][1] == {"value": 0.25, "low": 0.25, "high": 0.25} | SURE
    assert found["plain"] is None


@pytest.mark.parametrize(("sampled", "counted"), [(19, 100), (0, 15)])
def test_too_few_are_not_told(sampled: int, counted: int) -> None:
    left = 50 if sampled else 0
    found = estimated(
        np.array([counted, 0]), read([0] * sampled, [0] * sampled), unread([0] * left)
    )
    assert (found["levels"], found["at_least"], found["plain"]) == (None, None, None)


def test_each_group_stands_on_its_own_readings() -> None:
    sample, rest = a_sample(1, n=90, left=300)
    counted = [np.array([5, 5, 5, 5, 5]), np.array([1, 2, 3, 4, 5])]
    mine, theirs = np.arange(90) // 60, np.arange(300) // 150
    found = by_group(counted, sample, mine, rest, theirs)
    assert [one["sampled"] for one in found] == [60, 30]
    assert found[1] == prevalence(counted[1], sample.where(mine == 1), rest.where(theirs == 1))


def test_a_level_of_which_the_sample_holds_few_says_so() -> None:
    sample = read([0] * 56 + [1] * 4, [0] * 60)
    few = [one["few"] for one in estimated(np.zeros(2, int), sample, unread([0] * 40))["levels"]]
    assert few == [True, True]  # of others there are few as well
    sample = read([0] * 55 + [1] * 5, [0] * 60)
    enough = estimated(np.zeros(2, int), sample, unread([0] * 40))
    assert [one["few"] for one in enough["levels"]] == [False, False]
    assert enough["at_least"][0] == {"value": 1.0, "low": 1.0, "high": 1.0} | SURE


def few_errors(sample: Read, rest: Unread) -> list[bool]:
    return [one["few_errors"] for one in estimated(np.zeros(3, int), sample, rest)["levels"]]


def test_a_level_about_which_few_errors_were_seen_says_so() -> None:
    """Of three 1s that it calls 0, both levels have three errors; of another, both have enough."""
    rest = unread([0] * 40 + [1] * 40 + [2] * 20)
    right = [0] * 30 + [1] * 20 + [2] * 10
    assert few_errors(read(right, right), rest) == [True, True, True]
    called = [0] * 30 + [0] * 3 + [1] * 17 + [2] * 10
    assert few_errors(read(right, called), rest) == [True, True, True]
    called = [0] * 30 + [0] * 4 + [1] * 16 + [2] * 10
    assert few_errors(read(right, called), rest) == [False, False, True]


def test_errors_count_as_much_as_their_readings_weigh() -> None:
    """Six errors, all where it doubts, and of what it doubts little is left."""
    levels, called = [0] * 34 + [1] * 46, [0] * 40 + [1] * 40
    doubt = [0.1] * 34 + [0.9] * 6 + [0.1] * 34 + [0.9] * 6
    sample = read(levels, called, doubt)
    alike = unread([0] * 40 + [1] * 40, doubt)
    surer = unread([0] * 40 + [1] * 40, [0.1] * 80)
    assert few_errors(sample, alike)[:2] == [False, False]
    assert few_errors(sample, surer)[:2] == [True, True]


def test_without_a_model_every_reading_tells() -> None:
    sample = read([0] * 50 + [1] * 5 + [2] * 5, [UNSAID] * 60)
    assert few_errors(sample, unread([UNSAID] * 90)) == [False, False, False]


def test_errors_of_a_model_that_said_nothing_of_the_unread_do_not_matter() -> None:
    sample = read([0] * 30 + [1] * 30, [0] * 30 + [1] * 30)
    assert few_errors(sample, unread([0] * 45 + [1] * 45))[:2] == [True, True]
    assert few_errors(sample, unread([UNSAID] * 90)) == [False, False, False]


@pytest.mark.parametrize("shares", [(0.5, 0.2), (0.05, 0.02), (0.0, 0.0)])
def test_ends_are_those_of_numbers_drawn_one_by_one(shares: tuple[float, float]) -> None:
    """Chances drawn from beta, then numbers from these, and their sums counted."""
    count, readings = np.array([150, 40]), np.array([50.0, 12.0])
    hits = readings * shares
    low, high = ends(count, readings, hits, 0.03)
    dice, sums = np.random.default_rng(1), np.zeros(400_000, int)
    for left, n, x in zip(count, readings, hits, strict=True):
        given = JEFFREYS * left / 190
        yes, no = x + given + BORROWED * 0.03, n - x + given + BORROWED * 0.97
        sums += dice.binomial(left, dice.beta(yes, no, len(sums)))
    # Mid-P: half of a number's own chance lies beyond it.
    beyond = [np.mean(sums < low) + np.mean(sums == low) / 2 for low in (low - 1, low)]
    above = [np.mean(sums > high) + np.mean(sums == high) / 2 for high in (high, high + 1)]
    for inside, outside in ((beyond[1], beyond[0]), (above[0], above[1])):
        assert outside - 0.001 <= 0.025 <= inside + 0.001


def test_a_count_that_is_nearly_certain_is_one_number() -> None:
    assert ends(np.array([5]), np.array([900.0]), np.array([900.0]), 0.5) == [5, 5]


def tells(some: list[dict[str, Any]]) -> list[float]:
    """How often intervals held, of the figures that the sample has enough of."""
    enough = [mark not in ("*", "'") for mark in marks(some)]
    return np.mean([one["held"] for one in some], axis=0)[enough].tolist()


@pytest.mark.parametrize(
    "world", [World(1000, 150, 50, 200, 0.5, "level"), World(3000, 300, 100, 600, 0.7, "doubt")]
)
def test_intervals_hold_in_93_to_97_of_100(world: World) -> None:
    """Within three standard errors of one figure, and as it stands over all figures."""
    runs = 300
    held = tells([run(world, seed) for seed in range(runs)])
    slack = 3 * (0.95 * 0.05 / runs) ** 0.5
    assert len(held) >= 5
    assert 0.93 <= np.mean(held) <= 0.97
    assert 0.93 - slack <= min(held)
    assert max(held) <= 0.97 + slack


def test_intervals_of_groups_hold_as_often() -> None:
    """Of groups of 24 to 81 readings, on average over all their figures."""
    world = GROUPED[0]
    everything = [one for seed in range(80) for one in run_groups(world, seed)]
    held = [
        share
        for at in range(len(GROUPS))
        for share in tells([one for one in everything if one["group"] == at])
    ]
    assert len(held) >= 14
    assert 0.93 <= np.mean(held) <= 0.97


def test_without_weights_the_same_simulation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the bounds above can: what doubt picked is missing, and the estimate does not know."""
    world = World(3000, 300, 100, 600, 0.7, "doubt")
    seen = {}
    for parts in (module.PARTS, 1):
        monkeypatch.setattr(module, "PARTS", parts)
        found = [run(world, seed) for seed in range(150)]
        off = abs(float(np.mean([one["error"] for one in found])))
        seen[parts] = off, float(np.mean([one["held"][0] for one in found]))
    (weighted, held), (unweighted, fails) = seen.values()
    assert unweighted > 2 * weighted
    assert fails < 0.9 < held


def test_protocols_whose_readers_differ_hold_open_what_these_said_and_no_more() -> None:
    votes = np.array([[0.5, 0, 0.5, 0], [0, 1 / 3, 2 / 3, 0]])  # 1 and 3; 2, 3 and 3
    found = estimated(np.array([10, 10, 10, 8]), read([], []), unread([]), votes)
    assert (found["protocols"], found["counted"], found["disputed"]) == (40, 38, 2)
    in_protocols = [
        [40 * one[name] for name in ("low", "value", "high")] for one in found["levels"]
    ]
    assert in_protocols == [
        pytest.approx(one)
        for one in ([10, 10.5, 11], [10, 10 + 1 / 3, 12], [10, 11 + 1 / 6, 12], [8, 8, 8])
    ]
    upward = [40 * one[name] for one in found["at_least"] for name in ("low", "high")]
    assert upward == pytest.approx([40, 40, 29, 30, 18, 20, 8, 8])
    assert not any(one["few"] or one["few_errors"] for one in found["levels"])


def test_where_the_samples_readers_differ_the_unread_are_held_open_as_well() -> None:
    """Ten of sixty 1s may be 2s: of what the model calls 1, a sixth or none is left to be 2."""
    sample = read([1] * 60 + [2] * 20, [1] * 60 + [2] * 20)
    votes = sample.votes.copy()
    votes[:10] = [0, 0.5, 0.5, 0, 0]
    rest, others = unread([1] * 600), np.zeros(5, int)
    differing = replace(sample, votes=votes)
    found = estimated(others, differing, rest, votes[:10])["levels"]
    low = estimated(others, sample, rest)["levels"]
    as_twos = replace(sample, votes=np.where(votes == 0.5, [0, 0, 1, 0, 0], votes))
    high = estimated(others, as_twos, rest)["levels"]
    assert found[2]["low"] == pytest.approx(low[2]["low"], abs=0.003)
    assert found[2]["high"] == pytest.approx(high[2]["high"], abs=0.003)
    assert found[1]["low"] == pytest.approx(high[1]["low"], abs=0.003)
    assert found[1]["high"] == pytest.approx(low[1]["high"], abs=0.003)
    assert found[2]["value"] == pytest.approx((low[2]["value"] + high[2]["value"]) / 2, abs=0.003)
    assert sum(one["value"] for one in found) == pytest.approx(1)


def quarrelled(seed: int, *, leaving_out: bool) -> bool:
    """Whether the interval of level 3 and above holds, where readers differ about high levels."""
    dice = np.random.default_rng(seed)
    truth, said, doubt = protocols_of(1500, SHARES, 0.7, dice)
    beside = np.where(truth < 4, truth + 1, 3)
    differ = dice.random(1500) < np.where(truth < 2, 0.05, 0.5)
    votes = np.eye(5)[truth]
    votes[differ] = (votes[differ] + np.eye(5)[beside[differ]]) / 2
    sample, rest = np.arange(1500) < 150, np.arange(1500) >= 150
    used = sample & ~differ if leaving_out else sample
    counted = np.bincount(truth[sample & ~differ], minlength=5)
    found = prevalence(
        counted,
        Read(votes[used], said[used], doubt[used]),
        Unread(said[rest], doubt[rest]),
        votes[sample & differ],
    )
    one, real = found["at_least"][2], np.mean(truth >= 2)
    return bool(one["low"] <= real <= one["high"])


def test_leaving_out_protocols_whose_readers_differ_would_bias_it() -> None:
    """What they leave open is not drawn by chance: the interval holds at least as often."""
    runs = range(150)
    assert np.mean([quarrelled(seed, leaving_out=False) for seed in runs]) >= 0.95
    assert np.mean([quarrelled(seed, leaving_out=True) for seed in runs]) < 0.8


def test_what_readers_leave_open_is_added_to_what_chance_does() -> None:
    sample, rest = a_sample(1)
    counted, votes = np.full(5, 4), np.eye(5)[[0, 4, 4]] / 2 + np.eye(5)[[1, 3, 2]] / 2
    plain, wider = (estimated(counted, sample, rest, more)["at_least"] for more in (None, votes))
    without, total = 20 + 60 + 200, 20 + 60 + 200 + 3
    for at, (least, most) in enumerate([(3, 3), (2, 3), (2, 2), (1, 2), (0, 2)]):
        assert wider[at]["low"] * total == pytest.approx(plain[at]["low"] * without + least)
        assert wider[at]["high"] * total == pytest.approx(plain[at]["high"] * without + most)
        assert wider[at]["few"] == plain[at]["few"]
