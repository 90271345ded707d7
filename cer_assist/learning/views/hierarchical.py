"""A protocol is sentences and a sentence is words: attention picks sentences by their words.

The encoder has put the words in context, so no recurrent network stands before either attention.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from keras import ops

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.network import Network, Schedule, Weights, drawn
from cer_assist.learning.projection import SIZE
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.base import Seen
from cer_assist.learning.views.networks import FrozenView

UNITS, HEADS = 16, 4


@dataclass(frozen=True)
class Sentences:
    """A document's states, and for each the number of its sentence and its place in it."""

    states: np.ndarray  # (pieces, 64)
    sentence: np.ndarray  # (pieces,)
    place: np.ndarray  # (pieces,)

    @property
    def shape(self) -> tuple[int, int]:
        """Sentences, and pieces of the longest."""
        if not len(self.states):
            return 1, 1
        return int(self.sentence[-1]) + 1, int(self.place.max()) + 1

    def __len__(self) -> int:
        sentences, longest = self.shape
        return sentences * longest


class HierarchicalNetwork(Network):
    """Frozen states -> attention over words -> attention over sentences -> cumulative logits.

    References
    ----------
    Yang et al. 2016, Hierarchical Attention Networks for Document Classification, section 2.2,
    with the encoder's states in place of its recurrent networks.
    """

    schedule = Schedule(epochs=15, warm_epochs=4, batch_tokens=120_000)
    rank = 4

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.words = AttentionPooling(UNITS)
        self.sentences = AttentionPooling(UNITS, HEADS)
        self.words.build((None, None, None, SIZE))
        self.sentences.build((None, None, SIZE))
        self.logits.build((None, HEADS * SIZE))

    @property
    def parts(self):
        """The layers that learn; see `Network`."""
        return {"words": self.words, "sentences": self.sentences, "logits": self.logits}

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`."""
        shapes: dict[str, tuple[tuple[int, ...], float]] = {
            "logits.kernel": ((HEADS * SIZE, levels - 1), 0.01),
            "logits.bias": ((levels - 1,), 0.0),
        }
        for part, heads in (("words", 1), ("sentences", HEADS)):
            shapes[f"{part}.kernel"] = ((SIZE, UNITS), SIZE**-0.5)
            shapes[f"{part}.bias"] = ((UNITS,), 0.0)
            shapes[f"{part}.context"] = ((UNITS, heads), UNITS**-0.5)
        return drawn(shapes, seed)

    @staticmethod
    def item(reading: Reading) -> Sentences:
        """The states by sentence; see `Network`."""
        numbers = np.unique(reading.sentences[reading.word_of_piece], return_inverse=True)[1]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        place = np.arange(len(numbers)) - starts[numbers]
        return Sentences(reading.states, numbers, place)

    @staticmethod
    def pad(items) -> tuple[np.ndarray, np.ndarray]:
        """(batch, sentences, pieces, 64) int8 and its mask; see `Network`."""
        shape = (len(items), *np.max([item.shape for item in items], axis=0))
        padded, mask = np.zeros((*shape, SIZE), np.int8), np.zeros(shape, bool)
        for row, kept, item in zip(padded, mask, items, strict=True):
            row[item.sentence, item.place] = item.states
            kept[item.sentence, item.place] = True
        return padded, mask

    def call(self, states, mask=None, training=False):
        sentences = self.words(states, mask=mask)  # (batch, sentences, 64)
        return self.head(self.sentences(sentences, mask=ops.any(mask, axis=-1)), training=training)

    def head(self, pooled, training=False):
        """Pooled sentences (batch, heads, 64) -> cumulative logits (batch, K - 1)."""
        flat = ops.reshape(pooled, (-1, HEADS * SIZE))
        return self.logits(self.dropout(flat, training=training))

    def look(self, states, mask=None):
        """Logits, attention (batch, sentences, pieces), contributions (…, K - 1).

        A word adds to a logit by being attended to in its sentence, and by its share in what the
        sentence adds by being attended to in the document.
        """
        inner = self.words.attention(states, mask)  # (batch, sentences, pieces)
        vectors = tf.einsum("bsp,bspd->bsd", inner, states)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(vectors)
            outer = self.sentences.attention(vectors, ops.any(mask, axis=-1))  # (b, heads, s)
            pooled = tf.matmul(outer, vectors)  # (batch, heads, 64)
            logits = self.head(pooled)
            each = tf.unstack(logits, num=logits.shape[1], axis=1)
        parts = []
        for one in each:
            slopes = tape.gradient(one, vectors)  # (batch, sentences, 64)
            moved = states - vectors[:, :, None]
            within = tf.einsum("bsd,bspd->bsp", slopes, moved)
            slope = tape.gradient(one, pooled)  # (batch, heads, 64)
            whole = tf.einsum("bhs,bhd,bsd->bs", outer, slope, vectors)
            whole -= tf.einsum("bhs,bhd,bhd->bs", outer, slope, pooled)
            parts.append(inner * (within + whole[:, :, None]))
        attention = inner * tf.reduce_mean(outer, axis=1)[:, :, None]
        return logits, attention, tf.stack(parts, axis=-1)

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

    @classmethod
    def by_word(cls, reading: Reading, values: np.ndarray) -> np.ndarray:
        """Sums of values (sentences, pieces, ...) over each content word; see `Network`."""
        at = cls.item(reading)
        return super().by_word(reading, values[at.sentence, at.place])


VIEW = FrozenView(HierarchicalNetwork)
