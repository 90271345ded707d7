"""Word counts order protocols well, so the networks' contextual view is blended with this one.

A cumulative TF-IDF model: for each k a logistic regression answers "higher than level k?" from the
content words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.cumulative import fit_answers, non_increasing
from cer_assist.learning.readings import Reading

INVERSE_REGULARISATION = 30.0
MIN_DOCUMENTS = 2  # a word of a single document says nothing about others


@dataclass(frozen=True)
class LexicalModel:
    """Fitted cumulative TF-IDF model.

    Attributes
    ----------
    keys : (words,) uint64, sorted
    idf : (words,) float32
    coefficients : (words, K - 1) float32
    intercepts : (K - 1,) float32
    """

    keys: np.ndarray
    idf: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits that never increase, (n, K - 1)."""
        counts = count_words(readings, self.keys)
        return self.logits_of_counts(counts)

    def logits_of_counts(self, counts) -> np.ndarray:
        """The same from counts (n, words) of the model's own words."""
        return non_increasing(weigh(counts, self.idf) @ self.coefficients + self.intercepts)

    def logits_of_some(self, counts: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The same from dense counts (n, len(which)) where no other word occurs."""
        weighed = weigh(counts, self.idf[which])
        return non_increasing(weighed @ self.coefficients[which] + self.intercepts)


def fit_lexical(
    keys: np.ndarray, counts: sparse.csr_array, levels: np.ndarray, scale_size: int
) -> LexicalModel:
    """Fit on documents given as word counts.

    Parameters
    ----------
    keys : (words,) uint64, sorted
    counts : (n, words) sparse
    levels : (n,) int
        Level numbers 0 .. K-1; levels may be missing.
    scale_size : int
        K.
    """
    kept, idf = known_words(counts)
    features = weigh(counts[:, kept], idf)  # (n, kept)
    weights, intercepts = fit_answers(features, levels, scale_size, INVERSE_REGULARISATION)
    return LexicalModel(
        keys=keys[kept],
        idf=idf.astype(np.float32),
        coefficients=weights.astype(np.float32),
        intercepts=intercepts.astype(np.float32),
    )


def known_words(counts: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the words that enough documents have, and their inverse frequencies."""
    documents, words = counts.shape
    frequency = np.bincount(counts.indices, minlength=words)
    kept = np.flatnonzero(frequency >= min(MIN_DOCUMENTS, documents))
    return kept, np.log((1 + documents) / (1 + frequency[kept])) + 1


def vocabulary(readings: Sequence[Reading]) -> np.ndarray:
    """All words of the documents, sorted, (words,) uint64."""
    return np.unique(np.concatenate([reading.keys for reading in readings]))


def count_words(readings: Sequence[Reading], keys: np.ndarray) -> sparse.csr_array:
    """How often each known word stands in each document, (n, words) sparse."""
    rows = np.repeat(np.arange(len(readings)), [len(reading.keys) for reading in readings])
    return tally(readings, keys, rows, len(readings))


def tally(
    readings: Sequence[Reading], keys: np.ndarray, rows: np.ndarray, height: int
) -> sparse.csr_array:
    """The same by rows of one's own, given for every content word: (height, words) sparse."""
    said = np.concatenate([reading.keys for reading in readings])
    columns = np.searchsorted(keys, said)
    known = columns < len(keys)
    known[known] = keys[columns[known]] == said[known]
    ones = np.ones(known.sum(), np.float32)
    shape = (height, len(keys))
    return sparse.coo_array((ones, (rows[known], columns[known])), shape).tocsr()


def weigh(counts, idf: np.ndarray):
    """(1 + log count) x idf, each row of length one; sparse or dense like `counts`."""
    if sparse.issparse(counts):
        weighed = counts.copy()
        weighed.data = (1 + np.log(counts.data)) * idf[counts.indices]
        norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        weighed.data = weighed.data / np.repeat(np.maximum(norms, 1e-12), np.diff(counts.indptr))
        return weighed
    weighed = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0) * idf
    return weighed / np.maximum(np.linalg.norm(weighed, axis=-1, keepdims=True), 1e-12)
