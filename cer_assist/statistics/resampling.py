"""Intervals for readings that are not independent: a protocol's readings are drawn together.

What a protocol is like, and what the model says of it, sways all of its readers alike. Coders are
another matter. With two or three of them, drawing coders would tell nothing but how few they are:
figures then speak for these coders, on other protocols. From `MANY_CODERS` on both are drawn,
independently of each other, and figures speak for other coders as well.
"""

from __future__ import annotations

import numpy as np

from cer_assist.domain.precision import wilson
from cer_assist.learning.metrics import quadratic_kappa

RESAMPLES = 1000
MANY_CODERS = 5
FEWEST = 10  # protocols: resampling fewer tells less than it seems to
INTERVAL = (2.5, 97.5)


class Sample:
    """Readings with the weights that each has in every resample.

    Parameters
    ----------
    protocols, coders : (n,) int
        Whose reading of what each is.
    seed : int
    resamples : int

    Attributes
    ----------
    weights : (1 + resamples, n) uint16
        The first row is the sample itself.
    draws_coders : bool

    References
    ----------
    Owen 2007, The pigeonhole bootstrap: rows and columns resampled independently.
    """

    def __init__(
        self,
        protocols: np.ndarray,
        coders: np.ndarray,
        *,
        seed: int = 0,
        resamples: int = RESAMPLES,
    ):
        dice = np.random.default_rng(seed)
        self.protocols = protocols
        self.weights = _draws(protocols, dice, resamples)
        self.draws_coders = len(np.unique(coders)) >= MANY_CODERS
        if self.draws_coders:
            self.weights *= _draws(coders, dice, resamples)

    def mean(self, values: np.ndarray, among: np.ndarray) -> np.ndarray:
        """The mean of `values` (n,) over the readings `among` (n,) bool, (1 + resamples,)."""
        weights = self._of(among)
        total = weights.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (weights @ values[among].astype(np.float32)) / total

    def kappa(self, truth: np.ndarray, said: np.ndarray, among: np.ndarray, levels: int):
        """Quadratic kappa of level numbers 0 .. levels-1, (1 + resamples,)."""
        cells = np.eye(levels**2, dtype=np.float32)[(truth * levels + said)[among]]
        confusions = (self._of(among) @ cells).reshape(-1, levels, levels)
        with np.errstate(invalid="ignore", divide="ignore"):
            return quadratic_kappa(confusions.astype(float))

    def median(self, values: np.ndarray, among: np.ndarray) -> np.ndarray:
        """The median likewise; of an even number the lower one in the resamples."""
        if not among.any():
            return np.full(len(self.weights), np.nan)
        order = np.flatnonzero(among)
        order = order[np.argsort(values[order], kind="stable")]
        ranked = values[order]
        reached = np.cumsum(self.weights[:, order], axis=1, dtype=np.uint32)
        found = ranked[np.argmax(reached >= reached[:, -1:] / 2, axis=1)].astype(float)
        found[reached[:, -1] == 0] = np.nan
        found[0] = np.median(ranked)
        return found

    def _of(self, among: np.ndarray) -> np.ndarray:
        return self.weights[:, among].astype(np.float32)  # integers would be multiplied one by one

    def clusters(self, among: np.ndarray) -> int:
        """Protocols that these readings are of."""
        return len(np.unique(self.protocols[among]))

    def share(self, hits: np.ndarray, among: np.ndarray) -> dict:
        """How many of the readings `among` are `hits` (n,), with Wilson's interval.

        Wilson's formula takes the number of independent readings that would tell as much as these
        do: the resamples' variance says how many. Where all or none are hits they say nothing, and
        each protocol counts once.
        """
        values, n = self.mean(hits, among), int(among.sum())
        clusters = self.clusters(among)
        if not n:
            return {"value": None, "low": None, "high": None, "n": 0}
        value = min(1.0, float(values[0]))  # a sum of floats
        low, high = wilson(value, self._independent(values, n, clusters))
        low, high = min(low, value), max(high, value)
        return {"value": value, "low": low, "high": high, "n": n}

    @staticmethod
    def _independent(values: np.ndarray, n: int, clusters: int) -> float:
        value, variance = values[0], np.nanvar(values[1:])
        if not 0 < value < 1 or not variance or clusters < 2:
            return clusters
        variance *= clusters / (clusters - 1)
        return float(np.clip(value * (1 - value) / variance, 1, n))

    def figure(self, values: np.ndarray, n: int, *among: np.ndarray) -> dict:
        """A value with the percentiles of its resamples, (1 + resamples,).

        Without an interval where a group that it is about has fewer than FEWEST protocols.
        """
        if not n or np.isnan(values[0]):
            return {"value": None, "low": None, "high": None, "n": n}
        found = {"value": float(values[0]), "low": None, "high": None, "n": n}
        if min(self.clusters(group) for group in among) < FEWEST or np.isnan(values).mean() > 0.05:
            return found
        low, high = np.nanpercentile(values[1:], INTERVAL)
        return found | {"low": float(low), "high": float(high)}


def difference(one: dict, other: dict, *, exclusive: bool = False) -> dict:
    """One share minus another, with the interval that follows from theirs.

    It holds where both are nothing or all, when resamples would not vary.

    Parameters
    ----------
    one, other : dict
        As `Sample.share` gives them.
    exclusive : bool
        Both are shares of the same readings, and no reading is in both.

    References
    ----------
    Newcombe 1998, Interval estimation for the difference between independent proportions, method
    10; with the correlation of exclusive shares: Zou and Donner 2008.
    """
    n = one["n"] if exclusive else one["n"] + other["n"]
    if one["value"] is None or other["value"] is None:
        return {"value": None, "low": None, "high": None, "n": n}
    p, q = one["value"], other["value"]
    together = 0.0
    if exclusive and 0 < p < 1 and 0 < q < 1:
        together = -float(np.sqrt(p * q / ((1 - p) * (1 - q))))
    down = _joined(p - one["low"], other["high"] - q, together)
    up = _joined(one["high"] - p, q - other["low"], together)
    return {"value": p - q, "low": max(-1.0, p - q - down), "high": min(1.0, p - q + up), "n": n}


def _joined(first: float, second: float, together: float) -> float:
    return float(np.sqrt(max(0.0, first**2 + second**2 - 2 * together * first * second)))


def _draws(units: np.ndarray, dice: np.random.Generator, resamples: int) -> np.ndarray:
    """How often each reading's unit was drawn, (1 + resamples, n); first the sample itself."""
    if not len(units):
        return np.ones((1 + resamples, 0), np.uint16)
    names, place = np.unique(units, return_inverse=True)
    chances = np.full(len(names), 1 / len(names))
    drawn = dice.multinomial(len(names), chances, size=resamples).astype(np.uint16)
    return np.concatenate([np.ones((1, len(names)), np.uint16), drawn])[:, place]
