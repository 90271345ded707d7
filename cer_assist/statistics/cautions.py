"""What makes a figure of agreement easy to misread, as facts: wording belongs to who shows them."""

from typing import Any

import numpy as np

from cer_assist.statistics.coefficients import COEFFICIENTS, measured
from cer_assist.statistics.sums import UNREAD, summed

# Of two coders, five levels and quadratic kappa .74, the 95 % intervals of kappa and alpha hold the
# truth in 94 of 100 samples of 30 units, and that of ac2 in 90; with 15 units in 91 and 82.
FEWEST_UNITS = 30
# Of the readings. Coders who use two levels and agree in 80 % of pairs have a kappa of .6 where
# these are equally frequent, and less than .38 from here on.
SKEWED = 0.8
# As wide as one of the steps of Landis & Koch 1977 (Biometrics 33:159-174), by which people name
# them: two coefficients this far apart get two names.
FAR_APART = 0.2
# Alike in distances, unlike in chance: these two part where levels are skewed.
_COMPARED = (("ac1", "alpha_nominal"), ("ac2", "alpha_ordinal"))


def warnings(readings: np.ndarray, levels: int) -> list[dict[str, Any]]:
    """Facts that whoever shows agreement should tell with it.

    Parameters
    ----------
    readings : (units, coders) int
        Level numbers 0 .. K-1, -1 where the coder has not read the unit.
    levels : int
        K.

    Returns
    -------
    list of dict, each with "fact" and what belongs to it
        few_units: `units` that are pairable, fewer than `wanted`.
        perfect: `coefficients` that are 1, which shows that no unit differs, not that none would.
        skewed: `level` that has the `share` of all readings, above `SKEWED`.
        unused_levels: `levels` that no reading says.
        lone_coders: `coders` (columns) who have read units, but none that anybody else has.
        far_apart: `coefficients` of which the first is higher by `difference`, above `FAR_APART`.

    Raises
    ------
    ValueError
        Another shape or type, a level out of range, fewer than two levels.

    References
    ----------
    Feinstein & Cicchetti 1990, J. Clin. Epidemiol. 43:543-549 (kappa falls with skewed levels).
    """
    sums = summed(readings, levels)
    units = int(sums.units[0])
    values = {name: float(measured(sums, name)[0]) for name in COEFFICIENTS}
    if levels == 2:  # any two readings are within one, whoever made them
        del values["within_one"]
    found: list[dict[str, Any]] = []
    if units < FEWEST_UNITS:
        found.append({"fact": "few_units", "units": units, "wanted": FEWEST_UNITS})
    found += _of_levels(sums.coders[0].sum(axis=0))
    found += _of_coders(readings)
    return found + _of_coefficients(values)


def _of_levels(used: np.ndarray) -> list[dict[str, Any]]:
    """Facts of how many readings say each level, (K,)."""
    found: list[dict[str, Any]] = []
    if not used.any():
        return found
    most = int(used.argmax())
    share = float(used[most] / used.sum())
    if share > SKEWED:
        found.append({"fact": "skewed", "level": most, "share": share})
    if not used.all():
        found.append({"fact": "unused_levels", "levels": np.flatnonzero(used == 0).tolist()})
    return found


def _of_coders(readings: np.ndarray) -> list[dict[str, Any]]:
    read = readings != UNREAD
    in_company = read & (read.sum(axis=1, keepdims=True) >= 2)
    lone = np.flatnonzero(read.any(axis=0) & ~in_company.any(axis=0)).tolist()
    return [{"fact": "lone_coders", "coders": lone}] if lone else []


def _of_coefficients(values: dict[str, float]) -> list[dict[str, Any]]:
    """Facts of the coefficients; an undefined one is neither 1 nor far from another."""
    found: list[dict[str, Any]] = []
    perfect = [name for name, value in values.items() if value > 1 - 1e-9]
    if perfect:
        found.append({"fact": "perfect", "coefficients": perfect})
    for high, low in _COMPARED:
        difference = values[high] - values[low]
        if difference > FAR_APART:
            found.append(
                {"fact": "far_apart", "coefficients": [high, low], "difference": difference}
            )
    return found
