"""Every training document is judged by models that have read neither it nor a near-copy of it.

This is where all figures, the blend and the calibration come from, so fold models start from fresh
weights, never from an earlier model: that one has read the documents they are tested on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.learning.calibration import Said, cross_fitted
from cer_assist.learning.kinds import Kind, shares_of
from cer_assist.learning.progress import Progress
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import VIEWS, Problem

FOLDS = 5
# With so many documents judged, more would not change two numbers; the other folds' models are
# spared, which is most of the time where a set has thousands.
ENOUGH_JUDGED = 2000


@dataclass(frozen=True)
class OutOfFold:
    """What models said of documents they had not read.

    Attributes
    ----------
    logits : dict of view to (n, K - 1)
        Cumulative logits.
    levels : (n,) int
        True level numbers 0 .. K-1.
    fold_of : (n,) int
    epochs : dict of view to int
        How long the final network should learn, of views that tune it.
    """

    logits: dict[str, np.ndarray]
    levels: np.ndarray
    fold_of: np.ndarray
    epochs: dict[str, int | None]


def out_of_fold(
    views: Sequence[str],
    readings: Sequence[Reading],
    numbers: np.ndarray,
    fold_of: np.ndarray,
    problem: Problem,
    progress: Progress,
) -> OutOfFold:
    """Logits of all views for documents of enough folds, from models of the other folds.

    Parameters
    ----------
    views : sequence of str
    readings : sequence of Reading
    numbers : (n,) int
        Level numbers 0 .. K-1.
    fold_of : (n,) int
        See `grouped_folds`; at most `FOLDS` folds.
    problem : Problem
    progress : callable (share done, message)
    """
    tested = folds_to_test(fold_of)
    held = np.isin(fold_of, tested)
    logits, epochs = {}, {}
    for place, name in enumerate(views):

        def part(share: float, message: str, place: int = place) -> None:
            progress((place + share) / len(views), message)

        found = VIEWS[name].hold_out(readings, numbers, fold_of, tested, problem, part)
        logits[name], epochs[name] = found.logits[held], found.epochs
    return OutOfFold(logits, numbers[held], fold_of[held], epochs)


def folds_to_test(fold_of: np.ndarray) -> list[int]:
    """All folds, or as many as hold enough documents, but two: what one fits, the other judges."""
    judged = np.cumsum(np.bincount(fold_of, minlength=FOLDS))
    enough = int(np.searchsorted(judged, ENOUGH_JUDGED)) + 1
    return list(range(min(FOLDS, max(2, enough))))


def out_of_fold_probabilities(found: OutOfFold, kind: Kind) -> Said:
    """Probabilities with blend and calibration fitted on other folds."""
    views = list(found.logits.values())
    return cross_fitted(
        views, found.levels, found.fold_of, shares_of(kind, found.logits, len(found.levels))
    )
