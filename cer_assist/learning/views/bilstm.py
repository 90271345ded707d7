"""The model published for these protocols: words in both directions, then attention.

It is the one to be compared with. Reading word after word, it is tens of times slower than the
others, and has only the labelled documents to learn the language from.
"""

import keras
import numpy as np
from keras import ops

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.network import Schedule, Weights, drawn
from cer_assist.learning.views.attended import AttendedNetwork
from cer_assist.learning.views.words import SIZE, OwnWords, WordsView

UNITS = 32  # in each direction


class BiLstmNetwork(OwnWords, AttendedNetwork):
    """Word states -> Bi-LSTM -> attention pooling -> cumulative logits.

    References
    ----------
    Ferrell et al. 2022, who classified such protocols by community engagement; Zhou et al. 2016,
    Attention-Based Bidirectional Long Short-Term Memory Networks for Relation Classification.
    """

    schedule = Schedule(epochs=8, warm_epochs=2, rate=5e-3, slows=False, batch_tokens=30_000)
    longest = 512

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.forth = keras.layers.LSTM(UNITS, return_sequences=True)
        self.back = keras.layers.LSTM(UNITS, return_sequences=True, go_backwards=True)
        self.pooling = AttentionPooling(UNITS, heads=1)
        for layer in (self.forth, self.back):
            layer.build((None, None, SIZE))
        self.pooling.build((None, None, 2 * UNITS))
        self.logits.build((None, 2 * UNITS))

    @property
    def parts(self):
        """The layers that learn; see `Network`."""
        return {
            "forth": self.forth.cell,
            "back": self.back.cell,
            "pooling": self.pooling,
            "logits": self.logits,
        }

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`. The gate that forgets starts open."""
        shapes: dict[str, tuple[tuple[int, ...], float]] = {}
        for part in ("forth", "back"):
            shapes[f"{part}.kernel"] = ((SIZE, 4 * UNITS), SIZE**-0.5)
            shapes[f"{part}.recurrent_kernel"] = ((UNITS, 4 * UNITS), UNITS**-0.5)
        shapes |= {
            "pooling.kernel": ((2 * UNITS, UNITS), (2 * UNITS) ** -0.5),
            "pooling.bias": ((UNITS,), 0.0),
            "pooling.context": ((UNITS, 1), UNITS**-0.5),
            "logits.kernel": ((2 * UNITS, levels - 1), (2 * UNITS) ** -0.5),
            "logits.bias": ((levels - 1,), 0.0),
        }
        gates = np.repeat(np.array([0, 1, 0, 0], np.float32), UNITS)
        return drawn(shapes, seed) | {"forth.bias": gates, "back.bias": gates}

    def in_context(self, states, mask):
        """What both directions say of each word, (batch, time, 2 UNITS)."""
        back = ops.flip(self.back(states, mask=mask), axis=1)
        return ops.concatenate([self.forth(states, mask=mask), back], axis=-1)


VIEW = WordsView(BiLstmNetwork)
