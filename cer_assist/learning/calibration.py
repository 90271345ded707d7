"""A few numbers turn views into one honest probability: a share for each, then a calibration.

They are fitted on out-of-fold logits only: a model's logits on its own training documents are far
too sure. Logits are averaged, not probabilities, so the blend stays ordered over the levels and
each word's share in it can be told exactly.

There are two calibrations. A temperature makes all levels more or less sure alike. The ordinal one
also moves each "higher than k?" by an offset of its own, as weighting rare levels up in training
moved them; offsets never rise with k, so the answers cannot come to contradict each other. It has K
parameters instead of one, and is taken only where it did better on folds it was not fitted on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from threadpoolctl import threadpool_limits

from cer_assist.learning.ordinal import level_probabilities, sigmoid

_LOG_TEMPERATURES = (-2.5, 2.5)
_LEAST = 1e-12  # of a probability, before its logarithm
Shares = tuple[float, ...]


@dataclass(frozen=True)
class Blend:
    """How the logits of views become probabilities.

    Attributes
    ----------
    shares : tuple of float
        Of each view, 1 in all.
    slope : float
        Multiplies the blended logits; below 1 makes them less sure.
    offsets : tuple of float, optional
        Added to each of the K - 1 logits, never rising; none where a temperature is enough.
    """

    shares: Shares
    slope: float
    offsets: tuple[float, ...] = ()

    def logits(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """Calibrated cumulative logits (..., K - 1) from those of each view."""
        return self.slope * mixed(views, self.shares) + np.array(self.offsets or 0.0)

    def probabilities(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of the levels, (n, K)."""
        return level_probabilities(self.logits(views))

    def said(self, views: Sequence[np.ndarray]) -> "Said":
        """Probabilities with and without calibration."""
        return Said(self.probabilities(views), level_probabilities(mixed(views, self.shares)))


class Said(NamedTuple):
    """What is said of documents.

    Levels are decided by what was there before calibration: offsets make probabilities true by
    undoing the weight that rare levels had in training, and with it those levels would be lost (on
    the reference protocols .03 to .07 of macro-F1 and .01 of QWK).

    Attributes
    ----------
    probabilities, uncalibrated : (n, K)
    """

    probabilities: np.ndarray
    uncalibrated: np.ndarray


def mixed(views: Sequence[np.ndarray], shares: Shares) -> np.ndarray:
    """Average of the views' logits, (..., K - 1)."""
    total = shares[0] * np.asarray(views[0], np.float64)
    for share, view in zip(shares[1:], views[1:], strict=True):
        total += share * view  # without a copy of all of them side by side
    return total


