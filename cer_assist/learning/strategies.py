"""Which protocols to label next: pure scoring functions under the field's own names.

A strategy sees what the model says of the candidates, what they are like, and what has been
labelled, never a candidate's level. The highest score is labelled first. Those that choose a batch
together, so that no two alike come into it, give the places of the batch as scores. A mixture deals
the places of a batch to several (`mixtures`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cer_assist.learning.mixtures import parse, quotas
from cer_assist.learning.ordinal import spread


@dataclass(frozen=True)
class Candidates:
    """What is known of n protocols that could be labelled next.

    Attributes
    ----------
    probabilities : (n, K)
        Of the levels, by the model of now.
    decided : (n,) int
        Level numbers that the model decides for.
    features : (n, d)
        What each is like; of length one.
    labelled : (m, d)
        The same of those that are labelled.
    counts : (K,) int
        How many labels each level has.
    committee : (c, n, K)
        Probabilities by models of other rounds; c may be 0.
    """

    probabilities: np.ndarray
    decided: np.ndarray
    features: np.ndarray
    labelled: np.ndarray
    counts: np.ndarray
    committee: np.ndarray


# candidates, size of the batch, generator -> (n,) scores
Score = Callable[[Candidates, int, np.random.Generator], np.ndarray]


class Strategy(NamedTuple):
    """A way to choose, and where it comes from."""

    score: Score
    source: str


def at_random(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """All alike: whatever else a strategy does has to be worth more than this."""
    return generator.random(len(those.probabilities))


def least_confidence(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """One less the probability of the most probable level."""
    return 1 - those.probabilities.max(axis=1)


def margin(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """How near the second most probable level comes to the first, at most 0."""
    second, first = np.sort(those.probabilities, axis=1)[:, -2:].T
    return second - first


def entropy(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Of the levels, in nats."""
    return _entropy(those.probabilities)


