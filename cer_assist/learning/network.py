"""The networks of all folds are trained as one computation that reads each batch once.

What costs time at this size is not arithmetic but fetching token states and starting operations. So
one compiled step, traced once for any batch shape and kept for the life of the process, feeds the
same batch to every network; a weight of zero hides a document from a network's loss. Trained
weights are plain arrays: inference is a pure function of them, so versions cannot mix.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.ordinal import CumulativeLogits, ordinal_loss, thresholds
from cer_assist.learning.projection import SIZE, UNITS_PER_DEVIATION

UNITS, HEADS = 16, 4
DROPOUT = 0.3
LEARNING_RATE, WEIGHT_DECAY = 1e-2, 1e-3
BATCH_DOCUMENTS = 32
BATCH_TOKENS = 60_000  # bounds memory where documents are long: 60,000 x 64 floats are 15 MB


Weights = dict[str, np.ndarray]


class AttentionNetwork(keras.Model):
    """Token states (batch, time, 64) with a mask -> cumulative logits (batch, K - 1)."""

    def __init__(self, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.pooling = AttentionPooling(UNITS, HEADS)
        self.dropout = keras.layers.Dropout(DROPOUT, seed=0)
        self.logits = CumulativeLogits(levels)
        self.pooling.build((None, None, SIZE))
        self.logits.build((None, HEADS * SIZE))
        self.built = True

    def call(self, states, mask=None, training=False):
        return self.head(self.pooling(states, mask=mask), training=training)

    def head(self, pooled, training=False):
        """Pooled states (batch, heads, 64) -> cumulative logits (batch, K - 1)."""
        flat = keras.ops.reshape(pooled, (-1, HEADS * SIZE))
        return self.logits(self.dropout(flat, training=training))

    def named(self) -> dict[str, keras.Variable]:
        """Trainable variables by names that do not depend on how Keras numbers its layers."""
        layers: dict[str, keras.Layer] = {"pooling": self.pooling, "logits": self.logits}
        return {
            f"{prefix}.{variable.name}": variable
            for prefix, layer in layers.items()
            for variable in layer.trainable_variables
        }


def initial_weights(levels: int, seed: int) -> Weights:
    """Weights to start from, the same for the same seed on every machine."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(0.0, scale, shape).astype(np.float32)
        for name, (shape, scale) in {
            "pooling.kernel": ((SIZE, UNITS), SIZE**-0.5),
            "pooling.bias": ((UNITS,), 0.0),
            "pooling.context": ((UNITS, HEADS), UNITS**-0.5),
            "logits.kernel": ((HEADS * SIZE, levels - 1), 0.01),
            "logits.bias": ((levels - 1,), 0.0),
        }.items()
    }


class JointFit:
    """Trains `count` networks side by side on the same batches.

    Use `joint_fit` to get one: compiling takes a second and is done once per process.
    """

    def __init__(self, count: int, levels: int):
        self.levels = levels
        self.networks = [AttentionNetwork(levels) for _ in range(count)]
        self._variables = [v for net in self.networks for v in net.trainable_variables]
        self._optimizer = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self._optimizer.build(self._variables)
        self._step = tf.function(
            self._train_batch,
            input_signature=[
                tf.TensorSpec((None, None, SIZE), tf.int8),  # states
                tf.TensorSpec((None, None), tf.bool),  # mask
                tf.TensorSpec((None, levels - 1), tf.float32),  # level above k?
                tf.TensorSpec((count, None), tf.float32),  # weight of each document per network
            ],
        )

    def fit(
        self,
        states: Sequence[np.ndarray],
        levels: np.ndarray,
        weights: np.ndarray,
        start: Weights,
        *,
        epochs: int,
        seed: int,
        progress: Callable[[float], None],
    ) -> list[Weights]:
        """Train all networks from the same start.

        Parameters
        ----------
        states : sequence of (pieces, 64) int8
        levels : (n,) int
            Level numbers 0 .. K-1.
        weights : (count, n) float
            0 keeps a document from a network.
        start : Weights
        epochs, seed : int
        progress : callable (share done)
            Called after every epoch; may raise to stop.

        Returns
        -------
        list of Weights, one per network
        """
        self._reset(start, seed)
        above = thresholds(levels, self.levels)
        generator = np.random.default_rng(seed)
        for epoch in range(epochs):
            batches = shuffled_batches([len(row) for row in states], generator)
            for number, which in enumerate(batches):
                done = (epoch + number / len(batches)) / epochs
                self._optimizer.learning_rate.assign(LEARNING_RATE * (1 - done))
                padded, mask = pad([states[at] for at in which])
                self._step(padded, mask, above[which], weights[:, which].astype(np.float32))
            progress((epoch + 1) / epochs)
        return [
            {name: variable.numpy() for name, variable in network.named().items()}
            for network in self.networks
        ]

    def _reset(self, start: Weights, seed: int) -> None:
        for network in self.networks:
            for name, variable in network.named().items():
                variable.assign(start[name])
            network.dropout.seed_generator.state.assign([seed, 0])
        for variable in self._optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))

    def _train_batch(self, states, mask, above, weights):
        states = unit_variance(states)
        with tf.GradientTape() as tape:
            losses = [
                tf.reduce_sum(weight * ordinal_loss(above, net(states, mask=mask, training=True)))
                for net, weight in zip(self.networks, tf.unstack(weights), strict=True)
            ]
            loss = tf.add_n(losses) / BATCH_DOCUMENTS
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))


