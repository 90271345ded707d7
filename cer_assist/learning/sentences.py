"""Documents as one long list of sentences: what each means, and which words stand in it.

States stay int8 and are turned into numbers of length one a block at a time, once for all where
there are few: 10,000 protocols have some 450,000 sentences, 700 MB as they are used.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.lexical import tally
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import unit

BLOCK = 32_768


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
        self.counts = np.array([len(reading.sentence_states) for reading in readings])
        self.document = np.repeat(np.arange(len(readings)), self.counts)
        self.words = _presence(readings, keys, self.counts)

    def scores(self, queries: np.ndarray) -> np.ndarray:
        """Products of the sentences' directions with queries (384, m), (sentences, m) float32."""
        return np.concatenate([rows @ queries for rows in self._blocks()])

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Sum of the sentences' directions with weights (sentences, m), (384, m) float32."""
        found = np.zeros((384, weights.shape[1]), np.float32)
        start = 0
        for rows in self._blocks():
            found += rows.T @ weights[start : start + len(rows)]
            start += len(rows)
        return found

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

    def _blocks(self) -> Iterator[np.ndarray]:
        if len(self._states) <= BLOCK:
            yield self._converted
            return
        for start in range(0, len(self._states), BLOCK):
            yield unit(self._states[start : start + BLOCK])

    @cached_property
    def _converted(self) -> np.ndarray:
        return unit(self._states)


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
