"""When to stop labelling: a learning curve that says how sure it is, and what would stay wrong.

Every figure here is a distribution, and a signal holds only where most of it agrees: stopping is
paid for later, by levels that nobody looked at. The curve is weighed over a grid of all shapes it
could have instead of being fitted once: a handful of points leaves most of them open, and the best
one alone would promise a number of labels that the others do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from cer_assist.domain.errors import InvalidInput

FEWEST = 4  # measured versions: three numbers are to be told from them
STEP = 50  # labels, for which a curve is called flat or not
FLAT_GAIN = 0.02  # of QWK: less than this from so many labels is no gain
SURE = 0.9
BAND = (0.05, 0.95)
# How much of a version's error lies in the protocols it was measured on, which later versions are
# measured on, too; the rest is its own luck.
SHARED = 0.75
_NORMAL_95 = 1.959964
_PLACES = 30  # of the curve that is drawn
_ASYMPTOTES = np.linspace(0.3, 1.0, 71)
_POWERS = np.geomspace(0.2, 1.6, 9)
_DROPS = np.linspace(0.0, 1.2, 41)


class Point(NamedTuple):
    """A measured version: from how many labels, its QWK with its 95 % interval, on how many."""

    labels: int
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Curves:
    """Learning curves a - d (n / n0)^-c and how well each agrees with what was measured.

    Attributes
    ----------
    first, last : int
        Labels of the first measured version, n0, and of the last.
    asymptotes, drops, powers : (curves,)
        a, d >= 0 and c > 0.
    weights : (curves,)
        1 in all.
    """

    first: int
    last: int
    asymptotes: np.ndarray
    drops: np.ndarray
    powers: np.ndarray
    weights: np.ndarray

    def at(self, labels: float) -> np.ndarray:
        """QWK of every curve, (curves,)."""
        return self.asymptotes - self.drops * (labels / self.first) ** -self.powers

    def labels_for(self, wanted: float) -> np.ndarray:
        """Labels from which each curve has the QWK, (curves,); infinite for one that never has."""
        room = self.asymptotes - wanted
        ratio = np.divide(self.drops, room, out=np.full_like(room, np.inf), where=room > 0)
        with np.errstate(over="ignore"):
            return self.first * ratio ** (1 / self.powers)

    def quantiles(self, values: np.ndarray, shares: Sequence[float]) -> list[float]:
        """The smallest values that so much of the weight does not exceed."""
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(self.weights[order])
        at = np.searchsorted(reached, np.asarray(shares) * reached[-1])
        return values[order][np.minimum(at, len(order) - 1)].tolist()

    def chance(self, holds: np.ndarray) -> float:
        """The weight of the curves for which something holds, (curves,) bool."""
        return float(self.weights[holds].sum())


def fit_curves(points: Sequence[Point]) -> Curves:
    """Weigh inverse power laws by measured versions.

    The interval that rests on most documents tells how far the others err: those of a few are
    themselves too uncertain to weigh by. Two versions were measured on much the same documents, so
    most of their errors goes together as in running means, with the root of the ratio of their
    numbers. Taken as independent, ten versions would seem to know the curve far too well.

    Parameters
    ----------
    points : sequence of Point
        Of versions with the same number of labels the last one counts.

    Raises
    ------
    InvalidInput
        There are fewer than `FEWEST` numbers of labels.

    References
    ----------
    The law: Cortes et al. 1994, Learning Curves: Asymptotic Values and Rate of Convergence, eq. 1;
    weighted fit and forecast by it: Figueroa et al. 2012, BMC Med Inform Decis Mak 12:8.
    """
    known = [point for _, point in sorted({point.labels: point for point in points}.items())]
    if len(known) < FEWEST:
        raise InvalidInput(
            f"A forecast needs {FEWEST} measured versions with different numbers of labels; "
            f"there {'is' if len(known) == 1 else 'are'} {len(known)}."
        )
    labels = np.array([point.labels for point in known], float)
    values = np.array([point.value for point in known])
    sizes = np.array([point.n for point in known], float)
    largest = max(known, key=lambda point: point.n)
    errors = half_width(largest.low, largest.high) / _NORMAL_95 * np.sqrt(largest.n / sizes)
    apart = np.abs(np.subtract.outer(np.log(sizes), np.log(sizes)))
    together = SHARED * np.exp(-apart / 2) + (1 - SHARED) * np.eye(len(known))
    covariance = np.outer(errors, errors) * together
    grid = np.meshgrid(_ASYMPTOTES, _DROPS, _POWERS, indexing="ij")
    asymptotes, drops, powers = (part.ravel() for part in grid)
    said = asymptotes[:, None] - drops[:, None] * (labels / labels[0]) ** -powers[:, None]
    whitened = np.linalg.solve(np.linalg.cholesky(covariance), (values - said).T)  # (k, curves)
    logs = -0.5 * (whitened**2).sum(axis=0)
    weights = np.exp(logs - logs.max())
    kept = weights > 1e-4
    shares = weights[kept] / weights[kept].sum()
    ends = int(labels[0]), int(labels[-1])
    return Curves(*ends, asymptotes[kept], drops[kept], powers[kept], shares)


def forecast(curves: Curves, wanted: float, now: int, left: int) -> dict[str, Any]:
    """How many more labels a QWK takes.

    Parameters
    ----------
    curves : Curves
    wanted : float
        QWK.
    now, left : int
        Labels so far, and protocols that could still have one.

    Returns
    -------
    dict
        `more`, `low`, `high`: the median of the labels it takes and its 90 % interval, each None
        where more than are left; `chance` that they are enough, `reached` that none are needed.
    """
    needed = curves.labels_for(wanted)
    more = [
        max(0, int(np.ceil(value - now))) if value <= now + left else None
        for value in curves.quantiles(needed, (0.5, *BAND))
    ]
    return {
        **dict(zip(("more", "low", "high"), more, strict=True)),
        "wanted": wanted,
        "now": now,
        "left": left,
        "chance": curves.chance(needed <= now + left),
        "reached": curves.chance(needed <= now),
    }


def drawn(curves: Curves, until: int) -> list[dict[str, float]]:
    """The curve from the first measured version to a number of labels, closer at first."""
    ends = max(until, curves.last)
    places = np.unique(np.geomspace(curves.first, ends, _PLACES).round().astype(int))
    return [place(curves, int(labels)) for labels in places]


def place(curves: Curves, labels: int) -> dict[str, float]:
    """The curve's median and 90 % band at a number of labels: {labels, value, low, high}."""
    value, low, high = curves.quantiles(curves.at(labels), (0.5, *BAND))
    return {"labels": labels, "value": value, "low": low, "high": high}


