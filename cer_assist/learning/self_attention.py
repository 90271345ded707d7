"""Self-attention whose positions are computed, not learnt, and steer only who looks at whom.

Sinusoids exist for every place: protocols are often longer than those a model was trained on, and
a few hundred labels are too little to learn a table of thousands of positions from. They are added
to what queries and keys are made of, never to the values, so what is carried on is what the words
say: where attention is even, the result is the mean of the values, and no longer text drifts from
it because its positions are higher.
"""

import keras
import numpy as np
from keras import ops

from cer_assist.learning.attention import masked_softmax, without_masked
from cer_assist.learning.layer_parts import (
    at_least_one,
    for_one_weight,
    output_spec,
    score_dtype,
    state_size,
    weight_config,
    weight_options,
)


def sinusoidal_positions(length, size: int):
    """A code for each place that differs by a rotation from that of a place some steps on.

    P(t, 2i) = sin(t / 10000^(2i/size)), P(t, 2i + 1) = cos(t / 10000^(2i/size)).

    Parameters
    ----------
    length : int or integer tensor
        Number of places, counted from 0.
    size : int
        Width of a code, odd or even.

    Returns
    -------
    (length, size) float32

    References
    ----------
    Vaswani et al. 2017, Attention Is All You Need, section 3.5.
    """
    channels = np.arange(size)
    rates = 10_000.0 ** (-(channels - channels % 2) / size)
    angles = ops.expand_dims(ops.arange(length, dtype="float32"), -1) * rates.astype(np.float32)
    return ops.where(channels % 2 == 0, ops.sin(angles), ops.cos(angles))


@keras.saving.register_keras_serializable(package="cer_assist")
class SelfAttention(keras.layers.Layer):
    """Each state becomes a weighted mean of the values of all states of its text.

    q = (h + P) Wq, k = (h + P) Wk, v = h Wv; A = softmax(q k' / sqrt(units)); result A v.
    One head, no bias; a matrix after the values, as in a transformer, would only multiply Wv.

    Parameters
    ----------
    units : int, optional
        Width of q, k, v and of the result; the size of the states when left out.
    kernel_initializer : str, dict or Initializer
    kernel_regularizer : str, dict or Regularizer, optional
    kernel_constraint : str, dict or Constraint, optional
        For each of Wq, Wk and Wv (size, units); they start with different values.
    **kwargs
        `name`, `dtype` and `trainable`, as in every Keras layer.

    Raises
    ------
    ValueError
        For `units` below 1.

    Notes
    -----
    Input is (batch, ..., time, size) of any rank from 3 on, output (batch, ..., time, units) in the
    layer's compute dtype. Positions have a root mean square of .7: states far smaller than that
    (fresh embeddings) should be scaled up, or position alone decides at first.

    The mask, (batch, ..., time), is taken from the layers before or given to `call`, and lies
    unchanged on the output. Masked places are looked at by none, look at none, and are 0 in the
    result. Memory grows with the square of time.

    References
    ----------
    Vaswani et al. 2017, Attention Is All You Need, equation 1 and section 3.5. Positions in queries
    and keys only: Carion et al. 2020, End-to-End Object Detection with Transformers, appendix A.4.
    """

    def __init__(
        self,
        units: int | None = None,
        *,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        at_least_one(units=units)
        self.units = units
        self._options = {
            "kernel": weight_options(kernel_initializer, kernel_regularizer, kernel_constraint)
        }
        self.supports_masking = True

    def build(self, input_shape):
        size = state_size(input_shape)
        self.input_spec = keras.layers.InputSpec(min_ndim=3, axes={-1: size})
        shape, options = (size, self.units or size), self._options["kernel"]
        self.query, self.key, self.value = (
            self.add_weight(name=name, shape=shape, **for_one_weight(options, number))
            for number, name in enumerate(("query", "key", "value"))
        )

    def call(self, states, mask=None, return_attention_scores=False):
        """The new states (batch, ..., time, units); with the matrix of `attention` if asked."""
        states, mask = without_masked(states, mask, self.compute_dtype)
        weights = self._weights(states, mask)  # (..., time, time)
        values = self._project(states, self.value)  # (..., time, units)
        result = ops.matmul(weights, ops.cast(values, weights.dtype))  # (..., time, units)
        result = ops.cast(result, self.compute_dtype)
        return (result, weights) if return_attention_scores else result

    def attention(self, states, mask=None) -> keras.KerasTensor:
        """The matrix alone, (batch, ..., time, time) in float32 or more.

        Takes states at hand and a mask as `call` does; within a model ask the call to return it.
        Row t is how much place t looks at each place: it sums to 1, or is 0 where t is masked.
        """
        return self._weights(*without_masked(states, mask, self.compute_dtype))

    def _weights(self, states, mask):
        positions = sinusoidal_positions(ops.shape(states)[-2], states.shape[-1])
        located = states + ops.cast(positions, states.dtype)  # (..., time, size)
        wide = score_dtype(self.compute_dtype)
        queries = ops.cast(self._project(located, self.query), wide)  # (..., time, units)
        keys = ops.cast(self._project(located, self.key), wide)
        scores = ops.matmul(queries, ops.swapaxes(keys, -1, -2)) / queries.shape[-1] ** 0.5
        if mask is not None:  # both who looks and who is looked at must count
            mask = ops.expand_dims(mask, -1) & ops.expand_dims(mask, -2)  # (..., time, time)
        return masked_softmax(scores, mask)

    def _project(self, states, kernel):
        return ops.matmul(states, ops.cast(kernel, states.dtype))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units or input_shape[-1])

    def compute_output_spec(self, states, mask=None, return_attention_scores=False):
        shape = states.shape
        return output_spec(self, shape, (*shape[:-1], shape[-2]), return_attention_scores)

    def get_config(self):
        return {**super().get_config(), "units": self.units, **weight_config(self._options)}
