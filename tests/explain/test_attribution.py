import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.explain.attribution import STEEPEST, Attribution, attribute, log_odds_gradient
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.ordinal import level_probabilities
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading, without
from tests.learning.shared import SCALE, Demo, a_reading


@pytest.fixture(scope="module")
def model(cache: FeatureCache, demo: Demo) -> ProtocolClassifier:
    return ProtocolClassifier(SCALE, cache).fit(demo.documents, demo.levels)


@pytest.fixture(scope="module")
def readings(cache: FeatureCache, demo: Demo) -> list[Reading]:
    return cache.readings(demo.documents, silent)


@pytest.fixture(scope="module")
def seen(model: ProtocolClassifier, readings: list[Reading]) -> list[Attribution]:
    return list(attribute(model, readings))


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    return np.log(probabilities / (1 - probabilities))


@given(arrays(np.float64, 4, elements=st.floats(-4, 4)))
def test_gradient_of_log_odds_agrees_with_differences(free: np.ndarray) -> None:
    logits = np.sort(free)[::-1] - np.arange(4) * 0.1
    found = log_odds_gradient(logits)
    for k in range(4):
        step = np.eye(4)[k] * 1e-5
        up, down = (level_probabilities((logits + sign * step)[None])[0] for sign in (1, -1))
        expected = (log_odds(up) - log_odds(down)) / 2e-5
        assert found[:, k] == pytest.approx(np.clip(expected, -STEEPEST, STEEPEST), rel=1e-2)


def test_a_level_without_probability_does_not_outweigh_all_others() -> None:
    """Whatever moved an answer would count millions."""
    found = log_odds_gradient(np.array([1.0, 0.3, 0.3, -2.0]))
    assert np.all(np.abs(found) <= STEEPEST)
    assert np.all(found[2] == [0, STEEPEST, -STEEPEST, 0])


def test_probabilities_are_those_of_the_classifier(model, readings, seen) -> None:
    expected = model.say_of(readings).probabilities
    assert np.allclose([found.probabilities for found in seen], expected, atol=1e-6)


def test_taking_a_word_away_is_what_the_classifier_says_without_it(cache, demo, readings) -> None:
    model = ProtocolClassifier(SCALE, cache, kind="attention").fit(demo.documents, demo.levels)
    reading, found = readings[0], next(attribute(model, readings[:1]))
    words = list(range(0, len(reading.words), 7))
    removed = np.arange(len(reading.words)) == np.array(words)[:, None]
    expected = model.say_of([without(reading, row) for row in removed]).probabilities
    assert np.allclose(found.probabilities_without(removed), expected, atol=1e-4)


def test_contributions_foretell_what_is_lost_without_the_word(seen) -> None:
    agreement = []
    for found in seen[:20]:
        level = int(found.probabilities.argmax())
        removed = np.eye(len(found.reading.words), dtype=bool)
        left = found.probabilities_without(removed)[:, level]
        lost = log_odds(found.probabilities[level]) - log_odds(left)
        agreement.append(np.corrcoef(lost, found.contributions[level])[0, 1])
    assert np.median(agreement) > 0.9


def test_attention_of_all_words_sums_to_one(seen) -> None:
    assert all(found.attention.sum() == pytest.approx(1, abs=1e-4) for found in seen)
    assert all(np.all(found.attention >= 0) for found in seen)


def test_a_document_without_words_is_no_trouble(model: ProtocolClassifier) -> None:
    [found] = attribute(model, [a_reading([])])
    assert found.contributions.shape == (len(SCALE), 0)
    assert found.probabilities.sum() == pytest.approx(1)
