"""The rubric's words meet the protocol's sentence by sentence, text by text.

For each text of the rubric two numbers: how near the nearest sentence comes, and the three nearest
on average. A role that is described once, anywhere, then counts as it does for a reader; means over
whole protocols drown it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import directions_of, rubric_texts
from cer_assist.learning.similarities import Carried, nearest, shares
from cer_assist.learning.views.base import Problem


@dataclass(frozen=True)
class Closeness:
    """What the model learnt of sentences near to the rubric.

    Attributes
    ----------
    texts : (t, 384)
        Where the rubric's texts point; none without a rubric.
    centre, spread : (2 t,)
        Of `nearest` over the training documents.
    weights : (2 t, K - 1)
        Of the features that `scaled` gives.
    carriers : (65, t)
        See `fit_carriers`.
    """

    texts: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    carriers: np.ndarray

    def logits_of(self, features: np.ndarray) -> np.ndarray:
        """This part's share in the cumulative logits, (n, K - 1), from what `nearest_of` gives."""
        return scaled(features, self.centre, self.spread) @ self.weights

    def look(
        self, reading: Reading, found: np.ndarray
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray], np.ndarray]:
        """Logits (K - 1,), logits without words, and contributions (K - 1, words).

        Parameters
        ----------
        reading : Reading
        found : (sentences, t)
            Its similarities to the texts.
        """
        if found.size == 0:
            return self._nothing(reading)
        carried = Carried.of(reading, found, self.carriers)
        moved = np.tile(carried.effects(), 2) * shares(found)[reading.sentences]  # (words, 2 t)
        worth = self.weights * _factors(self.spread)[:, None]
        constant = -self.centre @ worth
        return (
            nearest(found) @ worth + constant,
            lambda removed: nearest(carried.without(removed)) @ worth + constant,
            (moved @ worth).T,
        )

    def _nothing(self, reading: Reading) -> tuple:
        answers = self.weights.shape[1]
        empty = np.zeros(answers)
        return empty, lambda removed: empty, np.zeros((answers, len(reading.words)))


def texts_of(problem: Problem) -> np.ndarray:
    """Where the texts of the problem's rubric point, (t, 384); none without a rubric."""
    if problem.rubric is None:
        return np.zeros((0, 384), np.float32)
    return directions_of([text.text for text in rubric_texts(problem.rubric)], problem.read)


def nearest_of(found: Sequence[np.ndarray]) -> np.ndarray:
    """`nearest` of each document's similarities, (n, 2 t); NaN for one without a sentence."""
    rows = np.full((len(found), 2 * found[0].shape[1]), np.nan, np.float32)
    for row, similarities in zip(rows, found, strict=True):
        if len(similarities):
            row[:] = nearest(similarities)
    return rows


def scales(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each feature over documents that have it."""
    known = features[~np.isnan(features).any(axis=1)]
    if not len(known):
        return np.zeros(features.shape[1]), np.ones(features.shape[1])
    return known.mean(axis=0), np.maximum(known.std(axis=0), 1e-6)


def scaled(features: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Features as deviations, all together of length one on average; unknown ones are average."""
    return np.nan_to_num((features - centre) * _factors(spread))


def _factors(spread: np.ndarray) -> np.ndarray:
    return 1 / (spread * np.sqrt(max(1, len(spread))))
