"""In self-attention every word gathers from the others: for a sentence, who looks at whom.

Only networks with such a layer have it. Words look at the whole document, so what a sentence's
words look at within it is less than all; the rest is elsewhere, or on words that are not listed.
"""

from typing import NamedTuple

import numpy as np

from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.networks import FittedNetwork
from cer_assist.learning.views.self_attention import SelfAttentionNetwork

MOST = 30  # words of a sentence: a longer matrix cannot be read


class Gathering(NamedTuple):
    """Who looks at whom in a sentence.

    Attributes
    ----------
    words : (n, 2) int
        Code points of the sentence's content words, at most 30, in the order of the text.
    looks : (n, n)
        Row i: how much word i looks at each of them; at most 1 in all, the rest is elsewhere.
    """

    words: np.ndarray
    looks: np.ndarray


def gatherings(
    classifier: ProtocolClassifier, reading: Reading, sentences: list[int]
) -> list[Gathering]:
    """The matrices of some sentences of a document; none where nothing gathers.

    Parameters
    ----------
    classifier : ProtocolClassifier
    reading : Reading
    sentences : list of int
        Numbers as in `Reading.sentences`.

    References
    ----------
    Vaswani et al. 2017, Attention Is All You Need, equation 1: rows of softmax(Q K' / sqrt d).
    """
    fitted = self_attending(classifier)
    if fitted is None or not sentences:
        return []
    [(matrix,)] = fitted.rows("matrix", [reading])  # (time, time)
    found = []
    for sentence in sentences:
        within = np.flatnonzero(
            (reading.sentences == sentence) & (reading.place < fitted.network.longest)
        )[:MOST]
        places = reading.place[within]
        found.append(Gathering(reading.words[within], matrix[np.ix_(places, places)]))
    return found


def self_attending(classifier: ProtocolClassifier) -> FittedNetwork | None:
    """The classifier's network with self-attention, if it is that."""
    for view in classifier.views_.values():
        if isinstance(view, FittedNetwork) and issubclass(view.network, SelfAttentionNetwork):
            return view
    return None
