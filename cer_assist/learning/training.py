"""What the worker calls: labels in, a classifier out, with honest figures where it was measured.

A classifier that learnt on from an earlier one has no figures of its own, and is given none.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import Corrupt
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import Rubric
from cer_assist.learning import metrics
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.deep.judges import Judges
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.memory import Judged
from cer_assist.learning.out_of_fold import FOLDS
from cer_assist.learning.progress import Progress, silent

_log = logging.getLogger(__name__)
_SAME = ("scale", "kind", "rubric", "decoding", "seed")


@dataclass(frozen=True)
class TrainingResult:
    """A trained classifier with what is known of it.

    Attributes
    ----------
    classifier : ProtocolClassifier
    in_full : str
        Why everything was fitted anew, in words; empty where it learnt on from the earlier model.
    metrics : dict
        JSON-able; empty where it learnt on. Each of accuracy, macro_f1, qwk, mae, within_one, ece
        and ace is {"value", "low", "high"}; `n` documents; `measured_on` in words; `confusion`
        counts by (true, predicted) level in scale order; `blend` as fitted; `calibration`: ece and
        ace before and after; `reliability`: bins before and after, see `metrics.reliability`.
    judged : Judged
        Labels since the last full fit, each judged by the model before it had learnt it.
    seconds : float
    """

    classifier: ProtocolClassifier
    in_full: str
    metrics: dict[str, Any]
    judged: Judged
    seconds: float


def train(
    documents: Sequence[Document],
    levels: Sequence[int],
    scale: tuple[int, ...],
    *,
    cache: FeatureCache,
    kind: str = DEFAULT_KIND,
    rubric: Rubric | None = None,
    previous: tuple[Path, str] | None = None,
    in_full: str = "",
    seed: int = 0,
    progress: Progress = silent,
    judges: Judges | None = None,
) -> TrainingResult:
    """Learn on from an earlier model, or train one anew and measure it out of fold.

    Parameters
    ----------
    documents : sequence of Document
        All that have a level now, whether or not the earlier model has learnt them.
    levels : sequence of int
        One value of the scale for each document.
    scale : tuple of int
        All levels in order.
    cache : FeatureCache
    kind : str
        One of `kinds.KINDS`.
    rubric : Rubric, optional
        Of the project, for views that read it.
    previous : (Path, str), optional
        Folder of an earlier model and the SHA-256 its `save` returned. It learns on unless it is
        unusable or of another kind, or a full fit is due (`schedule.why_in_full`).
    in_full : str
        Why everything is to be fitted anew in any case; empty to leave that to the labels.
    seed : int
    progress : callable (share done, message)
        May raise `Cancelled`.
    judges : Judges, optional
        Of the cache's encoder, where that is a tuned one.

    Raises
    ------
    InvalidInput
        Too few labels, or labels that are not on the scale.
    """
    started = time.perf_counter()
    fresh = ProtocolClassifier(
        scale, cache, kind=kind, rubric=rubric, seed=seed, progress=progress, judges=judges
    )
    earlier = in_full or _earlier(previous, fresh, documents)
    if isinstance(earlier, str):
        classifier, why = fresh.fit(documents, levels), earlier
    else:
        classifier = earlier.partial_fit(documents, levels)
        why = classifier.in_full_
    measured = out_of_fold_metrics(classifier) if why else {}
    judged = classifier.memory_.since if classifier.memory_ else Judged()
    return TrainingResult(classifier, why, measured, judged, time.perf_counter() - started)


def out_of_fold_metrics(classifier: ProtocolClassifier) -> dict[str, Any]:
    """Figures on the training documents, each judged by a model that never read it."""
    found = classifier.out_of_fold_
    said = classifier.said_out_of_fold_
    how: dict[str, Any] = {
        "decided_by": said.uncalibrated,
        "decoding": classifier.decoding,
        "seed": classifier.seed,
    }
    after = metrics.figures(found.levels, said.probabilities, **how)
    before = metrics.figures(found.levels, said.uncalibrated, **how)
    predicted = classifier.decide(said.uncalibrated)
    who = "a model and an encoder" if classifier.judges else "a model"
    return {
        **after,
        "n": len(found.levels),
        "measured_on": (
            f"{len(found.levels)} labelled protocols, each by {who} that had not read it "
            f"({FOLDS} folds, near-duplicates kept together); chosen for labelling, not drawn at "
            "random"
        ),
        "confusion": metrics.confusion(found.levels, predicted, len(classifier.scale)).tolist(),
        "decoding": classifier.decoding,
        "blend": asdict(classifier.blend_) | {"views": list(classifier.views_)},
        "calibration": {
            name: {"before": before[name], "after": after[name]} for name in ("ece", "ace")
        },
        "reliability": {
            "before": metrics.reliability(found.levels, said.uncalibrated),
            "after": metrics.reliability(found.levels, said.probabilities),
        },
    }


def _earlier(
    previous: tuple[Path, str] | None, wanted: ProtocolClassifier, documents: Sequence[Document]
) -> ProtocolClassifier | str:
    """The model to learn on from, or why there is none."""
    if previous is None:
        return "there was no earlier model"
    try:
        earlier = ProtocolClassifier.load(*previous, wanted.cache)
    except Corrupt as error:
        _log.warning("not continuing from the earlier model: %s", error)
        return "the earlier model cannot be opened"
    if any(getattr(earlier, name) != getattr(wanted, name) for name in _SAME):
        return "the kind of model or the rubric is another one now"
    if earlier.memory_ is None:
        return "no label had taught the earlier model"
    if gone := earlier.memory_.gone(documents):
        return f"{gone} of the labels it had learnt are gone"
    earlier.progress, earlier.judges = wanted.progress, wanted.judges
    return earlier
