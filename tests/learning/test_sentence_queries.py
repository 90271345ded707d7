"""How sentences are asked; that the view keeps what all views promise stands in `test_views`."""

from dataclasses import replace

import numpy as np
import pytest

from cer_assist.learning import sentences as sentences_module
from cer_assist.learning.features import directions
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import unit
from cer_assist.learning.sentence_queries import (
    _Loss,
    fit_queries,
    lost,
    pool,
    slopes,
    word_scales,
)
from cer_assist.learning.sentences import Sentences
from cer_assist.learning.views import Problem
from cer_assist.learning.views.sentences import FittedSentences, SentencesView, rubric_queries
from tests.learning.shared import a_reading
from tests.learning.test_rubric_view import POINTS, PROBLEM, TEXTS, planted

KEYS = np.arange(1, 30, dtype=np.uint64)


def some(count: int, seed: int = 0) -> list[Reading]:
    generator = np.random.default_rng(seed)
    return [
        a_reading(generator.integers(1, 30, generator.integers(3, 25)).tolist(), seed=seed + at)
        for at in range(count)
    ]


def fitted(readings: list[Reading], levels: np.ndarray, problem: Problem) -> FittedSentences:
    view = SentencesView()
    return view.fit(readings, levels, problem, start=None, epochs=None, progress=silent)


def test_scores_are_pooled_by_their_own_softmax() -> None:
    scores = np.array([[0.0], [np.log(3.0)], [2.0]])
    pooled, attention = pool(scores, np.array([2, 0, 1]))
    assert attention[:, 0] == pytest.approx([0.25, 0.75, 1.0])
    assert pooled[:, 0] == pytest.approx([0.75 * np.log(3.0), 0.0, 2.0])


@pytest.mark.parametrize("size", [-1e4, 0.0, 1e4])
def test_pooling_is_finite_however_large_scores_are(size: float) -> None:
    pooled, attention = pool(np.array([[size], [-size], [0.0]]), np.array([3]))
    assert np.isfinite(pooled).all()
    assert attention.sum() == pytest.approx(1.0)
    assert pooled[0, 0] == pytest.approx(abs(size))


def test_without_any_sentence_there_is_nothing_to_pool() -> None:
    pooled, attention = pool(np.zeros((0, 2)), np.array([0, 0]))
    assert pooled.tolist() == [[0, 0], [0, 0]]
    assert attention.shape == (0, 2)


def test_slopes_are_the_derivative_of_what_is_pooled() -> None:
    scores = np.random.default_rng(1).normal(0, 2, (5, 1))
    counts = np.array([5])
    pooled, attention = pool(scores, counts)
    step = 1e-6
    moved = [pool(scores + step * np.eye(5)[:, [at]], counts)[0][0, 0] for at in range(5)]
    numeric = (np.array(moved) - pooled[0, 0]) / step
    assert slopes(scores, pooled[[0] * 5], attention)[:, 0] == pytest.approx(numeric, abs=1e-4)


def test_what_is_lost_without_a_word_is_told_exactly() -> None:
    generator = np.random.default_rng(6)
    scores, effects = generator.normal(0, 2, (5, 3)), generator.normal(0, 1, (8, 3))
    home = np.array([0, 0, 1, 2, 2, 2, 4, 4])
    pooled, attention = pool(scores, np.array([5]))
    found = lost(scores, pooled, attention, home, effects)
    for word in range(8):
        left = scores.copy()
        left[home[word]] -= effects[word]
        assert found[word] == pytest.approx((pooled - pool(left, np.array([5]))[0])[0])


def test_the_gradient_agrees_with_finite_differences() -> None:
    readings = some(12)
    start = np.random.default_rng(2).normal(0, 0.5, (384, 2)).astype(np.float32)
    loss = _Loss(Sentences(readings, KEYS), np.arange(12) % 3, np.ones(12, bool), start)
    generator = np.random.default_rng(3)
    here = generator.normal(0, 0.3, loss.size)
    _, gradient = loss(here)
    for _ in range(5):
        way = generator.normal(0, 1, loss.size)
        way /= np.linalg.norm(way)
        rise = loss(here + 0.05 * way)[0] - loss(here - 0.05 * way)[0]
        assert gradient @ way == pytest.approx(rise / 0.1, rel=0.05, abs=0.02)


def test_few_labels_do_with_the_rubric_what_they_cannot_without() -> None:
    known, levels = planted(50, seed=1)
    fresh, truth = planted(100, seed=2)
    right = []
    for problem in (PROBLEM, replace(PROBLEM, rubric=None)):
        said = fitted(known, levels, problem).logits(fresh)
        right.append(np.corrcoef(said.sum(axis=1), truth)[0, 1])
    assert right[0] > 0.5
    assert right[0] > right[1] + 0.2


