"""How many protocols are on each level, when people have read some and a model guessed the rest.

What people settled is counted as it is. The rest is not like it, for active learning picks what is
read, and the model's own counts are off by its errors. So errors are learnt from a random sample
that no model learnt from: of what the model calls level h, the share that readers called level k,
and that is applied to the unread that it calls h (double sampling; as a regression on the model's
levels it is prediction-powered inference with one weight a level). Shares of levels sum to 1.

Where readers differ nobody knows the level, and such protocols are not like those on which they
agree: left out of the sample they would bias it. Each reader's level counts alike there, and the
interval reaches from where all of them are settled away from a level to where all are settled on it
(bounds of what is not known, as Horowitz and Manski 1995, Econometrica 63:281-302, have them).

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
    """The random sample: what its readers said, and what the model says that never learnt it."""

    votes: np.ndarray  # (n, K) share of the readers who gave each level; 1 for one where settled
    said: np.ndarray  # (n,) level numbers from 0, or UNSAID
    doubt: np.ndarray  # (n,) how unsure the model is; NaN where that is not known

    def where(self, kept: np.ndarray) -> "Read":
        """Some of it."""
        return Read(self.votes[kept], self.said[kept], self.doubt[kept])


@dataclass(frozen=True, slots=True)
class Unread:
    """What the model says of the protocols that nobody settled."""

    said: np.ndarray  # (m,) level numbers, or UNSAID
    doubt: np.ndarray  # (m,)

    def where(self, kept: np.ndarray) -> "Unread":
        """Some of it."""
        return Unread(self.said[kept], self.doubt[kept])


@dataclass(frozen=True, slots=True)
class Rates:
    """How often what the model calls alike is of a kind."""

    shares: np.ndarray  # (K + 1, kinds) by what it says, the last row of what it says nothing
    pooled: np.ndarray  # (kinds,) in the whole sample


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
        Settled protocols by level, those of the sample included.
    read : Read
        The sample once more, to learn the model's errors from. Its readers had seen nothing of the
        model; a level that somebody changed later counts in `counted`, and not here.
    unread : Unread
    disputed : (d, K) float, optional
        Of each protocol that was read and not settled, of the sample or not, the share of its
        readers who gave each level; rows sum to 1.

    Returns
    -------
    dict
        `protocols`, `counted` (settled), `disputed` (how many), `sampled`; `levels` and `at_least`
        (from each level on), lists of K {"value", "low", "high", "few", "few_errors"}; `plain`,
        the shares in the sample alone with Wilson's interval. The three are None with fewer than
        `FEWEST` protocols, or with fewer than `FEWEST` readings in the sample while anything is
        unread. `few`: of the kind or of all others the sample has fewer than `FEW`; `few_errors`:
        its readings show the model wrong about the kind fewer than `FEW_ERRORS` times, and the
        model has said something of the unread.

    References
    ----------
    Tenenbein 1972, Technometrics 14:187-202 (double sampling, more than two classes); Angelopoulos
    et al. 2023, Science 382:669-674 (prediction-powered inference).
    """
    levels, n, left = len(counted), len(read.said), len(unread.said)
    votes = np.zeros((0, levels)) if disputed is None else disputed
    settled = int(counted.sum())
    total = settled + len(votes) + left
    about = {"protocols": total, "counted": settled, "disputed": len(votes), "sampled": n}
    if total < FEWEST or (left and n < FEWEST):
        return about | {"levels": None, "at_least": None, "plain": None}
    single = np.eye(levels)
    upward = np.tril(np.ones((levels, levels)))  # (level, from this level on)
    shares = [_shares(counted, kinds, read, unread, votes) for kinds in (single, upward)]
    return about | {"levels": shares[0], "at_least": shares[1], "plain": _plain(read, single)}


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
        One of each group, with its part of the sample.
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
    fewest, middle, most = (part.sum(axis=0) + known @ kinds for part in _between(kinds, votes))
    few = few_errors = np.zeros(kinds.shape[1], bool)
    if left:
        seen = (read.votes @ kinds).sum(axis=0)
        few = np.minimum(seen, len(read.said) - seen) < FEW
        weights = weights_of(read, unread)
        is_foretold = bool((unread.said != UNSAID).any())
        few_errors = (errors_seen(kinds, read, weights) < FEW_ERRORS) & is_foretold
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


