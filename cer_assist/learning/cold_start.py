"""With no label, suggestions come from the rubric alone, and say so.

The demo protocols stand in for experience: they belong to nobody's project, and their writers
intended a level of the program's own rubric for each. What is learnt from them is how much each
level's nearness says, relative to what is usual; so it holds for any wording of that rubric. On
other rubrics nothing was learnt, and levels are weighed alike. None of it looks at the project's
labels: it is no model of theirs, and no figure is claimed for it there.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse

from cer_assist.domain.protocols import compose
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.calibration import Blend
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.cues import Cues
from cer_assist.learning.cumulative import fit_answers
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import COLD_START
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.projection import TEXTS
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import directions_of, rubric_texts
from cer_assist.learning.similarities import all_similarities, fit_carriers
from cer_assist.learning.views.cold_start import Background, RubricAlone, features_of

DEMO_RUBRIC = "cenr-5"  # the id under which the demo protocols were written
INVERSE_REGULARISATION = 0.1
_SLOPE = 3.0  # a deviation nearer counts as much, in log-odds
_SMALLEST = 1e-6

Read = Callable[[Sequence[str]], list[Reading]]


def cold_start(
    rubric: Rubric, cache: FeatureCache, progress: Progress = silent
) -> ProtocolClassifier:
    """A classifier made of the rubric, whatever its scale, and of no label.

    Parameters
    ----------
    rubric : Rubric
    cache : FeatureCache
    progress : callable (share done, message)
        The demo protocols are encoded once in a cache's life, half a minute.

    Returns
    -------
    ProtocolClassifier
        Of the kind `cold_start`, with `n_labels_` 0.
    """
    # Its probabilities are spread over many levels: the mean orders them best.
    made = ProtocolClassifier(
        rubric.scale, cache, kind=COLD_START, decoding="mean", rubric=rubric, progress=progress
    )
    made.views_ = {COLD_START: rubric_alone(rubric, made.read_texts)}
    made.blend_ = Blend((1.0,), 1.0)
    made.n_labels_ = 0
    return made


def rubric_alone(rubric: Rubric, read: Read) -> RubricAlone:
    """What the rubric says, measured against the demo protocols.

    Parameters
    ----------
    rubric : Rubric
    read : callable (sequence of str) -> list of Reading
    """
    demo = demo_protocols()
    readings = read(demo.texts)
    background = _background(rubric, readings, read)
    cues = Cues.of(rubric, read)
    if rubric.id == DEMO_RUBRIC and len(rubric.scale) == demo.levels.max() + 1:
        answers = _learnt_answers(features_of(readings, background, cues), demo.levels)
    else:
        answers = even_answers(len(rubric.scale))
    return RubricAlone(background, cues, *answers)


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
