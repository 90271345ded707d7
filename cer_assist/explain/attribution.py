"""A word's share in a level is computed from the model's own formula, not guessed beside it.

Every view tells what each word adds to its logits; the blend adds the views up as it adds up their
logits, and the derivative of a level's log-odds turns that into what the word does for the level.
No explanation model stands between model and reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.explain.gradients import integrated_gradients
from cer_assist.learning.calibration import Blend, mixed
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.ordinal import level_probabilities, sigmoid
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import Fitted, Seen
from cer_assist.learning.views.networks import FittedNetwork

STEEPEST = 4.0  # change of log-odds for a change of a logit; 1 at the ends of the scale


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
    expected : (words,), optional
        The share of a reader's marks that each word would get; none where no marks were learnt.
    is_one_network : bool
        Whether it was seen by a single network, so that its gradients can be followed.
    """

    reading: Reading
    probabilities: np.ndarray
    decided_by: np.ndarray
    attention: np.ndarray
    contributions: np.ndarray
    expected: np.ndarray | None
    is_one_network: bool
    _blend: Blend
    _seen: tuple[Seen, ...]
    _views: tuple[Fitted, ...]

    def integrated(self) -> np.ndarray:
        """What each word adds to each level's log-odds by integrated gradients, (K, words).

        Raises
        ------
        TypeError
            It was not seen by a single network.
        """
        [view] = self._views
        if not isinstance(view, FittedNetwork):
            raise TypeError(f"expected a network, received {type(view).__name__}")
        by_logit = integrated_gradients(view, self.reading).contributions
        logits = self._blend.logits([seen.logits for seen in self._seen])
        return log_odds_gradient(logits) @ by_logit * self._blend.slope

    def probabilities_without(self, removed: np.ndarray) -> np.ndarray:
        """Probabilities if the marked words were not read.

        Parameters
        ----------
        removed : (sets, words) bool

        Returns
        -------
        (sets, K)
        """
        return self._blend.probabilities([s.without(removed) for s in self._seen])


def attribute(classifier: ProtocolClassifier, readings: Sequence[Reading]) -> Iterator[Attribution]:
    """Attributions of documents, in order."""
    blend, marking = classifier.blend_, classifier.marking_
    views = tuple(classifier.views_.values())
    is_one_network = len(views) == 1 and isinstance(views[0], FittedNetwork)
    looks = [view.look(readings) for view in views]
    for reading, *every in zip(readings, *looks, strict=True):
        own = [seen.logits for seen in every]
        logits, said = blend.logits(own), blend.said([row[None] for row in own])
        by_logit = mixed([seen.contributions for seen in every], blend.shares)  # (K - 1, words)
        yield Attribution(
            reading=reading,
            probabilities=said.probabilities[0],
            decided_by=said.uncalibrated[0],
            attention=every[0].attention,
            contributions=log_odds_gradient(logits) @ by_logit * blend.slope,
            expected=marking.expected(reading) if marking else None,
            is_one_network=is_one_network,
            _blend=blend,
            _seen=tuple(every),
            _views=views,
        )


def log_odds_gradient(logits: np.ndarray) -> np.ndarray:
    """Derivative of each level's log-odds by each cumulative logit, (K, K - 1).

    Where two cumulative answers meet, the level between them has no probability, and the slope of
    its log-odds no bound: one such protocol would outweigh all others in a level's words. So none
    counts for more than `STEEPEST`.
    """
    above = sigmoid(logits)
    slopes = above * (1 - above)
    levels = np.maximum(level_probabilities(logits[None])[0], 1e-9)
    gradient = np.zeros((len(levels), len(logits)))
    ranks = np.arange(len(logits))
    gradient[ranks + 1, ranks] = slopes
    gradient[ranks, ranks] = -slopes
    exact = gradient / (levels * np.maximum(1 - levels, 1e-9))[:, None]
    return np.clip(exact, -STEEPEST, STEEPEST)
