"""Strategies as tables of cases: what each puts first, and that none looks at more than it may."""

import numpy as np
import pytest

from cer_assist.learning.strategies import STRATEGIES, Candidates, choose

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
