import numpy as np
import pytest

from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.explain.scores import Source, network_scores, word_scores
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.network import TABLE
from cer_assist.learning.ordinal import falling, falling_slopes, level_probabilities
from cer_assist.learning.progress import silent
from cer_assist.learning.views.embedding import EmbeddingNetwork
from cer_assist.learning.views.networks import FittedNetwork
from cer_assist.learning.views.words import FittedWords
from tests.learning.planted import LEVELS, SIGNS, fitted, planted
from tests.learning.shared import SCALE, Demo


def network(name: str) -> FittedNetwork:
    found = fitted(name, *planted(150, seed=0))
    assert isinstance(found, FittedNetwork)
    return found


def log_odds(free: np.ndarray) -> np.ndarray:
    [levels] = level_probabilities(falling(free[None].astype(float)))
    return np.log(levels / (1 - levels))


def test_slopes_of_falling_logits_agree_with_differences() -> None:
    free = np.array([0.3, -1.2, 0.8])
    steps = np.eye(3) * 1e-6
    expected = [(falling((free + d)[None]) - falling((free - d)[None]))[0] / 2e-6 for d in steps]
    assert falling_slopes(free) == pytest.approx(np.array(expected).T, abs=1e-6)


def test_of_word_states_scores_are_the_papers_formula_exactly() -> None:
    model = network("embedding")
    assert isinstance(model, FittedWords)
    found = network_scores(model, planted(40, seed=2)[0])
    assert found.source is Source.exact
    rows = model.weights[TABLE][1 + np.searchsorted(model.keys, found.keys)]
    attention = rows @ model.weights["pooling.context"][:, 0] / EmbeddingNetwork.scale
    assert found.attention == pytest.approx(attention, abs=1e-5)
    bias, says = model.weights["logits.bias"], rows @ model.weights["logits.kernel"]
    for at in range(len(found.keys)):
        step = 1e-4 * says[at]
        change = (log_odds(bias + step) - log_odds(bias - step)) / 2e-4
        assert found.polarity[:, at] == pytest.approx(change, rel=2e-2, abs=2e-2)


@pytest.mark.parametrize("name", ["attention", "bilstm"])
def test_in_context_they_are_means_and_called_so(name: str) -> None:
    found = network_scores(network(name), planted(40, seed=2)[0])
    assert found.source is Source.contexts
    telling = np.isin(found.keys, SIGNS)
    assert telling.sum() == LEVELS
    assert found.attention[telling].mean() > found.attention[~telling].mean()
    strength = np.abs(found.polarity).max(axis=0)
    assert strength[telling].min() > np.median(strength[~telling])


def test_a_word_of_one_document_is_no_word_of_the_model() -> None:
    readings = planted(40, seed=2)[0]
    every = network_scores(network("embedding"), readings)
    assert np.all(every.documents >= MIN_WORD_PROTOCOLS)
    assert len(network_scores(network("embedding"), readings[:1]).keys) == 0
    none = network_scores(network("embedding"), [])
    assert (len(none.keys), none.polarity.shape) == (0, (LEVELS, 0))


def test_other_kinds_tell_shares_and_changes_of_log_odds(cache: FeatureCache, demo: Demo) -> None:
    model = ProtocolClassifier(SCALE, cache, kind="lexical").fit(demo.documents, demo.levels)
    readings = cache.readings(demo.documents, silent)
    found = word_scores(model, readings)
    assert found.source is Source.shares
    assert found.polarity.shape == (len(SCALE), len(found.keys))
    assert np.all((found.attention >= 0) & (found.attention <= 1))
    named = {
        document.text[start:end].casefold(): key
        for document, reading in zip(demo.documents, readings, strict=True)
        for (start, end), key in zip(reading.words.tolist(), reading.keys.tolist(), strict=True)
    }
    flyers = np.searchsorted(found.keys, np.uint64(named["flyers"]))
    assert found.polarity[:, flyers].argmax() == SCALE.index(2)
