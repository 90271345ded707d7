"""Whether the words a model weighs are those that people marked as their evidence."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score


class Overlap(NamedTuple):
    """How well weights find marked words, each from 0 to 1.

    Attributes
    ----------
    auprc : float
        Area under precision over recall, as average precision.
    f1 : float
        Of as many of the weightiest words as were marked.
    """

    auprc: float
    f1: float


def overlap(weights: np.ndarray, marked: np.ndarray) -> Overlap | None:
    """How well weights find the marked words; None where none or all are marked.

    Parameters
    ----------
    weights : (words,)
    marked : (words,) bool

    References
    ----------
    DeYoung et al. 2020, ERASER, section 4.1 (token-level agreement with human rationales).
    """
    count = int(marked.sum())
    if count in (0, len(marked)):
        return None
    top = np.argsort(-weights, kind="stable")[:count]
    # As many are taken as were marked, so precision, recall and F1 are one number.
    return Overlap(float(average_precision_score(marked, weights)), float(marked[top].mean()))
