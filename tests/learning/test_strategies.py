"""Strategies as tables of cases: what each puts first, and that none looks at more than it may."""

import numpy as np
import pytest

from cer_assist.learning.strategies import STRATEGIES, Candidates, choose, copies_last

SURE, CLOSE, EVEN = [0.9, 0.1, 0.0], [0.5, 0.45, 0.05], [0.34, 0.33, 0.33]
FAR, NEAR = [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]


def those(probabilities, *, features=None, labelled=None, counts=(5, 5, 5), committee=None):
    rows = np.array(probabilities, float)
    n, levels = rows.shape
    directions = np.eye(max(n, 2))[:n] if features is None else np.array(features, float)
    return Candidates(
        probabilities=rows,
        decided=rows.argmax(axis=1),
        features=directions,
        labelled=np.zeros((0, directions.shape[1])) if labelled is None else np.array(labelled),
        counts=np.array(counts),
        committee=np.zeros((0, n, levels)) if committee is None else np.array(committee, float),
    )


def first(strategy: str, candidates: Candidates, batch: int = 1) -> list[int]:
    return choose(strategy, candidates, batch, np.random.default_rng(0)).tolist()


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        ("least_confidence", [2, 1, 0]),
        ("margin", [2, 1, 0]),
        ("entropy", [2, 1, 0]),
        ("level_spread", [2, 1, 0]),
        ("expected_error", [2, 1, 0]),
    ],
)
def test_the_uncertain_come_first(strategy: str, order: list[int]) -> None:
    assert first(strategy, those([SURE, CLOSE, EVEN]), 3) == order


def test_margin_and_least_confidence_differ_where_a_third_level_is_likely() -> None:
    two = [[0.45, 0.45, 0.1], [0.44, 0.28, 0.28]]
    assert first("margin", those(two)) == [0]
    assert first("least_confidence", those(two)) == [1]


@pytest.mark.parametrize("strategy", ["level_spread", "expected_error"])
def test_ordinal_strategies_know_that_levels_are_apart(strategy: str) -> None:
    assert first(strategy, those([NEAR, FAR])) == [1]
    scores = [
        STRATEGIES[name].score(those([NEAR, FAR]), 1, np.random.default_rng(0))
        for name in ("entropy", "margin", "least_confidence")
    ]
    assert np.ptp(scores, axis=1) == pytest.approx(0)


def test_a_committee_disagrees_where_its_members_differ() -> None:
    agreed, torn = EVEN, [0.5, 0.5, 0.0]
    earlier = [[EVEN, SURE], [EVEN, [0.0, 0.1, 0.9]]]
    assert first("committee", those([agreed, torn], committee=earlier)) == [1]
    alone = STRATEGIES["committee"].score(those([SURE, EVEN]), 1, np.random.default_rng(0))
    assert alone == pytest.approx(0)


def test_representative_leaves_an_outlier_for_later() -> None:
    features = [[1, 0], [0.98, 0.2], [0.98, -0.2], [-1, 0]]
    assert first("representative", those([EVEN] * 4, features=features), 4)[-1] == 3
    assert first("representative", those([SURE, EVEN, SURE, SURE], features=features)) == [1]


def test_coreset_goes_to_the_farthest_and_never_to_a_copy() -> None:
    features = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    candidates = those([EVEN] * 4, features=features, labelled=[[0, 1, 0]])
    chosen = first("coreset", candidates, 2)
    assert set(chosen) in ({0, 3}, {1, 3})
    assert set(first("coreset", those([EVEN] * 4, features=features), 3)) >= {2, 3}


def test_badge_draws_no_copies_and_nothing_that_is_certain() -> None:
    features = [[1, 0], [1, 0], [0, 1], [0, 1]]
    candidates = those([EVEN, EVEN, EVEN, [1.0, 0.0, 0.0]], features=features)
    for seed in range(20):
        chosen = choose("badge", candidates, 2, np.random.default_rng(seed)).tolist()
        assert sorted(chosen) in ([0, 2], [1, 2])


def test_badge_takes_the_longer_gradient_more_often() -> None:
    candidates = those([SURE, EVEN], features=[[1, 0], [0, 1]])
    drawn = [choose("badge", candidates, 1, np.random.default_rng(at))[0] for at in range(200)]
    assert 0.9 < np.mean(drawn) < 1  # the squares of their lengths are .02 and .65


def test_rare_levels_are_sought_where_they_are_probable() -> None:
    candidates = those([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], counts=(50, 20, 0))
    assert first("rare_level", candidates, 3) == [2, 1, 0]


