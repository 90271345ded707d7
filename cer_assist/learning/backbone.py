"""Encoders differ in the weights of their top layers only: one compiled backbone serves them all.

Those weights are arguments of the compiled functions, so that an encoder is arrays as a network is
(see `inference`): versions cannot mix in a process, and another encoder costs neither the seconds
of building a backbone nor its memory.
"""

from functools import lru_cache, partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

STATE_SIZE = 384
TUNABLE = 3  # layers from the top that an encoder may have weights of its own for


class Backbone:
    """all-MiniLM-L6-v2 as compiled functions; the files must have been checked.

    Parameters
    ----------
    folder : Path
        Of `config.json` and `model.safetensors`.

    Attributes
    ----------
    top : dict of str to ndarray
        The published weights of the layers that may be tuned, by name.
    """

    def __init__(self, folder: Path):
        from keras_hub.models import BertBackbone

        self._model = BertBackbone.from_preset(str(folder), dtype="mixed_bfloat16")
        self._variables = layer_variables(self.layers(TUNABLE))
        self.top = {name: found.numpy() for name, found in self._variables.items()}
        self._own = {name: tf.constant(array) for name, array in self.top.items()}
        pieces = tf.TensorSpec((None, None), tf.int32)  # any batch, any length: traced once
        steps = tf.TensorSpec((STATE_SIZE, None), tf.float32)
        shift = tf.TensorSpec((None,), tf.float32)
        top = [tf.TensorSpec(array.shape, tf.float32) for array in self.top.values()]
        self.forward = tf.function(self._forward, input_signature=[top, pieces, pieces])
        self.quantised = tf.function(
            self._quantised, input_signature=[top, pieces, pieces, steps, shift]
        )

    def layers(self, count: int) -> list:
        """The transformer layers at the top."""
        return self._model.transformer_layers[-count:]

    def tensors(self, tuned: dict[str, np.ndarray]) -> list:
        """Weights in the order that the compiled functions take them; what is not tuned as it was.

        Parameters
        ----------
        tuned : dict of str to ndarray
        """
        own = self._own
        return [tf.constant(tuned[n], tf.float32) if n in tuned else own[n] for n in own]

    @lru_cache(maxsize=TUNABLE)  # noqa: B019 - a backbone lives as long as its process
    def lower(self, layers: int):
        """What comes out below so many top layers: (batch, time) ids and mask -> states, float16.

        Parameters
        ----------
        layers : int
        """
        pieces = tf.TensorSpec((None, None), tf.int32)
        return tf.function(partial(self._lower, layers), input_signature=[pieces, pieces])

    def _lower(self, layers, ids, mask):
        model = self._model
        tokens = model.token_embedding(ids)
        parts = (tokens, model.position_embedding(tokens), model.segment_embedding(ids * 0))
        states = model.embeddings_layer_norm(model.embeddings_add(parts))  # (batch, time, 384)
        for layer in model.transformer_layers[:-layers]:
            states = layer(states, padding_mask=mask, training=False)
        return tf.cast(states, tf.float16)

    def _forward(self, top, ids, mask):
        inputs = {"token_ids": ids, "segment_ids": tf.zeros_like(ids), "padding_mask": mask}
        scope = list(zip(self._variables.values(), top, strict=True))
        with keras.StatelessScope(state_mapping=scope):
            states = self._model(inputs, training=False)["sequence_output"]  # (batch, time, 384)
        return tf.cast(states, tf.float32)

    def _quantised(self, top, ids, mask, steps, shift):
        states = self._forward(top, ids, mask)
        rows = quantise(tf.reshape(states, (-1, STATE_SIZE)), steps, shift)
        pieces = tf.pad(mask[:, 2:], [[0, 0], [1, 1]])  # without [CLS] and [SEP]
        sums = tf.linalg.matvec(states, tf.cast(pieces, tf.float32), transpose_a=True)
        return tf.reshape(rows, tf.concat([tf.shape(ids), tf.shape(shift)], axis=0)), sums


def layer_variables(layers) -> dict[str, keras.Variable]:
    """Variables of transformer layers by names that do not depend on how Keras numbers others."""
    return {
        variable.path.split("transformer_layer_")[1]: variable
        for layer in layers
        for variable in layer.trainable_variables
    }


def quantise(states, steps, shift):
    """Round `states @ steps + shift` to int8, inside or outside a compiled function.

    Parameters
    ----------
    states : (n, 384) float32
    steps : (384, m) float32
    shift : (m,) float32

    Returns
    -------
    (n, m) int8 tensor; what lies beyond 127 either side is clipped.
    """
    scaled = tf.round(tf.matmul(states, steps) + shift)
    return tf.cast(tf.clip_by_value(scaled, -127.0, 127.0), tf.int8)
