"""Every word looks at every other before the document is averaged: what stands together counts."""

import tensorflow as tf

from cer_assist.learning.network import Schedule, Weights, drawn
from cer_assist.learning.self_attention import SelfAttention
from cer_assist.learning.views.gradients import GradientNetwork
from cer_assist.learning.views.words import SIZE, OwnWords, WordsView


class SelfAttentionNetwork(OwnWords, GradientNetwork):
    """Word states and positions -> self-attention -> mean -> cumulative logits.

    The states of the words themselves are added to what they saw, as in a transformer: without
    that a text whose attention is still even would be a mean of means.

    References
    ----------
    Vaswani et al. 2017, Attention Is All You Need, equation 1 and section 3.1.
    """

    schedule = Schedule(epochs=12, warm_epochs=3, rate=5e-3, slows=False, batch_tokens=16_000)
    longest = 512  # the matrix of all pairs has the square of it
    spread = 0.2  # positions have .7: smaller, and they alone would decide who looks at whom

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.among = SelfAttention()
        self.among.build((None, None, SIZE))
        self.logits.build((None, SIZE))

    @property
    def parts(self):
        """The layers that learn; see `Network`."""
        return {"among": self.among, "logits": self.logits}

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`."""
        square = ((SIZE, SIZE), SIZE**-0.5)
        return drawn(
            {
                "among.query": square,
                "among.key": square,
                "among.value": square,
                "logits.kernel": ((SIZE, levels - 1), SIZE**-0.5),
                "logits.bias": ((levels - 1,), 0.0),
            },
            seed,
        )

    def call(self, states, mask=None, training=False):
        among = states + self.among(states, mask=mask)  # (batch, time, size)
        kept = tf.cast(mask, states.dtype)[..., None]
        total = tf.maximum(tf.reduce_sum(kept, axis=1), 1.0)
        mean = tf.reduce_sum(among * kept, axis=1) / total  # (batch, size)
        return self.logits(self.dropout(mean, training=training))

    def matrix(self, states, mask):
        """How much each word looks at each other, ((batch, time, time),); see `SelfAttention`."""
        return (self.among.attention(states, mask),)

    def attention(self, states, mask):
        """How much the words of the document look at each word, (batch, time), 1 in all."""
        looked = tf.reduce_sum(self.among.attention(states, mask), axis=1)
        return looked / tf.maximum(tf.reduce_sum(looked, axis=1, keepdims=True), 1e-9)


VIEW = WordsView(SelfAttentionNetwork)
