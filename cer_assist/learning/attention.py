"""Attention pooling after Yang et al. 2016, with masks that can never become NaN.

The softmax is written out: scores are shifted by the largest unmasked one, masked places get weight
zero exactly, and a row with nothing to look at pools to zeros instead of dividing by zero.
"""

import keras
from keras import ops


def masked_softmax(scores, mask):
    """Softmax over the last axis among unmasked places.

    Parameters
    ----------
    scores : (..., time) float tensor
    mask : bool tensor that broadcasts to the shape of `scores`

    Returns
    -------
    (..., time) float32
        Sums to 1 in every row, or is 0 throughout where the whole row is masked.
    """
    scores = ops.cast(scores, "float32")
    kept = ops.cast(mask, "float32")
    lowest = ops.where(mask, scores, -1e30)
    largest = ops.stop_gradient(ops.max(lowest, axis=-1, keepdims=True))
    # Where everything is masked `largest` is -1e30; scores there are replaced before the exponent.
    powers = ops.exp(ops.where(mask, scores - largest, 0.0)) * kept
    total = ops.sum(powers, axis=-1, keepdims=True)
    return powers / ops.maximum(total, 1e-30)


class AttentionPooling(keras.layers.Layer):
    """Weighted means of token states, the weights learnt from the states themselves.

    For each head q: u = tanh(h W + b), a_q = softmax(u . c_q), v_q = sum over time of a_q h.
    Several heads let one document be read for several things at once; they share W and b.

    Parameters
    ----------
    units : int
        Width of u.
    heads : int
        Number of context vectors c.

    References
    ----------
    Yang et al. 2016, Hierarchical Attention Networks for Document Classification, equations 5-7.
    """

    def __init__(self, units: int, heads: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.heads = heads
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) != 3:
            raise ValueError(
                f"expected states of rank 3 (batch, time, size), received {input_shape}"
            )
        size = input_shape[-1]
        self.kernel = self.add_weight(name="kernel", shape=(size, self.units))
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.context = self.add_weight(name="context", shape=(self.units, self.heads))

    def call(self, states, mask=None):
        weights = self.attention(states, mask)  # (batch, heads, time)
        return ops.matmul(weights, ops.cast(states, weights.dtype))  # (batch, heads, size)

    def attention(self, states, mask=None):
        """The weights themselves, (batch, heads, time) float32."""
        hidden = ops.tanh(ops.matmul(states, self.kernel) + self.bias)  # (batch, time, units)
        scores = ops.transpose(ops.matmul(hidden, self.context), (0, 2, 1))  # (batch, heads, time)
        if mask is None:
            return ops.softmax(ops.cast(scores, "float32"))
        return masked_softmax(scores, ops.expand_dims(ops.cast(mask, "bool"), 1))

    def compute_mask(self, states, mask=None):
        """Time is gone after pooling, and the mask with it."""
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.heads, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "units": self.units, "heads": self.heads}