def fit_temperature(logits: np.ndarray, levels: np.ndarray) -> Blend:
    """The slope alone that gives the smallest log loss.

    Parameters
    ----------
    logits : (n, K - 1)
        Out-of-fold cumulative logits.
    levels : (n,) int
        Level numbers 0 .. K-1.

    References
    ----------
    Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    best = minimize_scalar(
        lambda log: log_loss(level_probabilities(logits / np.exp(log)), levels),
        bounds=_LOG_TEMPERATURES,
        method="bounded",
    )
    return Blend((1.0,), float(np.exp(-best.x)))


def fit_offsets(logits: np.ndarray, levels: np.ndarray) -> Blend:
    """The slope and the falling offsets that give the smallest log loss.

    Parameters are as in `fit_temperature`. Offsets are drawn to nothing as by one document that
    lies between the levels, which keeps levels without labels finite.
    """
    bounds = [_LOG_TEMPERATURES, (-8.0, 8.0), *[(0.0, 8.0)] * (logits.shape[1] - 1)]
    start = np.full(len(bounds), 0.1)  # level falls a little: equal logits would leave no level
    start[:2] = 0.0
    loss = _OffsetLoss(logits, levels)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    slope, offsets = loss.parts(found.x)
    return Blend((1.0,), float(slope), tuple(offsets.tolist()))


class _OffsetLoss(NamedTuple):
    """Log loss and its gradient by the logarithm of the slope, the first offset and the falls."""

    logits: np.ndarray
    levels: np.ndarray

    def parts(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        falls = np.append(0.0, np.cumsum(parameters[2:]))
        return np.exp(parameters[0]), parameters[1] - falls

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, offsets = self.parts(parameters)
        above = sigmoid(slope * self.logits + offsets)  # (n, K - 1)
        edges = np.pad(above, ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0)))
        rows, count = np.arange(len(self.levels)), len(self.levels)
        chosen = np.maximum(edges[rows, self.levels] - edges[rows, self.levels + 1], _LEAST)
        moves = edges * (1 - edges) / chosen[:, None] / count
        by_edge = np.zeros_like(edges)
        by_edge[rows, self.levels] = -moves[rows, self.levels]
        by_edge[rows, self.levels + 1] += moves[rows, self.levels + 1]
        by_logit = by_edge[:, 1:-1]
        by_offset = by_logit.sum(axis=0)
        falls = -np.cumsum(by_offset[::-1])[::-1][1:]
        gradient = np.array([slope * (by_logit * self.logits).sum(), by_offset.sum(), *falls])
        gradient[1:] += 2 * parameters[1:] / count
        penalty = (parameters[1:] ** 2).sum() / count
        return -np.log(chosen).mean() + penalty, gradient


@threadpool_limits.wrap(limits=1)  # as in fit_answers
def fit_blend(
    views: Sequence[np.ndarray],
    levels: np.ndarray,
    fold_of: np.ndarray,
    choice: Sequence[Shares],
) -> Blend:
    """The shares with the smallest log loss on out-of-fold logits, and their calibration.

    Parameters
    ----------
    views : sequence of (n, K - 1)
        Out-of-fold cumulative logits of each view.
    levels, fold_of : (n,) int
    choice : sequence of tuple of float
        Shares to choose from.
    """
    return _fit_blend(views, levels, fold_of, choice)


def _fit_blend(
    views: Sequence[np.ndarray], levels: np.ndarray, fold_of: np.ndarray, choice: Sequence[Shares]
) -> Blend:
    def loss(shares: Shares) -> float:
        logits = mixed(views, shares)
        return log_loss(fit_temperature(logits, levels).probabilities([logits]), levels)

    shares = min(choice, key=loss) if len(choice) > 1 else choice[0]
    logits = mixed(views, shares)
    found = _better_calibration(logits, levels, fold_of)(logits, levels)
    return Blend(shares, found.slope, found.offsets)


def _better_calibration(
    logits: np.ndarray, levels: np.ndarray, fold_of: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], Blend]:
    """The way of calibrating that did better on folds it was not fitted on."""
    folds = np.unique(fold_of)
    if len(folds) < 2:
        return fit_temperature
    losses = {}
    for fit in (fit_temperature, fit_offsets):
        said = np.zeros((len(levels), logits.shape[1] + 1))
        for fold in folds:
            held = fold_of == fold
            said[held] = fit(logits[~held], levels[~held]).probabilities([logits[held]])
        losses[fit] = log_loss(said, levels)
    return min(losses, key=losses.__getitem__)


@threadpool_limits.wrap(limits=1)
def cross_fitted(
    views: Sequence[np.ndarray], levels: np.ndarray, fold_of: np.ndarray, choice: Sequence[Shares]
) -> Said:
    """Probabilities of each fold from what `fit_blend` finds on the others."""
    shape = (len(levels), views[0].shape[1] + 1)
    found = Said(np.zeros(shape), np.zeros(shape))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        others = [view[~held] for view in views]
        blend = _fit_blend(others, levels[~held], fold_of[~held], choice)
        found.probabilities[held], found.uncalibrated[held] = blend.said(
            [view[held] for view in views]
        )
    return found


def surprise(probabilities: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Negative log probability of each true level, (n,)."""
    return -np.log(np.maximum(probabilities[np.arange(len(levels)), levels], _LEAST))


def log_loss(probabilities: np.ndarray, levels: np.ndarray) -> float:
    """Mean negative log probability of the true levels."""
    return float(surprise(probabilities, levels).mean())
