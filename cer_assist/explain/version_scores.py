"""Which words' scores a version keeps, so that they can be plotted and followed over versions.

Kept are words of at least two labelled protocols: those that do most, and those that the version
before had kept, so that no line breaks off while there is room. Where everything was fitted anew,
the course of the fit is kept of a few of them: of the first view that has one, which in a blend is
its attention over sentences. Other views are solved at once and have no course.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.explain.scores import Source, WordScores, has_scores, network_scores, word_scores
from cer_assist.explain.weighed import Weighed
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.course import told_of
from cer_assist.learning.documents import Document
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import Fitted
from cer_assist.learning.views.networks import FittedNetwork
from cer_assist.learning.views.sentences import FittedSentences

LEADING = 300  # words that are kept for what they do
MOST = 500  # with those that were kept before
FOLLOWED = 40  # words whose course is kept


class _Score(NamedTuple):
    documents: int
    attention: float
    polarity: np.ndarray  # (K,)

    @property
    def weight(self) -> float:
        """What it does: size of its polarity times documents, at the level where that is most."""
        return float(np.abs(self.polarity).max()) * self.documents

    def row(self) -> list[float]:
        """Attention and polarities with four digits: more would be noise that is stored."""
        return [float(f"{value:.4g}") for value in (self.attention, *self.polarity)]


_Table = dict[str, _Score]


@threadpool_limits.wrap(limits=1)  # as in `suggest`
def version_scores(
    classifier: ProtocolClassifier,
    documents: Sequence[Document],
    weighed: Weighed,
    before: Collection[str] = (),
) -> dict[str, Any]:
    """Scores of a version's words, taken on the documents it has learnt.

    Parameters
    ----------
    classifier : ProtocolClassifier
    documents : sequence of Document
    weighed : Weighed
        What the classifier's words do in the same documents.
    before : collection of str
        Words that the version before had kept.

    Returns
    -------
    dict
        JSON-able: `source`, see `Source`; `levels` in order; `documents` they were taken on;
        `words`: the 300 words that do most and those of `before`, 500 at most, the weightiest
        first, each as [documents, attention, polarity of each level]; `course`: none, or the name
        `of` a view, the `documents` that it was looked at on, the `steps` of its fit, and `words`
        with a row [attention, polarity of each level] for each step.
    """
    [first, *others] = classifier.views_.values()
    if not others and has_scores(first):
        readings = _read(classifier, documents)
        found = network_scores(first, readings)
        source, table = found.source, _named(found, _names(documents, readings))
    else:
        source, table = Source.shares, _shares(weighed)
    kept = _kept(table, before)
    return {
        "source": str(source),
        "levels": list(classifier.scale),
        "documents": len(documents),
        "words": {word: [table[word].documents, *table[word].row()] for word in kept},
        "course": _course(classifier, documents, kept),
    }


def _kept(table: _Table, before: Collection[str]) -> list[str]:
    ranked = sorted(table, key=lambda word: (-table[word].weight, word))
    earlier = [word for word in ranked[LEADING:] if word in before]
    return [*ranked[:LEADING], *earlier][:MOST]


def _shares(weighed: Weighed) -> _Table:
    """Of models without attention scores; one look at each document was enough."""
    return {
        word: _Score(
            tally.documents,
            tally.attention / tally.documents,
            tally.contributions / tally.documents,
        )
        for word, tally in weighed.overall.items()
        if tally.documents >= MIN_WORD_PROTOCOLS
    }


def _course(
    classifier: ProtocolClassifier, documents: Sequence[Document], kept: Sequence[str]
) -> dict[str, Any] | None:
    name, course = next(_courses(classifier), ("", {}))
    if not course:
        return None
    some = told_of(documents)
    readings = _read(classifier, some)
    names, steps = _names(some, readings), sorted(course)
    stages = [_alone(classifier, name, course[step]) for step in steps]
    tables = [_named(word_scores(stage, readings), names) for stage in stages]
    words = [word for word in kept if word in tables[0]][:FOLLOWED]
    return {
        "of": name,
        "documents": len(some),
        "steps": steps,
        "words": {word: [table[word].row() for table in tables] for word in words},
    }


def _courses(classifier: ProtocolClassifier) -> Iterator[tuple[str, Mapping[int, Fitted]]]:
    for name, view in classifier.views_.items():
        if isinstance(view, FittedNetwork | FittedSentences) and view.course:
            yield name, view.course


def _alone(classifier: ProtocolClassifier, name: str, view: Fitted) -> ProtocolClassifier:
    """The classifier as if it had that view and no other."""
    made = copy(classifier)
    made.views_, made.blend_ = {name: view}, replace(classifier.blend_, shares=(1.0,))
    return made


def _read(classifier: ProtocolClassifier, documents: Sequence[Document]) -> list[Reading]:
    return classifier.cache.readings(documents, silent)


def _names(documents: Sequence[Document], readings: Sequence[Reading]) -> dict[int, str]:
    """A word for each key: in whatever case it is one, and of several accents the last one seen."""
    return {
        key: document.text[start:end].casefold()
        for document, reading in zip(documents, readings, strict=True)
        for key, (start, end) in zip(reading.keys.tolist(), reading.words.tolist(), strict=True)
    }


def _named(found: WordScores, names: dict[int, str]) -> _Table:
    columns = found.keys.tolist(), found.documents.tolist(), found.attention, found.polarity.T
    return {names[key]: _Score(*row) for key, *row in zip(*columns, strict=True)}