def _between(kinds: np.ndarray, votes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each protocol and kind, (n, kinds): 1 if it must be, by its readers, 1 if it may be."""
    from_below, from_above = np.cumsum(votes, axis=1), np.cumsum(votes[:, ::-1], axis=1)[:, ::-1]
    reached: np.ndarray = np.minimum(from_below, from_above) > 0  # from the lowest to the highest
    reached = reached[:, :, None]
    least = np.where(reached, kinds, 1).min(axis=1)
    most = np.where(reached, kinds, 0).max(axis=1)
    return least, votes @ kinds, most


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
    found: np.ndarray = weights @ np.abs(taken_for - read.votes @ kinds)
    return found


def _among_unread(
    kinds: np.ndarray, read: Read, unread: Unread, weights: np.ndarray
) -> Iterator[tuple[float, int, int]]:
    """Of each kind its share among the unread, and between which numbers they are."""
    levels = len(kinds)
    said = np.where(read.said == UNSAID, levels, read.said)
    parts = _between(kinds, read.votes)
    least, middle, most = (_rates(one, kinds, said, weights) for one in parts)
    readings = _readings(read.votes, said, weights)
    count = np.bincount(np.where(unread.said == UNSAID, levels, unread.said), minlength=levels + 1)
    lent = (readings[:, None] * middle.shares + BORROWED * middle.pooled) / (readings + BORROWED)[
        :, None
    ]
    value = count @ lent / count.sum()
    readings *= readings / (readings + 1)  # about n - 1: their own share is what they vary about
    is_settled = bool((read.votes.max(axis=1) == 1).all())
    for kind in range(kinds.shape[1]):
        of_each = [
            ends(count, readings, readings * rates.shares[:, kind], float(rates.pooled[kind]))
            for rates in ([middle] if is_settled else [least, most])
        ]
        yield float(value[kind]), of_each[0][0], of_each[-1][1]


def _rates(hits: np.ndarray, kinds: np.ndarray, said: np.ndarray, weights: np.ndarray) -> Rates:
    """From how far each reading is of each kind, (n, kinds)."""
    levels = len(kinds)
    found = np.zeros((levels + 1, kinds.shape[1]))  # what the model says, what it is
    np.add.at(found, said, weights[:, None] * hits)
    weight = np.bincount(said, weights, minlength=levels + 1)
    # A quarter of a reading of all levels alike, so that none is impossible.
    pooled = (found.sum(axis=0) + BORROWED * kinds.mean(axis=0)) / (weight.sum() + BORROWED)
    shares = np.divide(found, weight[:, None], out=np.zeros_like(found), where=weight[:, None] > 0)
    if not weight[levels]:  # of these the whole sample speaks
        shares[levels] = pooled
    return Rates(shares, pooled)


def _readings(votes: np.ndarray, said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How many readings alike those of each level that the model says are worth, (K + 1,)."""
    levels = votes.shape[1]
    weight = np.bincount(said, weights, minlength=levels + 1)
    squares = np.bincount(said, weights**2, minlength=levels + 1)
    found: np.ndarray = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    found /= _spread(votes, said, weights)
    if not weight[levels]:
        found[levels] = weight.sum() ** 2 / squares.sum()
    return found


def _spread(votes: np.ndarray, said: np.ndarray, weights: np.ndarray) -> float:
    """How much levels vary where readings weigh much, against what they vary anywhere.

    A model that is right where it is sure errs little among the heavy readings, and a count of
    weights alone (Kish 1965, Survey Sampling, 11.7) would make intervals too wide.
    """
    weight = np.bincount(said, weights)
    share = np.zeros((len(weight), votes.shape[1]))
    np.add.at(share, said, weights[:, None] * votes)
    expected = (share / np.maximum(weight, 1e-12)[:, None])[said]
    squares = (weights**2)[:, None]
    # Each of the levels that its readers gave may be the one: on average so far from what is so.
    seen = (squares * (votes * (1 - 2 * expected) + expected**2)).sum()
    anywhere = (squares * expected * (1 - expected)).sum()
    return float((seen + USUAL) / (anywhere + USUAL))


def weights_of(read: Read, unread: Unread) -> np.ndarray:
    """Of each reading, (n,): how much commoner its certainty is among the unread."""
    alike = np.ones(len(read.said))
    doubts = unread.doubt[~np.isnan(unread.doubt)]
    if np.isnan(read.doubt).any() or not len(doubts):
        return alike
    cuts = np.quantile(read.doubt, np.arange(1, PARTS) / PARTS)
    mine, theirs = np.searchsorted(cuts, read.doubt), np.searchsorted(cuts, doubts)
    here, there = (np.bincount(parts, minlength=PARTS) for parts in (mine, theirs))
    ratio = np.divide(there / len(doubts), here / len(mine), out=np.ones(PARTS), where=here > 0)
    found: np.ndarray = ratio[mine]
    return found if found.any() else alike


def _plain(read: Read, single: np.ndarray) -> list[dict] | None:
    n = len(read.said)
    if n < FEWEST:
        return None
    low, middle, high = (part.mean(axis=0).tolist() for part in _between(single, read.votes))
    return [
        {"value": share, "low": wilson(least, n)[0], "high": wilson(most, n)[1]}
        for least, share, most in zip(low, middle, high, strict=True)
    ]
