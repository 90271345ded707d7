import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.learning.attention import AttentionPooling, masked_softmax


def pooling(size: int = 3, units: int = 2, heads: int = 1, seed: int = 0) -> AttentionPooling:
    layer = AttentionPooling(units, heads)
    layer.build((None, None, size))
    generator = np.random.default_rng(seed)
    layer.set_weights([generator.normal(size=w.shape).astype(np.float32) for w in layer.weights])
    return layer


def by_the_paper(layer: AttentionPooling, states: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Equations 5 to 7 of Yang et al. 2016, one document, one head, one word at a time."""
    kernel, bias, context = (w.numpy().astype(np.float64) for w in layer.weights)
    pooled = np.zeros((len(states), layer.heads, states.shape[-1]))
    for row, (document, kept) in enumerate(zip(states.astype(np.float64), mask, strict=True)):
        for head in range(layer.heads):
            words = [h for h, keep in zip(document, kept, strict=True) if keep]
            powers = [np.exp(np.tanh(h @ kernel + bias) @ context[:, head]) for h in words]
            for h, power in zip(words, powers, strict=True):
                pooled[row, head] += power / sum(powers) * h
    return pooled


def test_a_document_worked_out_by_hand() -> None:
    layer = AttentionPooling(units=1)
    layer.build((None, None, 2))
    layer.set_weights([np.array([[1.0], [0.0]]), np.array([0.0]), np.array([[2.0]])])
    # u = tanh(0), tanh(1), tanh(-1); scores 0, 2 * .76159416 and the negative of it
    states = np.array([[[0.0, 1.0], [1.0, 2.0], [-1.0, 4.0]]], np.float32)
    weights = layer.attention(states).numpy()[0, 0]
    assert weights == pytest.approx([0.17227, 0.79017, 0.03756], abs=1e-5)
    assert weights.sum() == pytest.approx(1.0)
    expected = [0.79017 - 0.03756, 0.17227 + 2 * 0.79017 + 4 * 0.03756]
    assert layer(states).numpy()[0, 0] == pytest.approx(expected, abs=1e-4)


@settings(deadline=None)
@given(
    states=arrays(np.float32, (3, 5, 4), elements=st.floats(-4, 4, width=32)),
    mask=arrays(bool, (3, 5)),
    heads=st.integers(1, 3),
)
def test_pooling_follows_the_paper_under_any_mask(states, mask, heads: int) -> None:
    layer = pooling(size=4, heads=heads)
    found = layer(tf.constant(states), mask=tf.constant(mask)).numpy()
    assert np.allclose(found, by_the_paper(layer, states, mask), atol=1e-4)


@settings(deadline=None)
@given(
    scores=arrays(np.float32, (2, 6), elements=st.floats(-1e4, 1e4, width=32)),
    mask=arrays(bool, (2, 6)),
)
def test_softmax_is_a_distribution_over_what_is_unmasked(scores, mask) -> None:
    found = masked_softmax(tf.constant(scores), tf.constant(mask)).numpy()
    assert np.all(np.isfinite(found))
    assert np.all(found[~mask] == 0)
    assert np.allclose(found.sum(axis=1), mask.any(axis=1), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_scores_of_ten_thousand_do_not_overflow(dtype: str) -> None:
    scores = tf.cast([[1e4, -1e4, 1e4]], dtype)
    assert masked_softmax(scores, tf.constant([[True, True, True]])).numpy().tolist() == [
        [0.5, 0.0, 0.5]
    ]


def test_nothing_to_look_at_gives_zeros_and_finite_gradients() -> None:
    layer = pooling()
    states = tf.random.stateless_normal((2, 4, 3), seed=(0, 1))
    mask = tf.constant([[False] * 4, [True, True, False, False]])
    with tf.GradientTape() as tape:
        pooled = layer(states, mask=mask)
        loss = tf.reduce_sum(pooled**2)
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert np.all(pooled.numpy()[0] == 0)
    assert np.any(pooled.numpy()[1] != 0)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_masked_states_cannot_be_told_apart() -> None:
    layer = pooling()
    states = np.random.default_rng(1).normal(size=(1, 4, 3)).astype(np.float32)
    changed = states.copy()
    changed[0, 3] = 1e4
    mask = tf.constant([[True, True, True, False]])
    assert np.array_equal(layer(states, mask=mask), layer(changed, mask=mask))


def test_gradients_agree_with_differences() -> None:
    layer = pooling()
    states = np.random.default_rng(2).normal(size=(2, 4, 3)).astype(np.float32)
    mask = tf.constant([[True] * 4, [True, True, False, False]])

    def loss() -> tf.Tensor:
        return tf.reduce_sum(layer(states, mask=mask) ** 2)

    with tf.GradientTape() as tape:
        value = loss()
    for variable, gradient in zip(
        layer.trainable_variables, tape.gradient(value, layer.trainable_variables), strict=True
    ):
        before, step = variable.numpy(), np.zeros(variable.shape, np.float32)
        step[(0,) * step.ndim] = 1e-2
        variable.assign(before + step)
        up = float(loss())
        variable.assign(before - step)
        down = float(loss())
        variable.assign(before)
        assert (up - down) / 2e-2 == pytest.approx(float(gradient[(0,) * step.ndim]), abs=2e-2)


def test_a_saved_configuration_rebuilds_the_layer() -> None:
    layer = pooling(heads=2)
    again = AttentionPooling.from_config(layer.get_config())
    again.build((None, None, 3))
    again.set_weights(layer.get_weights())
    states = np.random.default_rng(3).normal(size=(1, 5, 3)).astype(np.float32)
    assert np.array_equal(layer(states), again(states))
    assert keras.Input((7, 3)).shape[-1] == again.compute_output_shape((None, 7, 3))[-1]


def test_states_of_the_wrong_rank_are_refused() -> None:
    with pytest.raises(ValueError, match="rank 3"):
        AttentionPooling(2).build((None, 3))