def test_queries_point_to_the_texts_of_the_levels_above() -> None:
    queries = rubric_queries(PROBLEM)
    for threshold in range(4):
        above = np.array([text.level > threshold for text in TEXTS])
        along = POINTS @ queries[:, threshold]
        assert along[above].min() > along[~above].max()
    assert not rubric_queries(replace(PROBLEM, rubric=None)).any()


def test_the_rarer_an_answer_the_more_it_is_held_to_where_it_started() -> None:
    generator = np.random.default_rng(4)
    readings, start = some(80), generator.normal(0, 1, (384, 1)).astype(np.float32)
    sentences, every = Sentences(readings, KEYS), np.ones(80, bool)
    moved = []
    for share in (40, 4):
        numbers = (np.arange(80) < share).astype(int)
        found = fit_queries(sentences, numbers, every, start)
        moved.append(np.linalg.norm(found.directions - start))
    assert moved[1] < 0.7 * moved[0]


def test_where_all_agree_only_the_odds_of_it_are_said() -> None:
    readings = some(10)
    start = np.ones((384, 2), np.float32)
    found = fit_queries(Sentences(readings, KEYS), np.zeros(10, int), np.ones(10, bool), start)
    assert not found.directions.any()
    assert not found.words.any()
    assert found.intercepts == pytest.approx(np.log(0.5 / 10.5))


def test_queries_are_continued_from_where_they_were() -> None:
    generator = np.random.default_rng(5)
    readings, start = some(60), generator.normal(0, 0.1, (384, 2)).astype(np.float32)
    numbers, every = np.arange(60) % 3, np.ones(60, bool)
    sentences = Sentences(readings, KEYS)
    loss = _Loss(sentences, numbers, every, start)
    first = fit_queries(sentences, numbers, every, start)
    for part, again in zip(first, loss.queries(loss.place_of(first)), strict=True):
        assert again == pytest.approx(part, abs=1e-5)
    then = fit_queries(sentences, numbers, every, start, first)
    losses = [loss(loss.place_of(queries))[0] for queries in (first, then)]
    assert losses[1] < losses[0]


def test_a_word_said_twice_in_a_sentence_counts_once() -> None:
    twice, once = a_reading([7, 7, 8]), a_reading([7, 8, 9])
    words = Sentences([twice, once], KEYS).words.toarray()
    assert words[0, [6, 7]].tolist() == [1, 1]
    assert words[1, [6, 7, 8]].tolist() == [1, 1, 1]


def test_words_of_held_out_documents_alone_are_not_known() -> None:
    readings = [a_reading([1, 2]), a_reading([1, 2]), a_reading([1, 3]), a_reading([3, 4])]
    scales = word_scales(Sentences(readings, KEYS), np.array([True, True, True, False]))
    assert scales[0] == pytest.approx(0.08)  # in every document: log(4 / 4) + 1
    assert scales[1] > scales[0]
    assert scales[2] == 0  # in one of them only
    assert scales[3] == 0


def test_many_sentences_are_read_in_blocks_and_few_at_once_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = some(30)
    generator = np.random.default_rng(5)
    whole = Sentences(readings, KEYS)
    queries = generator.normal(size=(384, 3)).astype(np.float32)
    weights = generator.normal(size=(len(whole.document), 3)).astype(np.float32)
    expected = whole.scores(queries), whole.sums(weights)
    monkeypatch.setattr(sentences_module, "BLOCK", 7)
    parts = Sentences(readings, KEYS)
    assert np.allclose(parts.scores(queries), expected[0], atol=1e-5)
    assert np.allclose(parts.sums(weights), expected[1], atol=1e-4)


def test_the_sentence_that_attention_picks_is_the_one_that_decides() -> None:
    known, levels = planted(200, seed=1)
    learnt = fitted(known, levels, PROBLEM)
    fresh, truth = planted(60, seed=3)
    picked = []
    for reading, level, seen in zip(fresh, truth, learnt.look(fresh), strict=True):
        if level == 4:
            mass = np.bincount(reading.sentences, seen.attention)
            near = unit(reading.sentence_states) @ learnt.queries.directions[:, -1]
            picked.append(mass.argmax() == near.argmax())
    assert np.mean(picked) > 0.8


def test_a_document_of_no_sentence_leaves_the_others_as_they_are() -> None:
    empty = replace(a_reading([]), sentence_states=directions(np.zeros((0, 384))))
    readings, levels = planted(40, seed=6)
    problem = Problem(5, seed=0, read=PROBLEM.read, rubric=PROBLEM.rubric)
    learnt = fitted([*readings, empty], np.append(levels, 0), problem)
    said = learnt.logits([readings[0], empty, readings[1]])
    assert np.isfinite(said).all()
    assert np.allclose(said[[0, 2]], learnt.logits(readings[:2]), atol=1e-5)
