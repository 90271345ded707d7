"""What a model keeps of the labels it has learnt, so that it can be held against later ones.

It is read back with the model, without any text: which documents with which levels, by their keys,
so that "new", "changed" and "gone" are known; and how surprising held-out labels were, so that new
ones can be told to be more so.

Coders are given what the model is unsure of, so plain surprise would rise without anything having
changed. What counts is the surprise beyond the entropy of what was said: of a calibrated model it
is nothing on average, whichever documents are chosen.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from cer_assist.learning.calibration import surprise
from cer_assist.learning.documents import Document

# Where answers fall together a level between them has no probability at all, and one such label
# among forty would be surprise enough to deafen the alarm: on the reference protocols, 400 batches
# of ten as they are and turned round, 7 rang and 363 did; with this bound 1 and 372.
LEAST_BELIEVED = 1e-3


@dataclass(frozen=True)
class HeldOut:
    """How surprising labels were that the model had not learnt, at the last full fit.

    Attributes
    ----------
    n : int
    surprise : float
        Mean negative log probability.
    excess, deviation : float
        Mean and standard deviation of the surprise beyond what was expected, see `excess`.
    """

    n: int
    surprise: float
    excess: float
    deviation: float

    def alarm(self, excess: float, n: int) -> float:
        """Standard errors by which n labels with this mean excess lie above held-out ones."""
        error = max(self.deviation, 1e-6) * (1 / n + 1 / self.n) ** 0.5
        return (excess - self.excess) / error


@dataclass(frozen=True)
class Judged:
    """Labels since the last full fit, each judged by the model before it had learnt it.

    Attributes
    ----------
    n, right : int
        How many there were, and how many had the level that the model had said.
    excess : float
        Sum of the surprise beyond what was expected.
    """

    n: int = 0
    right: int = 0
    excess: float = 0.0

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(self.n + other.n, self.right + other.right, self.excess + other.excess)


@dataclass(frozen=True)
class Memory:
    """What later labels are held against.

    Attributes
    ----------
    learnt : tuple of (str, int)
        Key and level number of every document that was learnt.
    in_full : int
        How many of them the last full fit had.
    held_out : HeldOut
    since : Judged
    """

    learnt: tuple[tuple[str, int], ...]
    in_full: int
    held_out: HeldOut
    since: Judged = Judged()

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Memory":
        """The opposite of `as_json`."""
        parts = {"held_out": HeldOut(**stored["held_out"]), "since": Judged(**stored["since"])}
        return cls(**{**stored, **parts, "learnt": tuple((k, n) for k, n in stored["learnt"])})

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def is_new(self, documents: Sequence[Document]) -> np.ndarray:
        """Which documents were not learnt, (n,) bool."""
        known = {key for key, _ in self.learnt}
        return np.array([document.key not in known for document in documents], bool)

    def gone(self, documents: Sequence[Document]) -> int:
        """How many of the documents that were learnt are not among these."""
        here = Counter(document.key for document in documents)
        return (Counter(key for key, _ in self.learnt) - here).total()

    def changed(self, documents: Sequence[Document], numbers: np.ndarray) -> int:
        """How many of the documents that were learnt have another level, or none, among these."""
        return (Counter(self.learnt) - Counter(pairs(documents, numbers))).total()

    def alarm(self, judged: Judged) -> float:
        """How loud labels are that have just come, by themselves or with those before them."""
        found = [part for part in (judged, self.since + judged) if part.n and judged.n]
        return max((self.held_out.alarm(one.excess / one.n, one.n) for one in found), default=0.0)

    def with_more(
        self, documents: Sequence[Document], numbers: np.ndarray, judged: Judged
    ) -> "Memory":
        """After learning on from all these documents, of which some were judged before."""
        return replace(self, learnt=pairs(documents, numbers), since=self.since + judged)


def pairs(documents: Sequence[Document], numbers: np.ndarray) -> tuple[tuple[str, int], ...]:
    """Documents' keys with their level numbers."""
    return tuple(zip((one.key for one in documents), numbers.tolist(), strict=True))


def excess(probabilities: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Surprise of each true level beyond what the probabilities expect of themselves, (n,).

    Parameters
    ----------
    probabilities : (n, K)
    levels : (n,) int
    """
    believed = np.maximum(probabilities, LEAST_BELIEVED)
    return surprise(believed, levels) + (probabilities * np.log(believed)).sum(axis=1)


def held_out(probabilities: np.ndarray, levels: np.ndarray) -> HeldOut:
    """Of probabilities (n, K) that were said of documents which had not been read."""
    beyond = excess(probabilities, levels)
    return HeldOut(
        len(levels),
        float(surprise(probabilities, levels).mean()),
        float(beyond.mean()),
        float(beyond.std()),
    )


def judge(probabilities: np.ndarray, said: np.ndarray, levels: np.ndarray) -> Judged:
    """Labels against what was said of their documents before they were learnt.

    Parameters
    ----------
    probabilities : (n, K)
    said, levels : (n,) int
        Level numbers that the model decided for, and true ones.
    """
    right = int((said == levels).sum())
    return Judged(len(levels), right, float(excess(probabilities, levels).sum()))
