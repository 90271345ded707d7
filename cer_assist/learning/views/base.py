"""A view is one way of reading documents; whatever it does inside, it answers in cumulative logits.

So views can be averaged, calibrated, measured and explained by code that knows none of them, and a
new one is one file and one line in `views/__init__.py`. A view itself holds no state and is named;
what it learnt is a `Fitted` of its own, which is arrays and nothing else, so that it can be saved
without pickle and can be continued from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.progress import Progress
from cer_assist.learning.readings import Reading


@dataclass(frozen=True)
class Problem:
    """What is to be told apart, for views to learn.

    Attributes
    ----------
    levels : int
        K, the number of levels of the scale.
    seed : int
        Equal seeds and equal documents give equal models.
    read : callable (sequence of str) -> list of Reading
        Reads texts that are no documents, such as the rubric's, as documents are read.
    rubric : Rubric, optional
        What the levels mean; documents that belong to no project have none.
    lent : (demo protocols,) bool, optional
        Demo protocols that are no copies of any document, for the view that learns from them.
    """

    levels: int
    seed: int
    read: Callable[[Sequence[str]], list[Reading]]
    rubric: Rubric | None = None
    lent: np.ndarray | None = None


@dataclass(frozen=True)
class Seen:
    """One document as a fitted view saw it.

    Attributes
    ----------
    logits : (K - 1,)
        Cumulative logits.
    attention : (words,)
        How much the view looked at each content word, at most 1 in all.
    contributions : (K - 1, words)
        Change of each logit, to first order, that the word brings about.
    without : callable (sets, words) bool -> (sets, K - 1)
        Logits if the marked words were not read.
    """

    logits: np.ndarray
    attention: np.ndarray
    contributions: np.ndarray
    without: Callable[[np.ndarray], np.ndarray]


class Fitted(Protocol):
    """A view that has learnt."""

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits that never increase with the level, (n, K - 1)."""
        ...

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What was seen in each document, in order."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt, by name."""
        ...


class HeldOut(NamedTuple):
    """What models of a view said of documents they had not read.

    Attributes
    ----------
    logits : (n, K - 1)
        Of documents whose fold is not tested: NaN.
    epochs : int, optional
        How long the final model should learn, where that was tuned on the held-out documents.
    """

    logits: np.ndarray
    epochs: int | None = None


class View(Protocol):
    """A way of reading documents."""

    def fit(
        self,
        readings: Sequence[Reading],
        numbers: np.ndarray,
        problem: Problem,
        *,
        start: Fitted | None,
        epochs: int | None,
        progress: Progress,
    ) -> Fitted:
        """Learn from all documents.

        Parameters
        ----------
        readings : sequence of Reading
        numbers : (n,) int
            Level numbers 0 .. K-1; levels may be missing.
        problem : Problem
        start : Fitted, optional
            An earlier state of this view to continue from.
        epochs : int, optional
            What `hold_out` found.
        progress : callable (share done, message)
        """
        ...

    def hold_out(
        self,
        readings: Sequence[Reading],
        numbers: np.ndarray,
        fold_of: np.ndarray,
        tested: Sequence[int],
        problem: Problem,
        progress: Progress,
    ) -> HeldOut:
        """Judge each document of the tested folds by a model that read only the other folds.

        Parameters
        ----------
        readings : sequence of Reading
        numbers : (n,) int
        fold_of : (n,) int
        tested : sequence of int
            Folds to be judged.
        problem : Problem
        progress : callable (share done, message)
        """
        ...

    def load(self, arrays: dict[str, np.ndarray]) -> Fitted:
        """The opposite of `Fitted.arrays`."""
        ...
