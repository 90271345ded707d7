"""The strongest word in each direction decides: no order, no weights, only maxima."""

import tensorflow as tf

from cer_assist.learning.network import Schedule, Weights, drawn
from cer_assist.learning.views.gradients import GradientNetwork
from cer_assist.learning.views.words import SIZE, OwnWords, WordsView


class MaxPoolNetwork(OwnWords, GradientNetwork):
    """Word states -> largest of each dimension -> cumulative logits."""

    schedule = Schedule(epochs=20, warm_epochs=4, slows=False)

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.logits.build((None, SIZE))

    @property
    def parts(self):
        """The layers that learn; see `Network`."""
        return {"logits": self.logits}

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`."""
        return drawn(
            {
                "logits.kernel": ((SIZE, levels - 1), SIZE**-0.5),
                "logits.bias": ((levels - 1,), 0.0),
            },
            seed,
        )

    def call(self, states, mask=None, training=False):
        return self.logits(self.dropout(self._largest(states, mask), training=training))

    def attention(self, states, mask):
        """The share of dimensions in which a word is the largest, (batch, time)."""
        won = (states >= self._largest(states, mask)[:, None]) & mask[..., None]
        won = tf.cast(won, tf.float32)  # (batch, time, size); a word said twice wins twice
        return tf.reduce_mean(won / tf.maximum(tf.reduce_sum(won, 1, keepdims=True), 1.0), axis=-1)

    def _largest(self, states, mask):
        """(batch, size); zeros for a document without words."""
        largest = tf.reduce_max(tf.where(mask[..., None], states, -1e9), axis=1)
        return tf.where(tf.reduce_any(mask, axis=1)[:, None], largest, 0.0)


VIEW = WordsView(MaxPoolNetwork)
