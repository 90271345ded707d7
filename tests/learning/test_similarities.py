from dataclasses import replace

import numpy as np
import pytest

from cer_assist.learning.features import directions
from cer_assist.learning.readings import Reading, without
from cer_assist.learning.similarities import (
    Carried,
    all_similarities,
    fit_carriers,
    nearest,
    shares,
)
from tests.learning.shared import a_reading

TEXTS = np.eye(2, 384, dtype=np.float32)


def a_document(words: int = 20, seed: int = 0) -> Reading:
    """Five words a sentence; the first number of a word's state turns its sentence to a text."""
    made = a_reading(list(range(words)), seed=seed)
    return replace(made, sentence_states=sentence_states(made, words // 5))


def sentence_states(reading: Reading, sentences: int) -> np.ndarray:
    states = np.zeros((sentences, 384))
    states[:, 5] = 200.0
    counts = np.bincount(reading.sentences, minlength=sentences)
    states[:, 0] = np.bincount(reading.sentences, reading.states[:, 0], sentences) / counts
    return directions(states)


def carried(reading: Reading) -> Carried:
    [found] = all_similarities([reading], TEXTS)
    others = [a_document(seed=seed) for seed in range(1, 60)]
    return Carried.of(reading, found, fit_carriers(others, all_similarities(others, TEXTS)))


def test_similarities_are_cosines_whatever_the_length_kept() -> None:
    made = a_document()
    [found] = all_similarities([made], TEXTS)
    rows = made.sentence_states.astype(float)
    assert np.allclose(found, rows[:, :2] / np.linalg.norm(rows, axis=1)[:, None], atol=1e-6)
    halved = replace(made, sentence_states=(made.sentence_states // 2).astype(np.int8))
    assert np.allclose(all_similarities([halved], TEXTS)[0], found, atol=0.02)


def test_the_word_that_brings_a_sentence_near_is_found() -> None:
    made = a_document()
    effects = carried(made).effects()
    for sentence in range(4):
        here = made.sentences == sentence
        told = made.states[here, 0].astype(float)
        assert np.corrcoef(effects[here, 0], told)[0, 1] > 0.9
    assert np.abs(effects[:, 1]).max() < 0.01  # no sentence comes near the second text


def test_a_words_effect_is_what_is_lost_without_it() -> None:
    made = carried(a_document())
    alone = np.eye(20, dtype=bool)
    lost = made.similarities[None] - made.without(alone)
    for word, sentence in enumerate(made.sentences):
        assert np.allclose(lost[word, sentence], made.effects()[word], atol=1e-5)
        assert np.abs(np.delete(lost[word], sentence, axis=0)).max() == 0


def test_a_sentence_of_which_all_words_are_taken_tells_nothing() -> None:
    made = carried(a_document())
    [left] = made.without((made.sentences == 2)[None])
    assert np.array_equal(left[2], made.silent)
    assert np.array_equal(np.delete(left, 2, axis=0), np.delete(made.similarities, 2, axis=0))


def test_taking_words_away_is_close_to_reading_the_rest() -> None:
    made = a_document()
    removed = np.zeros(20, bool)
    removed[[0, 6, 7, 18]] = True
    rest = replace(made, sentence_states=sentence_states(without(made, removed), 4))
    [exact] = all_similarities([rest], TEXTS)
    before = carried(made)
    [estimate] = before.without(removed[None])
    moved = exact - before.similarities
    assert np.corrcoef((estimate - before.similarities)[:, 0], moved[:, 0])[0, 1] > 0.9


def test_of_each_text_the_nearest_sentence_and_the_three_nearest_count() -> None:
    found = np.array([[0.1, 0.9], [0.5, 0.2], [0.3, 0.4], [0.7, 0.6]])
    assert nearest(found) == pytest.approx([0.7, 0.9, 0.5, (0.9 + 0.6 + 0.4) / 3])
    assert nearest(found[:2]) == pytest.approx([0.5, 0.9, 0.3, 0.55])
    assert nearest(np.stack([found, found[::-1]])).shape == (2, 4)


def test_shares_are_the_derivative_of_what_counts() -> None:
    found = np.random.default_rng(0).normal(size=(6, 2))
    parts = shares(found)
    for sentence in range(6):
        for text in range(2):
            moved = found.copy()
            moved[sentence, text] += 1e-6
            slope = (nearest(moved) - nearest(found)) / 1e-6
            expected = np.zeros(4)
            expected[[text, text + 2]] = parts[sentence, [text, text + 2]]
            assert np.allclose(slope, expected, atol=1e-6)
