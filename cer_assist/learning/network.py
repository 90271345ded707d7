"""The networks of all folds are trained as one computation that reads each batch once.

What costs time at this size is not arithmetic but fetching token states and starting operations. So
one compiled step, traced once for any batch shape and kept for the life of the process, feeds the
same batch to every network; a weight of zero hides a document from a network's loss. Trained
weights are plain arrays: inference is a pure function of them, so versions cannot mix.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf

from cer_assist.learning.batches import BATCH_DOCUMENTS, pad, shuffled_batches
from cer_assist.learning.ordinal import CumulativeLogits, ordinal_loss, thresholds
from cer_assist.learning.projection import SIZE, UNITS_PER_DEVIATION
from cer_assist.learning.readings import Reading, by_word

TABLE = "words.table"  # the name of the word states that some networks learn

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns.

    Attributes
    ----------
    epochs, warm_epochs : int
        From fresh weights, at most where it stops early, and from earlier ones.
    rate, decay : float
        Of AdamW.
    slows : bool
        Whether the rate falls to zero over the epochs. Networks that may stop at any of them keep
        theirs; with many batches in an epoch it is lower, so that epochs are steps worth choosing
        from for eight batches as for eight hundred.
    batch_tokens : int
        Bounds rows x longest, and with it memory where documents are long.
    """

    epochs: int
    warm_epochs: int
    rate: float = 1e-2
    decay: float = 1e-3
    slows: bool = True
    batch_tokens: int = 60_000  # 60,000 x 64 floats are 15 MB

    def rate_at(self, done: float, batches: int) -> float:
        """The rate when a share of all epochs of so many batches is done."""
        return self.rate * ((1 - done) if self.slows else min(1.0, (10 / batches) ** 0.5))


class Network(keras.Model, ABC):
    """States of words with a mask -> cumulative logits (batch, K - 1).

    A subclass gives its layers names in `parts`, among them `logits`, and says in `start` what they
    begin with.

    Parameters
    ----------
    levels : int
        K.
    """

    schedule: Schedule
    size = SIZE
    rank = 3  # (batch, time, size); 4 for (batch, sentences, time, size)
    learns_words = False  # states come from a table of its own, not from the encoder
    dropped = 0.3  # share of what reaches the last layer that is dropped in training
    words_dropped = 0.0  # share of the words of a document that are not read in training

    def __init__(self, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.dropout = keras.layers.Dropout(self.dropped, seed=0)
        self.logits = CumulativeLogits(levels)
        self.built = True

    @property
    @abstractmethod
    def parts(self) -> dict[str, keras.Layer]:
        """The layers that learn, by names that do not depend on how Keras numbers them."""

    @classmethod
    @abstractmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with, the same for the same seed on every machine."""

    @staticmethod
    def item(reading: Reading):
        """What is read of a document; its length is the number of places it fills."""
        return reading.states

    @staticmethod
    def pad(items: Sequence) -> tuple[np.ndarray, np.ndarray]:
        """Stack documents into one array and its mask."""
        return pad(items)

    @abstractmethod
    def look(self, states, mask=None):
        """Tensors from which `seen` tells what the network saw in each document of a batch."""

    @classmethod
    @abstractmethod
    def seen(
        cls,
        weights: Weights,
        reading: Reading,
        row: tuple[np.ndarray, ...],
        again: Callable[[np.ndarray], np.ndarray],
    ):
        """What was seen in one document, as `views.base.Seen`.

        Parameters
        ----------
        weights : dict of str to ndarray
        reading : Reading
        row : tuple of ndarray
            The document's row of every tensor of `look`, with what padding there was.
        again : callable (sets, words) bool -> (sets, K - 1)
            Runs the network on the document without the marked words.
        """

    @classmethod
    def by_word(cls, reading: Reading, values: np.ndarray) -> np.ndarray:
        """Sums of values (time, ...) over the places of each content word, (words, ...)."""
        return by_word(reading, values[: len(reading.word_of_piece)])

    def named(self) -> dict[str, keras.Variable]:
        """Trainable variables by the names of their parts."""
        return {
            f"{prefix}.{variable.name}": variable
            for prefix, layer in self.parts.items()
            for variable in layer.trainable_variables
        }


def drawn(shapes: dict[str, tuple[tuple[int, ...], float]], seed: int) -> Weights:
    """Normal numbers of the given shapes and standard deviations, by name."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(0.0, scale, shape).astype(np.float32)
        for name, (shape, scale) in shapes.items()
    }


def half_way(earlier: Weights, fresh: Weights) -> Weights:
    """Earlier weights drawn half way back to fresh ones, for a network to learn on from.

    One that learns on again and again from what it is grows surer with every time, beyond what it
    knows: after ten batches of SST-5, in one order, its log loss on unread sentences had gone from
    1.46 to 1.61; this way to 1.44.

    References
    ----------
    Ash & Adams 2020, On Warm-Starting Neural Network Training: shrink and perturb.
    """
    return {name: (weights + fresh[name]) / 2 for name, weights in earlier.items()}


