"""A trained network is run as a pure function of its weights: versions cannot mix in a process."""

from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cer_assist.learning.network import Network, Weights, unit_variance


class Inference:
    """A network as compiled pure functions of its weights and of the states of a batch.

    States are int8 as the encoder's cache has them, or float32 from the network's own word table.
    """

    def __init__(self, network: type[Network], levels: int):
        self._network = network(levels)
        variables = self._network.named()
        self._names = list(variables)
        places = (None,) * (network.rank - 1)
        dtype = tf.float32 if network.learns_words else tf.int8
        self._signature = [
            [tf.TensorSpec(variable.shape, tf.float32) for variable in variables.values()],
            tf.TensorSpec((*places, network.size), dtype),
            tf.TensorSpec(places, tf.bool),
        ]
        self._scaled = [*self._signature]
        self._scaled[1] = tf.TensorSpec((*places, network.size), tf.float32)
        self._compiled: dict[str, Any] = {}

    def logits(self, weights: Weights, states, mask) -> np.ndarray:
        """Cumulative logits of a batch, (batch, K - 1)."""
        return self._compiled_as("call", self._network, self._signature)(
            self._values(weights), states, mask
        ).numpy()

    def ask(self, method: str, weights: Weights, states, mask) -> tuple[np.ndarray, ...]:
        """What a method of the network, (states, mask) -> tensors, tells of a batch."""
        compiled = self._compiled_as(method, getattr(self._network, method), self._signature)
        return tuple(part.numpy() for part in compiled(self._values(weights), states, mask))

    def slopes(self, weights: Weights, states, mask) -> tuple[np.ndarray, np.ndarray]:
        """Cumulative logits and their derivatives by the states that the network reads.

        Parameters
        ----------
        weights : dict of str to ndarray
        states : (batch, time, size) float32
            In deviations, see `network.unit_variance`.
        mask : (batch, time) bool

        Returns
        -------
        logits : (batch, K - 1)
        slopes : (K - 1, batch, time, size)
        """
        compiled = self._compiled_as("slopes", self._sloped, self._scaled)
        logits, slopes = compiled(self._values(weights), states, mask)
        return logits.numpy(), slopes.numpy()

    def _compiled_as(self, name: str, what, signature):
        if name not in self._compiled:
            self._compiled[name] = tf.function(partial(self._run, what), input_signature=signature)
        return self._compiled[name]

    def _values(self, weights: Weights) -> list[np.ndarray]:
        return [weights[name] for name in self._names]

    def _sloped(self, states, mask):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(states)
            logits = self._network(states, mask=mask)
            each = tf.unstack(logits, num=logits.shape[1], axis=1)
        return logits, tf.stack([tape.gradient(one, states) for one in each])

    def _run(self, what, values, states, mask):
        scope = zip(self._network.named().values(), values, strict=True)
        with keras.StatelessScope(state_mapping=list(scope)):
            return what(states if states.dtype == tf.float32 else unit_variance(states), mask=mask)


@lru_cache(maxsize=16)
def inference(network: type[Network], levels: int) -> Inference:
    """The process's compiled network for so many levels."""
    return Inference(network, levels)
