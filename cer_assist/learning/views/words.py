"""Networks that learn their words from scratch, from the labels and nothing else.

They know a word by its identity only, so all words are given to them, function words too: "not",
"by" and "with" have no other way in. The vocabulary is made of the training part of a fold alone; a
word it lacks, or has once, is the unknown word.

They stop early, for they can learn every document by heart and soon do: after each epoch the
held-out documents are judged, and the final network learns for the number of epochs that did best.
What is said of a fold comes from the epoch that did best on the other folds.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cer_assist.learning.calibration import fit_temperature, log_loss
from cer_assist.learning.course import checkpoints
from cer_assist.learning.lexical import MIN_DOCUMENTS
from cer_assist.learning.network import TABLE, Network, Weights, drawn, joint_fit
from cer_assist.learning.ordinal import balanced_weights
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.base import HeldOut, Problem
from cer_assist.learning.views.networks import FittedNetwork

SIZE = 100
UNKNOWN = 0  # the row of the table for it, and for padding, which the mask hides
_KEYS = "words.keys"


class OwnWords(Network):
    """A network whose states are rows of a table of its own.

    `longest` is the number of words read of a document, for networks whose cost grows faster than
    its length.
    """

    size = SIZE
    learns_words = True
    dropped = 0.5
    words_dropped = 0.3  # or a few telling words are learnt by heart, and the rest stays unread
    spread = 0.1  # standard deviation of fresh word states
    longest = 4096

    @classmethod
    def by_word(cls, reading: Reading, values: np.ndarray) -> np.ndarray:
        """The values at the place of each content word; 0 beyond what was read."""
        found = np.zeros((len(reading.place), *values.shape[1:]))
        within = reading.place < min(cls.longest, len(reading.spoken))
        found[within] = values[reading.place[within]]
        return found


class WordsView:
    """A view that is a network with words of its own.

    Parameters
    ----------
    network : type of OwnWords
    """

    def __init__(self, network: Any):
        self.network = network

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedWords":
        """Learn from all documents; see `View`."""
        schedule = self.network.schedule
        default = schedule.warm_epochs if start else schedule.epochs
        return self._learn(
            readings,
            numbers,
            problem,
            start=start,
            epochs=epochs or default,
            progress=lambda share, fitted: progress(share, "Learning from all labels"),
        )

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents after every epoch; see `View`."""
        epochs = self.network.schedule.epochs
        logits = np.full((epochs, len(numbers), problem.levels - 1), np.nan)
        for place, fold in enumerate(tested):
            held = np.flatnonzero(fold_of == fold)
            others = np.flatnonzero(fold_of != fold)
            if not len(held):
                continue
            mine = [readings[at] for at in held]

            def judge(share: float, fitted: FittedWords, place=place, held=held, mine=mine):
                logits[round(share * epochs) - 1, held] = fitted.logits(mine)
                progress((place + share) / len(tested), "Testing on held-out protocols")

            known = [readings[at] for at in others]
            self._learn(known, numbers[others], problem, start=None, epochs=epochs, progress=judge)
        return best_epochs(logits, numbers, fold_of)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedWords":
        """The opposite of `arrays`; see `View`."""
        weights = {name: array for name, array in arrays.items() if name != _KEYS}
        return FittedWords(self.network, weights, arrays[_KEYS])

    def _learn(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedWords":
        keys = common_words(readings)
        rows = 1 << len(keys).bit_length()  # a power of two: folds share one compiled step
        fresh = self._start(problem, keys, rows, start)
        kept = set() if start else checkpoints(epochs)
        course: dict[int, FittedNetwork] = {}
        found: list[FittedWords] = []

        def note(trained: list[Weights]) -> None:
            [weights] = trained
            table = weights[TABLE][: len(keys) + 1]
            found[:] = [FittedWords(self.network, {**weights, TABLE: table}, keys)]

        def passed(share: float) -> None:
            epoch = round(share * epochs)
            if epoch in kept:
                course[epoch] = found[0]
            progress(share, found[0])

        joint_fit(self.network, 1, problem.levels, rows).fit(
            [rows_of(reading, keys)[: self.network.longest] for reading in readings],
            numbers,
            balanced_weights(numbers, np.ones(len(numbers), bool))[None],
            fresh,
            epochs=epochs,
            seed=problem.seed,
            progress=passed,
            after_epoch=note,
        )
        return FittedWords(self.network, found[0].weights, keys, course)

    def _start(self, problem: Problem, keys: np.ndarray, rows: int, start) -> Weights:
        """Fresh weights, or earlier ones with fresh states for the words that are new."""
        table = drawn({TABLE: ((rows, self.network.size), self.network.spread)}, problem.seed)
        if start is None:
            return table | self.network.start(problem.levels, problem.seed)
        known = np.isin(keys, start.keys)
        earlier = np.searchsorted(start.keys, keys[known])
        table[TABLE][1 : len(keys) + 1][known] = start.weights[TABLE][1 + earlier]
        table[TABLE][UNKNOWN] = start.weights[TABLE][UNKNOWN]
        return start.weights | table


class FittedWords(FittedNetwork):
    """A network with its words.

    Parameters
    ----------
    network : type of OwnWords
    weights : dict of str to ndarray
    keys : (words,) uint64, sorted
        Of the table's rows from 1 on.
    course : dict of int to FittedNetwork, optional
        See `FittedNetwork`.
    """

    def __init__(
        self,
        network: Any,
        weights: Weights,
        keys: np.ndarray,
        course: dict[int, FittedNetwork] | None = None,
    ):
        super().__init__(network, weights, course)
        self.keys = keys

    def items(self, readings: Sequence[Reading]) -> list[np.ndarray]:
        """The states of all words of each document, (words, size) float32."""
        longest = self.network.longest
        return [self.weights[TABLE][rows_of(one, self.keys)[:longest]] for one in readings]

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        return {**self.weights, _KEYS: self.keys}


def common_words(readings: Sequence[Reading]) -> np.ndarray:
    """Words of at least two of the documents, sorted, (words,) uint64."""
    said = np.concatenate([np.unique(reading.spoken) for reading in readings])
    keys, documents = np.unique(said, return_counts=True)
    return keys[documents >= min(MIN_DOCUMENTS, len(readings))]


def rows_of(reading: Reading, keys: np.ndarray) -> np.ndarray:
    """The table's row of each word of a document, (all words,) int32."""
    at = np.minimum(np.searchsorted(keys, reading.spoken), max(0, len(keys) - 1))
    known = keys[at] == reading.spoken if len(keys) else np.zeros(len(at), bool)
    return np.where(known, at + 1, UNKNOWN).astype(np.int32)


def best_epochs(logits: np.ndarray, numbers: np.ndarray, fold_of: np.ndarray) -> HeldOut:
    """Of what was said after each epoch, what came from the epoch that did best elsewhere.

    Parameters
    ----------
    logits : (epochs, n, K - 1)
        NaN for documents that were not judged.
    numbers, fold_of : (n,) int
    """
    judged = ~np.isnan(logits[0, :, 0])
    chosen = np.full(logits.shape[1:], np.nan)
    for fold in np.unique(fold_of[judged]):
        held = fold_of == fold
        chosen[held] = logits[_best(logits[:, judged & ~held], numbers[judged & ~held]), held]
    return HeldOut(chosen, _best(logits[:, judged], numbers[judged]) + 1)


def _best(logits: np.ndarray, numbers: np.ndarray) -> int:
    """The epoch with the smallest log loss, each at its own temperature as it would be used."""
    losses = []
    for said in logits:
        tempered = fit_temperature(said, numbers)
        losses.append(log_loss(tempered.probabilities([said]), numbers))
    return int(np.argmin(losses))
