"""Attention over sentences, with queries that start from the rubric and are refined by labels.

Attention has one query for each "higher than level k?", so what is looked at differs by level. See
`sentence_queries` for how it is learnt.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.course import told_of
from cer_assist.learning.cumulative import fit_answers, non_increasing
from cer_assist.learning.lexical import vocabulary
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import directions_of, rubric_texts
from cer_assist.learning.sentence_queries import Queries, fit_queries, lost, pool
from cer_assist.learning.sentences import Sentences
from cer_assist.learning.similarities import Carried, all_similarities, fit_carriers
from cer_assist.learning.views.base import HeldOut, Problem, Seen
from cer_assist.learning.views.lexical import places

INVERSE_REGULARISATION = 10.0  # of the queries that the rubric's texts give


class SentencesView:
    """Cumulative answers from the sentences that attention picks."""

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedSentences":
        """Learn from all documents; see `View`."""
        keys = vocabulary(readings)
        every = np.ones(len(numbers), bool)
        first = start.rubric if start else rubric_queries(problem)
        earlier = start.queries_of(keys) if start else None
        stages: dict[int, Queries] | None = None if start else {}
        sentences = Sentences(readings, keys)
        queries = fit_queries(sentences, numbers, every, first, earlier, stages)
        some = told_of(readings)
        course = {at: _fitted(some, keys, stage, first) for at, stage in (stages or {}).items()}
        progress(1.0, "Weighing sentences")
        return _fitted(readings, keys, queries, first, course)

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents; see `View`. Each fold's words are weighed on its own."""
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        sentences, start = Sentences(readings, vocabulary(readings)), rubric_queries(problem)
        for place, fold in enumerate(np.intersect1d(tested, fold_of)):
            held = fold_of == fold
            queries = fit_queries(sentences, numbers, ~held, start)
            logits[held] = _logits(queries, sentences)[held]
            progress((place + 1) / len(tested), "Weighing sentences")
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedSentences":
        """The opposite of `arrays`; see `View`."""
        queries = Queries(*(arrays[name] for name in Queries._fields))
        return FittedSentences(arrays["keys"], queries, arrays["carriers"], arrays["rubric"])


class FittedSentences:
    """What sentences are asked.

    Parameters
    ----------
    keys : (v,) uint64, sorted
        The words that have a weight.
    queries : Queries
    carriers : (65, K - 1)
        See `fit_carriers`.
    rubric : (384, K - 1)
        Where the queries started.
    course : dict of int to FittedSentences, optional
        What it was after some of the solver's steps, where it learnt from the start; not saved.
    """

    def __init__(
        self,
        keys: np.ndarray,
        queries: Queries,
        carriers: np.ndarray,
        rubric: np.ndarray,
        course: "dict[int, FittedSentences] | None" = None,
    ):
        self.keys, self.queries, self.carriers, self.rubric = keys, queries, carriers, rubric
        self.course = course or {}

    def queries_of(self, keys: np.ndarray) -> Queries:
        """What is asked, with a row for each of other words (v,) uint64; 0 for unknown ones."""
        words = np.zeros((len(keys), self.queries.words.shape[1]), np.float32)
        kept = np.isin(self.keys, keys)
        words[np.searchsorted(keys, self.keys[kept])] = self.queries.words[kept]
        return self.queries._replace(words=words)

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        return _logits(self.queries, Sentences(readings, self.keys))

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        own = {"keys": self.keys, "carriers": self.carriers, "rubric": self.rubric}
        return {**own, **self.queries._asdict()}

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """A word adds what it says itself, and its part in what its sentence means."""
        found = all_similarities(readings, self.queries.directions.T)
        for reading, similarities in zip(readings, found, strict=True):
            if len(reading.words):
                yield _Looked(self, reading, similarities).seen()
            else:
                yield self._nothing(reading)

    def _nothing(self, reading: Reading) -> Seen:
        logits = self.logits([reading])[0]
        none = np.zeros((len(logits), 0))
        return Seen(logits, np.zeros(0), none, lambda removed: np.tile(logits, (len(removed), 1)))


