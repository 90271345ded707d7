"""Where a network pools by attention, "what if this word were not attended to" has a closed form.

The word's share of attention is taken away and the rest shared out anew. What remains is exactly
what the network would have pooled without the word, from states that were made with it in place.
"""

from functools import partial

import numpy as np
import tensorflow as tf
from keras import ops

from cer_assist.learning.network import Network, Weights
from cer_assist.learning.ordinal import falling
from cer_assist.learning.views.base import Seen

_LEAST_REST = 1e-6  # attention left when every word is taken away


class AttendedNetwork(Network):
    """States, read in context or as they are -> attention pooling -> cumulative logits.

    A subclass has a layer `pooling` with heads.
    """

    @property
    def parts(self):
        """The layers that learn; see `Network`."""
        return {"pooling": self.pooling, "logits": self.logits}

    def call(self, states, mask=None, training=False):
        pooled = self.pooling(self.in_context(states, mask), mask=mask)
        return self.head(pooled, training=training)

    def in_context(self, states, mask):
        """States that attention looks at, (batch, time, width)."""
        return states

    def head(self, pooled, training=False):
        """Pooled states (batch, heads, width) -> cumulative logits (batch, K - 1)."""
        flat = ops.reshape(pooled, (-1, pooled.shape[1] * pooled.shape[2]))
        return self.logits(self.dropout(flat, training=training))

    def look(self, states, mask=None):
        """Logits, attention (batch, heads, time), states, pooled states and their derivatives.

        The derivative of each logit by the pooled states is (batch, K - 1, heads, width).
        """
        states = self.in_context(states, mask)
        attention = self.pooling.attention(states, mask)  # (batch, heads, time)
        pooled = tf.matmul(attention, states)  # (batch, heads, width)
        with tf.GradientTape() as tape:
            tape.watch(pooled)
            logits = self.head(pooled)  # (batch, K - 1)
        return logits, attention, states, pooled, tape.batch_jacobian(logits, pooled)

    def scored(self, states, mask=None):
        """Of each place its attention score and what it says when it alone is looked at.

        The latter is (batch, time, K - 1), free of the bias, before `CumulativeLogits` orders it;
        the former (batch, time), the mean over heads.
        """
        states = self.in_context(states, mask)
        kernel = ops.reshape(self.logits.kernel, (-1, states.shape[-1], self.logits.levels - 1))
        says = tf.einsum("btd,hdk->btk", states, kernel)
        return ops.mean(self.pooling.scores(states), axis=1), says

    @classmethod
    def seen(cls, weights, reading, row, again) -> Seen:
        """What was seen in one document; see `Network`."""
        logits, attention, states, pooled, jacobian = row
        shares = attention.T  # (time, heads)
        mass = cls.by_word(reading, shares)  # (words, heads)
        carried = cls.by_word(reading, shares[:, :, None] * states[:, None, :])
        rest = np.maximum(1 - mass, _LEAST_REST)[..., None]
        moves = (carried - mass[..., None] * pooled) / rest  # (words, heads, width)
        return Seen(
            logits=logits.astype(np.float64),
            attention=mass.mean(axis=1),
            contributions=np.tensordot(jacobian, moves, axes=((1, 2), (1, 2))),
            without=partial(_without, weights, mass, carried, pooled),
        )


def _without(
    weights: Weights,
    mass: np.ndarray,
    carried: np.ndarray,
    pooled: np.ndarray,
    removed: np.ndarray,
) -> np.ndarray:
    taken = removed.astype(np.float64)
    rest = np.maximum(1 - taken @ mass, _LEAST_REST)  # (sets, heads)
    moved = np.tensordot(taken, carried, axes=1)  # (sets, heads, width)
    left = ((pooled - moved) / rest[..., None]).reshape(len(taken), -1)
    return falling(left @ weights["logits.kernel"] + weights["logits.bias"])
