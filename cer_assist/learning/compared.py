"""What `evaluate` compares: every kind of model, and opponents that a figure has to beat.

Opponents run through the same code as our own models. Two of the compared never learn from labels;
they are given the training part like all others and leave it unread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.calibration import Said
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.cold_start import cold_start
from cer_assist.learning.cues import Cues
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import COLD_START, KINDS
from cer_assist.learning.ordinal import DEFAULT_DECODING
from cer_assist.learning.views.cold_start import demo_protocols

BASELINE, CUE_WORDS = "tfidf_lr", "cue_words"
UNTAUGHT = (COLD_START, CUE_WORDS)
MODELS = (*KINDS, BASELINE)


class Model(Protocol):
    """What every compared model can do.

    Attributes
    ----------
    decoding : str
        One of `ordinal.DECODINGS`: how it decides, unless it is asked to decide otherwise.
    """

    decoding: str

    def fit(self, documents: Sequence[Document], levels: Sequence[int]) -> Any:
        """Learn from labelled documents."""
        ...

    def say(self, documents: Sequence[Document]) -> Said:
        """Probabilities in scale order, and what levels are decided by."""
        ...


@dataclass
class Baseline:
    """TF-IDF of words and word pairs, logistic regression: what most labelling tools offer.

    Sublinear counts and balanced classes, the best of the usual settings on the reference data:
    scikit-learn's defaults would be an easy opponent (macro-F1 .31 instead of .40), and so would a
    level from the middle of its distribution, which is flat (QWK .28 instead of .74).
    """

    scale: tuple[int, ...]
    decoding: str = "mode"

    def __post_init__(self) -> None:
        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        self._model = LogisticRegression(class_weight="balanced", max_iter=1000)

    @threadpool_limits.wrap(limits=1)  # as the lexical model: or their seconds do not compare
    def fit(self, documents: Sequence[Document], levels: Sequence[int]) -> "Baseline":
        """Learn from labelled documents."""
        self._model.fit(self._words.fit_transform([d.text for d in documents]), levels)
        return self

    def say(self, documents: Sequence[Document]) -> Said:
        """Probabilities in scale order, zero for levels it never saw."""
        found = self._model.predict_proba(self._words.transform([d.text for d in documents]))
        probabilities = np.zeros((len(documents), len(self.scale)))
        probabilities[:, [self.scale.index(level) for level in self._model.classes_]] = found
        return Said(probabilities, probabilities)


@dataclass
class Untaught:
    """The cold start: made of the rubric, whatever it is given to learn from."""

    classifier: ProtocolClassifier

    def __post_init__(self) -> None:
        self.decoding = self.classifier.decoding

    def fit(self, documents: Sequence[Document], levels: Sequence[int]) -> "Untaught":
        """Leave the labels unread."""
        return self

    def say(self, documents: Sequence[Document]) -> Said:
        """What the rubric alone says."""
        return self.classifier.say(documents)


@dataclass
class CueWords:
    """The highest level of which a cue word occurs, as the rubric codes the highest role.

    The stronger of two ways to count: the level with the most cue words had QWK .29 on the
    reference protocols where this one had .57.
    """

    rubric: Rubric
    classifier: ProtocolClassifier
    decoding: str = DEFAULT_DECODING

    def fit(self, documents: Sequence[Document], levels: Sequence[int]) -> "CueWords":
        """Leave the labels unread."""
        return self

    def say(self, documents: Sequence[Document]) -> Said:
        """All on one level; the lowest where no cue word occurs."""
        cues = Cues.of(self.rubric, self.classifier.read_texts)
        readings = self.classifier.read_texts([document.text for document in documents])
        highest = [max(cues.found_in(reading)[0], default=0) for reading in readings]
        certain = np.eye(len(self.rubric.scale))[highest]
        return Said(certain, certain)


def texts_known_to(kind: str) -> list[str]:
    """Texts a model was fitted on before it is given any: no figure may come from their copies."""
    return demo_protocols().texts if kind == COLD_START else []


def make_model(
    kind: str,
    scale: tuple[int, ...],
    cache: FeatureCache,
    seed: int,
    rubric: Rubric | None = None,
    to_judge: Sequence[Document] = (),
) -> Model:
    """A fresh model by its name on the command line, to be judged on some documents.

    Raises
    ------
    InvalidInput
        It is made of a rubric and there is none on this scale.
    """
    if kind == BASELINE:
        return Baseline(scale)
    if kind not in UNTAUGHT:
        return ProtocolClassifier(
            scale, cache, kind=kind, rubric=rubric, seed=seed, to_judge=to_judge
        )
    if rubric is None or rubric.scale != scale:
        raise InvalidInput(
            f"{kind} is made of a rubric with the levels {scale[0]} to {scale[-1]}: name one."
        )
    made = cold_start(rubric, cache)
    return Untaught(made) if kind == COLD_START else CueWords(rubric, made)
