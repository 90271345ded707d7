"""Before anything is learnt, documents are compared with one another and with the demo protocols.

Near-copies must not stand on both sides of a fold, and a demo protocol must not teach what is then
said of its own copy.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.documents import Document
from cer_assist.learning.folds import clusters_and_apart, clusters_of
from cer_assist.learning.kinds import Kind
from cer_assist.learning.views.cold_start import demo_protocols, lends


class Likeness(NamedTuple):
    """What documents are copies of.

    Attributes
    ----------
    clusters : (n,) int
        Of near-duplicates.
    lent : (demo protocols,) bool, optional
        Those that may teach what the rubric alone says; none where they cannot.
    """

    clusters: np.ndarray
    lent: np.ndarray | None


def compare(
    documents: Sequence[Document],
    numbers: np.ndarray,
    *,
    kind: Kind,
    rubric: Rubric | None,
    to_judge: Sequence[Document],
) -> Likeness:
    """Compare documents that are to be learnt from.

    Parameters
    ----------
    documents : sequence of Document
    numbers : (n,) int
        Their level numbers.
    kind : Kind
    rubric : Rubric, optional
    to_judge : sequence of Document
        Those that figures will be taken on beside the learnt ones.

    Raises
    ------
    InvalidInput
        Fewer than 6 documents that are no copies of each other, or a single level.
    """
    lent = None
    if rubric is not None and kind.starts_from_rubric:
        texts = [document.text for document in documents]
        judged = [document.text for document in to_judge]
        studies = [document.study for document in (*documents, *to_judge)]
        found, apart = clusters_and_apart([*texts, *judged], demo_protocols().texts, studies)
        clusters = found[: len(texts)]
        lent = apart if lends(rubric, apart) else None
    else:
        clusters = clusters_of(documents)
    _check_enough(numbers, clusters)
    return Likeness(clusters, lent)


def _check_enough(numbers: np.ndarray, clusters: np.ndarray) -> None:
    different = len(np.unique(clusters))
    if different < MIN_TRAINING_PROTOCOLS or len(np.unique(numbers)) < 2:
        raise InvalidInput(
            f"Training needs at least {MIN_TRAINING_PROTOCOLS} labelled protocols on at "
            f"least 2 levels, no copies of each other; found {different} on "
            f"{len(np.unique(numbers))}: label some more."
        )
