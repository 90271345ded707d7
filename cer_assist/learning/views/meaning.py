"""What a text says as a whole: the mean of its sentences' states, read by a linear model.

The encoder was made so that sentences of like meaning point the same way. Where the matter is the
tone or the topic of short texts, and no rubric says what to look for, that is most of what can be
learnt from few labels.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.cumulative import fit_answers, non_increasing
from cer_assist.learning.ordinal import balanced_weights
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import unit
from cer_assist.learning.similarities import Carried, all_similarities, fit_carriers
from cer_assist.learning.views.base import HeldOut, Seen

INVERSE_REGULARISATION = 10.0


class MeaningView:
    """Cumulative answers from mean sentence states; a fit is a full one."""

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedMeaning":
        """Learn from all documents; see `View`."""
        weights, intercepts = _fit(_means(readings), numbers, problem.levels)
        carriers = fit_carriers(readings, all_similarities(readings, weights.T))
        progress(1.0, "Comparing meanings")
        return FittedMeaning(weights, intercepts, carriers)

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents; see `View`."""
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        means = _means(readings)
        for fold in np.intersect1d(tested, fold_of):
            held = fold_of == fold
            weights, intercepts = _fit(means[~held], numbers[~held], problem.levels)
            logits[held] = non_increasing(means[held] @ weights + intercepts)
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedMeaning":
        """The opposite of `arrays`; see `View`."""
        return FittedMeaning(**arrays)


class FittedMeaning:
    """What sentence states say of levels.

    Parameters
    ----------
    weights : (384, K - 1)
        Of a sentence state of length one.
    intercepts : (K - 1,)
    carriers : (65, K - 1)
        See `fit_carriers`.
    """

    def __init__(self, weights: np.ndarray, intercepts: np.ndarray, carriers: np.ndarray):
        self.weights, self.intercepts, self.carriers = weights, intercepts, carriers

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        return non_increasing(_means(readings) @ self.weights + self.intercepts)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        return vars(self)

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What words carry of it, as far as can be told; every word is looked at alike."""
        found = all_similarities(readings, self.weights.T)
        for reading, answers in zip(readings, found, strict=True):
            carried = Carried.of(reading, answers, self.carriers)
            words = len(reading.words)
            yield Seen(
                logits=self._logits(answers),
                attention=np.full(words, 1 / max(1, words)),
                contributions=carried.effects().T / max(1, len(answers)),
                without=partial(self._without, carried),
            )

    def _without(self, carried: Carried, removed: np.ndarray) -> np.ndarray:
        return self._logits(carried.without(removed))

    def _logits(self, answers: np.ndarray) -> np.ndarray:
        """From each sentence's answers (..., sentences, K - 1)."""
        mean = answers.sum(axis=-2) / max(1, answers.shape[-2])
        return non_increasing(mean + self.intercepts)


def _means(readings: Sequence[Reading]) -> np.ndarray:
    """Mean direction of each document's sentences, (n, 384); zeros for one without any."""
    means = np.zeros((len(readings), 384), np.float32)
    for row, reading in zip(means, readings, strict=True):
        if len(reading.sentence_states):
            row[:] = unit(reading.sentence_states).mean(axis=0)
    return means


def _fit(means: np.ndarray, numbers: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers from deviations of equal size, told of the means as they are.

    Rare levels count more, as for the networks. Were "yes" and "no" balanced in each answer, the
    answers would be pushed apart and levels in the middle crushed between them: on SST-5, where
    there are labels enough, that cost .06 of accuracy and .05 of QWK.
    """
    centre = means.mean(axis=0)
    scale = np.maximum(means.std(axis=0), 1e-4) * np.sqrt(means.shape[1])
    rows = sparse.csr_array((means - centre) / scale)
    counted = balanced_weights(numbers, np.ones(len(numbers), bool))
    found, intercepts = fit_answers(rows, numbers, levels, INVERSE_REGULARISATION, counted)
    weights = found / scale[:, None]
    return weights, intercepts - centre @ weights


VIEW = MeaningView()
