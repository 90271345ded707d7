"""Every training document is judged by models that have read neither it nor a near-copy of it.

This is where all figures, the blend and the temperature come from, so fold models start from fresh
weights, never from an earlier model: that one has read the documents they are tested on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.learning.lexical import count_words, fit_lexical, vocabulary
from cer_assist.learning.network import Weights, attend, initial_weights, joint_fit
from cer_assist.learning.progress import Progress
from cer_assist.learning.readings import Reading

FOLDS = 5
COLD_EPOCHS = 15


@dataclass(frozen=True)
class OutOfFold:
    """What models said of documents they had not read.

    Attributes
    ----------
    attention, lexical : (n, K - 1)
        Cumulative logits of the two views.
    levels : (n,) int
        True level numbers 0 .. K-1.
    fold_of : (n,) int
    """

    attention: np.ndarray
    lexical: np.ndarray
    levels: np.ndarray
    fold_of: np.ndarray


def out_of_fold(
    readings: Sequence[Reading],
    numbers: np.ndarray,
    fold_of: np.ndarray,
    size: int,
    *,
    attention: bool,
    seed: int,
    progress: Progress,
) -> OutOfFold:
    """Logits of both views for every document, from models of the other folds.

    Parameters
    ----------
    readings : sequence of Reading
    numbers : (n,) int
        Level numbers 0 .. K-1.
    fold_of : (n,) int
        See `grouped_folds`; at most `FOLDS` folds.
    size : int
        K.
    attention : bool
        False leaves the attention view at zero, where only the lexical one is asked for.
    seed : int
    progress : callable (share done, message)
    """
    attended = np.zeros((len(numbers), size - 1))
    if attention:
        attended = _attention(readings, numbers, fold_of, size, seed, progress)
    return OutOfFold(attended, _lexical(readings, numbers, fold_of, size), numbers, fold_of)


def balanced_weights(numbers: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Weights that let rare levels count more: inverse square root of frequency, mean 1, (n,).

    The full inverse makes sixteen documents of a rare level outweigh everything else's detail.
    """
    frequency = np.bincount(numbers[used])[np.where(used, numbers, numbers[used][0])]
    weights = np.where(used, frequency**-0.5, 0.0)
    return weights / weights[used].mean()


def attention_logits(weights: Weights, readings: Sequence[Reading]) -> np.ndarray:
    """Cumulative logits of a network, (n, K - 1)."""
    states = [reading.states for reading in readings]
    return np.array([seen.logits for seen in attend(weights, states)], np.float64)


def _attention(
    readings: Sequence[Reading],
    numbers: np.ndarray,
    fold_of: np.ndarray,
    size: int,
    seed: int,
    progress: Progress,
) -> np.ndarray:
    trained = joint_fit(FOLDS, size).fit(
        [reading.states for reading in readings],
        numbers,
        np.stack([balanced_weights(numbers, fold_of != fold) for fold in range(FOLDS)]),
        initial_weights(size, seed),
        epochs=COLD_EPOCHS,
        seed=seed,
        progress=lambda done: progress(done, "Testing on held-out protocols"),
    )
    logits = np.zeros((len(numbers), size - 1))
    for fold, weights in enumerate(trained):
        held = fold_of == fold
        if held.any():
            mine = [reading for reading, mark in zip(readings, held, strict=True) if mark]
            logits[held] = attention_logits(weights, mine)
    return logits


def _lexical(
    readings: Sequence[Reading], numbers: np.ndarray, fold_of: np.ndarray, size: int
) -> np.ndarray:
    logits = np.zeros((len(numbers), size - 1))
    keys = vocabulary(readings)
    counts = count_words(readings, keys)
    for fold in np.unique(fold_of):
        held = fold_of == fold
        model = fit_lexical(keys, counts[~held], numbers[~held], size)
        logits[held] = model.logits_of_counts(counts[held][:, np.isin(keys, model.keys)])
    return logits
