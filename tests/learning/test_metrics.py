import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, mean_absolute_error

from cer_assist.learning.metrics import (
    adaptive_error,
    calibration_error,
    confusion,
    differences,
    figures,
    level_figures,
    mean_figure,
    ratio_figure,
    reliability,
)

LEVELS = 5
pairs = st.lists(
    st.tuples(st.integers(0, LEVELS - 1), st.integers(0, LEVELS - 1)), min_size=2, max_size=30
)


def certain(predicted: np.ndarray) -> np.ndarray:
    return np.eye(LEVELS)[predicted]


@given(pairs)
def test_measures_are_those_of_scikit_learn(answers: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(answers).T
    found = {name: figure["value"] for name, figure in figures(truth, certain(predicted)).items()}
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
    assert found["within_one"] == pytest.approx(np.mean(np.abs(truth - predicted) <= 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # without `labels` it would count distances between the levels that happen to occur
        kappa = cohen_kappa_score(truth, predicted, labels=range(LEVELS), weights="quadratic")
    assert found["qwk"] is None if np.isnan(kappa) else found["qwk"] == pytest.approx(kappa)
    assert json.dumps(found)


def test_intervals_hold_the_value_and_narrow_with_more_documents() -> None:
    generator = np.random.default_rng(0)
    widths = []
    for size in (40, 1000):
        truth = generator.integers(0, LEVELS, size)
        predicted = np.where(generator.random(size) < 0.7, truth, (truth + 1) % LEVELS)
        for name, figure in figures(truth, certain(predicted)).items():
            if name not in ("ece", "ace"):  # resampling only adds to these: they are biased upwards
                assert figure["low"] <= figure["value"] <= figure["high"]
        found = figures(truth, certain(predicted))["accuracy"]
        widths.append(found["high"] - found["low"])
    # the normal approximation: 2 * 1.96 * sqrt(.7 * .3 / n)
    assert widths == pytest.approx([0.284, 0.0568], rel=0.2)


def test_repeats_are_averaged_and_do_not_narrow_the_interval() -> None:
    truth = np.arange(200) % LEVELS
    right, wrong = certain(truth), certain((truth + 1) % LEVELS)
    found = figures(truth, np.stack([right, wrong]))["accuracy"]
    assert found == {"value": 0.5, "low": 0.5, "high": 0.5}
    half = certain(np.where(np.arange(200) % 4 < 2, truth, (truth + 1) % LEVELS))
    once, twice = figures(truth, half)["mae"], figures(truth, np.stack([half, half]))["mae"]
    assert once == twice


def test_calibration_error_worked_out_by_hand() -> None:
    # Two documents at .85 (one right), one at .55 (right): (|1 - 1.7| + |1 - .55|) / 3
    probabilities = np.array([[0.85, 0.15], [0.85, 0.15], [0.45, 0.55]])
    assert calibration_error(np.array([0, 1, 1]), probabilities) == pytest.approx(1.15 / 3)


def test_adaptive_error_worked_out_by_hand() -> None:
    # Two levels, 20 documents in bins of two; level 1 is said at .25 and occurs in every second.
    probabilities = np.tile([0.75, 0.25], (20, 1))
    truth = np.tile([0, 1], 10)
    assert adaptive_error(truth, probabilities) == pytest.approx(0.25)
    assert adaptive_error(truth, np.full((20, 2), 0.5)) == pytest.approx(0.0)


def test_reliability_has_all_documents_and_their_calibration_error() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(LEVELS), 300)
    truth = generator.integers(0, LEVELS, 300)
    bins = reliability(truth, probabilities)
    assert sum(one["n"] for one in bins) == 300
    assert [one["low"] for one in bins] == pytest.approx(np.arange(10) / 10)
    gaps = [one["n"] * abs(one["accuracy"] - one["confidence"]) for one in bins]
    assert sum(gaps) / 300 == pytest.approx(calibration_error(truth, probabilities))


def test_figures_are_of_the_level_that_is_decided_for() -> None:
    split = np.tile([0.45, 0.0, 0.3, 0.25, 0.0], (10, 1))  # peak 0, middle 2, mean 1.35
    for decoding, level in (("mode", 0), ("median", 2), ("mean", 1)):
        found = figures(np.full(10, level), split, decoding=decoding)
        assert found["accuracy"]["value"] == 1.0, decoding
        assert found["ece"] == figures(np.full(10, level), split)["ece"]


def test_a_model_is_not_ahead_of_itself() -> None:
    generator = np.random.default_rng(1)
    truth, said = generator.integers(0, LEVELS, (2, 50))
    for figure in differences(truth, said, said, LEVELS).values():
        assert figure == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_differences_are_paired_by_document_and_of_the_figures_themselves() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, LEVELS, 200)
    worse = np.where(generator.random(200) < 0.5, generator.integers(0, LEVELS, 200), truth)
    better = np.where(np.arange(200) < 30, truth, worse)  # of 30 documents it knows the answer
    found = differences(truth, better, worse, LEVELS)
    kappas = [cohen_kappa_score(truth, said, weights="quadratic") for said in (better, worse)]
    assert found["qwk"]["value"] == pytest.approx(kappas[0] - kappas[1])
    assert found["macro_f1"]["low"] > 0
    assert found["mae"]["high"] < 0  # nearer by
    alone = figures(truth, np.eye(LEVELS)[worse])["accuracy"]
    paired = found["accuracy"]
    assert paired["high"] - paired["low"] < 0.8 * (alone["high"] - alone["low"])
    back = differences(truth, worse, better, LEVELS)
    assert back["qwk"]["value"] == pytest.approx(-found["qwk"]["value"])


def test_repeats_do_not_narrow_a_difference() -> None:
    generator = np.random.default_rng(3)
    truth, first, second = generator.integers(0, LEVELS, (3, 80))
    once = differences(truth, first, second, LEVELS)["qwk"]
    thrice = differences(truth, np.tile(first, (3, 1)), np.tile(second, (3, 1)), LEVELS)["qwk"]
    assert thrice == pytest.approx(once)


def test_levels_without_probabilities_are_measured_as_those_with() -> None:
    truth, predicted = np.random.default_rng(4).integers(0, LEVELS, (2, 60))
    sure = np.eye(LEVELS)[predicted]
    with_probabilities = figures(truth, sure)
    for name, figure in level_figures(truth, predicted, LEVELS).items():
        assert figure == pytest.approx(with_probabilities[name])


def test_confusion_counts_truth_by_row() -> None:
    assert confusion(np.array([0, 0, 2]), np.array([0, 1, 1]), 3).tolist() == [
        [1, 1, 0],
        [0, 0, 0],
        [0, 1, 0],
    ]


def test_a_ratio_is_paired_by_document() -> None:
    values = np.random.default_rng(0).random(50)
    found = ratio_figure(2 * values, values)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((2, 2, 2))
    unpaired = ratio_figure(2 * values, values[::-1])
    assert unpaired["low"] < 2 < unpaired["high"]


def test_a_mean_has_its_interval_and_nothing_has_none() -> None:
    found = mean_figure(np.arange(100.0))
    assert found["value"] == 49.5
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * 28.9 / 10, rel=0.1)
    assert mean_figure(np.zeros(0))["value"] is None
    assert ratio_figure(np.ones(3), np.zeros(3))["value"] is None
