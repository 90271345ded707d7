import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.learning.ordinal import (
    CumulativeLogits,
    expected_level,
    falling,
    level_probabilities,
    lowest_cost,
    median_level,
    most_probable,
    nearest_expected,
    ordinal_loss,
    sigmoid,
    spread,
    thresholds,
)

finite = st.floats(-50, 50, width=32)


@st.composite
def distributions(draw: st.DrawFn) -> np.ndarray:
    levels = draw(st.integers(2, 7))
    masses = draw(arrays(np.float64, (3, levels), elements=st.floats(0.001, 1)))
    return masses / masses.sum(axis=1, keepdims=True)


@settings(deadline=None)
@given(
    pooled=arrays(np.float32, (3, 4), elements=finite),
    kernel=arrays(np.float32, (4, 5), elements=finite),
    bias=arrays(np.float32, (5,), elements=finite),
)
def test_logits_never_rise_whatever_the_weights(pooled, kernel, bias) -> None:
    layer = CumulativeLogits(levels=6)
    layer.build((None, 4))
    layer.set_weights([kernel, bias])
    logits = layer(pooled).numpy()
    assert np.all(np.diff(logits, axis=1) <= 0)
    assert np.allclose(logits, falling(pooled @ kernel + bias), rtol=1e-4, atol=1e-2)
    probabilities = level_probabilities(logits)
    assert np.all(probabilities >= 0)
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_logits_worked_out_by_hand() -> None:
    layer = CumulativeLogits(levels=4)
    layer.build((None, 1))
    layer.set_weights([np.array([[1.0, 0.0, 0.0]]), np.array([0.0, 0.0, 1.0])])
    # 2, then minus log(1 + e^0) = .6931, then minus log(1 + e^1) = 1.3133
    assert layer(np.array([[2.0]])).numpy()[0] == pytest.approx([2.0, 1.30685, -0.00641], abs=1e-4)


@settings(deadline=None)
@given(
    logits=arrays(np.float64, (4, 3), elements=st.floats(-20, 20)),
    levels=arrays(np.int64, 4, elements=st.integers(0, 3)),
)
def test_loss_is_the_sum_of_binary_cross_entropies(logits, levels) -> None:
    found = ordinal_loss(thresholds(levels, 4).astype(np.float64), tf.constant(logits)).numpy()
    for row, level, loss in zip(logits, levels, found, strict=True):
        above = 1 / (1 + np.exp(-row))
        terms = [np.log(p) if level > k else np.log1p(-p) for k, p in enumerate(above)]
        assert loss == pytest.approx(-sum(terms), rel=1e-5, abs=1e-6)


def test_loss_of_extreme_logits_is_finite_and_its_gradient_points_to_the_level() -> None:
    logits = tf.Variable([[1e4, 0.0, -1e4]])
    with tf.GradientTape() as tape:
        loss = ordinal_loss(tf.constant(thresholds(np.array([2]), 4)), logits)
    gradient = tape.gradient(loss, logits).numpy()[0]
    assert np.isfinite(loss.numpy()).all()
    assert gradient == pytest.approx([0.0, -0.5, 0.0])


def test_thresholds_answer_higher_than_k() -> None:
    assert thresholds(np.array([0, 2]), 4).tolist() == [[0, 0, 0], [1, 1, 0]]


def test_probabilities_are_differences_of_the_cumulative_ones() -> None:
    logits = np.log([[0.9 / 0.1, 0.5 / 0.5, 0.2 / 0.8]])
    assert level_probabilities(logits)[0] == pytest.approx([0.1, 0.4, 0.3, 0.2])


@given(distributions())
def test_decoding_stays_on_the_scale(probabilities: np.ndarray) -> None:
    top = probabilities.shape[1] - 1
    assert np.all((most_probable(probabilities) >= 0) & (most_probable(probabilities) <= top))
    nearest = nearest_expected(probabilities)
    assert np.all(np.abs(nearest - expected_level(probabilities)) <= 0.5)
    assert np.all((nearest >= 0) & (nearest <= top))
    assert np.all(spread(probabilities) >= -1e-12)
    assert np.all(spread(probabilities) <= (top / 2) ** 2 + 1e-9)


def test_mode_median_and_expected_level_can_differ() -> None:
    split = np.array([[0.4, 0.1, 0.1, 0.1, 0.3]])
    assert most_probable(split).tolist() == [0]
    assert expected_level(split) == pytest.approx([1.8])
    assert nearest_expected(split).tolist() == [2]
    assert median_level(split).tolist() == [1]
    assert spread(split) == pytest.approx([0.1 + 0.4 + 0.9 + 4.8 - 1.8**2])


@given(distributions())
def test_the_median_has_half_of_the_probability_on_either_side(probabilities: np.ndarray) -> None:
    for row, level in zip(probabilities, median_level(probabilities), strict=True):
        assert row[: level + 1].sum() >= 0.5 - 1e-9
        assert row[level:].sum() >= 0.5 - 1e-9


def test_the_level_of_the_lowest_cost_worked_out_by_hand() -> None:
    """Missing a 2 costs ten times as much as anything else: then it is said at 15 %."""
    cost = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [10.0, 10.0, 0.0]])
    rows = np.array([[0.6, 0.25, 0.15], [0.65, 0.3, 0.05]])
    assert lowest_cost(rows, cost).tolist() == [2, 0]
    assert lowest_cost(rows, 1 - np.eye(3)).tolist() == most_probable(rows).tolist()


def test_sigmoid_overflows_for_no_input() -> None:
    assert sigmoid(np.array([-1e6, 0.0, 1e6])).tolist() == [0.0, 0.5, 1.0]