class _Looked:
    """One document: scores of its sentences, with and without words."""

    def __init__(self, fitted: FittedSentences, reading: Reading, similarities: np.ndarray):
        self._sentence_of, self._intercepts = reading.sentences, fitted.queries.intercepts
        self._carried = Carried.of(reading, similarities, fitted.carriers)
        at = places(fitted.keys, reading.keys)
        known = at >= 0
        place = at + len(fitted.keys) * reading.sentences.astype(np.int64)
        # A word said twice in a sentence counts once: both are one member, each has half of it.
        members, self._member = np.unique(place[known], return_inverse=True)
        self._known = np.flatnonzero(known)
        self._worth = fitted.queries.words[members % max(1, len(fitted.keys))]  # (members, K - 1)
        self._home = members // max(1, len(fitted.keys))  # sentence of each member

    def seen(self) -> Seen:
        """Attention of a sentence is shared by its words alike, over all thresholds alike."""
        nothing = np.zeros((1, len(self._sentence_of)), bool)
        scores = self._scores(nothing)[0]
        pooled, attention = pool(scores, np.array([len(scores)]))
        said = np.bincount(self._sentence_of, minlength=len(scores))
        effects = self._carried.effects().astype(float)  # (words, K - 1)
        times = np.bincount(self._member, minlength=len(self._worth))
        effects[self._known] += (self._worth / np.maximum(times, 1)[:, None])[self._member]
        moved = lost(scores, pooled, attention, self._sentence_of, effects)  # (words, K - 1)
        looked = attention.mean(axis=1) * (said > 0)  # one without words cannot be shown
        shares = looked / max(looked.sum(), 1e-12) / np.maximum(said, 1)
        return Seen(
            logits=non_increasing(pooled[0]).astype(float),
            attention=shares[self._sentence_of],
            contributions=moved.T,
            without=self.without,
        )

    def without(self, removed: np.ndarray) -> np.ndarray:
        """Logits if the marked words (sets, words) were not read, (sets, K - 1)."""
        scores = self._scores(removed)  # (sets, sentences, K - 1)
        sets, size = scores.shape[:2]
        pooled, _ = pool(scores.reshape(sets * size, -1), np.full(sets, size))
        return non_increasing(pooled)

    def _scores(self, removed: np.ndarray) -> np.ndarray:
        left = self._carried.without(removed) + self._intercepts
        kept = np.zeros((len(removed), len(self._worth)), bool)
        which, word = np.nonzero(~removed[:, self._known])
        kept[which, self._member[word]] = True
        which, member = np.nonzero(kept)
        np.add.at(left, (which, self._home[member]), self._worth[member])
        return left


def rubric_queries(problem: Problem) -> np.ndarray:
    """The queries that the texts of the problem's rubric give, (384, K - 1); zeros without one."""
    if problem.rubric is None:
        return np.zeros((384, problem.levels - 1), np.float32)
    texts = rubric_texts(problem.rubric)
    directions = directions_of([text.text for text in texts], problem.read)
    levels = np.array([text.level for text in texts])
    rows = sparse.csr_array(directions)
    queries, _ = fit_answers(rows, levels, problem.levels, INVERSE_REGULARISATION)
    return queries.astype(np.float32)


def _fitted(
    readings: Sequence[Reading],
    keys: np.ndarray,
    queries: Queries,
    rubric: np.ndarray,
    course: dict[int, FittedSentences] | None = None,
) -> FittedSentences:
    """Queries with the words that have a weight, and what tells a word's part in its sentence."""
    known = np.flatnonzero(np.any(queries.words != 0, axis=1))
    queries = queries._replace(words=queries.words[known])
    carriers = fit_carriers(readings, all_similarities(readings, queries.directions.T))
    return FittedSentences(keys[known], queries, carriers, rubric, course)


def _logits(queries: Queries, sentences: Sentences) -> np.ndarray:
    """Of a document without a sentence what is known without one."""
    pooled, _ = pool(queries.scores(sentences), sentences.counts)
    pooled[sentences.counts == 0] = queries.intercepts
    return non_increasing(pooled).astype(float)


VIEW = SentencesView()
