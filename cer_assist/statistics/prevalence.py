"""How many protocols are on each level, when people have read some and a model guessed the rest.

What people settled is counted as it is. The rest is not like it, for active learning picks what is
read, and the model's own counts are off by its errors. So errors are learnt from a random sample
that no model learnt from: of what the model calls level h, the share that readers called level k,
and that is applied to the unread that it calls h (double sampling; as a regression on the model's
levels it is prediction-powered inference with one weight a level). Shares of levels sum to 1.

Two things break the textbook interval. What is still unread is what the model is surer of than it
was of the sample, so readings of the sample are weighted until its certainty is that of the unread.
And levels that few protocols have: variances become an effective number of readings, from which
Wilson's interval is made, rounded outward to whole protocols. `bench prevalence` has the coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.domain.precision import wilson

UNSAID = -1  # the model has said nothing of it
FEWEST = 20  # readings of the sample, or protocols of a group: fewer are not told
PARTS = 4  # of the sample by certainty; quarters take away most of what selection by it does
# Readings that the model's levels share with the whole sample, so that a level it named of nobody
# who was read has a share at all. More of them would hide what the model knows.
BORROWED = 0.5


@dataclass(frozen=True, slots=True)
class Read:
    """The random sample: what was settled, and what the model says that never learnt it."""

    levels: np.ndarray  # (n,) level numbers from 0
    said: np.ndarray  # (n,) likewise, or UNSAID
    doubt: np.ndarray  # (n,) how unsure the model is; NaN where that is not known

    def where(self, kept: np.ndarray) -> "Read":
        """Some of it."""
        return Read(self.levels[kept], self.said[kept], self.doubt[kept])


@dataclass(frozen=True, slots=True)
class Unread:
    """What the model says of the protocols that nobody settled."""

    said: np.ndarray  # (m,) level numbers, or UNSAID
    doubt: np.ndarray  # (m,)

    def where(self, kept: np.ndarray) -> "Unread":
        """Some of it."""
        return Unread(self.said[kept], self.doubt[kept])


def prevalence(counted: np.ndarray, read: Read, unread: Unread) -> dict:
    """Shares of levels among all protocols, with 95 % intervals.

    Parameters
    ----------
    counted : (K,) int
        Settled protocols by level, without the sample.
    read : Read
    unread : Unread

    Returns
    -------
    dict
        `protocols`, `counted` (settled, the sample included), `sampled`; `levels` and `at_least`
        (from each level on), lists of K {"value", "low", "high"}; `plain`, the shares in the sample
        alone with Wilson's interval. The three are None with fewer than `FEWEST` protocols, or with
        fewer than `FEWEST` readings in the sample while anything is unread.

    References
    ----------
    Tenenbein 1972, Technometrics 14:187-202 (double sampling, more than two classes); Angelopoulos
    et al. 2023, Science 382:669-674 (prediction-powered inference); Wilson 1927, JASA 22:209-212.
    """
    levels, n, left = len(counted), len(read.levels), len(unread.said)
    known = counted + np.bincount(read.levels, minlength=levels)
    total = int(known.sum()) + left
    about = {"protocols": total, "counted": int(known.sum()), "sampled": n}
    if total < FEWEST or (left and n < FEWEST):
        return about | {"levels": None, "at_least": None, "plain": None}
    single = np.eye(levels)
    upward = np.tril(np.ones((levels, levels)))  # (level, from this level on)
    shares = [_shares(known, kinds, read, unread) for kinds in (single, upward)]
    return about | {"levels": shares[0], "at_least": shares[1], "plain": _plain(read, levels)}


def by_group(
    counted: Sequence[np.ndarray],
    read: Read,
    read_groups: np.ndarray,
    unread: Unread,
    unread_groups: np.ndarray,
) -> list[dict]:
    """The same for each group by itself: how the model errs in one says nothing of another.

    Parameters
    ----------
    counted : sequence of (K,) int
        One of each group.
    read, unread : Read, Unread
    read_groups, unread_groups : (n,), (m,) int
        Numbers of groups.
    """
    return [
        prevalence(of_group, read.where(read_groups == at), unread.where(unread_groups == at))
        for at, of_group in enumerate(counted)
    ]


def _shares(known: np.ndarray, kinds: np.ndarray, read: Read, unread: Unread) -> list[dict]:
    """Shares of kinds of levels, (K, kinds) of 0 and 1, among all protocols."""
    left, settled = len(unread.said), known @ kinds
    total = known.sum() + left
    if not left:
        return [{"value": s / total, "low": s / total, "high": s / total} for s in settled.tolist()]
    value, effective = _among_unread(kinds, read, unread)
    found = []
    for count, share, readings in zip(settled.tolist(), value, effective, strict=True):
        low, high = (0.0, 1.0) if readings <= 0 else wilson(float(share), float(readings))
        if share >= 1 - 1e-12:  # every kind of level: known
            low = high = 1.0
        found.append(
            {
                "value": float((count + left * share) / total),
                "low": float((count + np.floor(left * low + 1e-9)) / total),
                "high": float((count + np.ceil(left * high - 1e-9)) / total),
            }
        )
    return found


def _among_unread(kinds: np.ndarray, read: Read, unread: Unread) -> tuple[np.ndarray, np.ndarray]:
    """Shares of kinds among the unread, and as how many readings they are known, (kinds,) each."""
    levels = len(kinds)
    weights = _weights(read, unread)
    said = np.where(read.said == UNSAID, levels, read.said)
    hits = np.zeros((levels + 1, kinds.shape[1]))  # what the model says, what it is
    np.add.at(hits, said, weights[:, None] * kinds[read.levels])
    weight = np.bincount(said, weights, minlength=levels + 1)
    squares = np.bincount(said, weights**2, minlength=levels + 1)
    readings = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    everything = weight.sum() ** 2 / squares.sum()
    # Half a reading of all levels alike, so that none is impossible.
    pooled = (hits.sum(axis=0) + BORROWED * kinds.mean(axis=0)) / (weight.sum() + BORROWED)
    share = (hits + BORROWED * pooled) / (weight + BORROWED)[:, None]
    readings[levels] = readings[levels] or everything  # of these the whole sample speaks
    of_unread = np.where(unread.said == UNSAID, levels, unread.said)
    part = np.bincount(of_unread, minlength=levels + 1) / len(of_unread)
    value = part @ share
    spread = share * (1 - share)
    # How well shares are known, and how those who are left vary about them.
    variance = part**2 @ (spread / (readings + BORROWED)[:, None]) + part @ spread / len(of_unread)
    without = value * (1 - value) * (1 / everything + 1 / len(of_unread))
    variance = np.minimum(variance, without)  # no worse than without a model
    effective = np.divide(
        value * (1 - value), variance, out=np.full_like(value, everything), where=variance > 0
    )
    return value, effective


def _weights(read: Read, unread: Unread) -> np.ndarray:
    """Of each reading, (n,): how much commoner its certainty is among the unread."""
    alike = np.ones(len(read.levels))
    doubts = unread.doubt[~np.isnan(unread.doubt)]
    if np.isnan(read.doubt).any() or not len(doubts):
        return alike
    cuts = np.quantile(read.doubt, np.arange(1, PARTS) / PARTS)
    mine, theirs = np.searchsorted(cuts, read.doubt), np.searchsorted(cuts, doubts)
    here, there = (np.bincount(parts, minlength=PARTS) for parts in (mine, theirs))
    ratio = np.divide(there / len(doubts), here / len(mine), out=np.ones(PARTS), where=here > 0)
    found: np.ndarray = ratio[mine]
    return found if found.any() else alike


def _plain(read: Read, levels: int) -> list[dict] | None:
    n = len(read.levels)
    if n < FEWEST:
        return None
    shares = (np.bincount(read.levels, minlength=levels) / n).tolist()
    return [dict(zip(("value", "low", "high"), (s, *wilson(s, n)), strict=True)) for s in shares]
