from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cer_assist.cli.label_files import read_levels
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.explain.matches import rubric_matches
from cer_assist.explain.words import suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.cold_start import cold_start
from cer_assist.learning.compared import CUE_WORDS, make_model
from cer_assist.learning.cumulative import non_increasing
from cer_assist.learning.evaluation import cross_validate, train_and_test
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import COLD_START
from cer_assist.learning.labelled import Labelled, read_labelled
from cer_assist.learning.ordinal import level_probabilities
from cer_assist.learning.progress import silent
from cer_assist.learning.views.cold_start import even_answers
from tests.learning.shared import SCALE, Demo, a_text

ALONE = a_text("Patients of the university hospital are randomized. Blood is drawn twice. " * 2)
SHARED = a_text(
    "Residents and researchers decide together. A governing committee with an equal number of "
    "both approves each step. The tribal council owns the data and may stop the study."
)
OTHER = """
id: weather
version: 1
title: How wet it is
instruction: Choose one.
levels:
  - {value: 0, name: Dry, definition: The sun shines., include: [Drought in summer], exclude: [x]}
  - {value: 1, name: Damp, definition: Clouds and drizzle., include: [Fog at dawn], exclude: [x]}
  - {value: 2, name: Wet, definition: Heavy rain falls., include: [Floods after storms],
     exclude: [x], cue_words: [downpour]}
"""


@pytest.fixture(scope="module")
def made(rubric: Rubric, cache: FeatureCache) -> ProtocolClassifier:
    return cold_start(rubric, cache)


def test_without_a_label_it_tells_shared_decisions_from_none(made: ProtocolClassifier) -> None:
    assert (made.kind, made.n_labels_, made.scale) == (COLD_START, 0, SCALE)
    low, high = made.predict([ALONE, SHARED])
    assert low <= 2
    assert high >= 4
    assert np.allclose(made.predict_proba([ALONE, SHARED, a_text("")]).sum(axis=1), 1)


def test_it_shows_the_words_that_met_the_rubric(made: ProtocolClassifier) -> None:
    [fitted] = made.views_.values()
    [reading] = made.read_texts([SHARED.text])
    [seen] = fitted.look([reading])
    upwards = np.argsort(-seen.contributions.sum(axis=0))[:8]
    words = {SHARED.text[start:end] for start, end in reading.words[upwards].tolist()}
    assert {"council", "committee"} <= words
    [found] = suggest(made, [SHARED])
    assert found.words
    for word in found.words:
        assert SHARED.text[word.start : word.end] == word.text
    assert 0 <= found.evidence_strength <= 1


def test_without_its_cue_and_its_sentence_less_is_said(made: ProtocolClassifier) -> None:
    [fitted] = made.views_.values()
    [reading] = made.read_texts([SHARED.text])
    [seen] = fitted.look([reading])
    assert np.allclose(seen.logits, fitted.logits([reading])[0], atol=1e-5)
    everything, nothing = np.ones(len(reading.words), bool), np.zeros(len(reading.words), bool)
    left, same = seen.without(np.stack([everything, nothing]))
    assert np.allclose(same, seen.logits, atol=1e-5)
    assert left.sum() < seen.logits.sum()


def test_saved_it_answers_the_same(
    made: ProtocolClassifier, cache: FeatureCache, tmp_path: Path
) -> None:
    sha256 = made.save(tmp_path / "model")
    again = ProtocolClassifier.load(tmp_path / "model", sha256, cache)
    assert (again.kind, again.decoding, again.n_labels_) == (COLD_START, "mean", 0)
    assert np.array_equal(again.predict_proba([ALONE, SHARED]), made.predict_proba([ALONE, SHARED]))


def test_any_rubric_and_scale_will_do(cache: FeatureCache) -> None:
    other = cold_start(parse_rubric(OTHER), cache)
    texts = [a_text("The sun shines every day."), a_text("Heavy rain falls and rivers flood.")]
    dry, wet = other.predict(texts)
    assert dry < wet
    assert other.predict_proba(texts).shape == (2, 3)


