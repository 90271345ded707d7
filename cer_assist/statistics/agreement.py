"""How far coders agree, each figure with its interval and with what it is of.

There is no best coefficient: they differ in what they call chance, and a project that shows one
alone has chosen its answer. So all of them come at once, from the same resamples. An undefined
figure is None, never a number by convention.
"""

from itertools import combinations
from typing import Any

import numpy as np

from cer_assist.domain.precision import wilson
from cer_assist.statistics.bootstrap import RESAMPLES, figure
from cer_assist.statistics.coefficients import COEFFICIENTS, measured, where_paired
from cer_assist.statistics.sums import UNREAD, Sums, check, summed

SHARES = ("percent", "within_one")  # chance is not taken out of these


def agreement(
    readings: np.ndarray, levels: int, *, seed: int, resamples: int = RESAMPLES
) -> dict[str, dict[str, Any]]:
    """Coefficients of agreement on an ordinal scale, with 95 % intervals.

    Parameters
    ----------
    readings : (units, coders) int
        Level numbers 0 .. K-1, -1 where the coder has not read the unit.
    levels : int
        K.
    seed, resamples : int
        The same seed gives the same intervals.

    Returns
    -------
    dict of {"value", "low", "high", "n"} by coefficient
        percent, within_one, kappa, kappa_linear, kappa_quadratic, alpha_nominal, alpha_ordinal,
        alpha_interval, ac1, ac2 and fleiss, each as described in `coefficients`. n counts pairable
        units. None where undefined: fewer than two of them, or (of what corrects for chance) one
        level only; the interval also where too many resamples are, or all are alike, see
        `bootstrap.figure`. Intervals of percent and within_one are Wilson's, with units for
        trials: near 1, where such shares lie, resampling gives too narrow ones, and a unit with
        more than two readings varies less than a trial. Those of ac2 near 1 are too narrow with
        few units; see `cautions`.

    Raises
    ------
    ValueError
        Another shape or type, a level out of range, fewer than two levels.

    References
    ----------
    By coefficient in `coefficients`, of the interval in `bootstrap`; Wilson 1927, JASA 22:209-212.
    """
    sums = summed(readings, levels, seed=seed, resamples=resamples)
    n = int(sums.units[0])
    return {name: {**_figure(sums, name, n), "n": n} for name in COEFFICIENTS}


def _figure(sums: Sums, name: str, n: int) -> dict[str, float | None]:
    values = measured(sums, name)
    if name not in SHARES or np.isnan(values[0]):
        return figure(values)
    low, high = wilson(float(values[0]), n)
    return {"value": float(values[0]), "low": low, "high": high}


def pairwise(
    readings: np.ndarray, levels: int, *, seed: int, resamples: int = RESAMPLES
) -> list[dict[str, Any]]:
    """Every pair of coders, on the units that both have read.

    So kappa here is Cohen's, while that of `agreement` for two coders also knows what each has
    read alone. What a pair gets does not depend on who else there is.

    Parameters
    ----------
    readings, levels, seed, resamples
        As for `agreement`.

    Returns
    -------
    list of dict
        `coders` (two columns), `n` units in common, `percent` and `kappa_quadratic` (each {value,
        low, high}), `table` (K, K): n by level of the first coder (rows) and of the second.

    Raises
    ------
    ValueError
        As for `agreement`.

    References
    ----------
    Cohen 1968, Psychol. Bull. 70:213-220.
    """
    check(readings, levels)
    found = []
    for pair in combinations(range(readings.shape[1]), 2):
        both = readings[:, pair]
        both = both[(both != UNREAD).all(axis=1)]
        sums = summed(both, levels, seed=seed, resamples=resamples)
        names = ("percent", "kappa_quadratic")
        figures = {name: _figure(sums, name, len(both)) for name in names}
        table = np.zeros((levels, levels), int)
        np.add.at(table, tuple(both.T), 1)
        found.append({"coders": pair, "n": len(both), **figures, "table": table.tolist()})
    return found


def per_level(
    readings: np.ndarray, levels: int, *, seed: int, resamples: int = RESAMPLES
) -> list[dict[str, Any]]:
    """Specific agreement: if a reading says this level, how often others of the unit say it, too.

    For two coders this is the Dice coefficient of the units each gave the level. For more, every
    reading counts alike: it is the mean, over readings that say the level, of the share of the
    unit's other readings that do.

    Parameters
    ----------
    readings, levels, seed, resamples
        As for `agreement`.

    Returns
    -------
    list of {"level", "value", "low", "high", "n"}
        n counts readings that say it, in pairable units; None where there is none of them.

    Raises
    ------
    ValueError
        As for `agreement`.

    References
    ----------
    Spitzer & Fleiss 1974, Br. J. Psychiatry 125:341-347; Cicchetti & Feinstein 1990, J. Clin.
    Epidemiol. 43:551-558. The mean over readings is the diagonal of Krippendorff's coincidences.
    """
    sums = summed(readings, levels, seed=seed, resamples=resamples)
    said = sums.coincidences.sum(axis=-1)  # (rows, K)
    both = np.diagonal(sums.coincidences, axis1=-2, axis2=-1)
    shares = np.divide(both, said, out=np.full(said.shape, np.nan), where=said > 0)
    return [
        {
            "level": level,
            **figure(where_paired(sums, shares[:, level])),
            "n": round(said[0, level]),
        }
        for level in range(levels)
    ]
