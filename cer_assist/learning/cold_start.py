"""A project's first classifier: of the rubric alone, no model of its labels, claiming no figure.

Its kind is nobody's choice; see `views.cold_start` for what it is made of.
"""

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.calibration import Blend
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import COLD_START
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.views.cold_start import demo_protocols, rubric_alone


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


def demo_documents() -> list[Document]:
    """The demo protocols, which every cache has read that a cold start was made with."""
    return [Document(text, text) for text in demo_protocols().texts]
