"""Where words meet in ways that no formula parts again, the gradient tells what each adds.

A word's share in a logit is the logit's derivative by the word's state, times that state: to first
order, what would be lost if the state were zero. What a document says without some words is not
estimated but read again.
"""

import numpy as np
import tensorflow as tf

from cer_assist.learning.network import Network
from cer_assist.learning.views.base import Seen


class GradientNetwork(Network):
    """A network that is explained by gradient times input.

    A subclass says in `attention(states, mask)`, (batch, time), how much it looked at each place.

    References
    ----------
    Shrikumar et al. 2016, Not Just a Black Box (gradient times input).
    """

    def look(self, states, mask=None):
        """Logits, attention (batch, time), contributions (batch, time, K - 1)."""
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(states)
            logits = self(states, mask=mask)
            each = tf.unstack(logits, num=logits.shape[1], axis=1)
        slopes = [tape.gradient(one, states) for one in each]  # each (batch, time, size)
        contributions = tf.stack([tf.reduce_sum(one * states, -1) for one in slopes], axis=-1)
        return logits, self.attention(states, mask), contributions

    @classmethod
    def seen(cls, weights, reading, row, again) -> Seen:
        """What was seen in one document; see `Network`."""
        logits, attention, contributions = row
        return Seen(
            logits=logits.astype(np.float64),
            attention=cls.by_word(reading, attention),
            contributions=cls.by_word(reading, contributions).T,
            without=again,
        )
