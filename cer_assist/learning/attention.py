"""Attention pooling after Yang et al. 2016, with masks that can never become NaN.

Scores and softmax are computed in float32 at least, whatever the precision of the states. Masked
places are emptied before anything is computed from them and get weight zero exactly, and a row with
nothing to look at pools to zeros instead of dividing by zero. So neither numbers nor gradients
depend on what padding holds, nor on how much of it there is.
"""

import keras
from keras import activations, ops

from cer_assist.learning.layer_parts import (
    at_least_one,
    output_spec,
    score_dtype,
    state_size,
    weight_config,
    weight_options,
)

SCORES = ("additive", "dot")


def masked_softmax(scores, mask=None):
    """Softmax over the last axis among unmasked places.

    Parameters
    ----------
    scores : (..., time) float tensor
    mask : bool tensor that broadcasts to the shape of `scores`, optional
        True where a place counts.

    Returns
    -------
    (..., time) float32, or float64 for scores in float64
        Sums to 1 in every row, or is 0 throughout where the whole row is masked.
    """
    scores = ops.convert_to_tensor(scores)
    scores = ops.cast(scores, score_dtype(scores.dtype))
    if mask is None:
        return ops.softmax(scores)
    lowest = ops.where(mask, scores, -1e30)
    largest = ops.stop_gradient(ops.max(lowest, axis=-1, keepdims=True, initial=-1e30))
    # Where everything is masked `largest` is -1e30; scores there are replaced before the exponent.
    powers = ops.exp(ops.where(mask, scores - largest, 0.0)) * ops.cast(mask, scores.dtype)
    total = ops.sum(powers, axis=-1, keepdims=True)
    return powers / ops.maximum(total, 1e-30)


def without_masked(states, mask, dtype):
    """States with zeros in masked places, and the mask as a tensor.

    A weight of zero is not enough to keep a place out: zero times NaN or infinity is NaN, in the
    sum and in every gradient.

    Parameters
    ----------
    states : (..., time, size) tensor
    mask : (..., time) bool or 0/1, or None
    dtype : str

    Returns
    -------
    states of `dtype`, and the mask as bool or None

    Raises
    ------
    ValueError
        When the mask has not one axis less than the states.
    """
    states = ops.cast(states, dtype)
    if mask is None:
        return states, None
    mask = ops.cast(mask, "bool")
    if len(mask.shape) != len(states.shape) - 1:
        raise ValueError(
            f"expected a mask of shape {tuple(states.shape[:-1])} for states of shape "
            f"{tuple(states.shape)}, received {tuple(mask.shape)}"
        )
    return ops.where(ops.expand_dims(mask, -1), states, ops.zeros_like(states)), mask


