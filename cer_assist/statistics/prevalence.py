"""How many protocols are on each level, when people have read some and a model guessed the rest.

What people settled is counted as it is. The rest is not like it, for active learning picks what is
read, and the model's own counts are off by its errors. So errors are learnt from a random sample
that no model learnt from: of what the model calls level h, the share that readers called level k,
and that is applied to the unread that it calls h (double sampling; as a regression on the model's
levels it is prediction-powered inference with one weight a level). Shares of levels sum to 1.

Two things break the textbook interval. What is still unread is what the model is surer of than it
was of the sample, so readings of the sample are weighted until its certainty is that of the unread.
And levels that few protocols have: so the interval is of the whole number of unread protocols on a
level (`statistics.left`), and where the sample has fewer than `FEW` of it, or of the model's errors
about it fewer than `FEW_ERRORS`, that is said, for an interval need not hold just 95 of 100 there.
`bench prevalence` has the coverage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.domain.precision import wilson
from cer_assist.statistics.left import BORROWED, ends

UNSAID = -1  # the model has said nothing of it
FEWEST = 20  # readings of the sample, or protocols of a group: fewer are not told
PARTS = 4  # of the sample by certainty; quarters take away most of what selection by it does
FEW = 5  # readings of a level, and of others: with fewer an interval need not hold 95 of 100
# Readings that show the model wrong about a level, as they are weighted: with fewer than four it
# held up to 99 of 100 in simulations, with four to six 95.
FEW_ERRORS = 4
# What one variance for all levels is worth beside the one that was seen, in readings' errors.
USUAL = 15


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


def prevalence(
    counted: np.ndarray, read: Read, unread: Unread, disputed: np.ndarray | None = None
) -> dict:
    """Shares of levels among all protocols, with 95 % intervals.

    Of a protocol whose readers differ each reader's level counts alike, and the interval holds
    whatever from the lowest to the highest of them it is settled on: nothing is drawn by chance
    there, and who settles it is not known.

    Parameters
    ----------
    counted : (K,) int
        Settled protocols by level, without the sample.
    read : Read
    unread : Unread
    disputed : (d, K) float, optional
        Of each protocol that was read and not settled, the share of its readers who gave each
        level; rows sum to 1.

    Returns
    -------
    dict
        `protocols`, `counted` (settled, the sample included), `disputed` (how many), `sampled`;
        `levels` and `at_least`
        (from each level on), lists of K {"value", "low", "high", "few", "few_errors"}; `plain`,
        the shares in the sample alone with Wilson's interval. The three are None with fewer than
        `FEWEST` protocols, or with fewer than `FEWEST` readings in the sample while anything is
        unread. `few`: of the kind or of all others the sample has fewer than `FEW`; `few_errors`:
        its readings show the model wrong about the kind fewer than `FEW_ERRORS` times.

    References
    ----------
    Tenenbein 1972, Technometrics 14:187-202 (double sampling, more than two classes); Angelopoulos
    et al. 2023, Science 382:669-674 (prediction-powered inference).
    """
    levels, n, left = len(counted), len(read.levels), len(unread.said)
    votes = np.zeros((0, levels)) if disputed is None else disputed
    known = counted + np.bincount(read.levels, minlength=levels)
    total = int(known.sum()) + len(votes) + left
    about = {"protocols": total, "counted": int(known.sum()), "disputed": len(votes), "sampled": n}
    if total < FEWEST or (left and n < FEWEST):
        return about | {"levels": None, "at_least": None, "plain": None}
    single = np.eye(levels)
    upward = np.tril(np.ones((levels, levels)))  # (level, from this level on)
    shares = [_shares(known, kinds, read, unread, votes) for kinds in (single, upward)]
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


def _shares(
    known: np.ndarray, kinds: np.ndarray, read: Read, unread: Unread, votes: np.ndarray
) -> list[dict]:
    """Shares of kinds of levels, (K, kinds) of 0 and 1, among all protocols."""
    left = len(unread.said)
    total = int(known.sum()) + len(votes) + left
    fewest, middle, most = (part + known @ kinds for part in _of_disputed(kinds, votes))
    few = few_errors = np.zeros(kinds.shape[1], bool)
    if left:
        seen = kinds[read.levels].sum(axis=0)
        few = np.minimum(seen, len(read.levels) - seen) < FEW
        weights = weights_of(read, unread)
        few_errors = errors_seen(kinds, read, weights) < FEW_ERRORS
        share, low, high = map(
            np.array, zip(*_among_unread(kinds, read, unread, weights), strict=True)
        )
        # Where one whole number is nearly certain, the estimate may lie beside it.
        fewest, most = fewest + np.minimum(low, left * share), most + np.maximum(high, left * share)
        middle = middle + left * share
    certain = kinds.min(axis=0) == 1
    return [
        _known(1.0)
        if certain[kind]
        else {
            "value": float(middle[kind] / total),
            "low": float(fewest[kind] / total),
            "high": float(most[kind] / total),
            "few": bool(few[kind]),
            "few_errors": bool(few_errors[kind]),
        }
        for kind in range(kinds.shape[1])
    ]


def _of_disputed(kinds: np.ndarray, votes: np.ndarray) -> tuple[np.ndarray, ...]:
    """How many of each kind they come to, (kinds,): at least, by their readers, at most."""
    from_below, from_above = np.cumsum(votes, axis=1), np.cumsum(votes[:, ::-1], axis=1)[:, ::-1]
    between: np.ndarray = np.minimum(from_below, from_above) > 0  # from the lowest to the highest
    between = between[:, :, None]
    least = np.where(between, kinds, 1).min(axis=1).sum(axis=0)
    most = np.where(between, kinds, 0).max(axis=1).sum(axis=0)
    return least, (votes @ kinds).sum(axis=0), most


def _known(share: float) -> dict:
    return {"value": share, "low": share, "high": share, "few": False, "few_errors": False}


def errors_seen(kinds: np.ndarray, read: Read, weights: np.ndarray) -> np.ndarray:
    """How many readings show the model wrong about each kind, weighted until they are as sure.

    Of what it says nothing it takes nothing for any kind: without a model all readings of a kind
    are errors.

    Parameters
    ----------
    kinds : (K, kinds) float
        0 and 1: which levels make up a kind.
    read : Read
    weights : (n,) float
        Of its readings, as `weights_of` has them.

    Returns
    -------
    (kinds,) float
    """
    taken_for = np.where((read.said == UNSAID)[:, None], 0, kinds[read.said])
    found: np.ndarray = weights @ (taken_for != kinds[read.levels])
    return found


def _among_unread(
    kinds: np.ndarray, read: Read, unread: Unread, weights: np.ndarray
) -> Iterator[tuple[float, int, int]]:
    """Of each kind its share among the unread, and between which numbers they are."""
    levels = len(kinds)
    said = np.where(read.said == UNSAID, levels, read.said)
    hits = np.zeros((levels + 1, kinds.shape[1]))  # what the model says, what it is
    np.add.at(hits, said, weights[:, None] * kinds[read.levels])
    weight = np.bincount(said, weights, minlength=levels + 1)
    squares = np.bincount(said, weights**2, minlength=levels + 1)
    # A quarter of a reading of all levels alike, so that none is impossible.
    pooled = (hits.sum(axis=0) + BORROWED * kinds.mean(axis=0)) / (weight.sum() + BORROWED)
    share = np.divide(hits, weight[:, None], out=np.zeros_like(hits), where=weight[:, None] > 0)
    readings = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    readings /= _spread(np.eye(levels)[read.levels], said, weights)
    if not weight[levels]:  # of these the whole sample speaks
        share[levels], readings[levels] = pooled, weight.sum() ** 2 / squares.sum()
    count = np.bincount(np.where(unread.said == UNSAID, levels, unread.said), minlength=levels + 1)
    smooth = (readings[:, None] * share + BORROWED * pooled) / (readings + BORROWED)[:, None]
    value = count @ smooth / count.sum()
    readings *= readings / (readings + 1)  # about n - 1: their own share is what they vary about
    for kind in range(kinds.shape[1]):
        least, most = ends(count, readings, readings * share[:, kind], float(pooled[kind]))
        yield float(value[kind]), least, most


def _spread(levels: np.ndarray, said: np.ndarray, weights: np.ndarray) -> float:
    """How much levels vary where readings weigh much, against what they vary anywhere.

    A model that is right where it is sure errs little among the heavy readings, and a count of
    weights alone (Kish 1965, Survey Sampling, 11.7) would make intervals too wide.
    """
    weight = np.bincount(said, weights)
    share = np.zeros((len(weight), levels.shape[1]))
    np.add.at(share, said, weights[:, None] * levels)
    expected = (share / np.maximum(weight, 1e-12)[:, None])[said]
    squares = (weights**2)[:, None]
    seen = (squares * (levels - expected) ** 2).sum()
    anywhere = (squares * expected * (1 - expected)).sum()
    return float((seen + USUAL) / (anywhere + USUAL))


def weights_of(read: Read, unread: Unread) -> np.ndarray:
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
