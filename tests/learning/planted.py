"""Documents of which one word tells the level, and every view that has learnt from them."""

from dataclasses import replace

import numpy as np

from cer_assist.learning.features import directions
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import VIEWS, Fitted, Problem
from tests.learning.shared import a_reading

LEVELS = 3
PROBLEM = Problem(LEVELS, seed=3, read=lambda texts: [a_reading([1]) for _ in texts])
# The one that no label teaches has tests of its own.
TAUGHT = [name for name in VIEWS if name != "cold_start"]
SIGNS = (100, 101, 102)  # the word that tells each level


def planted(count: int, seed: int) -> tuple[list[Reading], np.ndarray]:
    """Documents of indifferent words, one of which is said twice and tells the level."""
    generator = np.random.default_rng(seed)
    levels = np.arange(count) % LEVELS
    return [a_planted(int(level), generator) for level in levels], levels


def a_planted(level: int, generator: np.random.Generator) -> Reading:
    words = generator.integers(1, 20, generator.integers(8, 16))
    words[generator.choice(len(words), 2, replace=False)] = SIGNS[level]
    states = generator.normal(0, 12, (len(words), 64)).round()
    states[:, :LEVELS] = 0
    states[words == SIGNS[level], level] = 127
    made = a_reading(words.tolist())
    sums = np.zeros((len(made.sentence_states), 384))
    np.add.at(sums[:, :64], made.sentences, states)
    return replace(made, states=states.astype(np.int8), sentence_states=directions(sums))


def fitted(name: str, readings: list[Reading], levels: np.ndarray, **changes) -> Fitted:
    how = {"start": None, "epochs": None, "progress": silent, **changes}
    return VIEWS[name].fit(readings, levels, PROBLEM, **how)
