"""What each state adds to a logit, by following the gradient from nothing to the document.

The gradient at the document alone says what the next small change would do; a word that has made
the model sure already has none. Integrated along the way from a baseline, gradients add up to
exactly what the document has beyond the baseline, and `Integrated.gap` says how exactly.

Gradients reach what a network reads: the encoder's states, or the word states it has learnt. Models
that are no network tell what words add in closed form and need none of this.
"""

from dataclasses import dataclass

import numpy as np

from cer_assist.learning.readings import Reading
from cer_assist.learning.views.networks import FittedNetwork

STEPS = 24
AT_ONCE = 8  # points of the path in one batch: a long document has a batch of its own otherwise
RULES = ("gauss-legendre", "trapezoid")


@dataclass(frozen=True)
class Integrated:
    """Integrated gradients of one document.

    Attributes
    ----------
    contributions : (K - 1, words)
        What each content word adds to each cumulative logit.
    others : (K - 1,)
        What all other words add, where the network reads them.
    moved : (K - 1,)
        The logits of the document less those of the baseline: what all together should add.
    """

    contributions: np.ndarray
    others: np.ndarray
    moved: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """How far all words together are from what they should add, as a share of it, (K - 1,)."""
        total = self.contributions.sum(axis=1) + self.others
        return np.abs(total - self.moved) / np.maximum(np.abs(self.moved), 1e-9)


def integrated_gradients(
    fitted: FittedNetwork,
    reading: Reading,
    *,
    baseline: np.ndarray | None = None,
    steps: int = STEPS,
    rule: str = "gauss-legendre",
) -> Integrated:
    """Gradients of the cumulative logits along the straight way from a baseline.

    Parameters
    ----------
    fitted : FittedNetwork
    reading : Reading
    baseline : (size,), optional
        The state that stands for "no word"; zeros without one: the mean of the encoder's states,
        and no learnt word.
    steps : int
        Points at which the gradient is taken; at least 2.
    rule : {"gauss-legendre", "trapezoid"}
        The former is exact for polynomials of degree 2 steps - 1.

    Raises
    ------
    ValueError
        For another rule, or fewer steps than 2.

    References
    ----------
    Sundararajan, Taly & Yan 2017, Axiomatic Attribution for Deep Networks, equation 1; completeness
    is proposition 1.
    """
    places, weights = _points(steps, rule)
    states, mask = fitted.states_of(reading)
    ground = np.zeros_like(states) + (0 if baseline is None else baseline)
    way = (states - ground) * mask[..., None]
    slope = np.zeros((len(fitted.weights["logits.bias"]), *states.shape[1:]))
    for start in range(0, steps, AT_ONCE):
        part = places[start : start + AT_ONCE]
        points = ground + part.reshape(-1, *[1] * (states.ndim - 1)) * way
        _, found = fitted.slopes(points.astype(np.float32), np.repeat(mask, len(part), axis=0))
        slope += np.tensordot(weights[start : start + AT_ONCE], found, axes=(0, 1))
    ends = np.concatenate([ground, ground + way]).astype(np.float32)
    logits, _ = fitted.slopes(ends, np.repeat(mask, 2, axis=0))
    return _by_word(fitted, reading, slope * way[0], logits[1] - logits[0])


def gradient_times_input(fitted: FittedNetwork, reading: Reading) -> np.ndarray:
    """The derivative of each cumulative logit by each word's state, times it, (K - 1, words).

    References
    ----------
    Shrikumar et al. 2016, Not Just a Black Box.
    """
    states, mask = fitted.states_of(reading)
    _, slopes = fitted.slopes(states, mask)
    return _by_word(fitted, reading, slopes[:, 0] * states[0], np.zeros(len(slopes))).contributions


def _points(steps: int, rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Where on the way from 0 to 1 the gradient is taken, and how much it counts there."""
    if rule not in RULES or steps < 2:
        raise ValueError(
            f"expected one of {', '.join(RULES)} and 2 steps or more, received {rule!r}, {steps}"
        )
    if rule == "trapezoid":
        weights = np.full(steps, 1 / (steps - 1))
        weights[[0, -1]] /= 2
        return np.linspace(0, 1, steps), weights
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


def _by_word(
    fitted: FittedNetwork, reading: Reading, parts: np.ndarray, moved: np.ndarray
) -> Integrated:
    """Parts of every state's every dimension (K - 1, places, size) as what words add."""
    adds = parts.sum(axis=-1)  # (K - 1, places)
    words = np.stack([fitted.network.by_word(reading, one) for one in adds])
    others = adds.reshape(len(adds), -1).sum(axis=1) - words.sum(axis=1)
    return Integrated(words, others, moved)
