"""What words do over many documents, from one look at each, and so each level's words.

A level's words are those that add most to it in the documents that have it, as in `words`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.explain.attribution import Attribution
from cer_assist.explain.words import attributions
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.progress import Progress, silent

LEVEL_WORDS = 50


class Tally:
    """Sums over the documents that have a word."""

    def __init__(self, levels: int) -> None:
        self.documents = 0
        self.attention = 0.0
        self.contributions = np.zeros(levels)

    def add(self, attention: float, contributions: np.ndarray) -> None:
        """Count one document more."""
        self.documents += 1
        self.attention += attention
        self.contributions += contributions


class Weighed(NamedTuple):
    """What the words of some documents do, from one look at each document.

    Attributes
    ----------
    scale : tuple of int
    overall : dict of str to Tally
        Of every content word, case folded.
    by_level : dict of int to dict of str to Tally
        The same over the documents that have a level.
    sizes : Counter
        How many documents have a level.
    """

    scale: tuple[int, ...]
    overall: dict[str, Tally]
    by_level: dict[int, dict[str, Tally]]
    sizes: Counter[int]

    def level_words(self) -> dict[int, list[dict[str, Any]]]:
        """The words that speak for each level in the documents that have it.

        Returns
        -------
        dict of level to list of dict
            At most 50 words a level, weightiest first, JSON-able: `word`; `weight`, its mean
            contribution to the level over the level's documents, 1 for the first word;
            `n_documents` of the level that have it (at least 2); `attention`, its mean share where
            it stands; `polarity` {level: mean change of log-odds} over all documents that have it.
        """
        return {level: _ranked(self, level, self._speaking(level)) for level in self.scale}

    def attended_words(self) -> dict[int, list[dict[str, Any]]]:
        """The words that have most attention in the documents of each level, whatever they say.

        Returns
        -------
        dict of level to list of dict
            As `level_words`, with the mean share of attention over the level's documents in place
            of the contribution.
        """
        return {level: _ranked(self, level, self._attended(level)) for level in self.scale}

    def _speaking(self, level: int) -> dict[str, float]:
        number = self.scale.index(level)
        return {word: float(one.contributions[number]) for word, one in self._told(level)}

    def _attended(self, level: int) -> dict[str, float]:
        return {word: one.attention for word, one in self._told(level)}

    def _told(self, level: int) -> Iterator[tuple[str, Tally]]:
        for word, tally in self.by_level[level].items():
            if tally.documents >= MIN_WORD_PROTOCOLS:
                yield word, tally


@threadpool_limits.wrap(limits=1)
def weigh(
    classifier: ProtocolClassifier,
    documents: Sequence[Document],
    levels: Sequence[int],
    progress: Progress = silent,
) -> Weighed:
    """Add up what words do in documents whose levels are known.

    Parameters
    ----------
    classifier : ProtocolClassifier
    documents : sequence of Document
    levels : sequence of int
        The documents' levels.
    progress : callable (share done, message)
    """
    size = len(classifier.scale)
    tables = {level: _tallies(size) for level in classifier.scale}
    overall = _tallies(size)
    found = attributions(classifier, documents, progress, "Weighing words")
    for (document, seen), level in zip(found, levels, strict=True):
        for word, attention, contributions in _by_word(document, seen):
            for tally in (overall[word], tables[level][word]):
                tally.add(attention, contributions)
    return Weighed(classifier.scale, dict(overall), {**tables}, Counter(levels))


def _tallies(levels: int) -> defaultdict[str, Tally]:
    return defaultdict(lambda: Tally(levels))


def _by_word(document: Document, seen: Attribution) -> Iterator[tuple[str, float, np.ndarray]]:
    """Each different word of a document with its summed attention and contributions (K,)."""
    spans = seen.reading.words
    names = [document.text[start:end].casefold() for start, end in spans.tolist()]
    different, which = np.unique(np.array(names, object), return_inverse=True)
    attention = np.bincount(which, seen.attention, len(different))
    for at, word in enumerate(different):
        yield word, attention[at], seen.contributions[:, which == at].sum(axis=1)


def _ranked(weighed: Weighed, level: int, scores: dict[str, float]) -> list[dict[str, Any]]:
    """By sums over the level's documents, which rank as their means do."""
    table = weighed.by_level[level]
    positive = (word for word, score in scores.items() if score > 0)
    best = sorted(positive, key=lambda word: (-scores[word], word))[:LEVEL_WORDS]
    return [
        {
            "word": word,
            "weight": scores[word] / scores[best[0]],
            "n_documents": table[word].documents,
            "attention": float(table[word].attention / table[word].documents),
            "polarity": {
                str(value): float(change / weighed.overall[word].documents)
                for value, change in zip(
                    weighed.scale, weighed.overall[word].contributions, strict=True
                )
            },
        }
        for word in best
    ]