@keras.saving.register_keras_serializable(package="cer_assist")
class AttentionPooling(keras.layers.Layer):
    """Weighted means of states over their last-but-one axis, the weights learnt from the states.

    Additive (Yang et al.): u = f(h W + b), a = softmax(u . c / scale), v = sum over time of a h.
    Dot product (Sun & Lu): u = h. A scale above 1 makes either form spread its weights more evenly
    and learn more slowly to concentrate them.

    Several heads let one text be read for several things at once; they share W and b, each has a c
    of its own.

    Parameters
    ----------
    units : int, optional
        Width of u in the additive form; the size of the states when left out.
    heads : int, optional
        Number of context vectors c. When left out there is one, and no axis for it in the results.
    score : {"additive", "dot"}
        How states are scored. The dot product has neither W nor b nor f: its context is compared
        with the states themselves.
    scale : float
        Lambda, above 0, by which scores are divided. For the scaled dot product of Vaswani et al.
        give the square root of the size of the states.
    activation : str, callable or None
        f: any name Keras knows ("tanh", "linear", "relu", ...) or a function of a tensor. None is
        linear. A function of one's own has to be registered with Keras to be saved.
    use_bias : bool
        Whether there is a b.
    kernel_initializer, bias_initializer, context_initializer : str, dict or Initializer
    kernel_regularizer, bias_regularizer, context_regularizer : str, dict or Regularizer, optional
    kernel_constraint, bias_constraint, context_constraint : str, dict or Constraint, optional
        For W (size, units), b (units,) and c (units, heads), as in every Keras layer.
    **kwargs
        `name`, `dtype` and `trainable`, as in every Keras layer.

    Raises
    ------
    ValueError
        For a parameter outside its range, or `units` given for the dot product.

    Notes
    -----
    Input is (batch, ..., time, size) of any rank from 3 on: the words of a text, the words in its
    sentences, the sentences in its parts. Output is (batch, ..., [heads,] size) in the layer's
    compute dtype.

    The mask, (batch, ..., time), is taken from the layers before or given to `call`. On the output
    lies a mask with one axis less, where a row counts if anything in it counted; no mask is left
    after pooling (batch, time, size). A row in which nothing counts has weights and result 0.

    References
    ----------
    Yang et al. 2016, Hierarchical Attention Networks for Document Classification, equations 5-7.
    Sun and Lu 2020, Understanding Attention for Text Classification, section 3.

    Examples
    --------
    >>> words = keras.Input((None, None, 64))  # (batch, sentences, words, size)
    >>> sentences = AttentionPooling(32)(words)  # (batch, sentences, size)
    >>> document = AttentionPooling(32)(sentences)  # (batch, size)
    """

    def __init__(
        self,
        units: int | None = None,
        heads: int | None = None,
        *,
        score: str = "additive",
        scale: float = 1.0,
        activation="tanh",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        bias_initializer="zeros",
        bias_regularizer=None,
        bias_constraint=None,
        context_initializer="glorot_uniform",
        context_regularizer=None,
        context_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check(units, heads, score, scale)
        self.units, self.heads, self.score, self.scale = units, heads, score, scale
        self.activation, self.use_bias = activations.get(activation), use_bias
        self._options = {
            "kernel": weight_options(kernel_initializer, kernel_regularizer, kernel_constraint),
            "bias": weight_options(bias_initializer, bias_regularizer, bias_constraint),
            "context": weight_options(context_initializer, context_regularizer, context_constraint),
        }
        self.supports_masking = True

    def build(self, input_shape):
        size = state_size(input_shape)
        units = self.units or size
        self.input_spec = keras.layers.InputSpec(min_ndim=3, axes={-1: size})
        self.kernel = self.bias = None
        if self.score == "additive":
            self.kernel = self._weight("kernel", (size, units))
            self.bias = self._weight("bias", (units,)) if self.use_bias else None
        # Scores are computed in full precision, so the context is kept in it.
        self.context = self._weight("context", (units, self.heads or 1), autocast=False)

    def _weight(self, name, shape, **kwargs):
        return self.add_weight(name=name, shape=shape, **self._options[name], **kwargs)

    def call(self, states, mask=None, return_attention_scores=False):
        """Pooled states (batch, ..., [heads,] size); with the weights of `attention` if asked."""
        states, mask = without_masked(states, mask, self.compute_dtype)
        weights = self._weights(states, mask)  # (..., heads, time)
        pooled = ops.matmul(weights, ops.cast(states, weights.dtype))  # (..., heads, size)
        pooled = ops.cast(self._without_head(pooled), self.compute_dtype)
        return (pooled, self._without_head(weights)) if return_attention_scores else pooled

    def attention(self, states, mask=None) -> keras.KerasTensor:
        """The weights alone, of states at hand; within a model ask the call to return them.

        Parameters
        ----------
        states : (batch, ..., time, size)
        mask : (batch, ..., time), optional

        Returns
        -------
        (batch, ..., [heads,] time) float32, or float64 in a layer of that precision
            Sums to 1 over time, or is 0 where everything is masked.
        """
        return self._without_head(self._weights(*without_masked(states, mask, self.compute_dtype)))

    def scores(self, states) -> keras.KerasTensor:
        """What the softmax is taken of, (batch, ..., [heads,] time): larger is looked at more.

        In the dot form that is the attention score of Sun & Lu, section 3.1.

        Parameters
        ----------
        states : (batch, ..., time, size)
        """
        return self._without_head(self._scores(ops.cast(states, self.compute_dtype)))

    def _weights(self, states, mask):
        scores = self._scores(states)  # (..., heads, time)
        return masked_softmax(scores, None if mask is None else ops.expand_dims(mask, -2))

    def _scores(self, states):
        hidden = states  # (..., time, units)
        if self.kernel is not None:
            hidden = ops.matmul(states, ops.cast(self.kernel, states.dtype))
            if self.bias is not None:
                hidden = hidden + ops.cast(self.bias, states.dtype)
            hidden = self.activation(hidden)
        wide = score_dtype(self.compute_dtype)
        scores = ops.matmul(ops.cast(hidden, wide), ops.cast(self.context, wide))
        return ops.swapaxes(scores, -1, -2) / self.scale  # (..., heads, time)

    def _without_head(self, result):
        return ops.squeeze(result, -2) if self.heads is None else result

    def compute_mask(self, states, mask=None):
        """A row counts if anything in it counted; after the last axis there is nothing to mask."""
        if mask is None or len(mask.shape) < 3:
            return None
        return ops.any(mask, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-2], *self._head_axis(), input_shape[-1])

    def compute_output_spec(self, states, mask=None, return_attention_scores=False):
        shape = states.shape
        weights_shape = (*shape[:-2], *self._head_axis(), shape[-2])
        return output_spec(self, shape, weights_shape, return_attention_scores)

    def _head_axis(self) -> tuple[int, ...]:
        return () if self.heads is None else (self.heads,)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "heads": self.heads,
            "score": self.score,
            "scale": self.scale,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self._options),
        }


def _check(units, heads, score, scale) -> None:
    if score not in SCORES:
        raise ValueError(f"expected score to be one of {', '.join(SCORES)}, received {score!r}")
    if score == "dot" and units is not None:
        raise ValueError(f"the dot product has no units of its own, received units={units}")
    at_least_one(units=units, heads=heads)
    if not scale > 0:
        raise ValueError(f"expected scale to be above 0, received {scale}")
