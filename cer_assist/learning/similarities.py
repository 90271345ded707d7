"""How near a protocol's sentences come to given texts, and which words bring them there.

A sentence's state is known as a whole. What a single word has to do with it is estimated: from
training sentences it is learnt how the mean state of a sentence's content words tells its
similarity to each text, and a word's part is what that estimate loses without the word. So taking
words away has an answer that agrees with what they are said to contribute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.learning.readings import Reading, by_word
from cer_assist.learning.rubric_texts import unit

TOP = 3  # sentences that count beside the nearest one
_PENALTY = 30.0  # in sentences: the estimate of a word's part is drawn to nothing by so many


@threadpool_limits.wrap(limits=1)  # many products, each of them small
def all_similarities(readings: Sequence[Reading], texts: np.ndarray) -> list[np.ndarray]:
    """Cosines of each document's sentences to texts (t, 384): one (sentences, t) a document."""
    return [unit(reading.sentence_states) @ texts.T for reading in readings]


def fit_carriers(readings: Sequence[Reading], found: Sequence[np.ndarray]) -> np.ndarray:
    """What a content word's state tells of its sentence's similarity to each text.

    Parameters
    ----------
    readings : sequence of Reading
    found : sequence of (sentences, t)
        Their similarities.

    Returns
    -------
    (65, t) float32
        The last row is the similarity of a sentence whose words tell nothing.
    """
    width = found[0].shape[1]
    squares, products = np.zeros((65, 65)), np.zeros((65, width))
    for reading, cosines in zip(readings, found, strict=True):
        sums, counts = _by_sentence(reading)
        said = counts > 0
        means = np.ones((said.sum(), 65))
        means[:, :64] = sums[said] / counts[said, None]
        squares += means.T @ means
        products += means.T @ cosines[said]
    penalty = np.append(np.full(64, _PENALTY * 127 / 4), 1e-6)
    return np.linalg.solve(squares + np.diag(penalty), products).astype(np.float32)


def _by_sentence(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the content pieces' states in each sentence and their number."""
    size = len(reading.sentence_states)
    place = reading.sentences[reading.word_of_piece]  # never decreasing
    counts = np.bincount(place, minlength=size)
    said = counts > 0
    sums = np.zeros((size, 64))
    if said.any():
        starts = (np.cumsum(counts) - counts)[said]
        sums[said] = np.add.reduceat(reading.states, starts, axis=0, dtype=np.float64)
    return sums, counts


@dataclass(frozen=True)
class Carried:
    """One document's similarities with what each content word has to do with them.

    Attributes
    ----------
    similarities : (sentences, t)
    sentences : (words,) int
        Sentence of each word, never decreasing.
    parts : (words, t)
        Sum over the word's pieces of what they tell.
    pieces : (words,) int
        Number of pieces of each word.
    silent : (t,)
        Similarity of a sentence without a content word.
    sums : (sentences, t)
        Of the parts.
    counts : (sentences,) int
        Of the pieces.
    """

    similarities: np.ndarray
    sentences: np.ndarray
    parts: np.ndarray
    pieces: np.ndarray
    silent: np.ndarray
    sums: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, reading: Reading, found: np.ndarray, carriers: np.ndarray) -> "Carried":
        """From a document, its similarities and what `fit_carriers` found."""
        told = reading.states.astype(np.float32) @ carriers[:-1]  # (pieces, t)
        parts = by_word(reading, told)
        pieces = np.bincount(reading.word_of_piece, minlength=len(parts))
        said = (reading.sentences == np.arange(len(found))[:, None]).astype(np.float32)
        counts = np.bincount(reading.sentences, pieces, len(found)).astype(int)
        return cls(found, reading.sentences, parts, pieces, carriers[-1], said @ parts, counts)

    def effects(self) -> np.ndarray:
        """What each word adds to its own sentence's similarity to each text, (words, t).

        That is what is lost without it. All words' shares in the whole similarity, added up to it,
        carried suggestions less well: evidence strength .22 instead of .29 on reference protocols.
        """
        return self.similarities[self.sentences] - self._left(
            self.sentences, self.parts, self.pieces
        )

    def without(self, removed: np.ndarray) -> np.ndarray:
        """Similarities if marked words were not read.

        Parameters
        ----------
        removed : (sets, words) bool

        Returns
        -------
        (sets, sentences, t)
        """
        which, words = np.nonzero(removed)
        place = which * len(self.similarities) + self.sentences[words]  # never decreasing
        touched, starts = np.unique(place, return_index=True)
        edges = np.append(starts, len(words))
        taken = _sums(self.parts[words], edges)
        pieces = np.diff(np.append(0, np.cumsum(self.pieces[words]))[edges])
        found = np.tile(self.similarities, (len(removed), 1))
        if len(touched):
            found[touched] = self._left(touched % len(self.similarities), taken, pieces)
        return found.reshape(len(removed), *self.similarities.shape)

    def _left(self, sentences: np.ndarray, taken: np.ndarray, pieces: np.ndarray) -> np.ndarray:
        """Similarities of sentences (n,) without so many pieces, whose parts add up to `taken`."""
        sums, counts = self.sums[sentences], self.counts[sentences][:, None]
        rest = counts - pieces[:, None]
        change = (sums - taken) / np.maximum(rest, 1) - sums / counts
        return np.where(rest > 0, self.similarities[sentences] + change, self.silent)


def _sums(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Sums of runs of rows between edges, (len(edges) - 1, width)."""
    running = np.zeros((len(rows) + 1, rows.shape[1]), np.float32)
    np.cumsum(rows, axis=0, out=running[1:])
    found = running[edges]
    return found[1:] - found[:-1]


def nearest(found: np.ndarray) -> np.ndarray:
    """The largest similarity to each text and the mean of the three largest.

    Parameters
    ----------
    found : (..., sentences, t)
        At least one sentence.

    Returns
    -------
    (..., 2 t)
    """
    top = top_rows(found)
    return np.concatenate([top.max(axis=-2), top.mean(axis=-2)], axis=-1)


def top_rows(found: np.ndarray) -> np.ndarray:
    """The three largest of each column, (..., at most 3, t) in no order."""
    if found.shape[-2] <= TOP:
        return found
    return np.partition(found, -TOP, axis=-2)[..., -TOP:, :]


def shares(found: np.ndarray) -> np.ndarray:
    """The part of each sentence in what `nearest` says, (sentences, 2 t): its derivative."""
    size = len(found)
    parts = np.zeros((size, 2 * found.shape[1]), np.float32)
    order = np.argsort(-found, axis=0, kind="stable")[:TOP]
    columns = np.arange(found.shape[1])
    parts[order[0], columns] = 1.0
    parts[order, columns + found.shape[1]] = 1 / len(order)
    return parts
