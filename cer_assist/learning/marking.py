"""Where readers would mark their evidence, learnt from what they marked elsewhere.

It is attention that people taught: a share for each word of a document, drawn to the words that
were marked in the training documents. Nothing that decides a level reads it, so a level and its
percentages are the same with and without marks; it says which of the words that speak for the level
are shown first. A document without marks does not teach where to look: nobody may have had time to
mark. Words that readers contested as no evidence lose their share, in marked documents or others.

References
----------
Cao et al. 2007, Learning to Rank: From Pairwise Approach to Listwise Approach (ListNet: the
cross-entropy of two distributions over one list, here the words of a document). Liu et al. 2017,
Exploiting Argument Information to Improve Event Detection via Supervised Attention Mechanisms, for
attention drawn to annotated words.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from cer_assist.learning.documents import Document, Span
from cer_assist.learning.projection import UNITS_PER_DEVIATION
from cer_assist.learning.readings import Reading, around, by_word
from cer_assist.learning.rubric_texts import unit

PENALTY = 0.6  # beside the summed loss, so that few marked documents move it little
STATE_SCALE = 0.3  # of states in deviations, beside a sentence's direction of length one
REACH = 3  # words on each side whose states tell of the one between them
STEPS, WARM_STEPS = 15, 5


class Marking(NamedTuple):
    """What readers look for.

    Attributes
    ----------
    sentence : (384,) float32
        Worth of a sentence's direction.
    word, near : (64,) float32
        Worth of a word's own state, by which a single word can be contested, and of the mean state
        of it and its neighbours, in deviations.
    """

    sentence: np.ndarray
    word: np.ndarray
    near: np.ndarray

    def expected(self, reading: Reading) -> np.ndarray:
        """The share of a reader's marks that each content word would get, (words,); 1 in all."""
        if not len(reading.words):
            return np.zeros(0)
        worth = np.stack([self.word, self.near], axis=1) / UNITS_PER_DEVIATION
        own, near = _means(reading, reading.states.astype(np.float32) @ worth).T
        scores = own + around(near, reading.sentences, REACH)
        scores += (unit(reading.sentence_states) @ self.sentence)[reading.sentences]
        shares = np.exp(scores - scores.max())
        return shares / shares.sum()


def marked_words(reading: Reading, spans: Sequence[Span]) -> np.ndarray:
    """Which content words lie in marked spans of code points, wholly or in part, (words,) bool."""
    start, end = reading.words.T
    found = np.zeros(len(reading.words), bool)
    for first, last in spans:
        found |= (start < last) & (end > first)
    return found


@threadpool_limits.wrap(limits=1)  # as in fit_answers
def fit_marking(
    documents: Sequence[Document], readings: Sequence[Reading], earlier: Marking | None = None
) -> Marking | None:
    """Learn from the marked ones of some documents, each of which counts alike.

    Parameters
    ----------
    documents : sequence of Document
    readings : sequence of Reading
        Of the same documents.
    earlier : Marking, optional
        To continue from.

    Returns
    -------
    Marking or None
        None where no document has both marked and unmarked words.
    """
    said = [_said(document, reading) for document, reading in zip(documents, readings, strict=True)]
    if not any(one.marked.any() for one in said):
        return None
    loss = _Loss([one for one in said if one.marked.any() or one.contested.any()])
    first = np.zeros(loss.size) if earlier is None else loss.place_of(earlier)
    steps = STEPS if earlier is None else WARM_STEPS
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return loss.marking(found.x)


class _Said(NamedTuple):
    """What readers said of a document's words, each (words,) bool."""

    reading: Reading
    marked: np.ndarray
    contested: np.ndarray


def _said(document: Document, reading: Reading) -> _Said:
    contested = marked_words(reading, document.contested)
    marked = marked_words(reading, document.marked) & ~contested
    if marked.all():  # then they do not tell words apart
        marked = np.zeros(len(marked), bool)
    return _Said(reading, marked, contested)


class _Loss:
    """Cross-entropy between expected and actual marks, summed over documents, with its gradient.

    To it comes the surprise that none of the contested words is marked, -log(1 - their share).
    """

    def __init__(self, said: Sequence[_Said]):
        readings = [one.reading for one in said]
        lengths = np.array([len(reading.words) for reading in readings])
        self._starts = np.cumsum(lengths) - lengths
        self._document = np.repeat(np.arange(len(said)), lengths)
        self._target = np.concatenate([one.marked / max(1, one.marked.sum()) for one in said])
        self._is_taught = np.repeat([one.marked.any() for one in said], lengths)
        self._contested = np.concatenate([one.contested for one in said])
        self._sentences = unit(np.concatenate([r.sentence_states for r in readings]))
        sizes = np.array([len(reading.sentence_states) for reading in readings])
        firsts = np.cumsum(sizes) - sizes
        self._home = np.concatenate(
            [f + r.sentences for f, r in zip(firsts, readings, strict=True)]
        )
        states = [_means(r, r.states.astype(np.float32)) for r in readings]
        near = [around(s, r.sentences, REACH) for s, r in zip(states, readings, strict=True)]
        scale = STATE_SCALE / UNITS_PER_DEVIATION
        both = np.concatenate([np.concatenate(states), np.concatenate(near)], axis=1)
        self._words = (both * scale).astype(np.float32)  # (words, 128)
        self.size = self._sentences.shape[1] + self._words.shape[1]

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        by_sentence, by_state = np.split(flat.astype(np.float32), [self._sentences.shape[1]])
        scores = (self._sentences @ by_sentence)[self._home] + self._words @ by_state
        scores -= np.maximum.reduceat(scores, self._starts)[self._document]
        powers = np.exp(scores)
        totals = np.add.reduceat(powers, self._starts)[self._document]
        shares, surprise = powers / totals, np.log(totals) - scores
        refused = np.add.reduceat(shares * self._contested, self._starts)  # (documents,)
        left = np.maximum(1 - refused, 1e-6)
        loss = (self._target * surprise).sum() - np.log(left).sum() + 0.5 * PENALTY * flat @ flat
        wrong = self._is_taught * shares - self._target
        wrong += shares * (self._contested - refused[self._document]) / left[self._document]
        wrong = wrong.astype(np.float32)
        sums = np.bincount(self._home, wrong, len(self._sentences)).astype(np.float32)
        gradient = np.concatenate([sums @ self._sentences, wrong @ self._words])
        return float(loss), gradient + PENALTY * flat

    def marking(self, flat: np.ndarray) -> Marking:
        """What was found, as it is used."""
        sentence, words = np.split(flat.astype(np.float32), [self._sentences.shape[1]])
        return Marking(sentence, *np.split(words * np.float32(STATE_SCALE), 2))

    def place_of(self, earlier: Marking) -> np.ndarray:
        """The opposite of `marking`."""
        words = np.concatenate([earlier.word, earlier.near]) / STATE_SCALE
        return np.concatenate([earlier.sentence, words]).astype(float)


def _means(reading: Reading, values: np.ndarray) -> np.ndarray:
    """Mean of values (pieces, ...) over the pieces of each content word, (words, ...)."""
    pieces = np.bincount(reading.word_of_piece, minlength=len(reading.words))
    return by_word(reading, values) / pieces.reshape(-1, *[1] * (values.ndim - 1))
