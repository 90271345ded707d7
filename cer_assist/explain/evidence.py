"""Shown words are put to the test: take them away and see whether the suggestion falls.

If the ten weightiest words were only decoration, ten random words would do as much. The strength is
the share of the suggested level's probability lost with the top words beyond the share lost, on
average, with random words of the same number; 1 means that all of it rests on them. It is measured
on the document's states, which the encoder made with the words in place: that stands in for
rewriting the text, at a thousandth of the cost.

Words given weights at random reach some strength by luck. What they exceed in one document of
twenty is where evidence begins; below it the evidence is weak.
"""

from collections.abc import Sequence

import numpy as np

from cer_assist.explain.attribution import Attribution, attribute
from cer_assist.explain.chance import Frequencies, dealt_anew
from cer_assist.explain.methods import DEFAULT_METHOD, METHODS
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.progress import silent

WORDS = 10
RANDOM_SETS = 10
DOCUMENTS = 100  # enough for the strength that one in twenty exceeds
QUANTILE = 95


def evidence_strength(seen: Attribution, number: int, weights: np.ndarray) -> float:
    """How much more the top words carry a level than random words do.

    Parameters
    ----------
    seen : Attribution
    number : int
        Level number 0 .. K-1.
    weights : (words,)
        The weights by which words are shown.

    Returns
    -------
    float in 0..1
    """
    count = min(WORDS, int((weights > 0).sum()), len(weights) // 2)
    if count == 0:
        return 0.0
    # The seed is fixed: the same model must give a document the same figure every time.
    draws = np.random.default_rng(0).random((RANDOM_SETS, len(weights)))
    removed = np.zeros((1 + RANDOM_SETS, len(weights)), bool)
    removed[0, np.argsort(-weights, kind="stable")[:count]] = True
    np.put_along_axis(removed[1:], draws.argpartition(count, axis=1)[:, :count], True, axis=1)
    left = seen.probabilities_without(removed)[:, number]
    # A level less probable than by chance has little to lose, and most of a little proves nothing.
    full = seen.probabilities[number]
    lost = (full - left) / max(full, 1 / len(seen.probabilities))
    return float(np.clip(lost[0] - lost[1:].mean(), 0.0, 1.0))


def weak_below(classifier: ProtocolClassifier, documents: Sequence[Document]) -> float:
    """The strength below which a model's words are no better evidence than random ones.

    Parameters
    ----------
    classifier : ProtocolClassifier
    documents : sequence of Document
        A hundred of them are looked at; how frequent words are is counted in these.

    Returns
    -------
    float in 0..1
        0 without documents.
    """
    if not documents:
        return 0.0
    some = documents[:: max(1, len(documents) // DOCUMENTS)]
    readings = classifier.cache.readings(some, silent)
    frequencies, generator = Frequencies.of(readings), np.random.default_rng(0)
    strengths = []
    for seen in attribute(classifier, readings):
        [number] = classifier.decide(seen.decided_by[None]).tolist()
        shown = METHODS[DEFAULT_METHOD](seen, number)
        dealt = dealt_anew(shown, frequencies.in_document(seen.reading), generator)
        strengths.append(evidence_strength(seen, number, dealt))
    return reached_by_luck(strengths)


def reached_by_luck(strengths: Sequence[float]) -> float:
    """What strengths of random words exceed once in twenty; 0 without any."""
    return float(np.percentile(strengths, QUANTILE)) if len(strengths) else 0.0