def level_spread(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Variance of the level: between 1 and 5 is further than between 3 and 4."""
    return spread(those.probabilities)


def expected_error(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """How far, in levels, the decision will be from the truth if the probabilities are right."""
    levels = np.arange(those.probabilities.shape[1])
    distances = np.abs(levels - those.decided[:, None])
    return (those.probabilities * distances).sum(axis=1)


def committee(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Mean divergence of the members from what they say together; 0 of a single member."""
    members = np.concatenate([those.committee, those.probabilities[None]])
    return _entropy(members.mean(axis=0)) - _entropy(members).mean(axis=0)


def representative(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Entropy times mean likeness to all candidates: an outlier teaches only of itself."""
    likeness = those.features @ those.features.mean(axis=0)
    return _entropy(those.probabilities) * np.maximum(likeness, 0)


def coreset(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Each in turn the one farthest from all that is labelled or chosen."""
    features = those.features
    nearest = np.full(len(features), np.inf)
    if len(those.labelled):
        nearest = (1 - features @ those.labelled.T).min(axis=1)

    def farthest(place: int) -> int:
        if np.isinf(nearest).all():
            return int(generator.integers(len(features)))
        return int(nearest.argmax())

    def took(at: int) -> None:
        np.minimum(nearest, 1 - features @ features[at], out=nearest)

    return _one_by_one(farthest, took, batch, nearest)


def badge(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """K-means++ over gradient embeddings: uncertain ones, and such as would teach different things.

    An embedding is (p - e) x, of the probabilities p, the unit vector e of the level decided for
    and the features x; distances are taken from its two factors.
    """
    outer = those.probabilities - np.eye(those.probabilities.shape[1])[those.decided]
    inner = those.features
    sizes = (outer**2).sum(axis=1) * (inner**2).sum(axis=1)
    nearest = sizes.copy()  # from nothing at all: the first one is the likelier the longer it is

    def drawn(place: int) -> int:
        weights = np.maximum(nearest, 0.0)
        if weights.sum() <= 1e-12:
            return int(nearest.argmax())
        return int(generator.choice(len(weights), p=weights / weights.sum()))

    def took(at: int) -> None:
        shared = (outer @ outer[at]) * (inner @ inner[at])
        np.minimum(nearest, sizes + sizes[at] - 2 * shared, out=nearest)

    return _one_by_one(drawn, took, batch, nearest)


def rare_level(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Probability of the levels that have few labels, each weighed by how few."""
    return those.probabilities @ (1 / (1 + those.counts))


def cold_start(those: Candidates, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Each level in turn, as far as the model expects it, and of each the farthest from the rest.

    In every round the levels come in another order, so that none can be guessed from the last.
    Where nothing is labelled yet, farthest is first taken from the middle of all.
    """
    features = those.features
    middle = features.mean(axis=0, keepdims=True)
    known = those.labelled if len(those.labelled) else middle
    nearest = (1 - features @ known.T).min(axis=1)
    turns: list[int] = []

    def of_next_level(place: int) -> int:
        while True:
            left = nearest > -np.inf
            turns[:] = turns or generator.permutation(np.unique(those.decided[left])).tolist()
            of_level = np.flatnonzero(left & (those.decided == turns.pop()))
            if len(of_level):
                return int(of_level[nearest[of_level].argmax()])

    def took(at: int) -> None:
        np.minimum(nearest, 1 - features @ features[at], out=nearest)

    return _one_by_one(of_next_level, took, batch, nearest)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    return -(probabilities * np.log(np.maximum(probabilities, 1e-12))).sum(axis=-1)


def _one_by_one(
    pick: Callable[[int], int], took: Callable[[int], object], batch: int, nearest: np.ndarray
) -> np.ndarray:
    """Scores of a batch that is chosen in turn: its first has the most, what is left none."""
    scores = np.zeros(len(nearest))
    for place in range(min(batch, len(nearest))):
        at = pick(place)
        took(at)
        nearest[at] = -np.inf  # nothing is chosen twice
        scores[at] = batch - place
    return scores


STRATEGIES: dict[str, Strategy] = {
    "random": Strategy(at_random, "the measure of all others"),
    "least_confidence": Strategy(least_confidence, "Lewis and Gale 1994"),
    "margin": Strategy(margin, "Scheffer, Decomain and Wrobel 2001"),
    "entropy": Strategy(entropy, "Settles 2009, section 3.1"),
    "level_spread": Strategy(level_spread, "ordinal variance; the queue's own"),
    "expected_error": Strategy(expected_error, "Roy and McCallum 2001, in levels"),
    "committee": Strategy(committee, "Seung et al. 1992; divergence: McCallum and Nigam 1998"),
    "representative": Strategy(representative, "Settles and Craven 2008, information density"),
    "coreset": Strategy(coreset, "Sener and Savarese 2018, k-centre greedy"),
    "badge": Strategy(badge, "Ash et al. 2020"),
    "rare_level": Strategy(rare_level, "inverse frequency of the levels labelled so far"),
    "cold_start": Strategy(cold_start, "k-centre greedy within the levels expected, in turn"),
}


def choose(
    strategy: str,
    those: Candidates,
    batch: int,
    generator: np.random.Generator,
    *,
    clusters: np.ndarray | None = None,
) -> np.ndarray:
    """The candidates to be labelled next, in order.

    Parameters
    ----------
    strategy : str
        Name or mixture, see `mixtures.parse`. Each of a mixture takes what those before it took
        for labelled.
    those : Candidates
    batch : int
        How many; fewer where there are no more candidates.
    generator : Generator
        Decides between equals, and where the strategy draws.
    clusters : (n,) int, optional
        Of near-copies (`folds.near_duplicate_clusters`): two of one come into a batch only where
        nothing else is left.

    Returns
    -------
    (batch,) int

    Raises
    ------
    InvalidInput
        See `mixtures.parse`.
    """
    taken = np.zeros(0, int)
    shares = parse(strategy, STRATEGIES)
    for name, places in quotas(shares, min(batch, len(those.probabilities))).items():
        left = np.setdiff1d(np.arange(len(those.probabilities)), taken)
        rest = _after(those, left, taken)
        # A strategy that chooses a batch together ranks no more than it is asked for.
        spare = 0 if clusters is None else _copies(clusters[left], clusters[taken]).sum()
        scores = STRATEGIES[name].score(rest, min(places + int(spare), len(left)), generator)
        order = left[np.lexsort([generator.random(len(scores)), -scores])]
        if clusters is not None:
            order = copies_last(order, clusters, taken)
        taken = np.append(taken, order[:places])
    return taken


def copies_last(
    order: np.ndarray, clusters: np.ndarray, before: Sequence[int] | np.ndarray = ()
) -> np.ndarray:
    """The same order with the first of each cluster in front and its near-copies behind.

    Parameters
    ----------
    order : (n,) int
        Positions in `clusters`.
    clusters : (all,) int
    before : sequence of int
        Positions that are chosen already: all of their clusters are copies.
    """
    behind = _copies(clusters[order], clusters[np.asarray(before, int)])
    return order[np.argsort(behind, kind="stable")]


def _copies(clusters: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Which of a list are of a cluster that was taken or that another before them is of."""
    _, firsts = np.unique(clusters, return_index=True)
    found = np.ones(len(clusters), bool)
    found[firsts] = False
    return found | np.isin(clusters, taken)


def _after(those: Candidates, left: np.ndarray, taken: np.ndarray) -> Candidates:
    """What is known of the candidates that are left, with those taken as labelled."""
    return replace(
        those,
        probabilities=those.probabilities[left],
        decided=those.decided[left],
        features=those.features[left],
        labelled=np.concatenate([those.labelled, those.features[taken]]),
        committee=those.committee[:, left],
    )
