"""How a fit went: what a view was after a few of its steps, kept beside what it became.

A course is told once, when a version is made: it is not saved with the model. It is told of a part
of the documents, for looking at all of them at every checkpoint would take as long as the fit.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

CHECKPOINTS = 5
DOCUMENTS = 60

_Document = TypeVar("_Document")


def checkpoints(steps: int) -> set[int]:
    """Which of the steps 1 .. `steps` are kept: at most five, evenly spaced, the last among them.

    Parameters
    ----------
    steps : int
        Epochs of a network, iterations of a solver.
    """
    return set(np.linspace(1, steps, min(CHECKPOINTS, steps)).round().astype(int).tolist())


def told_of(documents: Sequence[_Document]) -> list[_Document]:
    """Those, at most 60, of which a course is told.

    Parameters
    ----------
    documents : sequence
        All that were learnt, in whatever form.
    """
    count = min(len(documents), DOCUMENTS)
    return [documents[at] for at in np.linspace(0, len(documents) - 1, count).round().astype(int)]
