"""What the rubric says of its levels is read by the encoder as protocols' sentences are.

Definitions, what a level includes, its examples and its cue words each stand for themselves: their
average would blur what tells the rare levels apart. What a level excludes names another level's
traits, and reasons of examples repeat the definitions; neither paid.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.readings import Reading


class RubricText(NamedTuple):
    """Something that the rubric says of a level.

    Attributes
    ----------
    level : int
        Number of the level, 0 .. K-1.
    kind : str
        "definition", "include", "example" or "cue".
    text : str
    """

    level: int
    kind: str
    text: str


def rubric_texts(rubric: Rubric) -> list[RubricText]:
    """All of them, level by level."""
    found = []
    for number, level in enumerate(rubric.levels):
        found.append(RubricText(number, "definition", level.definition))
        found += [RubricText(number, "include", text) for text in level.include]
        found += [RubricText(number, "example", example.text) for example in level.examples]
        found += [RubricText(number, "cue", cue) for cue in level.cue_words]
    return found


def directions_of(
    texts: Sequence[str], read: Callable[[Sequence[str]], list[Reading]]
) -> np.ndarray:
    """Where short texts point, (texts, 384) float32 of length one; of several sentences the mean.

    Parameters
    ----------
    texts : sequence of str
    read : callable
        See `Problem.read`.
    """
    means = [unit(reading.sentence_states).mean(axis=0) for reading in read(texts)]
    return unit(np.stack(means))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length one, float32; a row of zeros stays."""
    rows = np.asarray(vectors, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
