"""Two numbers turn two views into one honest probability: a blend weight and a temperature.

Both are fitted on out-of-fold logits only: a model's logits on its own training documents are far
too sure. Logits are averaged, not probabilities, so the blend stays ordered over the levels and
each word's share in it can be told exactly.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from cer_assist.learning.ordinal import level_probabilities

WEIGHTS = (0.0, 0.2, 0.35, 0.5, 0.75, 1.0)
_LOG_TEMPERATURES = (-2.5, 2.5)


@dataclass(frozen=True)
class Blend:
    """How the attention network's and the lexical model's logits become probabilities.

    Attributes
    ----------
    attention : float in 0..1
        Share of the attention network; the rest is the lexical model's.
    temperature : float
        Divides the blended logits; above 1 makes them less sure.
    """

    attention: float
    temperature: float

    def logits(self, attention: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        """Calibrated cumulative logits, (..., K - 1)."""
        mixed = self.attention * attention + (1 - self.attention) * lexical
        return mixed / self.temperature

    def probabilities(self, attention: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        """Probabilities of the levels, (n, K)."""
        return level_probabilities(self.logits(attention, lexical))


def fit_blend(
    attention: np.ndarray,
    lexical: np.ndarray,
    levels: np.ndarray,
    weights: tuple[float, ...] = WEIGHTS,
) -> Blend:
    """The weight and temperature with the smallest log loss on out-of-fold logits.

    Parameters
    ----------
    attention, lexical : (n, K - 1)
        Out-of-fold cumulative logits.
    levels : (n,) int
        Level numbers 0 .. K-1.
    weights : tuple of float
        Shares of the attention network to choose from.
    """
    found = []
    for weight in weights:
        best = minimize_scalar(
            lambda log_temperature, weight=weight: log_loss(
                Blend(weight, float(np.exp(log_temperature))).probabilities(attention, lexical),
                levels,
            ),
            bounds=_LOG_TEMPERATURES,
            method="bounded",
        )
        found.append((best.fun, Blend(weight, float(np.exp(best.x)))))
    return min(found, key=lambda pair: pair[0])[1]


def cross_fitted(
    attention: np.ndarray,
    lexical: np.ndarray,
    levels: np.ndarray,
    fold_of: np.ndarray,
    weights: tuple[float, ...] = WEIGHTS,
) -> np.ndarray:
    """Out-of-fold probabilities whose blend was fitted on the other folds, (n, K)."""
    probabilities = np.zeros((len(levels), attention.shape[1] + 1))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        blend = fit_blend(attention[~held], lexical[~held], levels[~held], weights)
        probabilities[held] = blend.probabilities(attention[held], lexical[held])
    return probabilities


def log_loss(probabilities: np.ndarray, levels: np.ndarray) -> float:
    """Mean negative log probability of the true levels."""
    chosen = probabilities[np.arange(len(levels)), levels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())
