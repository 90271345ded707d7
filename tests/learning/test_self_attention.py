"""`SelfAttention`: by hand, by the paper's formula, under masks, in low precision, saved."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.learning.self_attention import SelfAttention, sinusoidal_positions
from tests.learning.test_attention import POLICIES, filled, random_states
from tests.learning.test_attention_layer import saving


def by_the_paper(layer: SelfAttention, states: np.ndarray, mask: np.ndarray):
    """New states and matrix of one text, one pair of places at a time, in plain Python."""
    query, key, value = (w.numpy().astype(np.float64) for w in layer.weights)
    time, size = states.shape
    located = states.astype(np.float64) + np.array(
        [
            [
                (np.cos if channel % 2 else np.sin)(t / 10_000 ** (channel // 2 * 2 / size))
                for channel in range(size)
            ]
            for t in range(time)
        ]
    ).reshape(time, size)
    matrix = np.zeros((time, time))
    for one in np.flatnonzero(mask):
        for other in np.flatnonzero(mask):
            score = (located[one] @ query) @ (located[other] @ key) / np.sqrt(query.shape[1])
            matrix[one, other] = np.exp(score)
        matrix[one] /= matrix[one].sum()
    return matrix @ (states.astype(np.float64) @ value), matrix


def test_positions_worked_out_by_hand() -> None:
    found = sinusoidal_positions(3, 4).numpy()
    one, two = [np.sin(1), np.cos(1)], [np.sin(2), np.cos(2)]
    slow = [[np.sin(0.01), np.cos(0.01)], [np.sin(0.02), np.cos(0.02)]]
    expected = np.array([[0, 1, 0, 1], one + slow[0], two + slow[1]])
    assert found == pytest.approx(expected, abs=1e-6)
    assert sinusoidal_positions(4, 5).shape == (4, 5)


def test_a_step_along_a_text_is_the_same_rotation_everywhere() -> None:
    """What makes the sinusoids usable: closeness depends on the distance alone."""
    positions = sinusoidal_positions(60, 16).numpy()
    closeness = positions @ positions.T
    for distance in range(1, 40):
        along = np.diagonal(closeness, distance)
        assert np.allclose(along, along[0], atol=1e-4)
    assert np.allclose(np.diagonal(closeness), 8.0, atol=1e-5)


def test_a_matrix_worked_out_by_hand() -> None:
    layer = SelfAttention(1)
    layer.build((None, None, 2))
    # Queries and keys hear the second channel alone, where positions add cos 0 = 1 and cos 1.
    layer.set_weights([np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]]), np.array([[1.0], [0]])])
    states = np.array([[[5.0, 0.0], [9.0, np.log(3.0) - np.cos(1.0)]]], np.float32)
    # q = k = (1, log 3); scores (1, log 3) and (log 3, log 3 squared)
    second = np.exp(np.log(3) - 1), np.exp(np.log(3) ** 2 - np.log(3))
    expected = np.array([[1 / (1 + x), x / (1 + x)] for x in second])
    found, matrix = layer(states, return_attention_scores=True)
    assert matrix.numpy()[0] == pytest.approx(expected, abs=1e-6)
    assert found.numpy()[0, :, 0] == pytest.approx(expected @ [5.0, 9.0], abs=1e-5)


@settings(deadline=None, max_examples=50)
@given(
    states=arrays(np.float32, (2, 5, 3), elements=st.floats(-3, 3, width=32)),
    mask=arrays(bool, (2, 5)),
    units=st.none() | st.integers(1, 4),
)
def test_numbers_follow_the_paper_under_any_mask(states, mask, units: int | None) -> None:
    layer = filled(SelfAttention(units))
    found, matrix = layer(states, mask=mask, return_attention_scores=True)
    for text in range(2):
        expected, expected_matrix = by_the_paper(layer, states[text], mask[text])
        assert np.allclose(found[text], expected, atol=1e-4)
        assert np.allclose(matrix[text], expected_matrix, atol=1e-5)
    assert np.allclose(np.sum(matrix, axis=-1), mask, atol=1e-5)
    assert np.array_equal(matrix, layer.attention(states, mask))


def test_what_is_masked_neither_looks_nor_is_looked_at() -> None:
    layer, states = filled(SelfAttention()), random_states(1, 5, 3)
    found, matrix = layer(
        states, mask=[[True, False, True, True, False]], return_attention_scores=1
    )
    masked = [1, 4]
    assert np.all(matrix.numpy()[0, masked] == 0)
    assert np.all(matrix.numpy()[0, :, masked] == 0)
    assert np.all(found.numpy()[0, masked] == 0)
    assert np.all(found.numpy()[0, [0, 2, 3]] != 0)


def test_without_a_mask_every_place_counts() -> None:
    layer, states = filled(SelfAttention()), random_states(2, 5, 3)
    assert np.allclose(layer(states), layer(states, mask=np.ones((2, 5))), atol=1e-6)


def test_words_in_another_order_are_another_text() -> None:
    layer, states = filled(SelfAttention()), random_states(1, 4, 3)
    turned = np.mean(layer(states[:, ::-1]), axis=1)
    assert np.abs(turned - np.mean(layer(states), axis=1)).max() > 0.01


def test_values_know_no_positions() -> None:
    """Where attention is even the result is the mean of the values, however long the text."""
    layer = SelfAttention(kernel_initializer="identity")
    layer.build((None, None, 3))
    layer.query.assign(np.zeros((3, 3)))
    states = random_states(1, 50, 3)
    assert np.allclose(layer(states), states.mean(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_to_look_at_gives_zeros_and_finite_gradients(policy: str) -> None:
    layer = filled(SelfAttention(dtype=policy))
    states = tf.cast(random_states(2, 4, 3), layer.compute_dtype)
    mask = tf.constant([[False] * 4, [True, True, False, False]])
    with tf.GradientTape() as tape:
        tape.watch(states)
        found = layer(states, mask=mask)
        loss = tf.reduce_sum(found**2)
    sources = [states, *(v.value for v in layer.trainable_variables)]
    gradients = [tf.cast(g, "float32") for g in tape.gradient(loss, sources)]
    assert found.dtype == layer.compute_dtype
    assert np.all(found.numpy()[0] == 0)
    assert np.any(found.numpy()[1] != 0)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert all(np.any(gradient != 0) for gradient in gradients)


@pytest.mark.parametrize("policy", POLICIES)
def test_huge_scores_in_low_precision(policy: str) -> None:
    layer = SelfAttention(kernel_initializer="identity", dtype=policy)
    layer.build((None, None, 4))
    states = 300 * tf.one_hot([[0, 1, 0]], 4, dtype=layer.compute_dtype)
    # Scores of 45,000 along the same word, whose positions differ by far less.
    matrix = layer.attention(states).numpy()[0]
    assert np.all(np.isfinite(matrix))
    assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert matrix[1].tolist() == [0.0, 1.0, 0.0]
    assert np.all(np.isfinite(tf.cast(layer(states), "float32")))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_stays_near_the_formula(policy: str) -> None:
    layer = SelfAttention(8, dtype=policy, kernel_initializer=keras.initializers.HeNormal(seed=0))
    states = random_states(1, 30, 16)
    found, matrix = layer(states, return_attention_scores=True)
    expected, expected_matrix = by_the_paper(layer, states[0], np.ones(30, bool))
    assert np.allclose(matrix[0], expected_matrix, atol=0.02)
    assert np.allclose(tf.cast(found[0], "float32"), expected, atol=0.05)


@pytest.mark.parametrize("padding", [0.0, 1e30, np.inf, np.nan])
def test_padding_cannot_be_told_apart(padding: float) -> None:
    layer, states = filled(SelfAttention()), random_states(1, 4, 3)
    padded = np.concatenate([states, np.full((1, 6, 3), padding, np.float32)], axis=1)
    found = layer(padded, mask=np.arange(10)[None] < 4)
    assert np.allclose(found[:, :4], layer(states), atol=1e-6)


def test_any_rank_is_the_same_as_rows_of_rank_three() -> None:
    layer, states = filled(SelfAttention(2)), random_states(2, 3, 5, 3)
    mask = np.random.default_rng(1).random((2, 3, 5)) < 0.5
    found, matrix = layer(states, mask=mask, return_attention_scores=True)
    for at in np.ndindex(2, 3):
        expected, expected_matrix = by_the_paper(layer, states[at], mask[at])
        assert np.allclose(found[at], expected, atol=1e-5)
        assert np.allclose(matrix[at], expected_matrix, atol=1e-5)


def test_the_mask_goes_on_to_the_layers_after() -> None:
    layer = filled(SelfAttention())
    mean = keras.layers.GlobalAveragePooling1D()
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(), layer, mean])
    texts = random_states(2, 6, 3)
    texts[1, 4:] = 0.0
    assert np.allclose(model(texts)[1], np.mean(layer(texts[1:, :4]), axis=1)[0], atol=1e-6)


def test_shapes_are_known_before_there_are_numbers() -> None:
    layer = SelfAttention(2, dtype="mixed_bfloat16")
    found, matrix = layer(keras.Input((7, 3)), return_attention_scores=True)
    assert (found.shape, matrix.shape) == ((None, 7, 2), (None, 7, 7))
    assert (found.dtype, matrix.dtype) == ("bfloat16", "float32")
    assert SelfAttention()(keras.Input((None, 7, 3))).shape == (None, None, 7, 3)


@pytest.mark.parametrize("initializer", ["he_normal", keras.initializers.HeNormal(seed=3)])
def test_the_three_matrices_start_apart_and_repeatably(initializer) -> None:
    layers = [SelfAttention(kernel_initializer=initializer) for _ in range(2)]
    for layer in layers:
        keras.utils.set_random_seed(5)
        layer.build((None, None, 8))
    query, key, value = layers[0].get_weights()
    assert min(abs(query - key).max(), abs(key - value).max(), abs(query - value).max()) > 0.1
    for one, other in zip(*(layer.get_weights() for layer in layers), strict=True):
        assert np.array_equal(one, other)


def test_an_initializer_may_be_a_function() -> None:
    layer = SelfAttention(kernel_initializer=lambda shape, dtype: tf.fill(shape, 0.5))
    layer.build((None, None, 3))
    assert all(np.all(weights == 0.5) for weights in layer.get_weights())


def test_regularizer_and_constraint_hold_for_all_three() -> None:
    layer = SelfAttention(2, kernel_regularizer="l1", kernel_constraint="unit_norm")
    model = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D()])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    model.fit(random_states(8, 5, 3), random_states(8, 2, seed=1), verbose=0)
    for loss, kernel in zip(layer.losses, layer.get_weights(), strict=True):
        assert float(loss) == pytest.approx(0.01 * abs(kernel).sum(), rel=1e-5)
        assert np.linalg.norm(kernel, axis=0) == pytest.approx(np.ones(2), abs=1e-5)


@saving
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_saved_model_gives_equal_numbers(tmp_path: Path, dtype: str) -> None:
    states = keras.Input((None, 3))
    layer = SelfAttention(4, kernel_regularizer="l2", kernel_constraint="max_norm", dtype=dtype)
    masked = keras.layers.Masking()(states)
    model = keras.Model(states, layer(masked, return_attention_scores=True))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[-1].get_config() == layer.get_config()
    texts = random_states(2, 5, 3)
    texts[1, 3:] = 0.0
    for found, expected in zip(again(texts), model(texts), strict=True):
        assert np.array_equal(found, expected)


def test_wrong_shapes_and_options_are_refused() -> None:
    with pytest.raises(ValueError, match="units to be at least 1, received 0"):
        SelfAttention(0)
    with pytest.raises(ValueError, match=r"rank 3.*received \(None, 3\)"):
        SelfAttention().build((None, 3))
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 5\)"):
        filled(SelfAttention()).attention(random_states(2, 5, 3), np.ones((2,)))
