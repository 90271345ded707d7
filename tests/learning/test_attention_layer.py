"""`AttentionPooling` among Keras' layers: options, masks between layers, saving, errors."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cer_assist.learning.attention import AttentionPooling
from tests.learning.test_attention import filled, random_states


@keras.saving.register_keras_serializable(package="tests")
def cubed(x):
    return x**3


# Keras saves TensorFlow's variables in a way of which NumPy 2 says that it will end.
saving = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
EVERY_OPTION = {
    "units": 4,
    "heads": 2,
    "score": "additive",
    "scale": 2.5,
    "activation": cubed,
    "use_bias": True,
    "kernel_initializer": keras.initializers.RandomNormal(stddev=0.3, seed=1),
    "kernel_regularizer": keras.regularizers.L2(0.5),
    "kernel_constraint": keras.constraints.MaxNorm(2.0),
    "bias_initializer": "ones",
    "bias_regularizer": "l1",
    "bias_constraint": "non_neg",
    "context_initializer": "he_normal",
    "context_regularizer": keras.regularizers.L1(0.25),
    "context_constraint": keras.constraints.UnitNorm(axis=0),
}


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({"units": 4}, {"kernel": (3, 4), "bias": (4,), "context": (4, 1)}),
        ({"units": 4, "use_bias": False}, {"kernel": (3, 4), "context": (4, 1)}),
        ({}, {"kernel": (3, 3), "bias": (3,), "context": (3, 1)}),
        ({"units": 4, "heads": 2}, {"kernel": (3, 4), "bias": (4,), "context": (4, 2)}),
        ({"score": "dot", "heads": 2}, {"context": (3, 2)}),
    ],
)
def test_each_form_has_the_weights_it_needs(options: dict, shapes: dict) -> None:
    layer = AttentionPooling(**options)
    layer.build((None, None, 3))
    assert {weight.name: weight.shape for weight in layer.weights} == shapes


@pytest.mark.parametrize("activation", ["relu", tf.nn.relu, keras.ops.relu, keras.layers.ReLU()])
def test_an_activation_may_be_a_name_or_a_function(activation) -> None:
    layer = filled(AttentionPooling(4, activation=activation))
    states = random_states(2, 5, 3)
    kernel, bias, context = layer.get_weights()
    scores = np.maximum(states @ kernel + bias, 0) @ context[:, 0]
    powers = np.exp(scores)
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert np.allclose(layer.attention(states), expected, atol=1e-5)


def test_initializers_set_the_first_weights() -> None:
    layer = AttentionPooling(
        2, kernel_initializer="ones", bias_initializer="ones", context_initializer="zeros"
    )
    layer.build((None, None, 3))
    assert [w.numpy().mean() for w in layer.weights] == [1.0, 1.0, 0.0]


def test_regularizers_add_to_the_loss() -> None:
    layer = filled(
        AttentionPooling(
            2,
            kernel_regularizer=keras.regularizers.L2(0.5),
            bias_regularizer=keras.regularizers.L1(3.0),
            context_regularizer="l1",
        )
    )
    kernel, bias, context = layer.get_weights()
    expected = [0.5 * (kernel**2).sum(), 3.0 * abs(bias).sum(), 0.01 * abs(context).sum()]
    assert [float(loss) for loss in layer.losses] == pytest.approx(expected, rel=1e-5)


def test_constraints_hold_after_training() -> None:
    pooling = AttentionPooling(
        2,
        kernel_constraint=keras.constraints.MaxNorm(0.1),
        bias_constraint="non_neg",
        context_constraint="unit_norm",
    )
    model = keras.Sequential([pooling, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    model.fit(random_states(16, 5, 3), random_states(16, 1, seed=1), epochs=3, verbose=0)
    kernel, bias, context = pooling.get_weights()
    assert np.all(np.linalg.norm(kernel, axis=0) <= 0.1 + 1e-6)
    assert np.all(bias >= 0)
    assert np.linalg.norm(context, axis=0) == pytest.approx(np.ones(1), abs=1e-5)


def test_a_configuration_holds_every_option() -> None:
    layer = AttentionPooling(**EVERY_OPTION, name="words", dtype="mixed_bfloat16")
    again = AttentionPooling.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.activation is cubed
    assert set(EVERY_OPTION) <= set(layer.get_config())


@saving
@pytest.mark.parametrize(
    "options",
    [
        EVERY_OPTION,
        {},
        {"score": "dot", "scale": 8.0},
        {"units": 2, "use_bias": False, "dtype": "mixed_bfloat16"},
    ],
)
def test_a_saved_model_gives_equal_numbers(tmp_path: Path, options: dict) -> None:
    states = keras.Input((None, 3))
    masked = keras.layers.Masking()(states)
    pooled, weights = AttentionPooling(**options)(masked, return_attention_scores=True)
    model = keras.Model(states, [keras.layers.Dense(1)(pooled), weights])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    texts = random_states(2, 5, 3)
    texts[1, 3:] = 0.0
    for found, expected in zip(again(texts), model(texts), strict=True):
        assert np.array_equal(found, expected)


@saving
def test_weights_and_configuration_apart_give_equal_numbers(tmp_path: Path) -> None:
    layer = filled(AttentionPooling(4, 2, scale=3.0))
    keras.Sequential([keras.Input((None, 3)), layer]).save_weights(tmp_path / "of.weights.h5")
    again = AttentionPooling.from_config(layer.get_config())
    keras.Sequential([keras.Input((None, 3)), again]).load_weights(tmp_path / "of.weights.h5")
    assert np.array_equal(again(random_states(2, 5, 3)), layer(random_states(2, 5, 3)))


@pytest.mark.parametrize("heads", [None, 1, 3])
@pytest.mark.parametrize("shape", [(None, 3), (7, 3), (2, None, 3)])
def test_shapes_are_known_before_there_are_numbers(shape: tuple, heads: int | None) -> None:
    layer = AttentionPooling(2, heads)
    pooled, weights = layer(keras.Input(shape), return_attention_scores=True)
    inner = () if heads is None else (heads,)
    assert pooled.shape == layer(keras.Input(shape)).shape == (None, *shape[:-2], *inner, 3)
    assert weights.shape == (None, *shape[:-2], *inner, shape[-2])
    real = [2 if axis is None else axis for axis in (None, *shape)]
    found = layer(np.zeros(real), return_attention_scores=True)
    assert [len(x.shape) for x in found] == [len(pooled.shape), len(weights.shape)]


def test_shapes_of_low_precision_are_announced_as_they_come() -> None:
    layer = AttentionPooling(2, dtype="mixed_bfloat16")
    announced = layer(keras.Input((5, 3)), return_attention_scores=True)
    found = layer(random_states(2, 5, 3), return_attention_scores=True)
    assert [x.dtype for x in announced] == [x.dtype for x in found] == ["bfloat16", "float32"]


def test_a_mask_loses_its_last_axis() -> None:
    layer = AttentionPooling(2)
    mask = np.array([[[True, False], [False, False]], [[False, False], [True, True]]])
    found = layer(random_states(2, 2, 2, 3), mask=mask)
    assert found._keras_mask.numpy().tolist() == [[True, False], [False, True]]
    assert layer.compute_mask(found, found._keras_mask) is None
    assert layer.compute_mask(found) is None


def test_a_mask_comes_from_the_layer_before() -> None:
    embedding = keras.layers.Embedding(9, 3, mask_zero=True)
    layer = filled(AttentionPooling(2))
    words = np.array([[4, 5, 0, 0], [6, 7, 8, 1]])
    found = layer(embedding(words))
    assert np.array_equal(found, layer(embedding.embeddings.numpy()[words], mask=words != 0))
    assert getattr(found, "_keras_mask", None) is None


def test_a_mask_may_be_of_numbers() -> None:
    layer, states = filled(AttentionPooling(2)), random_states(1, 4, 3)
    mask = np.array([[1, 0, 1, 0]])
    assert np.array_equal(layer(states, mask=mask), layer(states, mask=mask.astype(bool)))


def test_compiled_and_eager_calls_agree() -> None:
    layer, states = filled(AttentionPooling(2, 2)), random_states(2, 4, 3)
    mask = np.array([[True] * 4, [False] * 4])
    compiled = tf.function(layer)(states, mask=mask)
    assert np.allclose(compiled, layer(states, mask=mask), atol=1e-6)


@pytest.mark.parametrize("shape", [(None, 3), (None, None, None)])
def test_states_of_the_wrong_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected states of rank 3.*received \(None, "):
        AttentionPooling(2).build(shape)


def test_states_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="expected axis -1"):
        filled(AttentionPooling(2), 3)(random_states(2, 5, 4))


def test_a_mask_of_the_wrong_rank_is_refused() -> None:
    layer = filled(AttentionPooling(2))
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 5\).*received \(2, 5, 3"):
        layer.attention(random_states(2, 5, 3), np.ones((2, 5, 3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "units to be at least 1, received 0"),
        ({"heads": 0}, "heads to be at least 1, received 0"),
        ({"scale": 0.0}, "scale to be above 0, received 0.0"),
        ({"scale": float("nan")}, "scale to be above 0, received nan"),
        ({"score": "cosine"}, "additive, dot, received 'cosine'"),
        ({"score": "dot", "units": 4}, "received units=4"),
        ({"activation": "tahn"}, "tahn"),
    ],
)
def test_options_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AttentionPooling(**options)