def next_gain(curves: Curves, now: int, left: int) -> dict[str, Any]:
    """What the next labels would add to the QWK, and whether that is no gain.

    Returns
    -------
    dict
        `labels` that are asked about; `value`, `low`, `high`: median and 90 % interval of the
        gain; `chance` that it is below `FLAT_GAIN`; `flat`: that this is at least `SURE`.
    """
    step = min(STEP, left)
    gains = curves.at(now + step) - curves.at(now)
    value, low, high = curves.quantiles(gains, (0.5, *BAND))
    chance = curves.chance(gains < FLAT_GAIN)
    found = {"labels": step, "value": value, "low": low, "high": high, "chance": chance}
    return {**found, "flat": chance >= SURE}


def expected_wrong(probabilities: np.ndarray, decided: np.ndarray, off: float) -> dict[str, Any]:
    """How many levels would be wrong if the model's were taken.

    The interval has two parts. Each protocol is right or wrong by itself (Poisson binomial, taken
    as normal); and percentages may all be off the same way, which grows with the number of
    protocols and is mostly the larger part.

    Parameters
    ----------
    probabilities : (n, K)
        Calibrated.
    decided : (n,) int
        The level number that each would get.
    off : float
        Standard deviation of the error that the percentages share; see `shared_error`.

    Returns
    -------
    dict
        `expected`: {value, low, high} protocols, a 95 % interval; `distance`: the distance
        of their levels in all, likewise; `by_level`: wrong ones among those given each level, (K,).
    """
    count, levels = probabilities.shape
    wrong = 1 - probabilities[np.arange(count), decided]
    away = np.abs(np.arange(levels) - decided[:, None])  # (n, K)
    distance = (probabilities * away).sum(axis=1)
    spread = (probabilities * away**2).sum(axis=1) - distance**2
    mean_step = distance.sum() / max(wrong.sum(), 1e-9)
    shared = count * off
    return {
        "expected": _about(wrong.sum(), (wrong * (1 - wrong)).sum() + shared**2, count),
        "distance": _about(
            distance.sum(), spread.sum() + (shared * mean_step) ** 2, count * (levels - 1)
        ),
        "by_level": np.bincount(decided, wrong, levels).tolist(),
    }


def shared_error(calibration_error: float, accuracy: float, measured: int) -> float:
    """How far a model's percentages may all be off alike, as a standard deviation.

    The larger of the calibration error and of what the number of documents it was measured on
    leaves open: ten documents cannot show that percentages are right.

    Parameters
    ----------
    calibration_error : float
        Expected calibration error on `measured` documents that the model had not read.
    accuracy : float
        On the same.
    measured : int
    """
    return max(calibration_error, float(np.sqrt(accuracy * (1 - accuracy) / measured)))


def half_width(low: float, high: float) -> float:
    """How exactly an interval tells its figure."""
    return (high - low) / 2


def _about(value: float, variance: float, most: float) -> dict[str, float]:
    half = _NORMAL_95 * float(np.sqrt(variance))
    value = float(value)
    return {"value": value, "low": max(0.0, value - half), "high": min(most, value + half)}
