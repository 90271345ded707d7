"""Which levels are worth a second blind reading: by how many levels they would come nearer.

A level is held against what models say that read neither the protocol nor a near-copy. Three
readings are weighed alike, by one table of how readers err: the one that gave the level, those of
near-copies, and the one that is yet to come. So the order knows distance: an improbable level two
steps off gains more than one that is a single step off, although readers err by two more rarely.

Scores that know no distance find one-step errors as well or better, but lose two-step errors, which
cost a study more; the distance alone, without how readers err, only asks for the protocols that the
model itself is unsure of. docs/label-errors.md has the figures.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.deep.judges import text_reader
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import grouped_folds
from cer_assist.learning.kinds import Kind, views_of
from cer_assist.learning.likeness import compare
from cer_assist.learning.out_of_fold import FOLDS, OutOfFold, out_of_fold_probabilities
from cer_assist.learning.progress import Progress
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import VIEWS, Problem

# How often a reading is right. With .9 slightly more planted errors of one step are found and fewer
# of two.
RELIABILITY = 0.75
_FARTHER = 0.5  # so much rarer than a slip is one that goes a step farther
PARTITIONS = 3  # a document's verdict depends on who else was read; each costs another five models
_LEAST = 1e-12  # of a probability, before its logarithm


class Suspicion(NamedTuple):
    """What is thought of each given level.

    Attributes
    ----------
    wrong : (n,)
        Probability that it is not the true one.
    likely : (n,) int
        Which level number it would then be: the most probable of the others.
    gain : (n,)
        By how many levels a second blind reading is expected to bring it nearer to the truth.
    order : (n,) int
        Positions, the largest gain first; equals in their given order.
    """

    wrong: np.ndarray
    likely: np.ndarray
    gain: np.ndarray
    order: np.ndarray


def suspect(
    probabilities: np.ndarray,
    given: np.ndarray,
    clusters: np.ndarray,
    *,
    reliability: float = RELIABILITY,
) -> Suspicion:
    """Hold given levels against what was said of their documents out of fold.

    Parameters
    ----------
    probabilities : (n, K)
        Calibrated, by models that no document's own level taught; see `judged_apart`.
    given : (n,) int
        Level numbers 0 .. K-1.
    clusters : (n,) int
        Equal for near-copies, see `near_duplicate_clusters`. Levels of copies are hidden from the
        models and come in here, all of them together as one more reading: a template of many
        protocols must not outvote what stands in one of them.
    reliability : float
        See `reading_errors`.

    Returns
    -------
    Suspicion

    References
    ----------
    Dawid and Skene 1979 for truth behind readings that err; the second reading is worth what it
    is expected to correct, where whoever settles a difference takes the level nearer to the truth.
    """
    said = np.asarray(probabilities, float)
    if said.ndim != 2 or len(said) != len(given):
        raise ValueError(f"expected ({len(given)}, K) probabilities, received {said.shape}")
    errors = reading_errors(said.shape[1], reliability)
    truth = said * errors[:, given].T * _told_by_copies(errors, given, clusters)  # (n, K)
    truth /= truth.sum(axis=1, keepdims=True)
    rows = np.arange(len(given))
    gain = (truth * _saved(errors)[:, given].T).sum(axis=1)
    others = truth.copy()
    others[rows, given] = -1.0
    wrong = 1 - truth[rows, given]
    return Suspicion(wrong, others.argmax(axis=1), gain, np.argsort(-gain, kind="stable"))


def reading_errors(levels: int, reliability: float) -> np.ndarray:
    """How often a reader gives each level (columns) to protocols of each true level (rows), (K, K).

    Parameters
    ----------
    levels : int
        K.
    reliability : float
        Between 0 and 1, how often readers are right on the level with most others about it. At the
        ends, with neighbours on one side only, they are right more often.
    """
    if not 0 < reliability < 1:
        raise ValueError(f"expected a reliability between 0 and 1, received {reliability}")
    steps = _distances(levels)
    slips = np.where(steps > 0, _FARTHER ** (steps - 1.0), 0.0)
    errors = (1 - reliability) * slips / slips.sum(axis=1).max()
    return errors + np.diag(1 - errors.sum(axis=1))


def problem_of(
    documents: Sequence[Document],
    given: np.ndarray,
    levels: int,
    *,
    kind: Kind,
    rubric: Rubric | None,
    reader: FeatureCache,
) -> tuple[Problem, np.ndarray]:
    """What `judged_apart` learns from documents and their given levels, and their clusters.

    Parameters
    ----------
    documents : sequence of Document
    given : (n,) int
        Level numbers 0 .. K-1.
    levels : int
        K.
    kind : Kind
    rubric : Rubric, optional
    reader : FeatureCache
        Of the published encoder.

    Returns
    -------
    Problem, (n,) int
    """
    like = compare(documents, given, kind=kind, rubric=rubric, to_judge=())
    return Problem(levels, 0, text_reader(reader), rubric, like.lent), like.clusters


def judged_apart(
    readings: Sequence[Reading],
    given: np.ndarray,
    clusters: np.ndarray,
    problem: Problem,
    kind: Kind,
    progress: Progress,
) -> np.ndarray:
    """Probabilities of all documents by models without them, over several partitions, (n, K).

    Folds are dealt without looking at the levels, so a document's own level teaches no model that
    judges it. What it still has a part in is the calibration of the others' answers, a handful of
    numbers. Every document is judged, however many there are: unlike a model's figures, a verdict
    is about each of them.

    Parameters
    ----------
    readings : sequence of Reading
        By the published encoder: a tuned one knows its labels by heart.
    given, clusters : (n,) int
        Level numbers 0 .. K-1, and `near_duplicate_clusters`.
    problem : Problem
    kind : Kind
    progress : callable (share done, message)
    """
    total = np.zeros((len(given), problem.levels))
    for partition in range(PARTITIONS):

        def part(share: float, message: str, before: int = partition) -> None:
            progress((before + share) / PARTITIONS, message)

        its = replace(problem, seed=problem.seed + partition)
        found = _hold_out(readings, given, clusters, its, kind, part)
        total += out_of_fold_probabilities(found, kind).probabilities
    return total / PARTITIONS


def _hold_out(
    readings: Sequence[Reading],
    given: np.ndarray,
    clusters: np.ndarray,
    problem: Problem,
    kind: Kind,
    progress: Progress,
) -> OutOfFold:
    """Logits of every document, from one partition."""
    fold_of = grouped_folds(np.zeros_like(given), clusters, FOLDS, problem.seed)
    names = views_of(kind, rubric_lends=problem.lent is not None)
    logits: dict[str, np.ndarray] = {}
    for place, name in enumerate(names):

        def part(share: float, message: str, before: int = place) -> None:
            progress((before + share) / len(names), message)

        found = VIEWS[name].hold_out(readings, given, fold_of, range(FOLDS), problem, part)
        logits[name] = found.logits
    return OutOfFold(logits, given, fold_of, {})


def _told_by_copies(errors: np.ndarray, given: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Likelihood of the copies' levels under each true level, (n, K); 1 of what has no copy."""
    told = np.log(np.maximum(errors[:, given].T, _LEAST))  # (n, K)
    _, cluster_of, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), len(errors)))
    np.add.at(sums, cluster_of, told)
    copies = np.maximum(sizes[cluster_of] - 1, 1)[:, None]
    return np.exp((sums[cluster_of] - told) / copies)


def _saved(errors: np.ndarray) -> np.ndarray:
    """Levels that a second reading saves, by true level (rows) and given level, (K, K)."""
    steps = _distances(len(errors))
    nearer = np.maximum(steps[:, None, :] - steps[:, :, None], 0)  # (true, second reading, given)
    return (errors[:, :, None] * nearer).sum(axis=1)


def _distances(levels: int) -> np.ndarray:
    return np.abs(np.subtract.outer(np.arange(levels), np.arange(levels)))