@lru_cache(maxsize=8)
def joint_fit(count: int, levels: int) -> JointFit:
    """The process's compiled training step for so many networks and levels."""
    return JointFit(count, levels)


class Attended(NamedTuple):
    """What a trained network saw in one document.

    Attributes
    ----------
    logits : (K - 1,) float32
    attention : (heads, pieces) float32
    pooled : (heads, 64) float32
    jacobian : (K - 1, heads, 64) float32
        Derivative of each logit by the pooled states.
    """

    logits: np.ndarray
    attention: np.ndarray
    pooled: np.ndarray
    jacobian: np.ndarray


def attend(weights: Weights, states: Sequence[np.ndarray]) -> Iterator[Attended]:
    """Run a network over documents, in order."""
    levels = len(weights["logits.bias"]) + 1
    compiled = _inference(levels)
    values = [weights[name] for name in compiled.names]
    lengths = [len(row) for row in states]
    found: dict[int, Attended] = {}
    for which in batches_by_length(lengths):
        padded, mask = pad([states[at] for at in which])
        logits, attention, pooled, jacobian = (x.numpy() for x in compiled(values, padded, mask))
        for row, at in enumerate(which):
            kept = attention[row, :, : lengths[at]]
            found[int(at)] = Attended(logits[row], kept, pooled[row], jacobian[row])
    for place in range(len(states)):
        yield found.pop(place)


class _Inference:
    """The network as a compiled pure function of its weights."""

    def __init__(self, levels: int):
        self._network = AttentionNetwork(levels)
        self.names = list(self._network.named())
        variables = self._network.named().values()
        self._compiled = tf.function(
            self._run,
            input_signature=[
                [tf.TensorSpec(variable.shape, tf.float32) for variable in variables],
                tf.TensorSpec((None, None, SIZE), tf.int8),
                tf.TensorSpec((None, None), tf.bool),
            ],
        )

    def __call__(self, values, states, mask):
        return self._compiled(values, states, mask)

    def _run(self, values, states, mask):
        states = unit_variance(states)
        scope = zip(self._network.named().values(), values, strict=True)
        with keras.StatelessScope(state_mapping=list(scope)):
            attention = self._network.pooling.attention(states, mask)  # (batch, heads, time)
            pooled = tf.matmul(attention, states)  # (batch, heads, 64)
            with tf.GradientTape() as tape:
                tape.watch(pooled)
                logits = self._network.head(pooled)  # (batch, K - 1)
            jacobian = tape.batch_jacobian(logits, pooled)  # (batch, K - 1, heads, 64)
        return logits, attention, pooled, jacobian


@lru_cache(maxsize=8)
def _inference(levels: int) -> _Inference:
    return _Inference(levels)


def unit_variance(states):
    """int8 states as float32 of standard deviation one."""
    return tf.cast(states, tf.float32) / UNITS_PER_DEVIATION


def pad(states: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Stack documents: (batch, time, 64) int8 and its mask (batch, time) bool."""
    lengths = np.array([len(row) for row in states])
    padded = np.zeros((len(states), max(1, lengths.max()), SIZE), np.int8)
    for row, found in zip(padded, states, strict=True):
        row[: len(found)] = found
    return padded, np.arange(padded.shape[1]) < lengths[:, None]


def batches_by_length(lengths: Sequence[int]) -> list[np.ndarray]:
    """Positions in groups of similar length, each within the limits of a batch."""
    return _within_limits(np.argsort(lengths, kind="stable"), lengths)


def shuffled_batches(lengths: Sequence[int], generator: np.random.Generator) -> list[np.ndarray]:
    """Random batches; within a few batches' worth, documents of similar length go together."""
    sizes = np.asarray(lengths)
    order = generator.permutation(len(lengths))
    batches = []
    for group in np.split(order, range(4 * BATCH_DOCUMENTS, len(order), 4 * BATCH_DOCUMENTS)):
        batches += _within_limits(group[np.argsort(sizes[group], kind="stable")], lengths)
    return [batches[at] for at in generator.permutation(len(batches))]


def _within_limits(order: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    """Cut positions, shortest first, so that rows x longest stays within BATCH_TOKENS."""
    batches, start = [], 0
    for end in range(1, len(order) + 1):
        full = end - start == BATCH_DOCUMENTS
        if end == len(order) or full or (end + 1 - start) * lengths[order[end]] > BATCH_TOKENS:
            batches.append(order[start:end])
            start = end
    return batches
