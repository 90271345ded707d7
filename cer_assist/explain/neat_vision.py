"""Protocols with their words' weights, as the viewer neat-vision takes them.

The format: a list of texts in words, each with `text`, `label`, `prediction`, `posterior`,
`attention` and `id`, and beside it what the labels are called. Labels count from 0 in scale order.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import regex

from cer_assist.domain.rubric import Rubric
from cer_assist.explain.attribution import Attribution, attribute
from cer_assist.explain.methods import METHODS
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.progress import Progress

_TOKENS = regex.compile(r"\w+|[^\w\s]+")
_DIGITS = 6


class Labelled(NamedTuple):
    """A protocol to be shown: its name outside, its text and the level it has."""

    name: str
    document: Document
    level: int


def neat_vision(
    classifier: ProtocolClassifier, rows: Sequence[Labelled], method: str, progress: Progress
) -> Iterator[dict[str, Any]]:
    """One entry a protocol.

    Parameters
    ----------
    classifier : ProtocolClassifier
    rows : sequence of Labelled
    method : str
        One of `METHODS`; weights are for the level that the model decides for, none below 0, and
        add up to 1. Words that no model reads have none.
    progress : callable (share done, message)
    """
    documents = [row.document for row in rows]
    classifier.cache.encode(documents, progress)
    readings = classifier.cache.readings(documents, progress)
    for row, seen in zip(rows, attribute(classifier, readings), strict=True):
        [number] = classifier.decide(seen.decided_by[None]).tolist()
        tokens, weights = _weighed(row.document.text, seen, METHODS[method](seen, number))
        yield {
            "text": tokens,
            "label": classifier.scale.index(row.level),
            "prediction": number,
            "posterior": [round(share, _DIGITS) for share in seen.probabilities.tolist()],
            "attention": weights,
            "id": row.name,
        }


def label_names(rubric: Rubric) -> dict[str, dict[str, str]]:
    """What neat-vision calls each label."""
    return {
        str(at): {"name": str(level.value), "desc": level.name}
        for at, level in enumerate(rubric.levels)
    }


def _weighed(text: str, seen: Attribution, weights: Any) -> tuple[list[str], list[float]]:
    """All tokens of a text in order, content words whole, with a weight for each."""
    total = weights.clip(min=0).sum()
    tokens: list[str] = []
    found: list[float] = []

    def between(start: int, end: int) -> None:
        others = _TOKENS.findall(text, start, end)
        tokens.extend(others)
        found.extend([0.0] * len(others))

    at = 0
    for (start, end), weight in zip(seen.reading.words.tolist(), weights.tolist(), strict=True):
        between(at, start)
        tokens.append(text[start:end])
        found.append(round(max(0.0, weight) / total, _DIGITS) if total > 0 else 0.0)
        at = end
    between(at, len(text))
    return tokens, found
