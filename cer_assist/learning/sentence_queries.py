"""For each threshold a query looks for the sentences that answer "higher than level k?".

A protocol names a partner's role once, in one sentence of forty, and reading the mean of all drowns
it. So each sentence is scored, by what it means and by its words, and its score is also its share
of attention: the pooled answer lies near the best sentences' and every sentence's part in it is
known. Queries start where the rubric's texts point and are held to them, the rarer an answer the
more: of the highest level there may be a dozen labels, and free queries learn those by heart.

References
----------
McFee, Salamon & Bello 2018, Adaptive Pooling Operators for Weakly Labeled Sound Event Detection,
section III: an instance weighted by the softmax of its own score. Ilse, Tomczak & Welling 2018,
Attention-based Deep Multiple Instance Learning, for attention over instances.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from cer_assist.learning.course import checkpoints
from cer_assist.learning.lexical import MIN_DOCUMENTS
from cer_assist.learning.ordinal import sigmoid, thresholds
from cer_assist.learning.sentences import Sentences

PENALTY = 0.3  # of a query's distance from where it started, where yes and no are as frequent
INTERCEPT_PENALTY = 0.003
# Of a word's inverse document frequency, beside a sentence's direction, which has length one.
WORD_SCALE = 0.08
STEPS = 30  # the loss still falls then, but what held-out documents lose by it no longer does
WARM_STEPS = 10  # from queries that were learnt before


class Queries(NamedTuple):
    """What sentences are asked.

    Attributes
    ----------
    directions : (384, K - 1) float32
    words : (v, K - 1) float32
        What a word adds to the score of a sentence it stands in.
    intercepts : (K - 1,) float32
    """

    directions: np.ndarray
    words: np.ndarray
    intercepts: np.ndarray

    def scores(self, sentences: Sentences) -> np.ndarray:
        """(sentences, K - 1)."""
        return sentences.scores(self.directions) + sentences.words @ self.words + self.intercepts


def pool(scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (sentences, m) of documents with so many sentences each, pooled by their softmax.

    Returns
    -------
    pooled : (n, m)
        0 for a document without a sentence.
    attention : (sentences, m)
        1 in all for each document.
    """
    document = np.repeat(np.arange(len(counts)), counts)
    some = counts > 0
    starts = (np.cumsum(counts) - counts)[some]
    pooled = np.zeros((len(counts), scores.shape[1]), scores.dtype)
    if not len(scores):
        return pooled, scores
    highest, total = pooled.copy(), np.ones_like(pooled)
    highest[some] = np.maximum.reduceat(scores, starts)
    attention = np.exp(scores - highest[document])
    total[some] = np.add.reduceat(attention, starts)
    attention /= total[document]
    pooled[some] = np.add.reduceat(attention * scores, starts)
    return pooled, attention


def slopes(scores: np.ndarray, pooled: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """Derivative of the pooled score by each sentence's own; all (sentences, m)."""
    return attention * (1 + scores - pooled)


def lost(
    scores: np.ndarray,
    pooled: np.ndarray,
    attention: np.ndarray,
    sentence_of: np.ndarray,
    effects: np.ndarray,
) -> np.ndarray:
    """What the pooled scores of one document lose without each word, exactly, (words, m).

    Parameters
    ----------
    scores, attention : (sentences, m)
    pooled : (1, m)
    sentence_of : (words,) int
    effects : (words, m)
        What a word adds to its sentence's score.
    """
    before, share = scores[sentence_of], attention[sentence_of]
    after = before - effects
    grown = share * np.exp(np.clip(-effects, -50.0, 50.0))  # of the former total
    return pooled - (pooled - share * before + grown * after) / (1 - share + grown)


@threadpool_limits.wrap(limits=1)  # as in fit_answers
def fit_queries(
    sentences: Sentences,
    numbers: np.ndarray,
    used: np.ndarray,
    start: np.ndarray,
    earlier: Queries | None = None,
    course: dict[int, Queries] | None = None,
) -> Queries:
    """Learn queries from some of the documents.

    Parameters
    ----------
    sentences : Sentences
        Of all documents.
    numbers : (n,) int
        Level numbers 0 .. K-1; levels may be missing.
    used : (n,) bool
        Documents to learn from.
    start : (384, K - 1) float32
        Where queries start and what they are held to; zeros where nothing is known.
    earlier : Queries, optional
        Of the same words, to continue from; they are held to where they started all the same.
    course : dict of int to Queries, optional
        Is given what they were after the steps that `checkpoints` names and after the last one.
    """
    loss = _Loss(sentences, numbers, used & (sentences.counts > 0), start)
    first = np.zeros(loss.size) if earlier is None else loss.place_of(earlier)
    steps = STEPS if earlier is None else WARM_STEPS
    kept = checkpoints(steps)
    taken = itertools.count(1)

    def note(flat: np.ndarray) -> None:
        step = next(taken)
        if course is not None and step in kept:
            course[step] = loss.queries(flat)

    how = {"maxiter": steps}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=how, callback=note)
    queries = loss.queries(found.x)
    if course is not None:
        course[found.nit] = queries  # it may have been done before its last step
    return queries