class JointFit:
    """Trains `count` networks side by side on the same batches.

    Use `joint_fit` to get one: compiling takes a second and is done once per process.
    """

    def __init__(self, network: type[Network], count: int, levels: int, rows: int):
        self.levels, self.schedule, self._pad = levels, network.schedule, network.pad
        self._networks = [network(levels) for _ in range(count)]
        self._named = [net.named() for net in self._networks]
        if network.learns_words:
            for names in self._named:
                names[TABLE] = keras.Variable(np.zeros((rows, network.size), np.float32))
        self._variables = [variable for names in self._named for variable in names.values()]
        self._optimizer = keras.optimizers.AdamW(
            self.schedule.rate, weight_decay=self.schedule.decay
        )
        self._optimizer.build(self._variables)
        self._words_dropped = network.words_dropped
        self._chance = keras.random.SeedGenerator(0)
        places = (None,) * (network.rank - 1)
        frozen = tf.TensorSpec((*places, network.size), tf.int8)
        self._step = tf.function(
            self._train_batch,
            input_signature=[
                tf.TensorSpec(places, tf.int32) if network.learns_words else frozen,
                tf.TensorSpec(places, tf.bool),  # mask
                tf.TensorSpec((None, levels - 1), tf.float32),  # level above k?
                tf.TensorSpec((count, None), tf.float32),  # weight of each document per network
            ],
        )

    def fit(
        self,
        items: Sequence[np.ndarray],
        levels: np.ndarray,
        weights: np.ndarray,
        start: Weights,
        *,
        epochs: int,
        seed: int,
        progress: Callable[[float], None],
        after_epoch: Callable[[list[Weights]], None] | None = None,
    ) -> list[Weights]:
        """Train all networks from the same start.

        Parameters
        ----------
        items : sequence
            Documents as the network's `pad` takes them: (pieces, 64) int8 states, or (words,) int32
            rows of the word table.
        levels : (n,) int
            Level numbers 0 .. K-1.
        weights : (count, n) float
            0 keeps a document from a network.
        start : Weights
        epochs, seed : int
        progress : callable (share done)
            Called after every epoch; may raise to stop.
        after_epoch : callable (list of Weights), optional
            Is shown the networks as they are after every epoch.

        Returns
        -------
        list of Weights, one per network
        """
        self._reset(start, seed)
        above = thresholds(levels, self.levels)
        generator = np.random.default_rng(seed)
        lengths = [len(item) for item in items]
        for epoch in range(epochs):
            batches = shuffled_batches(lengths, generator, self.schedule.batch_tokens)
            for number, which in enumerate(batches):
                done = (epoch + number / len(batches)) / epochs
                self._optimizer.learning_rate.assign(self.schedule.rate_at(done, len(batches)))
                padded, mask = self._pad([items[at] for at in which])
                self._step(padded, mask, above[which], weights[:, which].astype(np.float32))
            if after_epoch is not None:
                after_epoch(self._weights())
            progress((epoch + 1) / epochs)
        return self._weights()

    def _weights(self) -> list[Weights]:
        return [
            {name: variable.numpy() for name, variable in names.items()} for names in self._named
        ]

    def _reset(self, start: Weights, seed: int) -> None:
        for network, names in zip(self._networks, self._named, strict=True):
            for name, variable in names.items():
                variable.assign(start[name])
            network.dropout.seed_generator.state.assign([seed, 0])
        self._chance.state.assign([seed, 1])
        for variable in self._optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))

    def _train_batch(self, items, mask, above, weights):
        if self._words_dropped:
            luck = keras.random.uniform(tf.shape(mask), seed=self._chance)
            mask = mask & (luck >= self._words_dropped)
        with tf.GradientTape() as tape:
            answers = [
                network(states, mask=mask, training=True)
                for network, states in zip(self._networks, self._states(items), strict=True)
            ]
            losses = [
                tf.reduce_sum(weight * ordinal_loss(above, answer))
                for weight, answer in zip(tf.unstack(weights), answers, strict=True)
            ]
            loss = tf.add_n(losses) / BATCH_DOCUMENTS
        gradients = tape.gradient(loss, self._variables)
        # A table's gradient names only the rows of the batch; the optimizer moves all rows.
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        self._optimizer.apply_gradients(zip(dense, self._variables, strict=True))

    def _states(self, items):
        """What each network reads: states shared by all, or rows of its own table."""
        if TABLE in self._named[0]:
            return [tf.gather(names[TABLE].value, items) for names in self._named]
        return [unit_variance(items)] * len(self._networks)


@lru_cache(maxsize=8)
def joint_fit(network: type[Network], count: int, levels: int, rows: int = 0) -> JointFit:
    """The process's compiled training step for so many networks, levels and rows of a table."""
    return JointFit(network, count, levels, rows)


def unit_variance(states):
    """int8 states as float32 of standard deviation one."""
    return tf.cast(states, tf.float32) / UNITS_PER_DEVIATION
