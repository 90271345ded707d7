import numpy as np
import pytest

from cer_assist.learning.calibration import Blend, cross_fitted, fit_blend, log_loss
from cer_assist.learning.kinds import KINDS
from cer_assist.learning.metrics import calibration_error
from cer_assist.learning.ordinal import level_probabilities


def drawn_from(logits: np.ndarray, seed: int = 0) -> np.ndarray:
    """Levels that follow the probabilities of the logits."""
    generator = np.random.default_rng(seed)
    return np.array([generator.choice(len(p), p=p) for p in level_probabilities(logits)])


def some_logits(count: int = 3000, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(0, 2, (count, 1)) + np.array([2.0, 0.5, -1.0, -2.0])


SHARES = KINDS["blend"].shares
NOISE = np.zeros((3000, 1)) + np.array([0.3, 0.1, -0.1, -0.3])


def test_the_temperature_that_was_hidden_is_found() -> None:
    true = some_logits()
    levels = drawn_from(true)
    blend = fit_blend([3.0 * true], levels, [(1.0,)])
    assert blend.temperature == pytest.approx(3.0, rel=0.1)
    overconfident = calibration_error(levels, level_probabilities(3.0 * true))
    calibrated = calibration_error(levels, blend.probabilities([3.0 * true]))
    assert calibrated < 0.03 < 0.1 < overconfident


def test_the_view_that_knows_something_is_chosen() -> None:
    true = some_logits()
    levels = drawn_from(true)
    assert fit_blend([true, NOISE], levels, SHARES).shares[0] >= 0.75
    assert fit_blend([NOISE, true], levels, SHARES).shares[0] <= 0.2


def test_blended_logits_are_divided_by_the_temperature() -> None:
    blend = Blend(shares=(0.25, 0.75), temperature=2.0)
    assert blend.logits([np.array([4.0]), np.array([8.0])]).tolist() == [3.5]


def test_a_folds_probabilities_do_not_depend_on_its_own_labels() -> None:
    true = some_logits(300)
    levels = drawn_from(true)
    fold_of = np.arange(300) % 5
    changed = np.where(fold_of == 2, 4 - levels, levels)
    before = cross_fitted([true, NOISE[:300]], levels, fold_of, SHARES)
    after = cross_fitted([true, NOISE[:300]], changed, fold_of, SHARES)
    assert np.array_equal(before[fold_of == 2], after[fold_of == 2])
    assert not np.allclose(before[fold_of == 1], after[fold_of == 1])


def test_log_loss_worked_out_by_hand() -> None:
    found = log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]))
    assert found == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
