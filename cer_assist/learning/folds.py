"""No document is tested by a model that has read its near-copy.

Amendments, resubmissions and templates make protocols nearly equal. Documents whose three-word
sequences overlap are joined into clusters first (MinHash finds candidates, the exact Jaccard
overlap decides), and so are those that people linked as versions or copies of one study, however
much was rewritten. Then whole clusters are dealt to folds, every fold with its share of each level.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import regex
from datasketch import MinHash

from cer_assist.domain.near_copies import PERCENT, SHINGLE_WORDS
from cer_assist.learning.documents import Document

SIMILARITY = PERCENT / 100
_PERMUTATIONS = 256
# Numbers that agree in a pair worth comparing. Of pairs at the threshold 97 in 100 have as many, at
# .20 all but one in some thousand.
_CANDIDATE = 28
_KEPT = 1000  # texts whose sequences are held at once: of all, ten thousand would take half a GB
_REMEMBERED = 4096  # texts whose minhash is kept: labels come in fives, the texts are the same
_WORDS = regex.compile(r"\w+")


def clusters_of(documents: Sequence[Document]) -> np.ndarray:
    """Number each document by its cluster, (n,) int: near-duplicates and versions of a study."""
    studies = [document.study for document in documents]
    return near_duplicate_clusters([document.text for document in documents], studies)


def near_duplicate_clusters(texts: Sequence[str], studies: Sequence[int | None] = ()) -> np.ndarray:
    """Number each text by its cluster of near-duplicates, (n,) int, by first appearance.

    Texts of one study are in one cluster; `studies` may be shorter than the texts.
    """
    shingles = lru_cache(_KEPT)(lambda at: _shingles(texts[at]))
    parent = list(range(len(texts)))
    firsts: dict[int, int] = {}
    for at, study in enumerate(studies):
        if study is not None:
            parent[at] = firsts.setdefault(study, at)
    for one, other in _candidates(minhashes(texts)):
        first, second = _root(parent, one), _root(parent, other)
        if first != second and _jaccard(shingles(one), shingles(other)) >= SIMILARITY:
            parent[second] = first
    roots = [_root(parent, at) for at in range(len(texts))]
    number = {root: place for place, root in enumerate(dict.fromkeys(roots))}
    return np.array([number[root] for root in roots], int)


def clusters_and_apart(
    texts: Sequence[str], others: Sequence[str], studies: Sequence[int | None] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of texts, (n,) int, and which others are near none of them, (others,) bool.

    `studies` are those of the texts and then of the others, as far as there are any.
    """
    found = near_duplicate_clusters([*texts, *others], studies)
    return found[: len(texts)], ~np.isin(found[len(texts) :], found[: len(texts)])


def minhashes(texts: Sequence[str]) -> np.ndarray:
    """What is kept of texts to know their near-copies by, (256, n) uint16."""
    digests = np.array([_minhash(text) for text in texts], np.uint16)
    return np.ascontiguousarray(digests.reshape(-1, _PERMUTATIONS).T)


@lru_cache(_REMEMBERED)
def _minhash(text: str) -> np.ndarray:
    row = [shingle.encode() for shingle in _shingles(text)]
    [hashed] = MinHash.bulk([row], num_perm=_PERMUTATIONS, seed=1)
    # Last bits, which agree by chance in one of 65,536.
    return hashed.digest().astype(np.uint16)


def resembling(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which texts may be near-copies of which, by their `minhashes`: (n, others) bool."""
    rows = [(others == one[:, None]).sum(axis=0) >= _CANDIDATE for one in some.T]
    return np.array(rows, bool).reshape(some.shape[1], others.shape[1])


def grouped_folds(levels: np.ndarray, clusters: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal clusters to folds, each level spread evenly.

    Parameters
    ----------
    levels : (n,) int
    clusters : (n,) int
    folds, seed : int

    Returns
    -------
    (n,) int
        Fold of each document; documents of a cluster share one. With fewer clusters than folds
        some folds stay empty.
    """
    generator = np.random.default_rng(seed)
    present, level_of = np.unique(levels, return_inverse=True)
    _, cluster_of = np.unique(clusters, return_inverse=True)
    size = np.zeros((cluster_of.max() + 1, len(present)))
    np.add.at(size, (cluster_of, level_of), 1)
    share = size.sum(axis=0) / folds
    held = np.zeros((folds, len(present)))
    fold_of = np.zeros(len(size), int)
    order = generator.permutation(len(size))
    # The rarest level first, the largest cluster first: they are the hardest to place evenly.
    rarity = np.where(size > 0, size.sum(axis=0), np.inf).min(axis=1)
    for at in sorted(order, key=lambda at: (rarity[at], -size[at].sum())):
        cost = ((held + size[at]) / share) ** 2 - (held / share) ** 2
        total = cost.sum(axis=1) + 1e-3 * held.sum(axis=1) / size.sum()
        lowest = np.flatnonzero(total <= total.min() + 1e-9)
        fold_of[at] = generator.choice(lowest)
        held[fold_of[at]] += size[at]
    return fold_of[cluster_of]


def _shingles(text: str) -> frozenset[str]:
    words = _WORDS.findall(text.casefold())
    size = min(SHINGLE_WORDS, len(words))
    return frozenset(" ".join(words[at : at + size]) for at in range(len(words) - size + 1))


def _candidates(digests: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs whose estimated overlap is near the threshold or above, the earlier one first.

    Every pair is estimated: an index by bands either compares all that share a boilerplate one by
    one, or has to cap how many and so misses copies among them. It takes as long as the square of
    their number, under a second for 4,000.
    """
    for at in range(1, digests.shape[1]):
        agreeing = (digests[:, :at] == digests[:, at, None]).sum(axis=0, dtype=np.uint16)
        for other in np.flatnonzero(agreeing >= _CANDIDATE).tolist():
            yield other, at


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / max(1, len(one) + len(other) - shared)


def _root(parent: list[int], at: int) -> int:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at