def test_sentences_are_shown_beside_the_text_they_met(
    made: ProtocolClassifier, rubric: Rubric
) -> None:
    found = rubric_matches(made, rubric, SHARED, 5)
    assert len(found) == 3
    assert found == sorted(found, key=lambda match: -match.nearness)
    said = rubric.level(5)
    known = {said.definition, *said.include, *(example.text for example in said.examples)}
    assert {match.rubric_text for match in found} <= known
    by_sentence = {SHARED.text[match.start : match.end]: match for match in found}
    [tribal] = [match for text, match in by_sentence.items() if "tribal council" in text]
    assert "ribal" in tribal.rubric_text
    assert rubric_matches(made, rubric, a_text(""), 5) == []


@pytest.mark.parametrize("size", [3, 5, 7])
def test_where_nothing_was_learnt_equal_nearness_makes_levels_equally_probable(size: int) -> None:
    weights, intercepts = even_answers(size)
    alike = non_increasing(np.full((1, 2 * size), 0.7) @ weights + intercepts)
    assert level_probabilities(alike)[0] == pytest.approx(np.full(size, 1 / size))
    for level in range(size):
        features = np.zeros((1, 2 * size))
        features[0, level] = 3.0
        said = level_probabilities(non_increasing(features @ weights + intercepts))[0]
        assert said[level] == said.max()


def test_a_rubric_of_another_scale_is_refused(rubric: Rubric, cache: FeatureCache) -> None:
    for kind in (COLD_START, CUE_WORDS):
        with pytest.raises(InvalidInput, match="rubric"):
            make_model(kind, (0, 1), cache, 0, rubric)
        with pytest.raises(InvalidInput, match="rubric"):
            make_model(kind, SCALE, cache, 0)


def test_it_is_not_measured_on_the_texts_it_was_fitted_on(
    demo: Demo, rubric: Rubric, cache: FeatureCache
) -> None:
    known = Labelled(demo.documents[:4], np.array(demo.levels[:4]))
    mixed = Labelled([*known.documents, ALONE, SHARED], np.array([*known.levels, 1, 5]))
    how: dict[str, Any] = {"n_train": None, "progress": silent, "rubric": rubric}
    crossed = {"folds": 2, "repeats": 1, **how}
    for found in (
        cross_validate(COLD_START, mixed, SCALE, cache, **crossed),
        train_and_test(COLD_START, known, mixed, SCALE, cache, **how),
    ):
        assert (found["n"], found["left_out"], found["n_train"]) == (2, 4, 0)
        assert found["measured_on"].startswith("2 protocols, none of whose labels")
        assert "(4 left out" in found["measured_on"]
    assert cross_validate(CUE_WORDS, mixed, SCALE, cache, **crossed)["left_out"] == 0
    with pytest.raises(InvalidInput, match="fitted on"):
        cross_validate(COLD_START, known, SCALE, cache, **crossed)
    with pytest.raises(InvalidInput, match="fitted on"):
        train_and_test(COLD_START, mixed, known, SCALE, cache, **how)


@pytest.mark.slow
def test_on_real_protocols_it_beats_counting_cue_words(
    reference_data: Path, rubric: Rubric, cache: FeatureCache
) -> None:
    folder = reference_data / "cenr"
    levels = read_levels(folder / "labels.csv", "final")
    data = read_labelled(folder / "protocols.jsonl", levels)
    some = data.pick(np.arange(0, len(data.levels), 4))
    how: dict[str, Any] = {
        "folds": 2, "repeats": 1, "n_train": None, "progress": silent, "rubric": rubric,
    }  # fmt: skip
    alone, cues = (
        cross_validate(kind, some, SCALE, cache, **how) for kind in (COLD_START, CUE_WORDS)
    )
    assert alone["n_train"] == cues["n_train"] == 0
    assert alone["qwk"] > max(0.45, cues["qwk"])
    assert alone["macro_f1"] > cues["macro_f1"]