def test_a_cold_start_takes_each_level_in_turn_and_of_each_the_farthest() -> None:
    angles = np.radians([0, 5, 80, 85, 40, 44])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    low, high, last = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    candidates = those([low, low, high, high, high, last], features=features)
    level_of = [0, 0, 1, 1, 1, 2]
    rounds = set()
    for seed in range(20):
        generator = np.random.default_rng(seed)
        chosen = choose("cold_start", candidates, 6, generator).tolist()
        levels = [level_of[at] for at in chosen]
        assert sorted(levels[:3]) == [0, 1, 2]  # one of each, in an order of its own
        assert sorted(levels[3:5]) == [0, 1]  # the third has no more
        assert levels[5] == 1
        rounds.add(tuple(levels[:3]))
        # The middle of all is at 42 degrees: of the low ones 0 is farthest, of the high ones 85.
        assert chosen[levels.index(0)] == 0
        assert chosen[levels.index(1)] == 3
    assert len(rounds) > 1


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_batch_has_no_protocol_twice_and_ends_with_the_last(strategy: str) -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(12, 8))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    candidates = those(
        generator.dirichlet(np.ones(3), size=12), features=features, labelled=features[:2]
    )
    for batch in (1, 5, 12, 40):
        chosen = choose(strategy, candidates, batch, np.random.default_rng(2)).tolist()
        assert len(set(chosen)) == len(chosen) == min(batch, 12)
        again = choose(strategy, candidates, batch, np.random.default_rng(2)).tolist()
        assert chosen == again


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_copies_and_certainty_everywhere_are_no_trouble(strategy: str) -> None:
    candidates = those([[1.0, 0.0, 0.0]] * 6, features=[[1.0, 0.0]] * 6, labelled=[[1.0, 0.0]])
    assert sorted(first(strategy, candidates, 6)) == list(range(6))


def test_between_equals_chance_decides() -> None:
    candidates = those([EVEN] * 6)
    found = {choose("entropy", candidates, 1, np.random.default_rng(s))[0] for s in range(40)}
    assert found == set(range(6))


def some_candidates(n: int = 12):
    generator = np.random.default_rng(1)
    features = generator.normal(size=(n, 8))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return those(generator.dirichlet(np.ones(3), size=n), features=features)


def test_a_mixture_gives_each_strategy_its_places() -> None:
    candidates = some_candidates()
    chosen = first("mix:level_spread=.5,coreset=.25,random=.25", candidates, 8)
    assert len(set(chosen)) == 8
    assert chosen[:4] == first("level_spread", candidates, 4)
    assert chosen == first("mix:level_spread=.5,coreset=.25,random=.25", candidates, 8)


def test_a_mixture_of_more_places_than_candidates_takes_them_all() -> None:
    assert sorted(first("mix:entropy=.7,badge=.3", some_candidates(5), 9)) == list(range(5))


def test_of_a_mixture_the_next_strategy_takes_what_was_chosen_for_labelled() -> None:
    # 0 is uncertain and goes first; 1 is its copy, so the farthest from all that is known is 2.
    candidates = those(
        [EVEN, SURE, SURE], features=[[1, 0, 0], [1, 0, 0], [0, 1, 0]], labelled=[[0, 0, 1]]
    )
    for seed in range(10):
        generator = np.random.default_rng(seed)
        assert choose("mix:entropy=.5,coreset=.5", candidates, 2, generator).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("strategy", "batch", "expected"),
    [
        ("entropy", 1, {0}),
        ("entropy", 2, {0, 3}),  # 1 and 2 are copies of 0, and more uncertain than 3
        ("entropy", 3, {0, 1, 3}),  # nothing else is left
        ("mix:entropy=.5,margin=.5", 2, {0, 3}),
    ],
)
def test_copies_come_into_one_batch_only_when_nothing_else_is_left(
    strategy: str, batch: int, expected: set[int]
) -> None:
    candidates = those([[0.34, 0.33, 0.33], [0.4, 0.33, 0.27], [0.5, 0.3, 0.2], SURE])
    generator = np.random.default_rng(0)
    clusters = np.array([7, 7, 7, 8])
    chosen = choose(strategy, candidates, batch, generator, clusters=clusters)
    assert set(chosen.tolist()) == expected


def test_strategies_that_choose_together_rank_enough_to_leave_copies_out() -> None:
    candidates = some_candidates(10)
    clusters = np.array([0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
    for seed in range(20):
        generator = np.random.default_rng(seed)
        chosen = choose("coreset", candidates, 5, generator, clusters=clusters)
        assert sorted(clusters[chosen].tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("order", "before", "expected"),
    [
        ([0, 1, 2, 3], (), [0, 2, 1, 3]),
        ([1, 0, 3, 2], (), [1, 3, 0, 2]),
        ([1, 2, 3], (0,), [2, 1, 3]),
    ],
)
def test_copies_go_behind(order: list[int], before: tuple[int, ...], expected: list[int]) -> None:
    found = copies_last(np.array(order), np.array([5, 5, 6, 6]), before)
    assert found.tolist() == expected
