"""Whole units are drawn again, never single readings: readings of one unit hang together.

All that is measured here is a function of sums over units. A resample is how often each unit was
drawn, so two thousand of them are one matrix product; units that were read alike are one column.
"""

from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

RESAMPLES = 2000
INTERVAL = (2.5, 97.5)
# Of the resamples. If as many say nothing as may lie outside of the interval, its ends are unknown.
MOST_UNDEFINED = 0.05
_NO_WIDTH = 1e-9  # what rounding makes of equal resamples
_COUNTS = 1_000_000  # in memory at a time: 16 MB, as drawn and as floats


@threadpool_limits.wrap(limits=1)  # other jobs have the second core
def resampled_sums(
    features: np.ndarray, sizes: np.ndarray, *, seed: int, resamples: int
) -> np.ndarray:
    """Sums over units, for the sample itself and for its resamples.

    Parameters
    ----------
    features : (groups, F)
        What one unit of the group adds.
    sizes : (groups,) int
        Units in the group; without a group there is no resample.
    seed, resamples : int

    Returns
    -------
    (1 + resamples, F)

    References
    ----------
    Efron 1979, Ann. Stat. 7:1-26, section 2.
    """
    draws = _draws(sizes, seed, resamples) if len(sizes) else ()
    return np.concatenate([sizes[None] @ features, *(counts @ features for counts in draws)])


def figure(values: np.ndarray) -> dict[str, float | None]:
    """A value with its 95 % percentile interval.

    Parameters
    ----------
    values : (1 + resamples,)
        The value itself, then its resamples; NaN where undefined.

    Returns
    -------
    dict of "value", "low", "high"
        All None where the value is undefined; no interval where more than `MOST_UNDEFINED` of the
        resamples are, otherwise it is of those that are defined. Nor one without width: that all
        resamples are alike shows what this sample lacks, not that the figure is known exactly.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    value, drawn = values[0], values[1:]
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    if np.isnan(drawn).mean() > MOST_UNDEFINED:
        return {"value": float(value), "low": None, "high": None}
    low, high = np.nanpercentile(drawn, INTERVAL)
    if high - low < _NO_WIDTH:
        return {"value": float(value), "low": None, "high": None}
    return {"value": float(value), "low": float(low), "high": float(high)}


def _draws(sizes: np.ndarray, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """How often units of each group were drawn, (some of the resamples, groups) at a time."""
    generator = np.random.default_rng(seed)
    units = sizes.sum()
    step = max(1, _COUNTS // len(sizes))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        # As floats: integers would be multiplied without BLAS.
        yield generator.multinomial(units, sizes / units, size=rows).astype(float)
