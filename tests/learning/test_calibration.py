import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.learning.calibration import (
    Blend,
    _OffsetLoss,
    cross_fitted,
    fit_blend,
    fit_offsets,
    fit_temperature,
    log_loss,
)
from cer_assist.learning.metrics import adaptive_error, calibration_error
from cer_assist.learning.ordinal import level_probabilities


def drawn_from(logits: np.ndarray, seed: int = 0) -> np.ndarray:
    """Levels that follow the probabilities of the logits."""
    generator = np.random.default_rng(seed)
    return np.array([generator.choice(len(p), p=p) for p in level_probabilities(logits)])


def some_logits(count: int = 3000, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(0, 2, (count, 1)) + np.array([2.0, 0.5, -1.0, -2.0])


SHARES = ((0.0, 1.0), (0.2, 0.8), (0.5, 0.5), (0.75, 0.25), (1.0, 0.0))
NOISE = np.zeros((3000, 1)) + np.array([0.3, 0.1, -0.1, -0.3])


def test_the_temperature_that_was_hidden_is_found() -> None:
    true = some_logits()
    levels = drawn_from(true)
    blend = fit_temperature(3.0 * true, levels)
    assert blend.slope == pytest.approx(1 / 3, rel=0.1)
    assert blend.offsets == ()
    overconfident = calibration_error(levels, level_probabilities(3.0 * true))
    calibrated = calibration_error(levels, blend.probabilities([3.0 * true]))
    assert calibrated < 0.03 < 0.1 < overconfident


def test_the_view_that_knows_something_is_chosen() -> None:
    true = some_logits()
    levels = drawn_from(true)
    fold_of = np.arange(len(levels)) % 5
    assert fit_blend([true, NOISE], levels, fold_of, SHARES).shares[0] >= 0.75
    assert fit_blend([NOISE, true], levels, fold_of, SHARES).shares[0] <= 0.2


def test_blended_logits_are_made_less_sure_and_moved() -> None:
    views = [np.array([4.0, 0.0]), np.array([8.0, 0.0])]
    assert Blend((0.25, 0.75), slope=0.5).logits(views).tolist() == [3.5, 0.0]
    moved = Blend((0.25, 0.75), slope=0.5, offsets=(1.0, -1.0))
    assert moved.logits(views).tolist() == [4.5, -1.0]
    rows = [view[None] for view in views]
    plain = Blend((0.25, 0.75), 1.0).probabilities(rows)
    assert np.array_equal(moved.said(rows).uncalibrated, plain)


def test_offsets_that_were_hidden_are_found_and_chosen() -> None:
    """Rare levels weighted up in training: the higher the threshold, the more so."""
    true = some_logits()
    levels = drawn_from(true)
    inflated = true + np.array([-0.4, 0.0, 0.8, 1.6])
    assert np.all(np.diff(inflated) <= 0)
    found = fit_offsets(inflated, levels)
    assert found.slope == pytest.approx(1.0, abs=0.1)
    assert found.offsets == pytest.approx([0.4, 0.0, -0.8, -1.6], abs=0.25)
    chosen = fit_blend([inflated], levels, np.arange(3000) % 5, [(1.0,)])
    assert chosen.offsets == found.offsets
    tempered = fit_temperature(inflated, levels).probabilities([inflated])
    moved = chosen.probabilities([inflated])
    assert adaptive_error(levels, moved) < 0.5 * adaptive_error(levels, tempered)


def test_a_temperature_is_enough_where_nothing_was_moved() -> None:
    true = some_logits(120)
    fold_of = np.arange(120) % 5
    few = [fit_blend([2 * true], drawn_from(true, seed), fold_of, [(1.0,)]) for seed in range(8)]
    assert sum(blend.offsets == () for blend in few) >= 5


@settings(deadline=None)
@given(
    free=arrays(np.float64, (12, 3), elements=st.floats(-30, 30)),
    levels=arrays(np.int64, 12, elements=st.integers(0, 3)),
)
def test_calibrated_answers_never_contradict_each_other(free, levels) -> None:
    logits = -np.sort(-free, axis=1)
    found = fit_offsets(logits, levels)
    assert found.slope > 0
    assert np.all(np.diff(found.offsets) <= 0)
    assert np.all(np.diff(found.logits([logits]), axis=1) <= 1e-9)
    assert np.allclose(found.probabilities([logits]).sum(axis=1), 1)


def test_the_gradient_of_the_offsets_agrees_with_differences() -> None:
    logits = some_logits(50)
    loss = _OffsetLoss(logits, drawn_from(logits))
    at = np.array([0.2, -0.3, 0.4, 0.1, 0.6])
    _, gradient = loss(at)
    for place, step in enumerate(1e-6 * np.eye(5)):
        difference = (loss(at + step)[0] - loss(at - step)[0]) / 2e-6
        assert gradient[place] == pytest.approx(difference, abs=1e-6)


def test_a_folds_probabilities_do_not_depend_on_its_own_labels() -> None:
    true = some_logits(300)
    levels = drawn_from(true)
    fold_of = np.arange(300) % 5
    changed = np.where(fold_of == 2, 4 - levels, levels)
    before = cross_fitted([true, NOISE[:300]], levels, fold_of, SHARES).probabilities
    after = cross_fitted([true, NOISE[:300]], changed, fold_of, SHARES).probabilities
    assert np.array_equal(before[fold_of == 2], after[fold_of == 2])
    assert not np.allclose(before[fold_of == 1], after[fold_of == 1])


def test_log_loss_worked_out_by_hand() -> None:
    found = log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]))
    assert found == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
