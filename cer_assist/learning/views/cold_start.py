"""With no label, suggestions come from the rubric alone, and labels then outweigh it step by step.

The demo protocols stand in for experience: they belong to nobody's project, and their writers
intended a level of the program's own rubric for each. What is learnt from them is how much each
level's nearness says, relative to what is usual; so it holds for any wording of that rubric. On
other rubrics nothing was learnt, and levels are weighed alike. None of it looks at the project's
labels. Where the project's documents are near-copies of demo protocols, those teach nothing: what
is said of a document must not come from its own copy's level.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse

from cer_assist.domain.protocols import compose
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.cues import Cues
from cer_assist.learning.cumulative import fit_answers
from cer_assist.learning.projection import TEXTS
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import directions_of, rubric_texts
from cer_assist.learning.similarities import all_similarities, fit_carriers
from cer_assist.learning.views.base import HeldOut
from cer_assist.learning.views.rubric_alone import Background, RubricAlone, features_of

DEMO_RUBRIC = "cenr-5"  # the id under which the demo protocols were written
INVERSE_REGULARISATION = 0.1
_LEAST_OF_A_LEVEL = 5  # demo protocols, to learn from
_SLOPE = 3.0  # a deviation nearer counts as much, in log-odds
_SMALLEST = 1e-6

Read = Callable[[Sequence[str]], list[Reading]]


def rubric_alone(rubric: Rubric, read: Read, lent: np.ndarray | None = None) -> RubricAlone:
    """What the rubric says, measured against the demo protocols.

    Parameters
    ----------
    rubric : Rubric
    read : callable (sequence of str) -> list of Reading
    lent : (demo protocols,) bool, optional
        Those that may teach; without it, all. See `lends`.
    """
    demo = demo_protocols().pick(lent)
    readings = read(demo.texts)
    background = _background(rubric, readings, read)
    cues = Cues.of(rubric, read)
    if _is_of_the_demo(rubric):
        answers = _learnt_answers(features_of(readings, background, cues), demo.levels)
    else:
        answers = even_answers(len(rubric.scale))
    return RubricAlone(background, cues, *answers)


def lends(rubric: Rubric | None, apart: np.ndarray) -> bool:
    """Whether the demo protocols can teach anything about documents under a rubric.

    Parameters
    ----------
    rubric : Rubric, optional
    apart : (demo protocols,) bool
        Those that are no near-copies of any of the documents.
    """
    if rubric is None or not _is_of_the_demo(rubric):
        return False
    left = demo_protocols().pick(apart).levels
    return bool(np.all(np.bincount(left, minlength=len(rubric.scale)) >= _LEAST_OF_A_LEVEL))


def _is_of_the_demo(rubric: Rubric) -> bool:
    return rubric.id == DEMO_RUBRIC and len(rubric.scale) == demo_protocols().levels.max() + 1


class RubricAloneView:
    """What the rubric alone says, as a view: labels change nothing in it, and nor do folds."""

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> RubricAlone:
        """Make it of the problem's rubric, once; see `View`."""
        if start is not None:
            return start
        progress(1.0, "Comparing the rubric with protocols")
        return rubric_alone(problem.rubric, problem.read, problem.lent)

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """What it says of held-out documents; see `View`."""
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        held = np.isin(fold_of, tested)
        made = self.fit(readings, numbers, problem, start=None, epochs=None, progress=progress)
        logits[held] = made.logits([readings[at] for at in np.flatnonzero(held)])
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> RubricAlone:
        """The opposite of `arrays`; see `View`."""
        return RubricAlone.load(arrays)


def _learnt_answers(features: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the demo protocols teach of the features, told of the features as they are."""
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > _SMALLEST, spread, 1.0)  # no demo protocol may have a cue
    rows = sparse.csr_array((features - centre) / scale)
    found, intercepts = fit_answers(rows, levels, levels.max() + 1, INVERSE_REGULARISATION)
    weights = found / scale[:, None]
    return weights, intercepts - centre @ weights


def even_answers(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers that nothing was learnt for: mean nearness above k against that up to k.

    Cue words are left out: they are often part of the texts that nearness has counted.

    Parameters
    ----------
    size : int
        K.

    Returns
    -------
    weights : (2 K, K - 1)
    intercepts : (K - 1,)
        Where all levels are equally near, all are equally probable.
    """
    above = np.arange(size)[:, None] > np.arange(size - 1)  # (K, K - 1)
    contrast = np.where(above, 1 / above.sum(axis=0), -1 / (~above).sum(axis=0))
    intercepts = np.log(above.sum(axis=0) / (~above).sum(axis=0))
    return np.concatenate([_SLOPE * contrast, np.zeros_like(contrast)]), intercepts


class DemoProtocols(NamedTuple):
    """The demo's texts as documents have them, with the level numbers their writers intended."""

    texts: list[str]
    levels: np.ndarray

    def pick(self, which: np.ndarray | None) -> "DemoProtocols":
        """Some of them, marked in (n,) bool; all without a mark."""
        if which is None:
            return self
        chosen = np.flatnonzero(which)
        return DemoProtocols([self.texts[at] for at in chosen], self.levels[chosen])


@cache
def demo_protocols() -> DemoProtocols:
    """All of them, in the order of their file."""
    rows = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    made = [compose(row["id"], row["title"], list(row["sections"].items())) for row in rows]
    levels = np.array([row["intended_level"] for row in rows])
    return DemoProtocols([protocol.text for protocol in made], levels - levels.min())


def _background(rubric: Rubric, readings: Sequence[Reading], read: Read) -> Background:
    """The rubric's texts against the sentences of the demo protocols; cue words are counted."""
    texts = [text for text in rubric_texts(rubric) if text.kind != "cue"]
    directions = directions_of([text.text for text in texts], read)
    found = all_similarities(readings, directions)
    sentences = np.concatenate(found)
    return Background(
        texts=directions,
        levels=np.array([text.level for text in texts]),
        centre=sentences.mean(axis=0),
        spread=np.maximum(sentences.std(axis=0), _SMALLEST),
        carriers=fit_carriers(readings, found),
    )


VIEW = RubricAloneView()
