"""A few numbers turn views into one honest probability: a share for each and a temperature.

They are fitted on out-of-fold logits only: a model's logits on its own training documents are far
too sure. Logits are averaged, not probabilities, so the blend stays ordered over the levels and
each word's share in it can be told exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from cer_assist.learning.ordinal import level_probabilities

_LOG_TEMPERATURES = (-2.5, 2.5)
Shares = tuple[float, ...]


@dataclass(frozen=True)
class Blend:
    """How the logits of views become probabilities.

    Attributes
    ----------
    shares : tuple of float
        Of each view, 1 in all.
    temperature : float
        Divides the blended logits; above 1 makes them less sure.
    """

    shares: Shares
    temperature: float

    def logits(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """Calibrated cumulative logits (..., K - 1) from those of each view."""
        return mixed(views, self.shares) / self.temperature

    def probabilities(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of the levels, (n, K)."""
        return level_probabilities(self.logits(views))


def mixed(views: Sequence[np.ndarray], shares: Shares) -> np.ndarray:
    """Average of the views' logits, (..., K - 1)."""
    return np.tensordot(shares, np.asarray(views, np.float64), axes=1)


def fit_blend(views: Sequence[np.ndarray], levels: np.ndarray, choice: Sequence[Shares]) -> Blend:
    """The shares and the temperature with the smallest log loss on out-of-fold logits.

    Parameters
    ----------
    views : sequence of (n, K - 1)
        Out-of-fold cumulative logits of each view.
    levels : (n,) int
        Level numbers 0 .. K-1.
    choice : sequence of tuple of float
        Shares to choose from.
    """
    found = []
    for shares in choice:
        logits = mixed(views, shares)
        best = minimize_scalar(
            lambda log_temperature, logits=logits: log_loss(
                level_probabilities(logits / np.exp(log_temperature)), levels
            ),
            bounds=_LOG_TEMPERATURES,
            method="bounded",
        )
        found.append((best.fun, Blend(shares, float(np.exp(best.x)))))
    return min(found, key=lambda pair: pair[0])[1]


def cross_fitted(
    views: Sequence[np.ndarray], levels: np.ndarray, fold_of: np.ndarray, choice: Sequence[Shares]
) -> np.ndarray:
    """Out-of-fold probabilities whose blend was fitted on the other folds, (n, K)."""
    probabilities = np.zeros((len(levels), views[0].shape[1] + 1))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        blend = fit_blend([view[~held] for view in views], levels[~held], choice)
        probabilities[held] = blend.probabilities([view[held] for view in views])
    return probabilities


def log_loss(probabilities: np.ndarray, levels: np.ndarray) -> float:
    """Mean negative log probability of the true levels."""
    chosen = probabilities[np.arange(len(levels)), levels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())
