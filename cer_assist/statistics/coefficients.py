"""Our own formulas, because they are worked out for all resamples at once.

The packages that know these coefficients take one table a call, some milliseconds each, and an
interval takes two thousand. They are what the tests compare with instead. Notation: K levels, d
distances (0 on the diagonal), w = 1 - d / max d; coefficients with a chance in them are
1 - observed / expected distance, whatever d is divided by.
"""

from collections.abc import Callable

import numpy as np

from cer_assist.statistics.sums import Sums


def percent(sums: Sums) -> np.ndarray:
    """Share of pairs of readings that agree, as a mean over pairable units.

    Parameters
    ----------
    sums : Sums

    Returns
    -------
    (rows,)

    References
    ----------
    Fleiss 1971, Psychol. Bull. 76:378-382 (the mean of P_i); with missing readings Gwet 2014,
    Handbook of Inter-Rater Reliability, 4th ed., chapter 2.
    """
    return _observed(sums, np.eye(_levels(sums)))


def within_one(sums: Sums) -> np.ndarray:
    """The same for pairs at most one level apart. Parameters and source as for `percent`."""
    return _observed(sums, _distance(_levels(sums), 1) <= 1)


def kappa(sums: Sums, power: int) -> np.ndarray:
    """Kappa: chance is that two different coders meet, each with their own habits.

    For two coders who read the same units this is Cohen's. For more it is Conger's, whose chance
    is the mean over pairs of coders, weighted by distance and with missing readings as Gwet has
    it: what is observed is a mean over pairable units, a coder's habits are all their readings.

    Parameters
    ----------
    sums : Sums
    power : int
        Of the distance between levels: 0 (any two differ alike), 1 (linear), 2 (quadratic).

    Returns
    -------
    (rows,)
        NaN where chance alone would agree fully: one level only.

    References
    ----------
    Cohen 1960, Educ. Psychol. Meas. 20:37-46, eq. 1; Cohen 1968, Psychol. Bull. 70:213-220
    (weighted); Conger 1980, Psychol. Bull. 88:322-328; Gwet 2014, chapters 2 and 3.
    """
    distance = _distance(_levels(sums), power)
    read = sums.coders.sum(axis=-1)  # (rows, coders)
    habits = _ratio(sums.coders, read[..., None], undefined=0)
    together = habits.sum(axis=-2)  # (rows, K)
    # All pairs of coders, less each with themselves.
    met = _outer(together, together) - habits.swapaxes(-1, -2) @ habits  # (rows, K, K)
    coders = (read > 0).sum(axis=-1)
    expected = _ratio(_total(met * distance), coders * (coders - 1))
    return 1 - _ratio(_observed(sums, distance), expected)


def fleiss(sums: Sums) -> np.ndarray:
    """Fleiss' kappa: chance is that two readings meet, whoever made them.

    With missing readings as Gwet has it: levels occur as often as in the mean of all units that
    were read, even once.

    Parameters
    ----------
    sums : Sums

    Returns
    -------
    (rows,)
        NaN where one level only was used.

    References
    ----------
    Fleiss 1971, Psychol. Bull. 76:378-382; Gwet 2014, chapter 2.
    """
    distance = _distance(_levels(sums), 0)
    shares = _prevalence(sums)
    return 1 - _ratio(_observed(sums, distance), _total(_outer(shares, shares) * distance))


def alpha(sums: Sums, metric: str) -> np.ndarray:
    """Krippendorff's alpha, which takes in the readings of pairable units only.

    Parameters
    ----------
    sums : Sums
    metric : str
        "nominal", "ordinal" (distance is how many readings lie between, so it depends on how often
        levels are used) or "interval".

    Returns
    -------
    (rows,)
        NaN where one level only was used.

    References
    ----------
    Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, sections C and D.
    """
    used = sums.coincidences.sum(axis=-1)  # (rows, K)
    if metric == "ordinal":
        middles = np.cumsum(used, axis=-1) - used / 2
        distance = (middles[:, :, None] - middles[:, None, :]) ** 2  # (rows, K, K)
    else:
        distance = _distance(_levels(sums), {"nominal": 0, "interval": 2}[metric])
    observed = _total(sums.coincidences * distance) * (used.sum(axis=-1) - 1)
    return 1 - _ratio(observed, _total(_outer(used, used) * distance))


