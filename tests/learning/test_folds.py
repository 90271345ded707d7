import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from tests.learning.shared import Demo


def dropping_words(text: str, share: float, seed: int) -> str:
    """The augmentation behind a published accuracy of .9952: a copy with some words left out."""
    chance = random.Random(seed)
    return " ".join(word for word in text.split() if chance.random() > share)


def amended(text: str) -> str:
    return f"AMENDMENT 2, approved 3 May. {text} A second site in Leeds was added in this version."


@pytest.mark.parametrize("share", [0.05, 0.15, 0.25])
def test_copies_with_words_dropped_never_leave_their_original(demo: Demo, share: float) -> None:
    originals = [document.text for document in demo.documents]
    copies = [dropping_words(text, share, seed) for seed, text in enumerate(originals)]
    clusters = near_duplicate_clusters(originals + copies)
    together = clusters[: len(originals)] == clusters[len(originals) :]
    assert together.all()
    levels = np.array(demo.levels * 2)
    for seed in range(5):
        fold_of = grouped_folds(levels, clusters, 5, seed)
        assert np.array_equal(fold_of[: len(originals)], fold_of[len(originals) :])


def test_amendments_and_case_changes_are_copies_and_other_protocols_are_not(demo: Demo) -> None:
    originals = [document.text for document in demo.documents]
    texts = [*originals, amended(originals[0]), originals[1].upper()]
    clusters = near_duplicate_clusters(texts)
    assert clusters[-2] == clusters[0]
    assert clusters[-1] == clusters[1]
    assert len(set(clusters[: len(originals)])) == len(originals)


def test_chains_of_copies_are_one_cluster() -> None:
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join(words[start : start + 40]) for start in (0, 10, 20)]
    assert near_duplicate_clusters(texts).tolist() == [0, 0, 0]
    assert near_duplicate_clusters([*texts, "something else entirely here"]).tolist()[-1] == 1


def test_many_copies_of_one_template_are_one_cluster_and_no_others_with_them(demo: Demo) -> None:
    template, other = demo.documents[0].text, demo.documents[1].text
    texts = [f"Study {number} at site {number % 7}. {template}" for number in range(60)]
    clusters = near_duplicate_clusters([other, *texts, other.lower()])
    assert clusters.tolist() == [0, *[1] * 60, 0]


def test_copies_are_found_among_hundreds_that_share_a_boilerplate() -> None:
    """Shared words alone overlap by a tenth: enough to crowd an index, not to be copies."""
    chance = random.Random(1)

    def words(count: int) -> list[str]:
        return [f"w{chance.randrange(5000)}" for _ in range(count)]

    boilerplate = words(18)
    originals = [boilerplate + words(80) for _ in range(900)]
    copies = [original[:28] + words(70) for original in originals[:60]]
    clusters = near_duplicate_clusters([" ".join(text) for text in originals + copies])
    assert clusters.tolist() == [*range(900), *range(60)]


def test_texts_of_a_word_or_none_are_compared_as_well() -> None:
    assert near_duplicate_clusters(["yes", "no", "yes"]).tolist() == [0, 1, 0]
    assert near_duplicate_clusters(["", "no"]).tolist() == [0, 1]


@given(
    levels=st.lists(st.integers(0, 4), min_size=10, max_size=60),
    folds=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_every_level_is_spread_evenly(levels: list[int], folds: int, seed: int) -> None:
    numbers = np.array(levels)
    fold_of = grouped_folds(numbers, np.arange(len(numbers)), folds, seed)
    for level in set(levels):
        counts = np.bincount(fold_of[numbers == level], minlength=folds)
        assert counts.max() - counts.min() <= 1
    assert fold_of.max() < folds


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=5, max_size=50))
def test_clusters_are_never_divided(rows: list[tuple[int, int]]) -> None:
    levels, clusters = np.array(rows).T
    fold_of = grouped_folds(levels, clusters, 5, seed=0)
    for cluster in set(clusters.tolist()):
        assert len(set(fold_of[clusters == cluster].tolist())) == 1


def test_another_seed_deals_otherwise_and_the_same_seed_the_same() -> None:
    levels = np.arange(50) % 5
    first, again, other = (grouped_folds(levels, np.arange(50), 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_texts_of_a_study_are_together_with_the_copies_of_each(demo: Demo) -> None:
    one, two, three = (document.text for document in demo.documents[:3])
    texts = [one, two, amended(two), three]
    assert near_duplicate_clusters(texts).tolist() == [0, 1, 1, 2]
    assert near_duplicate_clusters(texts, [7, 7]).tolist() == [0, 0, 0, 1]
    assert near_duplicate_clusters(texts, [7, None, 7, None]).tolist() == [0, 0, 0, 1]
