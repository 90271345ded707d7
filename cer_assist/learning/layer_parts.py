"""What every attention layer owes to Keras, said once: shapes, options of weights, promises.

Functions instead of a base class: the layers share duties towards Keras, but no steps of their own.
"""

import keras
from keras import constraints, initializers, regularizers


def state_size(input_shape) -> int:
    """The last axis of states (batch, ..., time, size); ValueError for any other shape."""
    if len(input_shape) < 3 or input_shape[-1] is None:
        raise ValueError(
            "expected states of rank 3 (batch, time, size) or more and of a known size, "
            f"received {tuple(input_shape)}"
        )
    return int(input_shape[-1])


def at_least_one(**values: int | None) -> None:
    """ValueError for a number below 1; None stands for a number to be found out."""
    for name, value in values.items():
        if value is not None and value < 1:
            raise ValueError(f"expected {name} to be at least 1, received {value}")


def weight_options(initializer, regularizer, constraint) -> dict:
    """What `Layer.add_weight` takes, from names, configurations, callables or objects."""
    return {
        "initializer": initializers.get(initializer),
        "regularizer": regularizers.get(regularizer),
        "constraint": constraints.get(constraint),
    }


def for_one_weight(options: dict, number: int) -> dict:
    """The options for the weight of this number, where several weights are given the same.

    An initializer draws the same values each time it is called, seeded or not: it is made anew, and
    a seed of the caller's is moved on, or all weights would start equal.
    """
    initializer = options["initializer"]
    if not isinstance(initializer, initializers.Initializer):
        return options  # a function draws as it likes
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] += number
    return {**options, "initializer": type(initializer).from_config(config)}


def weight_config(options: dict[str, dict]) -> dict:
    """The same for `get_config`, as `kernel_initializer` and so on."""
    return {
        f"{weight}_{role}": keras.saving.serialize_keras_object(value)
        for weight, roles in options.items()
        for role, value in roles.items()
    }


def score_dtype(dtype: str) -> str:
    """The precision of scores and weights: float32, or that of the layer where it is higher.

    In float16 a score of 1e5 would be infinite, and infinity less infinity is NaN.
    """
    return keras.backend.result_type(dtype, "float32")


def output_spec(layer: keras.layers.Layer, input_shape, weights_shape, with_weights: bool):
    """What `compute_output_spec` answers: the result alone, or with the attention weights."""
    shape = layer.compute_output_shape(input_shape)
    result = keras.KerasTensor(shape, dtype=layer.compute_dtype)
    if not with_weights:
        return result
    return result, keras.KerasTensor(weights_shape, dtype=score_dtype(layer.compute_dtype))
