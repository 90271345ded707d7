"""A tuned encoder has learnt its labels by heart, so what is held out is read by another one.

For every fold there is an encoder that was tuned on the other folds only. Whatever is trained on
the final encoder's states afterwards is measured on theirs: for the documents of a fold both the
model's training and its test are read by that fold's encoder. Documents labelled later may lie in
any fold, as none of the encoders knows them; but a near-copy of one that was learnt from goes with
it, and one that resembles documents of several folds is judged by nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cer_assist.domain.model_kinds import READ_NO_STATES
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import grouped_folds, minhashes, resembling
from cer_assist.learning.out_of_fold import FOLDS, OutOfFold, folds_to_test, out_of_fold
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import VIEWS, Problem

NOBODY = -1  # the fold of a document that all encoders may know


@dataclass(frozen=True)
class Learnt:
    """The documents that encoders were tuned on.

    Attributes
    ----------
    fold_of : mapping of str to int
        By content hash: its fold's encoder has not read the document.
    minhashes : (256, documents) uint16
        In the same order, to know near-copies by when the document itself is no longer labelled.
    """

    fold_of: Mapping[str, int]
    minhashes: np.ndarray


@dataclass(frozen=True)
class Judges:
    """One reader for every fold.

    Attributes
    ----------
    readers : sequence of FeatureCache
        Each with the encoder that was tuned without the fold of its number.
    learnt : Learnt
    """

    readers: Sequence[FeatureCache]
    learnt: Learnt

    def out_of_fold(
        self,
        views: Sequence[str],
        documents: Sequence[Document],
        numbers: np.ndarray,
        clusters: np.ndarray,
        problem: Problem,
        progress: Progress,
    ) -> OutOfFold:
        """Logits as `out_of_fold` gives them, where no encoder has learnt from what it reads.

        Parameters
        ----------
        views : sequence of str
        documents : sequence of Document
        numbers, clusters : (n,) int
            Level numbers, and `near_duplicate_clusters`.
        problem : Problem
        progress : callable (share done, message)
        """
        fold_of = deal(self.learnt, documents, numbers, clusters, problem.seed)
        known = np.flatnonzero(fold_of != NOBODY)
        documents = [documents[at] for at in known.tolist()]
        numbers, fold_of = numbers[known], fold_of[known]
        tested = folds_to_test(fold_of)
        held = np.isin(fold_of, tested)
        logits: dict[str, np.ndarray] = {}
        epochs: dict[str, int | None] = {}
        for place, fold in enumerate(tested):

            def part(share: float, message: str, place: int = place) -> None:
                progress((place + share) / len(tested), message)

            readings = self.readers[fold].readings(documents, part)
            its = replace(problem, read=text_reader(self.readers[fold]))
            if place == 0:  # who knows words by their identity is told the same by every encoder
                alike = [name for name in views if name in READ_NO_STATES]
                found = out_of_fold(alike, readings, numbers, fold_of, its, part)
                logits, epochs = found.logits, found.epochs
            for name in views:
                if name not in READ_NO_STATES:
                    said = VIEWS[name].hold_out(readings, numbers, fold_of, [fold], its, part)
                    into = logits.setdefault(name, np.full_like(said.logits[held], np.nan))
                    mine = fold_of[held] == fold
                    into[mine] = said.logits[held][mine]
                    epochs[name] = said.epochs
        ordered = {name: logits[name] for name in views}
        return OutOfFold(ordered, numbers[held], fold_of[held], epochs)


def hold_out(
    views: Sequence[str],
    documents: Sequence[Document],
    readings: Sequence[Reading],
    numbers: np.ndarray,
    clusters: np.ndarray,
    problem: Problem,
    progress: Progress,
    judges: Judges | None,
) -> OutOfFold:
    """What models say of documents that neither they nor their encoder have learnt from.

    Parameters
    ----------
    views : sequence of str
    documents : sequence of Document
    readings : sequence of Reading
        Of the documents, with the encoder in use; judges read with their own.
    numbers, clusters : (n,) int
    problem : Problem
    progress : callable (share done, message)
    judges : Judges, optional
        Of the encoder in use, where that is a tuned one.
    """
    if judges is not None:
        return judges.out_of_fold(views, documents, numbers, clusters, problem, progress)
    fold_of = grouped_folds(numbers, clusters, FOLDS, problem.seed)
    return out_of_fold(views, readings, numbers, fold_of, problem, progress)


def deal(
    learnt: Learnt,
    documents: Sequence[Document],
    numbers: np.ndarray,
    clusters: np.ndarray,
    seed: int,
) -> np.ndarray:
    """The fold of each document, (n,) int; NOBODY where none of the encoders can judge it.

    Parameters
    ----------
    learnt : Learnt
    documents : sequence of Document
    numbers, clusters : (n,) int
    seed : int
    """
    own = np.array([learnt.fold_of.get(document.key, NOBODY) for document in documents], int)
    folds_of: dict[int, set[int]] = {int(cluster): set() for cluster in clusters}
    for at, cluster in enumerate(clusters.tolist()):
        folds_of[cluster] |= {int(own[at])} - {NOBODY}
    new = np.flatnonzero(own == NOBODY).tolist()
    for at, folds in zip(new, _resembled(learnt, documents, new), strict=True):
        folds_of[int(clusters[at])] |= folds
    fold_of, free = own.copy(), []
    fold_of[_torn(documents, own)] = NOBODY
    for at in new:
        folds = folds_of[int(clusters[at])]
        if len(folds) == 1:
            [fold_of[at]] = folds
        elif not folds:
            free.append(at)
    if free:
        fold_of[free] = grouped_folds(numbers[free], clusters[free], FOLDS, seed)
    return fold_of


def _torn(documents: Sequence[Document], own: np.ndarray) -> np.ndarray:
    """Which are versions of one study that was linked only after they were learnt in two folds."""
    folds_of: dict[int, set[int]] = {}
    for document, fold in zip(documents, own.tolist(), strict=True):
        if document.study is not None and fold != NOBODY:
            folds_of.setdefault(document.study, set()).add(fold)
    return np.array([len(folds_of.get(one.study or 0, ())) > 1 for one in documents], bool)


def _resembled(learnt: Learnt, documents: Sequence[Document], new: Sequence[int]) -> list[set[int]]:
    """Folds of documents learnt from that are labelled no more and which each new one may copy."""
    present = {document.key for document in documents}
    folds = np.array(list(learnt.fold_of.values()), int)
    absent = np.array([key not in present for key in learnt.fold_of], bool)
    if not new or not absent.any():
        return [set() for _ in new]
    near = resembling(minhashes([documents[at].text for at in new]), learnt.minhashes[:, absent])
    return [set(folds[absent][row].tolist()) for row in near]


def text_reader(reader: FeatureCache) -> Callable[[Sequence[str]], list[Reading]]:
    """What `Problem.read` does with a reader."""
    return lambda texts: reader.readings([Document(text, text) for text in texts], silent)
