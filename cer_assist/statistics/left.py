"""How many of the protocols that nobody read are of a kind: a distribution over whole numbers.

The unread are few, so what is sought is a count, not a chance: of the m that the model calls alike,
a beta-binomial number is of the kind, given the readings of those that it called so; numbers of all
that it calls are added by convolution. Ends are mid-P, for a count that is nearly certain would be
held too often by whole ends (Lancaster 1961, JASA 56:223-234; Berry and Armitage 1995, The
Statistician 44:417-423). What no reading showed is made possible by parts of a reading, which is
Jeffreys' half over all that is unread (Brown, Cai and DasGupta 2001, Statistical Science
16:101-133) and a quarter with the shares of the whole sample.
"""

import numpy as np

JEFFREYS = 0.5  # readings for and against, over all that is unread
# Readings that the model's levels share with the whole sample. More would hide what the model
# knows: of 60 that it calls rightly nine times in ten the interval held in 99 of 100 with twice it.
BORROWED = 0.25
TAIL = 0.025
NEGLIGIBLE = 1e-8  # of a distribution's mass, at either end of a part of it


def ends(count: np.ndarray, readings: np.ndarray, hits: np.ndarray, pooled: float) -> list[int]:
    """Between which whole numbers the unread of a kind are, with 95 %.

    Parameters
    ----------
    count : (H,) int
        Unread protocols by what the model calls them.
    readings, hits : (H,) float
        Of the sample, so many are as good as read, and so many of these are of the kind.
    pooled : float
        Share of the kind in the whole sample.
    """
    least, chances = 0, np.ones(1)
    share = count / count.sum()
    for left, n, x, part in zip(count, readings, hits, share, strict=True):
        if left:
            given = JEFFREYS * part
            yes = x + given + BORROWED * pooled
            no = n - x + given + BORROWED * (1 - pooled)
            first, some = _trimmed(_beta_binomial(int(left), yes, no))
            least, chances = least + first, np.convolve(chances, some)
    middle = np.cumsum(chances) - chances / 2
    held = np.flatnonzero((middle > TAIL) & (middle < 1 - TAIL))
    if not len(held):  # one number has nearly all
        held = np.array([np.argmax(chances)])
    return [least + int(held[0]), least + int(held[-1])]


def _beta_binomial(m: int, yes: float, no: float) -> np.ndarray:
    """Chances of 0 to m, (m + 1,)."""
    k = np.arange(m)
    steps = np.log((m - k) * (k + yes) / ((k + 1) * (m - k - 1 + no)))  # from k to k + 1
    sums = np.concatenate(([0.0], np.cumsum(steps)))
    chances = np.exp(sums - sums.max())
    normed: np.ndarray = chances / chances.sum()
    return normed


def _trimmed(chances: np.ndarray) -> tuple[int, np.ndarray]:
    """The first number that matters, and chances from there to the last that does."""
    up_to = np.cumsum(chances)
    first = int(np.searchsorted(up_to, NEGLIGIBLE))
    last = int(np.searchsorted(up_to, up_to[-1] - NEGLIGIBLE))
    some = chances[first : last + 1]
    return first, some / some.sum()
