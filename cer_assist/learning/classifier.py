"""One classifier, two views: an attention network reads the context, a lexical model counts words.

The constructor only stores. `fit` learns both views, first once per fold to see how they do on
documents they have not read (that fixes blend and temperature, and stays in `out_of_fold_`), then
on everything. Only the final network starts from earlier weights: a fold's network must not, for
those weights have read the documents it is tested on.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.learning.artefacts import load_model, save_model
from cer_assist.learning.calibration import WEIGHTS, Blend, fit_blend
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FINGERPRINT, FeatureCache
from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from cer_assist.learning.lexical import LexicalModel, count_words, fit_lexical, vocabulary
from cer_assist.learning.network import Weights, initial_weights, joint_fit
from cer_assist.learning.ordinal import most_probable
from cer_assist.learning.out_of_fold import (
    COLD_EPOCHS,
    FOLDS,
    attention_logits,
    balanced_weights,
    out_of_fold,
)
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading, read

WARM_EPOCHS = 6
LEXICAL_ONLY = (0.0,)
KINDS = {"blend": WEIGHTS, "attention": (1.0,), "lexical": LEXICAL_ONLY}  # shares of attention
_FORMAT = 1


class ProtocolClassifier:
    """Ordinal classifier of protocols, in the manner of scikit-learn.

    Parameters
    ----------
    scale : tuple of int
        All level values in order, whether or not they occur in the labels.
    cache : FeatureCache
    kind : {"blend", "attention", "lexical"}
    seed : int
    progress : callable (share done, message), optional
        May raise to stop a long step.

    Attributes
    ----------
    network_ : dict of str to ndarray
    lexical_ : LexicalModel
    blend_ : Blend
    n_labels_ : int
    out_of_fold_ : OutOfFold
        After `fit` only.
    """

    def __init__(
        self,
        scale: tuple[int, ...],
        cache: FeatureCache,
        *,
        kind: str = "blend",
        seed: int = 0,
        progress: Progress = silent,
    ):
        self.scale = scale
        self.cache = cache
        self.kind = kind
        self.seed = seed
        self.progress = progress

    def fit(
        self,
        documents: Sequence[Document],
        levels: Sequence[int],
        *,
        start: Weights | None = None,
    ) -> "ProtocolClassifier":
        """Learn from labelled documents.

        Parameters
        ----------
        documents : sequence of Document
        levels : sequence of int
            Values of the scale; some may be missing.
        start : Weights, optional
            Weights for the final network to continue from.

        Raises
        ------
        InvalidInput
            Fewer than 6 labels, a single level, or a level that is not on the scale.
        """
        numbers = self._numbers(documents, levels)
        clusters = near_duplicate_clusters([document.text for document in documents])
        _check_enough(numbers, clusters)
        readings = self._readings(documents, self._part(0.0, 0.4))
        fold_of = grouped_folds(numbers, clusters, FOLDS, self.seed)
        self.out_of_fold_ = out_of_fold(
            readings,
            numbers,
            fold_of,
            len(self.scale),
            attention=KINDS[self.kind] != LEXICAL_ONLY,
            seed=self.seed,
            progress=self._part(0.4, 0.8),
        )
        found = self.out_of_fold_
        self.blend_ = fit_blend(found.attention, found.lexical, numbers, KINDS[self.kind])
        self._fit_final(readings, numbers, start)
        self._seen = dict(zip(documents, numbers, strict=True))
        return self

    def partial_fit(
        self, documents: Sequence[Document], levels: Sequence[int]
    ) -> "ProtocolClassifier":
        """Learn from more documents, replaying earlier ones; blend and temperature stay."""
        numbers = self._numbers(documents, levels)
        if not hasattr(self, "blend_"):
            return self.fit(documents, levels)
        self._seen = {**getattr(self, "_seen", {}), **dict(zip(documents, numbers, strict=True))}
        readings = self._readings(list(self._seen), self._part(0.0, 0.8))
        self._fit_final(readings, np.array(list(self._seen.values())), self.network_)
        return self

    def predict_proba(self, documents: Sequence[Document]) -> np.ndarray:
        """Calibrated probabilities of the levels in scale order, (n, K)."""
        return self.probabilities(self._readings(documents, self.progress))

    def predict(self, documents: Sequence[Document]) -> np.ndarray:
        """The most probable level values, (n,)."""
        return np.array(self.scale)[most_probable(self.predict_proba(documents))]

    def probabilities(self, readings: Sequence[Reading]) -> np.ndarray:
        """Calibrated probabilities of documents already read, (n, K)."""
        attention = attention_logits(self.network_, readings)
        return self.blend_.probabilities(attention, self.lexical_.logits(readings))

    def save(self, folder: Path) -> str:
        """Write the model into a new folder; returns the SHA-256 that `load` wants."""
        description = {
            "format": _FORMAT,
            "features": FINGERPRINT,
            "scale": list(self.scale),
            "kind": self.kind,
            "seed": self.seed,
            "labels": self.n_labels_,
            "blend": {"attention": self.blend_.attention, "temperature": self.blend_.temperature},
        }
        arrays = {f"network.{name}": array for name, array in self.network_.items()}
        arrays |= {f"lexical.{name}": array for name, array in vars(self.lexical_).items()}
        return save_model(Path(folder), description, arrays)

    @classmethod
    def load(cls, folder: Path, sha256: str, cache: FeatureCache) -> "ProtocolClassifier":
        """Read a saved model back.

        Raises
        ------
        Corrupt
            A byte differs from what was saved, or the model was made for other features.
        """
        description, arrays = load_model(Path(folder), sha256)
        if description["format"] != _FORMAT or description["features"] != FINGERPRINT:
            raise Corrupt(f"The model in {folder} was made by another version: train again.")
        scale = tuple(description["scale"])
        loaded = cls(scale, cache, kind=description["kind"], seed=description["seed"])
        loaded.network_ = _under("network.", arrays)
        loaded.lexical_ = LexicalModel(**_under("lexical.", arrays))
        loaded.blend_ = Blend(**description["blend"])
        loaded.n_labels_ = description["labels"]
        return loaded

    def _numbers(self, documents: Sequence[Document], levels: Sequence[int]) -> np.ndarray:
        if len(documents) != len(levels):
            raise ValueError(f"{len(documents)} documents but {len(levels)} levels")
        for level in levels:
            if level not in self.scale:
                ends = f"{self.scale[0]} to {self.scale[-1]}"
                raise InvalidInput(f"The label {level} is not on the scale: use {ends}.")
        return np.array([self.scale.index(level) for level in levels], int)

    def _part(self, start: float, end: float) -> Progress:
        """Progress of one step among others."""
        return lambda share, message: self.progress(start + (end - start) * share, message)

    def _readings(self, documents: Sequence[Document], progress: Progress) -> list[Reading]:
        return [read(states) for states in self.cache.read(documents, progress)]

    def _fit_final(self, readings, numbers, start: Weights | None) -> None:
        size = len(self.scale)
        self.network_ = start or initial_weights(size, self.seed)
        if KINDS[self.kind] != LEXICAL_ONLY:
            [self.network_] = joint_fit(1, size).fit(
                [reading.states for reading in readings],
                numbers,
                balanced_weights(numbers, np.ones(len(numbers), bool))[None],
                self.network_,
                epochs=WARM_EPOCHS if start else COLD_EPOCHS,
                seed=self.seed,
                progress=lambda share: self._part(0.8, 1.0)(share, "Learning from all labels"),
            )
        keys = vocabulary(readings)
        self.lexical_ = fit_lexical(keys, count_words(readings, keys), numbers, size)
        self.n_labels_ = len(numbers)


def _check_enough(numbers: np.ndarray, clusters: np.ndarray) -> None:
    different = len(np.unique(clusters))
    if different < MIN_TRAINING_PROTOCOLS or len(np.unique(numbers)) < 2:
        raise InvalidInput(
            f"Training needs at least {MIN_TRAINING_PROTOCOLS} labelled protocols on at "
            f"least 2 levels, no copies of each other; found {different} on "
            f"{len(np.unique(numbers))}: label some more."
        )


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
