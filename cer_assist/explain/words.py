"""Suggestions with the words they rest on.

Words are weighed by what they add to a level where the model looked, never by attention alone:
attention says where it looks, not what it concludes. Every weight is normalised within its
protocol, so a long protocol does not drown a short one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.explain.attribution import Attribution, attribute
from cer_assist.explain.evidence import evidence_strength
from cer_assist.explain.gathering import Gathering, gatherings
from cer_assist.explain.methods import DEFAULT_METHOD, METHODS
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.ordinal import spread
from cer_assist.learning.progress import Progress, silent

TOP_WORDS = 30
WORDS_PER_LEVEL, TOP_ALONE = 6, 10  # of what else is kept of a document
TOP_SENTENCES = 3
_CHUNK = 512  # documents held in memory at once


@dataclass(frozen=True, slots=True)
class Word:
    """One occurrence of a word.

    Attributes
    ----------
    text : str
    start, end : int
        Code points in the document.
    weight : float
        Its share of the protocol in what speaks for the level.
    level : int
        The level suggested.
    attention : float
        The share of the model's attention it has.
    adds : tuple of float
        What it adds to the log-odds of each level, in scale order.
    """

    text: str
    start: int
    end: int
    weight: float
    level: int
    attention: float
    adds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence from its first content word to its last.

    Attributes
    ----------
    number : int
        As in `Reading.sentences`.
    start, end : int
        Code points in the document.
    weight : float
        That of its words together.
    """

    number: int
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class SectionMass:
    """A section's share in what speaks for the level, and in the attention; of all its words."""

    start: int
    end: int
    weight: float
    attention: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the classifier says of one document.

    Attributes
    ----------
    level : int
        What the classifier decides for, see `ordinal.DECODINGS`.
    probabilities : tuple of float
        In scale order.
    uncertainty : float
        Variance of the level.
    words : tuple of Word
        At most 30 that speak for the level, the weightiest first.
    others : tuple of Word
        What else is needed to compare: the words that argue most for each other level, those that
        add most by themselves and those that have most attention, in the order of the text.
    sentences : tuple of Passage
        The three that speak most for the level, the weightiest first.
    sections : tuple of SectionMass
        In the order of the text.
    gatherings : tuple of Gathering
        Who looks at whom in those sentences, where the classifier has self-attention.
    evidence_strength : float in 0..1
        Share of the level's probability that goes when its top words go, beyond what goes with as
        many random words.
    """

    level: int
    probabilities: tuple[float, ...]
    uncertainty: float
    words: tuple[Word, ...]
    others: tuple[Word, ...]
    sentences: tuple[Passage, ...]
    sections: tuple[SectionMass, ...]
    gatherings: tuple[Gathering, ...]
    evidence_strength: float


@threadpool_limits.wrap(limits=1)  # as in fit_lexical: many products, each of them small
def suggest(
    classifier: ProtocolClassifier,
    documents: Sequence[Document],
    progress: Progress = silent,
    *,
    levels: Sequence[int | None] | None = None,
) -> list[Suggestion]:
    """Suggestions for documents, in order.

    Parameters
    ----------
    classifier : ProtocolClassifier
    documents : sequence of Document
    levels : sequence of int or None, optional
        What is explained; where there is none, what the classifier decides for.
    progress : callable (share done, message)
        May raise `Cancelled`.
    """
    found = attributions(classifier, documents, progress, "Suggesting levels")
    asked = [None] * len(documents) if levels is None else levels
    return [
        _suggestion(classifier, document, seen, level)
        for (document, seen), level in zip(found, asked, strict=True)
    ]


def _suggestion(
    classifier: ProtocolClassifier, document: Document, seen: Attribution, level: int | None
) -> Suggestion:
    scale = classifier.scale
    if level is None:
        [number] = classifier.decide(seen.decided_by[None]).tolist()
    else:
        number = scale.index(level)
    by_level = np.array([METHODS[DEFAULT_METHOD](seen, at) for at in range(len(scale))])
    towards = np.maximum(by_level, 0.0)  # (K, words)
    weights = towards[number] / max(towards[number].sum(), 1e-12)
    top = _heaviest(weights, TOP_WORDS)
    every = [_heaviest(row, WORDS_PER_LEVEL) for row in towards]
    alone = METHODS["gradients"](seen, number), seen.attention
    others = np.concatenate([*every, *(_heaviest(row, TOP_ALONE) for row in alone)])
    others = np.setdiff1d(others, top)

    def words(which: np.ndarray) -> tuple[Word, ...]:
        return _words(document, seen, which, weights, scale[number])

    sentences = _passages(seen, weights)
    gathered = gatherings(classifier, seen.reading, [one.number for one in sentences])
    return Suggestion(
        level=scale[number],
        probabilities=tuple(max(0.0, share) for share in seen.probabilities.tolist()),
        uncertainty=float(spread(seen.probabilities[None])[0]),
        words=words(top),
        others=words(others),
        sentences=sentences,
        sections=_masses(document, seen, weights),
        gatherings=tuple(gathered),
        evidence_strength=evidence_strength(seen, number, weights),
    )


def _heaviest(weights: np.ndarray, most: int) -> np.ndarray:
    """The places of at most so many weights above 0, the largest first."""
    order = np.argsort(-weights, kind="stable")[:most]
    return order[weights[order] > 0]


def _words(
    document: Document, seen: Attribution, which: np.ndarray, weights: np.ndarray, level: int
) -> tuple[Word, ...]:
    rows = zip(
        seen.reading.words[which].tolist(),
        weights[which].tolist(),
        seen.attention[which].tolist(),
        seen.contributions[:, which].T.tolist(),
        strict=True,
    )
    return tuple(
        Word(document.text[start:end], start, end, weight, level, attention, tuple(adds))
        for (start, end), weight, attention, adds in rows
    )


def _passages(seen: Attribution, weights: np.ndarray) -> tuple[Passage, ...]:
    words, home = seen.reading.words, seen.reading.sentences
    totals = np.bincount(home, weights)
    found = []
    for sentence in _heaviest(totals, TOP_SENTENCES).tolist():
        first, last = np.searchsorted(home, [sentence, sentence + 1])
        span = int(words[first, 0]), int(words[first:last, 1].max())
        found.append(Passage(sentence, *span, float(totals[sentence])))
    return tuple(found)


def _masses(document: Document, seen: Attribution, weights: np.ndarray) -> tuple[SectionMass, ...]:
    starts = seen.reading.words[:, 0]
    shares = np.array([weights, seen.attention / max(seen.attention.sum(), 1e-12)])
    found = []
    for section in document.sections:
        first, last = np.searchsorted(starts, [section.start, section.end])
        found.append(
            SectionMass(section.start, section.end, *shares[:, first:last].sum(axis=1).tolist())
        )
    return tuple(found)


def attributions(
    classifier: ProtocolClassifier,
    documents: Sequence[Document],
    progress: Progress,
    message: str,
) -> Iterator[tuple[Document, Attribution]]:
    """Documents with their attributions, in order; a part of them is held in memory at once."""
    classifier.cache.encode(documents, progress)
    for start in range(0, len(documents), _CHUNK):
        chunk = documents[start : start + _CHUNK]
        readings = classifier.cache.readings(chunk, progress)
        yield from zip(chunk, attribute(classifier, readings), strict=True)
        progress(min(1.0, (start + _CHUNK) / len(documents)), message)
