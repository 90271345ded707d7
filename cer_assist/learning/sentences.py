"""Documents as one long list of sentences: what each means, and which words stand in it.

States stay int8 and become numbers a block at a time whenever they are used. A block fits the
processor's cache, so that takes half the time of reading them as float32 from memory, and 10,000
protocols with their 230,000 sentences do without 350 MB.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.lexical import tally
from cer_assist.learning.readings import Reading

BLOCK = 512  # sentences; 0.8 MB as float32


class Sentences:
    """The sentences of documents, in order.

    Parameters
    ----------
    readings : sequence of Reading
    keys : (v,) uint64, sorted
        Words to be told apart.

    Attributes
    ----------
    words : (sentences, v) sparse float32
        1 where a word stands in a sentence, however often.
    counts : (n,) int
        Number of sentences of each document; may be 0.
    document : (sentences,) int
    """

    def __init__(self, readings: Sequence[Reading], keys: np.ndarray):
        self._states = np.concatenate([reading.sentence_states for reading in readings])
        self._inverse_lengths = np.empty((len(self._states), 1), np.float32)
        for which, block in self._blocks():
            length = np.linalg.norm(block, axis=1, keepdims=True)
            self._inverse_lengths[which] = 1 / np.maximum(length, 1e-9)  # of zeros: anything
        self.counts = np.array([len(reading.sentence_states) for reading in readings])
        self.document = np.repeat(np.arange(len(readings)), self.counts)
        self.words = _presence(readings, keys, self.counts)

    def scores(self, queries: np.ndarray) -> np.ndarray:
        """Products of the sentences' directions with queries (384, m), (sentences, m) float32."""
        found = np.empty((len(self._states), queries.shape[1]), np.float32)
        for which, block in self._blocks():
            np.matmul(block, queries, out=found[which])
        found *= self._inverse_lengths
        return found

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Sum of the sentences' directions with weights (sentences, m), (384, m) float32."""
        scaled = np.ascontiguousarray((weights * self._inverse_lengths).T, np.float32)
        found = np.zeros((weights.shape[1], 384), np.float32)
        for which, block in self._blocks():
            found += scaled[:, which] @ block
        return found.T

    @cached_property
    def words_transposed(self) -> sparse.csr_array:
        """The words' sentences, (v, sentences)."""
        return self.words.T.tocsr()

    @cached_property
    def said(self) -> tuple[np.ndarray, np.ndarray]:
        """Every document with every word that stands in it: (pairs,) int, (pairs,) int."""
        rows, columns = self.words.nonzero()
        places = np.unique(self.document[rows] * self.words.shape[1] + columns)
        return np.divmod(places, self.words.shape[1])

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """States of so many sentences as float32, in a place that the next block takes over."""
        place = np.empty((BLOCK, 384), np.float32)
        for start in range(0, len(self._states), BLOCK):
            which = slice(start, start + BLOCK)
            block = place[: len(self._states[which])]
            block[...] = self._states[which]
            yield which, block


def _presence(
    readings: Sequence[Reading], keys: np.ndarray, counts: np.ndarray
) -> sparse.csr_array:
    first = np.cumsum(counts) - counts
    rows = np.concatenate(
        [start + reading.sentences for start, reading in zip(first, readings, strict=True)]
    )
    found = tally(readings, keys, rows, int(counts.sum()))
    found.data[:] = 1.0  # a word said twice in a sentence was added up
    return found
