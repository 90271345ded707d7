"""The top of the encoder with a head of its own, which is thrown away when the top has learnt."""

import keras
import tensorflow as tf
from keras import ops

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.backbone import STATE_SIZE, Backbone, layer_variables
from cer_assist.learning.network import Weights, drawn
from cer_assist.learning.ordinal import CumulativeLogits, ordinal_loss

UNITS, HEADS = 16, 4
_HEAD_DROPOUT = 0.3


class TopNetwork:
    """Lower layers' states -> top layers -> attention over content pieces -> cumulative logits.

    Parameters
    ----------
    backbone : Backbone
    layers : int
        How many of its layers from the top learn.
    levels : int
        K.
    dtype : str
        Of the arithmetic in the transformer layers.
    """

    def __init__(self, backbone: Backbone, layers: int, levels: int, dtype: str):
        self._layers = [_copy_of(layer, dtype) for layer in backbone.layers(layers)]
        self._pooling = AttentionPooling(UNITS, HEADS)
        self._pooling.build((None, None, STATE_SIZE))
        self._dropout = keras.layers.Dropout(_HEAD_DROPOUT, seed=0)
        self._logits = CumulativeLogits(levels)
        self._logits.build((None, HEADS * STATE_SIZE))
        self.levels = levels
        self.top: dict[str, keras.Variable] = layer_variables(self._layers)
        parts: dict[str, keras.Layer] = {"pooling": self._pooling, "logits": self._logits}
        self.head: dict[str, keras.Variable] = {
            f"{name}.{variable.name}": variable
            for name, part in parts.items()
            for variable in part.trainable_variables
        }
        self._seeds = [
            variable
            for part in (*self._layers, self._dropout)
            for variable in part.variables
            if "seed" in variable.name
        ]

    def start(self, published: Weights, seed: int) -> None:
        """Put the published top and a fresh head in place."""
        for name, variable in self.top.items():
            variable.assign(published[name])
        fresh = drawn(
            {
                "pooling.kernel": ((STATE_SIZE, UNITS), STATE_SIZE**-0.5),
                "pooling.bias": ((UNITS,), 0.0),
                "pooling.context": ((UNITS, HEADS), UNITS**-0.5),
                "logits.kernel": ((HEADS * STATE_SIZE, self.levels - 1), 0.01),
                "logits.bias": ((self.levels - 1,), 0.0),
            },
            seed,
        )
        for name, variable in self.head.items():
            variable.assign(fresh[name])

    def reseed(self, seed: int, step: int) -> None:
        """What is dropped follows from the step alone, so a run that is taken up again is equal."""
        for at, state in enumerate(self._seeds):
            state.assign([seed * 1000 + at, step])

    def states(self, rows, windows, training=False):
        """States of all places of the rows laid end to end, (rows x time, 384) float32."""
        alone = windows[:, :, None] == windows[:, None, :]  # (rows, time, time)
        states = tf.cast(rows, self._layers[0].compute_dtype)
        for layer in self._layers:
            states = layer(states, attention_mask=alone, training=training)
        return ops.reshape(ops.cast(states, "float32"), (-1, STATE_SIZE))

    def logits(self, rows, windows, places, mask, training=False):
        """Cumulative logits of the documents of a batch, (documents, K - 1); see `Packed`."""
        words = tf.gather(self.states(rows, windows, training), places)
        pooled = self._pooling(words, mask=mask)  # (documents, heads, 384)
        pooled = ops.reshape(pooled, (-1, HEADS * STATE_SIZE))
        return self._logits(self._dropout(pooled, training=training))

    def loss(self, above, weights, rows, windows, places, mask, *, training=False):
        """Mean over documents of the weighted ordinal loss."""
        said = self.logits(rows, windows, places, mask, training)
        return tf.reduce_mean(weights * ordinal_loss(above, said))


def _copy_of(layer, dtype: str):
    copy = type(layer).from_config({**layer.get_config(), "dtype": dtype})
    copy.build((None, None, STATE_SIZE))
    return copy
