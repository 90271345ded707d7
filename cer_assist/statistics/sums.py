"""Every coefficient is made of five sums over units, so readings are looked at once.

What a unit adds does not depend on the others; what does (chance) is worked out from the sums.
"""

import math
from typing import NamedTuple

import numpy as np

from cer_assist.statistics.bootstrap import resampled_sums

UNREAD = -1


class Sums(NamedTuple):
    """Sums over units, one row for the sample and one for each resample.

    Attributes
    ----------
    units : (rows,)
        Pairable units: those with two or more readings.
    pairs : (rows, K, K)
        Ordered pairs of readings of the same unit by their two levels; a unit adds 1 in all.
    coincidences : (rows, K, K)
        The same pairs; a unit adds its number of readings in all.
    shares : (rows, K)
        Share of a unit's readings by level, of all units that were read, even once.
    coders : (rows, coders, K)
        Readings by coder and level, of the same units.
    """

    units: np.ndarray
    pairs: np.ndarray
    coincidences: np.ndarray
    shares: np.ndarray
    coders: np.ndarray


def summed(readings: np.ndarray, levels: int, *, seed: int = 0, resamples: int = 0) -> Sums:
    """The sums of a sample and of its resamples by unit.

    Units that nobody read are none of the sample.

    Parameters
    ----------
    readings : (units, coders) int
        Level numbers 0 .. K-1, -1 where the coder has not read the unit.
    levels : int
        K.
    seed, resamples : int

    Raises
    ------
    ValueError
        Another shape or type, a level out of range, fewer than two levels.
    """
    check(readings, levels)
    read = readings[(readings != UNREAD).any(axis=1)]
    rows, sizes = np.unique(read, axis=0, return_counts=True)
    parts = _of_each(rows, levels)
    widths = [math.prod(part.shape[1:]) for part in parts]
    flat = [part.reshape(len(rows), width) for part, width in zip(parts, widths, strict=True)]
    totals = resampled_sums(np.concatenate(flat, axis=1), sizes, seed=seed, resamples=resamples)
    split = np.split(totals, np.cumsum(widths)[:-1], axis=1)
    return Sums(
        *(
            total.reshape(len(totals), *part.shape[1:])
            for total, part in zip(split, parts, strict=True)
        )
    )


def check(readings: np.ndarray, levels: int) -> None:
    """Refuse what is no table of readings; see `summed`."""
    if levels < 2:
        raise ValueError(f"expected at least 2 levels, received {levels}")
    if readings.ndim != 2 or readings.dtype.kind != "i":
        raise ValueError(
            "expected whole numbers of shape (units, coders), "
            f"received {readings.dtype} of shape {readings.shape}"
        )
    if readings.size and not UNREAD <= readings.min() <= readings.max() < levels:
        raise ValueError(
            f"expected levels from {UNREAD} to {levels - 1}, "
            f"received {readings.min()} to {readings.max()}"
        )


def _of_each(rows: np.ndarray, levels: int) -> Sums:
    """What one unit adds, for each of the rows; every one of them was read."""
    said = (rows[..., None] == np.arange(levels)).astype(float)  # (rows, coders, K)
    counts = said.sum(axis=1)  # (rows, K)
    read = counts.sum(axis=1)
    # A reading is no pair with itself.
    ordered = counts[:, :, None] * (counts[:, None, :] - np.eye(levels))  # (rows, K, K)
    coincidences = ordered / np.maximum(read - 1, 1)[:, None, None]
    pairs = coincidences / read[:, None, None]
    return Sums((read >= 2).astype(float), pairs, coincidences, counts / read[:, None], said)
