"""Cue words are found as sequences of whole words, whatever their case, with nothing between.

They are compared by the same keys as the models' words, so no second way of cutting text decides
what "community-dwelling" or "letter of support" is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import rubric_texts


@dataclass(frozen=True)
class Cues:
    """The cue words of a rubric.

    Attributes
    ----------
    keys : (words of all cues,) uint64
    edges : (cues + 1,) int
        Where each cue's words begin and end in `keys`.
    levels : (cues,) int
        Level number of each.
    """

    keys: np.ndarray
    edges: np.ndarray
    levels: np.ndarray

    @classmethod
    def of(cls, rubric: Rubric, read: Callable[[Sequence[str]], list[Reading]]) -> "Cues":
        """A rubric's cue words; `read` is `Problem.read`."""
        cues = [text for text in rubric_texts(rubric) if text.kind == "cue"]
        spoken = [reading.spoken for reading in read([cue.text for cue in cues])]
        return cls(
            keys=np.concatenate([np.zeros(0, np.uint64), *spoken]),
            edges=np.cumsum([0, *map(len, spoken)]),
            levels=np.array([cue.level for cue in cues], int),
        )

    def found_in(self, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
        """Every place where a cue stands.

        Returns
        -------
        levels : (places,) int
            Level number of the cue.
        members : (places, words) bool
            The content words it is made of.
        """
        content = np.full(len(reading.spoken) + 1, -1)
        content[reading.place] = np.arange(len(reading.place))
        places = self._places(reading.spoken)
        members = np.zeros((len(places), len(reading.words)), bool)
        for row, (cue, first) in zip(members, places, strict=True):
            span = content[first : first + self.edges[cue + 1] - self.edges[cue]]
            row[span[span >= 0]] = True
        return self.levels[[cue for cue, _ in places]], members

    def _places(self, spoken: np.ndarray) -> list[tuple[int, int]]:
        """(cue, its first word) of every place, in order: few words begin a cue at all."""
        whole = np.flatnonzero(self.edges[:-1] < self.edges[1:])  # some have no words
        begins = self.keys[self.edges[whole]]
        found = []
        for at in np.flatnonzero(np.isin(spoken, begins)).tolist():
            for cue in whole[begins == spoken[at]].tolist():
                keys = self.keys[self.edges[cue] : self.edges[cue + 1]]
                if np.array_equal(spoken[at : at + len(keys)], keys):
                    found.append((cue, at))
        return sorted(found)


def counts(levels: np.ndarray, size: int) -> np.ndarray:
    """How many cues of each level were found, (K,)."""
    return np.bincount(levels, minlength=size).astype(float)