def ac(sums: Sums, weights: np.ndarray) -> np.ndarray:
    """Gwet's AC1 and AC2: only where levels vary can anybody agree by chance.

    Parameters
    ----------
    sums : Sums
    weights : (K, K)
        1 on the diagonal: the identity for AC1.

    Returns
    -------
    (rows,)
        NaN where one level only was used: the formula gives 1, for coders of whom nobody has seen
        that they tell levels apart.

    References
    ----------
    Gwet 2008, Br. J. Math. Stat. Psychol. 61:29-48 (AC1); Gwet 2014, chapters 3 and 4 (AC2,
    missing readings). K counts levels that were never used, too.
    """
    levels = _levels(sums)
    shares = _prevalence(sums)
    chance = weights.sum() / (levels * (levels - 1)) * (shares * (1 - shares)).sum(axis=-1)
    found = (_observed(sums, weights) - chance) / (1 - chance)
    return np.where((shares > 0).sum(axis=-1) < 2, np.nan, found)


def ordinal_weights(levels: int) -> np.ndarray:
    """1 less the number of pairs of levels from one to the other, over that of the whole scale.

    Parameters
    ----------
    levels : int
        K, at least 2.

    Returns
    -------
    (K, K)

    References
    ----------
    Gwet 2014, chapter 3, ordinal weights.
    """
    apart = _distance(levels, 1)
    return 1 - apart * (apart + 1) / (levels * (levels - 1))


COEFFICIENTS: dict[str, Callable[[Sums], np.ndarray]] = {
    "percent": percent,
    "within_one": within_one,
    "kappa": lambda sums: kappa(sums, 0),
    "kappa_linear": lambda sums: kappa(sums, 1),
    "kappa_quadratic": lambda sums: kappa(sums, 2),
    "alpha_nominal": lambda sums: alpha(sums, "nominal"),
    "alpha_ordinal": lambda sums: alpha(sums, "ordinal"),
    "alpha_interval": lambda sums: alpha(sums, "interval"),
    "ac1": lambda sums: ac(sums, np.eye(_levels(sums))),
    "ac2": lambda sums: ac(sums, ordinal_weights(_levels(sums))),
    "fleiss": fleiss,
}


def measured(sums: Sums, name: str) -> np.ndarray:
    """One of `COEFFICIENTS` by name, (rows,); NaN too where fewer than two units are pairable."""
    return where_paired(sums, COEFFICIENTS[name](sums))


def where_paired(sums: Sums, values: np.ndarray) -> np.ndarray:
    """NaN where fewer than two units are pairable, (rows,): one unit is no sample."""
    return np.where(sums.units < 2, np.nan, values)


def _levels(sums: Sums) -> int:
    return sums.shares.shape[-1]


def _distance(levels: int, power: int) -> np.ndarray:
    """Distances between levels, (K, K); power 0 leaves the diagonal 0."""
    apart = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels))).astype(float)
    return np.where(apart > 0, apart**power, 0.0)


def _observed(sums: Sums, weights: np.ndarray) -> np.ndarray:
    return _ratio(_total(sums.pairs * weights), sums.units)


def _prevalence(sums: Sums) -> np.ndarray:
    return _ratio(sums.shares, sums.shares.sum(axis=-1, keepdims=True))  # (rows, K)


def _outer(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[:, :, None] * second[:, None, :]  # (rows, K, K)


def _total(cells: np.ndarray) -> np.ndarray:
    return cells.sum(axis=(-2, -1))


def _ratio(part: np.ndarray, whole: np.ndarray, undefined: float = np.nan) -> np.ndarray:
    # Exactly 0, no tolerance: a level that was not used adds zeros, which do not round.
    return np.divide(part, whole, out=np.full(part.shape, undefined, float), where=whole > 0)
