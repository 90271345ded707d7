"""Readings drawn from the model itself, so that what is to be found is known."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from cer_assist.statistics.estimates import Estimate

THRESHOLDS = np.array([-2.0, -0.7, 0.7, 2.0])
SIGMA = 2.0
LEVELS = 5


class Drawn(NamedTuple):
    """As the functions take them, (n,) each."""

    units: np.ndarray
    coders: np.ndarray
    levels: np.ndarray

    def where(self, kept: np.ndarray) -> "Drawn":
        return Drawn(*(part[kept] for part in self))


class Known(NamedTuple):
    """An estimate that has an interval."""

    value: float
    low: float
    high: float

    def holds(self, truth: float) -> bool:
        return self.low < truth < self.high

    @property
    def width(self) -> float:
        return self.high - self.low


def known(estimate: Estimate | None) -> Known:
    assert estimate is not None
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None
    return Known(estimate.value, estimate.low, estimate.high)


def drawn(generator: np.random.Generator, units: int, effects: np.ndarray, each: int = 2) -> Drawn:
    """Protocols that are read by `each` coders, of whom any are as likely as others."""
    coders = np.argsort(generator.random((units, len(effects))), axis=1)[:, :each].ravel()
    numbers = np.repeat(np.arange(units), each)
    places = generator.normal(0, SIGMA, units)
    return Drawn(numbers, coders, said(generator, places[numbers] + effects[coders]))


def said(generator: np.random.Generator, logits: np.ndarray) -> np.ndarray:
    """Levels given, (n,)."""
    heard = logits + generator.logistic(size=len(logits))
    return (heard[:, None] > THRESHOLDS).sum(axis=1)


def in_levels(effects: np.ndarray) -> np.ndarray:
    """What effects mean in levels, summed by brute force."""
    places = np.linspace(-8, 8, 2001) * SIGMA
    weights = np.exp(-((places / SIGMA) ** 2) / 2)
    means = [
        sum(expit(places + effect - threshold) for threshold in THRESHOLDS) @ weights
        for effect in (*effects, 0.0)
    ]
    return (np.array(means[:-1]) - means[-1]) / weights.sum()
