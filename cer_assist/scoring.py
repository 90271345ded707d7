"""What a version says of protocols: levels of all of them, and the words of chosen ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cer_assist.explain.gathering import Gathering
from cer_assist.explain.words import Suggestion, Word, suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.ordinal import spread
from cer_assist.learning.progress import Progress
from cer_assist.services.models import Marked, SuggestionRow
from cer_assist.services.training_data import TextRow

SCORED_AT_ONCE = 500


def document(row: TextRow) -> Document:
    """A row as the learner takes it."""
    said = (row.marked, row.contested, row.study)
    return Document(row.content_hash, row.text, row.sections, *said)


def score(
    classifier: ProtocolClassifier, cache: FeatureCache, rows: Sequence[TextRow], progress: Progress
) -> list[SuggestionRow]:
    """Suggestions for the protocols whose token states are cached, without their words."""
    documents = [document(row) for row in rows]
    missing = {document.key for document in cache.missing(documents)}
    ready = [row for row in rows if row.content_hash not in missing]
    found: list[SuggestionRow] = []
    for start in range(0, len(ready), SCORED_AT_ONCE):
        progress(start / len(ready), "Suggesting levels")
        found += _levels(classifier, ready[start : start + SCORED_AT_ONCE])
    return found


def marks(
    classifier: ProtocolClassifier, rows: Sequence[TextRow], levels: Sequence[int]
) -> list[Marked]:
    """The words and sentences that speak for those levels."""
    documents = [document(row) for row in rows]
    return [marked(found) for found in suggest(classifier, documents, levels=levels)]


def marked(found: Suggestion) -> Marked:
    """A suggestion's words and sentences as they are stored; what carries nothing has no weight."""
    return Marked(
        [_row(word) for word in (*found.words, *found.others)],
        [[one.start, one.end, round(one.weight, 4)] for one in found.sentences],
        [[s.start, s.end, round(s.weight, 4), round(s.attention, 4)] for s in found.sections],
        [row for rank, one in enumerate(found.gatherings) for row in _gathered(rank, one)],
        found.evidence_strength,
    )


def _levels(classifier: ProtocolClassifier, rows: Sequence[TextRow]) -> list[SuggestionRow]:
    said = classifier.say([document(row) for row in rows])
    numbers = classifier.decide(said.uncalibrated)
    return [
        SuggestionRow(row.id, classifier.scale[number], shares, variance)
        for row, number, shares, variance in zip(
            rows,
            numbers.tolist(),
            np.maximum(said.probabilities, 0.0).tolist(),
            spread(said.probabilities).tolist(),
            strict=True,
        )
    ]


def _gathered(rank: int, one: Gathering) -> list[list[float]]:
    looks = np.round(one.looks.astype(float), 3).tolist()
    return [[rank, *span, *row] for span, row in zip(one.words.tolist(), looks, strict=True)]


def _row(word: Word) -> list[Any]:
    """As `Marks.words` has it."""
    adds = (round(change, 3) for change in word.adds)
    return [word.start, word.end, round(word.weight, 5), round(word.attention, 5), *adds]