class _Loss:
    """Balanced logistic loss of all thresholds, with its gradient."""

    def __init__(self, sentences, numbers, used, start):
        self._sentences, self._start = sentences, start
        self._above = thresholds(numbers, start.shape[1] + 1)  # (n, K - 1)
        self._scale = word_scales(sentences, used)[:, None]  # (v, 1)
        columns = [_weights(above, used) for above in self._above.T]
        self._weights = np.stack([weights for weights, _, _ in columns], 1).astype(np.float32)
        self._penalty = np.array([rarity for _, rarity, _ in columns], np.float32) * PENALTY
        self._odds = np.array([odds for _, _, odds in columns])
        answers = start.shape[1]
        self._shapes = [start.shape, (len(self._scale), answers), (answers,)]
        self.size = sum(int(np.prod(shape)) for shape in self._shapes)

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        moved, words, intercepts = self._parts(flat)
        scores = self._queries(moved, words, intercepts).scores(self._sentences)
        pooled, attention = pool(scores, self._sentences.counts)
        losses = self._weights * (np.logaddexp(0, pooled) - self._above * pooled)
        squares = (moved**2).sum(axis=0) + (words**2).sum(axis=0)
        total = losses.sum(dtype=np.float64) + 0.5 * (self._penalty * squares).sum()
        total += 0.5 * INTERCEPT_PENALTY * (intercepts**2).sum()
        wrong = self._weights * (sigmoid(pooled) - self._above).astype(np.float32)
        document = self._sentences.document
        falls = wrong[document] * slopes(scores, pooled[document], attention)
        gradients = (
            self._sentences.sums(falls) + self._penalty * moved,
            self._scale * (self._sentences.words_transposed @ falls) + self._penalty * words,
            falls.sum(axis=0) + INTERCEPT_PENALTY * intercepts,
        )
        return float(total), np.concatenate([part.ravel() for part in gradients]).astype(float)

    def place_of(self, earlier: Queries) -> np.ndarray:
        """Where in the space of the loss earlier queries lie; the opposite of `queries`."""
        asked = np.any(earlier.directions != 0, axis=0)  # not where all documents had agreed
        moved = np.where(asked, earlier.directions - self._start, 0)
        words = np.divide(
            earlier.words, self._scale, out=np.zeros_like(earlier.words), where=self._scale > 0
        )
        intercepts = np.where(asked, earlier.intercepts, 0)
        return np.concatenate([part.ravel() for part in (moved, words, intercepts)]).astype(float)

    def queries(self, flat: np.ndarray) -> Queries:
        """What was found; where all documents agree, the odds of that and nothing else."""
        moved, words, intercepts = self._parts(flat)
        told = np.isnan(self._odds)
        moved, intercepts = np.where(told, moved, -self._start), np.where(told, intercepts, 0)
        intercepts = intercepts + np.nan_to_num(self._odds)
        return self._queries(moved, words, intercepts.astype(np.float32))

    def _queries(self, moved: np.ndarray, words: np.ndarray, intercepts: np.ndarray) -> Queries:
        return Queries(self._start + moved, self._scale * words, intercepts)

    def _parts(self, flat: np.ndarray) -> list[np.ndarray]:
        edges = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        pieces = np.split(flat.astype(np.float32), edges)
        return [piece.reshape(shape) for piece, shape in zip(pieces, self._shapes, strict=True)]


def word_scales(sentences: Sentences, used: np.ndarray) -> np.ndarray:
    """Scaled inverse document frequencies among the used documents, (v,); 0 for rare words."""
    document, word = sentences.said
    frequency = np.bincount(word[used[document]], minlength=sentences.words.shape[1])
    documents = int(used.sum())
    common = frequency >= min(MIN_DOCUMENTS, documents)
    idf = np.log((1 + documents) / (1 + frequency)) + 1
    return np.where(common & (frequency > 0), WORD_SCALE * idf, 0.0).astype(np.float32)


def _weights(above: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Weights that make yes and no count alike, how rare the rarer is, and the odds if one fails.

    Returns
    -------
    weights : (n,)
        1 on average over the used documents; all 0 where they agree.
    rarity : float
        1 where yes and no are as frequent, larger otherwise.
    odds : float
        Smoothed log-odds where they agree, NaN otherwise.
    """
    documents, yes = int(used.sum()), float(above[used].sum())
    if yes in (0, documents):
        return np.zeros(len(above)), 1.0, float(np.log((yes + 0.5) / (documents - yes + 0.5)))
    share = yes / documents
    weights = np.where(above > 0, 0.5 / share, 0.5 / (1 - share)) * used
    return weights, 0.5 / min(share, 1 - share), float("nan")
