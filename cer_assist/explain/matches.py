"""Where no label taught a model, its reasons are the rubric's: which sentence met which text."""

from dataclasses import dataclass

import numpy as np

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.kinds import COLD_START
from cer_assist.learning.rubric_texts import rubric_texts
from cer_assist.learning.similarities import TOP, all_similarities
from cer_assist.learning.views.rubric_alone import RubricAlone


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence that comes near to what the rubric says of a level.

    Attributes
    ----------
    start, end : int
        Code points of the sentence's content words in the document.
    level : int
        Value of the scale.
    rubric_text : str
        A definition, an include item or an example.
    nearness : float
        In deviations of what sentences of protocols have with that text.
    """

    start: int
    end: int
    level: int
    rubric_text: str
    nearness: float


def rubric_matches(
    classifier: ProtocolClassifier, rubric: Rubric, document: Document, level: int
) -> list[Match]:
    """The three sentences nearest to a level, each with the text it is nearest to.

    Parameters
    ----------
    classifier : ProtocolClassifier
        Of the kind `cold_start`, made of this rubric.
    rubric : Rubric
    document : Document
    level : int
        Value of the scale.
    """
    view = classifier.views_[COLD_START]
    if not isinstance(view, RubricAlone):
        raise TypeError(f"a model of the kind {COLD_START}, received {classifier.kind}")
    background = view.background
    [reading] = classifier.read_texts([document.text])
    [found] = all_similarities([reading], background.texts)
    own = np.flatnonzero(background.levels == rubric.scale.index(level))
    scores = ((found - background.centre) / background.spread)[:, own]  # (sentences, texts)
    texts = [text.text for text in rubric_texts(rubric) if text.kind != "cue"]
    said = np.unique(reading.sentences)
    nearest = said[np.argsort(-scores[said].max(axis=1), kind="stable")[:TOP]]
    return [
        Match(
            start=int(reading.words[reading.sentences == sentence, 0].min()),
            end=int(reading.words[reading.sentences == sentence, 1].max()),
            level=level,
            rubric_text=texts[own[scores[sentence].argmax()]],
            nearness=float(scores[sentence].max()),
        )
        for sentence in nearest
    ]
