"""The words themselves, counted: what `learning.lexical` fits, as a view among others."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from cer_assist.learning.lexical import LexicalModel, count_words, fit_lexical, vocabulary, weigh
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.base import HeldOut, Seen


class LexicalView:
    """Cumulative TF-IDF of the content words; every fit is a full one, it takes a tenth second."""

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedLexical":
        """Learn from all documents; see `View`."""
        keys = vocabulary(readings)
        counts = count_words(readings, keys)
        model = fit_lexical(keys, counts, numbers, problem.levels)
        progress(1.0, "Counting words")
        return FittedLexical(model)

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents; see `View`. Words are counted once for all folds."""
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        keys = vocabulary(readings)
        counts = count_words(readings, keys)
        for fold in np.intersect1d(tested, fold_of):
            held = fold_of == fold
            model = fit_lexical(keys, counts[~held], numbers[~held], problem.levels)
            logits[held] = model.logits_of_counts(counts[held][:, np.isin(keys, model.keys)])
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedLexical":
        """The opposite of `arrays`; see `View`."""
        return FittedLexical(LexicalModel(**arrays))


class FittedLexical:
    """A lexical model with what it says of words."""

    def __init__(self, model: LexicalModel):
        self.model = model

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        return self.model.logits(readings)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        return vars(self.model)

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What each word adds to the sums; its attention is its share of the TF-IDF weights."""
        model = self.model
        counts = count_words(readings, model.keys)
        features = weigh(counts, model.idf)
        logits = model.logits_of_counts(counts)
        for at, reading in enumerate(readings):
            row = slice(features.indptr[at], features.indptr[at + 1])
            known = features.indices[row]
            place = places(model.keys[known], reading.keys)
            weight = features.data[row] / counts.data[row]  # of each occurrence
            shares = np.append(weight, 0.0)[place]  # (words,); 0 for unknown words
            parts = np.append(model.coefficients[known], np.zeros((1, logits.shape[1])), axis=0)
            yield Seen(
                logits=logits[at],
                attention=shares / max(shares.sum(), 1e-12),
                contributions=(shares[:, None] * parts[place]).T,
                without=partial(self._without, place, known),
            )

    def _without(self, place: np.ndarray, known: np.ndarray, removed: np.ndarray) -> np.ndarray:
        member = place[:, None] == np.arange(len(known))  # (words, known words)
        return self.model.logits_of_some((~removed).astype(np.float64) @ member, known)


def places(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Where each word's key stands among the known ones, -1 if it does not."""
    if not len(known):
        return np.full(len(keys), -1)
    order = np.argsort(known)
    at = np.minimum(np.searchsorted(known[order], keys), len(known) - 1)
    return np.where(known[order][at] == keys, order[at], -1)


VIEW = LexicalView()
