"""A word's share in a level is computed from the model's own formula, not guessed beside it.

Every view tells what each word adds to its logits; the blend adds the views up as it adds up their
logits, and the derivative of a level's log-odds turns that into what the word does for the level.
No explanation model stands between model and reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.learning.calibration import Blend, mixed
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.ordinal import level_probabilities, sigmoid
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import Seen


@dataclass(frozen=True)
class Attribution:
    """One document as the classifier saw it.

    Attributes
    ----------
    reading : Reading
    probabilities : (K,)
    decided_by : (K,)
        What the level is decided by, see `Said`.
    attention : (words,)
        How much the first view looked at each content word, at most 1 in all.
    contributions : (K, words)
        Change of each level's log-odds, to first order, that the word brings about.
    """

    reading: Reading
    probabilities: np.ndarray
    decided_by: np.ndarray
    attention: np.ndarray
    contributions: np.ndarray
    _blend: Blend
    _views: tuple[Seen, ...]

    def probabilities_without(self, removed: np.ndarray) -> np.ndarray:
        """Probabilities if the marked words were not read.

        Parameters
        ----------
        removed : (sets, words) bool

        Returns
        -------
        (sets, K)
        """
        return self._blend.probabilities([s.without(removed) for s in self._views])


def attribute(classifier: ProtocolClassifier, readings: Sequence[Reading]) -> Iterator[Attribution]:
    """Attributions of documents, in order."""
    blend = classifier.blend_
    looks = [view.look(readings) for view in classifier.views_.values()]
    for reading, *views in zip(readings, *looks, strict=True):
        own = [seen.logits for seen in views]
        logits, said = blend.logits(own), blend.said([row[None] for row in own])
        by_logit = mixed([seen.contributions for seen in views], blend.shares)  # (K - 1, words)
        yield Attribution(
            reading=reading,
            probabilities=said.probabilities[0],
            decided_by=said.uncalibrated[0],
            attention=views[0].attention,
            contributions=log_odds_gradient(logits) @ by_logit * blend.slope,
            _blend=blend,
            _views=tuple(views),
        )


def log_odds_gradient(logits: np.ndarray) -> np.ndarray:
    """Derivative of each level's log-odds by each cumulative logit, (K, K - 1)."""
    above = sigmoid(logits)
    slopes = above * (1 - above)
    levels = np.maximum(level_probabilities(logits[None])[0], 1e-9)
    gradient = np.zeros((len(levels), len(logits)))
    ranks = np.arange(len(logits))
    gradient[ranks + 1, ranks] = slopes
    gradient[ranks, ranks] = -slopes
    return gradient / (levels * np.maximum(1 - levels, 1e-9))[:, None]
