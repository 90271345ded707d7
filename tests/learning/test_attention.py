"""The numbers of `AttentionPooling`: by hand, by the papers' formulas, under masks and extremes."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cer_assist.learning.attention import AttentionPooling, masked_softmax

FUNCTIONS: dict[str, Callable] = {
    "tanh": np.tanh,
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
POLICIES = ["float32", "mixed_bfloat16", "bfloat16", "mixed_float16", "float16"]


def filled(layer, size: int = 3, seed: int = 0):
    """The layer, built, with random weights."""
    layer.build((None, None, size))
    generator = np.random.default_rng(seed)
    layer.set_weights([generator.normal(size=w.shape).astype(np.float32) for w in layer.weights])
    return layer


def random_states(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def by_the_papers(layer: AttentionPooling, states: np.ndarray, mask: np.ndarray):
    """Pooled states and weights of one text and one head at a time, in plain Python."""
    values = {w.name: w.numpy().astype(np.float64) for w in layer.weights}
    context = values["context"]
    pooled = np.zeros((len(states), context.shape[1], states.shape[-1]))
    weights = np.zeros((len(states), context.shape[1], states.shape[1]))
    for text, head in np.ndindex(weights.shape[:2]):
        powers = {}
        for place, h in enumerate(states[text].astype(np.float64)):
            if mask[text, place]:
                u = h
                if layer.score == "additive":
                    function = FUNCTIONS[layer.activation.__name__]
                    u = function(h @ values["kernel"] + values.get("bias", 0.0))
                powers[place] = np.exp(u @ context[:, head] / layer.scale)
        for place, power in powers.items():
            weights[text, head, place] = power / sum(powers.values())
            pooled[text, head] += weights[text, head, place] * states[text, place]
    return pooled, weights


def test_additive_attention_worked_out_by_hand() -> None:
    layer = AttentionPooling(units=1)
    layer.build((None, None, 2))
    layer.set_weights([np.array([[1.0], [0.0]]), np.array([0.0]), np.array([[2.0]])])
    # u = tanh(0), tanh(1), tanh(-1); scores 0, 2 * .76159416 and the negative of it
    states = np.array([[[0.0, 1.0], [1.0, 2.0], [-1.0, 4.0]]], np.float32)
    weights = layer.attention(states).numpy()[0]
    assert weights == pytest.approx(np.array([0.17227, 0.79017, 0.03756]), abs=1e-5)
    expected = [0.79017 - 0.03756, 0.17227 + 2 * 0.79017 + 4 * 0.03756]
    assert layer(states).numpy()[0] == pytest.approx(np.array(expected), abs=1e-4)


def test_scaled_dot_product_worked_out_by_hand() -> None:
    layer = AttentionPooling(score="dot", scale=2.0)
    layer.build((None, None, 2))
    layer.set_weights([np.array([[2 * np.log(3.0)], [0.0]])])
    # scores h1 * log 3: powers 1, 3 and 9 of a sum of 13
    states = np.array([[[0.0, 13.0], [1.0, 26.0], [2.0, 39.0]]], np.float32)
    assert layer.attention(states).numpy()[0] == pytest.approx(np.array([1, 3, 9]) / 13, abs=1e-6)
    assert layer(states).numpy()[0] == pytest.approx(np.array([21 / 13, 1 + 6 + 27]), rel=1e-6)


@settings(deadline=None, max_examples=50)
@given(
    states=arrays(np.float32, (3, 5, 4), elements=st.floats(-4, 4, width=32)),
    mask=arrays(bool, (3, 5)),
    heads=st.none() | st.integers(1, 3),
    activation=st.sampled_from(sorted(FUNCTIONS)),
    use_bias=st.booleans(),
    scale=st.floats(0.5, 20),
)
def test_additive_form_follows_the_paper(states, mask, heads, activation, use_bias, scale) -> None:
    layer = AttentionPooling(2, heads, activation=activation, use_bias=use_bias, scale=scale)
    assert_follows_the_papers(filled(layer, 4), states, mask)


@settings(deadline=None, max_examples=50)
@given(
    states=arrays(np.float32, (3, 5, 4), elements=st.floats(-4, 4, width=32)),
    mask=arrays(bool, (3, 5)),
    heads=st.none() | st.integers(1, 3),
    scale=st.floats(0.5, 20),
)
def test_dot_product_follows_the_paper(states, mask, heads, scale) -> None:
    layer = AttentionPooling(heads=heads, score="dot", scale=scale)
    assert_follows_the_papers(filled(layer, 4), states, mask)


def assert_follows_the_papers(layer: AttentionPooling, states, mask) -> None:
    pooled, weights = layer(states, mask=mask, return_attention_scores=True)
    expected, expected_weights = by_the_papers(layer, states, mask)
    if layer.heads is None:
        expected, expected_weights = expected[:, 0], expected_weights[:, 0]
    assert pooled.shape == expected.shape
    assert np.allclose(pooled, expected, atol=1e-4)
    assert np.allclose(weights, expected_weights, atol=1e-5)
    assert np.array_equal(weights, layer.attention(states, mask))


@settings(deadline=None, max_examples=50)
@given(
    scores=arrays(np.float32, (2, 6), elements=st.floats(-1e4, 1e4, width=32)),
    mask=arrays(bool, (2, 6)),
)
def test_softmax_is_a_distribution_over_what_is_unmasked(scores, mask) -> None:
    found = masked_softmax(tf.constant(scores), tf.constant(mask)).numpy()
    assert np.all(np.isfinite(found))
    assert np.all(found[~mask] == 0)
    assert np.allclose(found.sum(axis=1), mask.any(axis=1), atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(order=st.permutations(range(6)))
def test_words_in_another_order_keep_their_weights(order: list[int]) -> None:
    layer, states = filled(AttentionPooling(2, 2)), random_states(2, 6, 3)
    mask = np.array([[True] * 6, [True, False] * 3])
    moved = layer.attention(states[:, order], mask[:, order])
    assert np.allclose(moved, layer.attention(states, mask).numpy()[..., order], atol=1e-6)


@pytest.mark.parametrize("mask", [None, [[True, True, True]]])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_scores_of_ten_thousand_do_not_overflow(dtype: str, mask) -> None:
    scores = tf.cast([[1e4, -1e4, 1e4]], dtype)
    assert masked_softmax(scores, mask).numpy().tolist() == [[0.5, 0.0, 0.5]]


@pytest.mark.parametrize("mask", [None, np.array([[True, True, True]])])
@pytest.mark.parametrize("score", ["additive", "dot"])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_layer_of_low_precision_with_huge_scores(policy: str, score: str, mask) -> None:
    units = 1 if score == "additive" else None
    layer = AttentionPooling(units, score=score, activation="linear", dtype=policy)
    layer.build((None, None, 1))
    layer.set_weights([np.full(w.shape, 0.0 if w.name == "bias" else 1.0) for w in layer.weights])
    layer.context.assign([[100.0]])
    # Scores of 1e5, above the largest number of float16, and of -1e5.
    states = tf.constant([[[1000.0], [-1000.0], [1000.0]]], layer.compute_dtype)
    with tf.GradientTape() as tape:
        pooled, weights = layer(states, mask=mask, return_attention_scores=True)
    gradients = tape.gradient(pooled, [v.value for v in layer.trainable_variables])
    assert weights.numpy().tolist() == [[0.5, 0.0, 0.5]]
    assert pooled.dtype == layer.compute_dtype
    assert float(pooled[0, 0]) == 1000.0
    assert all(np.all(np.isfinite(tf.cast(g, "float32"))) for g in gradients)


@pytest.mark.parametrize("policy", POLICIES)
def test_low_precision_stays_near_the_formula(policy: str) -> None:
    layer = filled(AttentionPooling(8, 2, dtype=policy), 16)
    states, mask = random_states(4, 50, 16), np.arange(50) < np.array([[50], [20], [1], [0]])
    pooled, weights = layer(states, mask=mask, return_attention_scores=True)
    expected, expected_weights = by_the_papers(layer, states, mask)
    assert weights.dtype == "float32"
    assert np.allclose(np.sum(weights, axis=-1), [[1, 1]] * 3 + [[0, 0]], atol=1e-5)
    assert np.allclose(weights, expected_weights, atol=0.03)
    assert np.allclose(tf.cast(pooled, "float32"), expected, atol=0.03)
    assert np.array_equal(weights, layer.attention(states, mask))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("options", [{}, {"heads": 2}, {"score": "dot", "scale": 0.1}])
def test_nothing_to_look_at_gives_zeros_and_finite_gradients(options: dict, policy: str) -> None:
    layer = filled(AttentionPooling(**options, dtype=policy))
    states = tf.cast(random_states(2, 4, 3), layer.compute_dtype)
    mask = tf.constant([[False] * 4, [True, True, False, False]])
    variables = [v.value for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(states)
        pooled = layer(states, mask=mask)
        loss = tf.reduce_sum(pooled**2)
    gradients = [tf.cast(g, "float32") for g in tape.gradient(loss, [states, *variables])]
    assert np.all(pooled.numpy()[0] == 0)
    assert np.any(pooled.numpy()[1] != 0)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert np.all(gradients[0][0] == 0)
    assert np.any(gradients[0][1] != 0)


@pytest.mark.parametrize("padding", [0.0, 1e30, np.inf, np.nan])
def test_padding_cannot_be_told_apart(padding: float) -> None:
    layer, states = filled(AttentionPooling(2)), random_states(1, 4, 3)
    padded = np.concatenate([states, np.full((1, 9, 3), padding, np.float32)], axis=1)
    with tf.GradientTape() as tape:
        found = layer(padded, mask=np.arange(13)[None] < 4)
    gradients = tape.gradient(found, [v.value for v in layer.trainable_variables])
    assert np.allclose(found, layer(states), atol=1e-6)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_texts_without_places_pool_to_zeros() -> None:
    layer = filled(AttentionPooling(2))
    assert layer(np.zeros((2, 0, 3))).numpy().tolist() == [[0.0] * 3] * 2
    assert layer(np.zeros((2, 0, 3)), mask=np.zeros((2, 0))).numpy().tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("options", [{}, {"heads": 2, "scale": 3.0}, {"score": "dot"}])
def test_gradients_agree_with_differences(options: dict) -> None:
    layer = filled(AttentionPooling(**options, dtype="float64"))
    states, mask = random_states(2, 4, 3), np.array([[True] * 4, [True, True, False, False]])

    def loss() -> tf.Tensor:
        return tf.reduce_sum(layer(states, mask=mask) ** 2)

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [v.value for v in layer.trainable_variables])
    for variable, gradient in zip(layer.trainable_variables, gradients, strict=True):
        before = variable.numpy()
        for place in np.ndindex(before.shape):
            step = np.zeros_like(before)
            step[place] = 1e-5
            variable.assign(before + step)
            up = float(loss())
            variable.assign(before - step)
            slope = (up - float(loss())) / 2e-5
            assert slope == pytest.approx(float(gradient[place]), rel=1e-5, abs=1e-8)
        variable.assign(before)


@pytest.mark.parametrize("heads", [None, 2])
@pytest.mark.parametrize("axes", [(2,), (2, 3), (2, 3, 4)])
def test_any_rank_is_the_same_as_rows_of_rank_three(axes: tuple[int, ...], heads) -> None:
    layer = filled(AttentionPooling(2, heads))
    states = random_states(*axes, 5, 3)
    mask = np.random.default_rng(1).random((*axes, 5)) < 0.5
    pooled, weights = layer(states, mask=mask, return_attention_scores=True)
    rows = states.reshape(-1, 5, 3), mask.reshape(-1, 5)
    flat, flat_weights = layer(rows[0], mask=rows[1], return_attention_scores=True)
    inner = () if heads is None else (heads,)
    assert pooled.shape == layer.compute_output_shape(states.shape) == (*axes, *inner, 3)
    assert np.allclose(np.reshape(pooled, flat.shape), flat, atol=1e-6)
    assert np.allclose(np.reshape(weights, flat_weights.shape), flat_weights, atol=1e-6)


def test_words_in_sentences_in_documents() -> None:
    """Two layers in a row: an empty sentence counts for nothing in its document."""
    words, sentences = filled(AttentionPooling(2)), filled(AttentionPooling(2), seed=1)
    states = keras.Input((None, None, 3))  # (batch, sentences, words, size)
    model = keras.Model(states, sentences(words(keras.layers.Masking()(states))))
    documents = random_states(2, 3, 4, 3)
    documents[0, 2] = 0.0  # Masking takes what is zero throughout for padding
    documents[1, :, 2:] = 0.0
    by_hand = sentences(words(documents[:1, :2]))
    assert np.allclose(model(documents)[:1], by_hand, atol=1e-6)
    assert np.allclose(model(documents)[1:], sentences(words(documents[1:, :, :2])), atol=1e-6)
    assert model(np.zeros((1, 2, 2, 3))).numpy().tolist() == [[0.0, 0.0, 0.0]]
