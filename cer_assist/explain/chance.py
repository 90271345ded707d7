"""What weights would be worth that mean nothing.

Rare words carry more than common ones, whatever they mean. So random words are of equal frequency:
the same weights, dealt out anew among words that are about as frequent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cer_assist.learning.readings import Reading

STRATA = 10


class Frequencies(NamedTuple):
    """In how many of some documents each word occurs.

    Attributes
    ----------
    keys : (v,) uint64, sorted
    documents : (v,) int
    """

    keys: np.ndarray
    documents: np.ndarray

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> "Frequencies":
        """Count the words of documents."""
        if not readings:
            return cls(np.zeros(0, np.uint64), np.zeros(0, int))
        said = np.concatenate([np.unique(reading.keys) for reading in readings])
        return cls(*np.unique(said, return_counts=True))

    def in_document(self, reading: Reading) -> np.ndarray:
        """Of each of its words, (words,) int; 0 for one that none of them has."""
        at = np.minimum(np.searchsorted(self.keys, reading.keys), max(0, len(self.keys) - 1))
        if not len(self.keys):
            return np.zeros(len(at), int)
        return np.where(self.keys[at] == reading.keys, self.documents[at], 0)


def dealt_anew(
    weights: np.ndarray, frequency: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """The same weights, each on a random word about as frequent as the one it belongs to.

    Parameters
    ----------
    weights : (words,)
    frequency : (words,) int
        Words are put into ten groups of equal size by it.
    generator : numpy.random.Generator
    """
    order = np.lexsort((generator.random(len(weights)), frequency))
    dealt = weights.copy()
    for group in np.array_split(order, STRATA):
        dealt[group] = weights[generator.permutation(group)]
    return dealt
