"""One classifier, two views: an attention network reads the context, a lexical model counts words.

The constructor only stores. `fit` learns both views, first once per fold to see how they do on
documents they have not read (that fixes blend and temperature, and stays in `out_of_fold_`), then
on everything. Only the final network starts from earlier weights: a fold's network must not, for
those weights have read the documents it is tested on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.learning.artefacts import load_model, save_model
from cer_assist.learning.calibration import WEIGHTS, Blend, fit_blend
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FINGERPRINT, FeatureCache
from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from cer_assist.learning.lexical import LexicalModel, count_words, fit_lexical, vocabulary
from cer_assist.learning.network import Weights, attend, initial_weights, joint_fit
from cer_assist.learning.ordinal import most_probable
from cer_assist.learning.readings import Reading, read

FOLDS = 5
COLD_EPOCHS, WARM_EPOCHS = 15, 6
MIN_LABELS = 6
KINDS = {"blend": WEIGHTS, "attention": (1.0,), "lexical": (0.0,)}
_FORMAT = 1


@dataclass(frozen=True)
class OutOfFold:
    """What models said of documents they had not read.

    Attributes
    ----------
    attention, lexical : (n, K - 1)
        Cumulative logits of the two views.
    levels : (n,) int
        True level numbers 0 .. K-1.
    fold_of, clusters : (n,) int
    """

    attention: np.ndarray
    lexical: np.ndarray
    levels: np.ndarray
    fold_of: np.ndarray
    clusters: np.ndarray


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
        progress: Callable[[float, str], None] = lambda share, message: None,
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
        readings = self._readings(documents, (0.0, 0.4))
        fold_of = grouped_folds(numbers, clusters, FOLDS, self.seed)
        self.out_of_fold_ = self._out_of_fold(readings, numbers, fold_of, clusters)
        self.blend_ = fit_blend(
            self.out_of_fold_.attention, self.out_of_fold_.lexical, numbers, KINDS[self.kind]
        )
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
        readings = self._readings(list(self._seen), (0.0, 0.6))
        self._fit_final(readings, np.array(list(self._seen.values())), self.network_)
        return self

    def predict_proba(self, documents: Sequence[Document]) -> np.ndarray:
        """Calibrated probabilities of the levels in scale order, (n, K)."""
        return self.probabilities(self._readings(documents, (0.0, 1.0)))

    def predict(self, documents: Sequence[Document]) -> np.ndarray:
        """The most probable level values, (n,)."""
        return np.array(self.scale)[most_probable(self.predict_proba(documents))]

    def probabilities(self, readings: Sequence[Reading]) -> np.ndarray:
        """Calibrated probabilities of documents already read, (n, K)."""
        attention = _attention_logits(self.network_, readings)
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

    def _readings(self, documents: Sequence[Document], share: tuple[float, float]) -> list[Reading]:
        start, end = share
        progress = lambda done, message: self.progress(start + (end - start) * done, message)  # noqa: E731
        return [read(states) for states in self.cache.read(documents, progress)]

    def _out_of_fold(self, readings, numbers, fold_of, clusters) -> OutOfFold:
        size = len(self.scale)
        attention = np.zeros((len(numbers), size - 1))
        if KINDS[self.kind] != (0.0,):
            attention = self._attention_out_of_fold(readings, numbers, fold_of)
        lexical = np.zeros_like(attention)
        keys = vocabulary(readings)
        counts = count_words(readings, keys)
        for fold in np.unique(fold_of):
            held = fold_of == fold
            model = fit_lexical(keys, counts[~held], numbers[~held], size)
            mine = counts[held][:, np.isin(keys, model.keys)]
            lexical[held] = model.logits_of_counts(mine)
        return OutOfFold(attention, lexical, numbers, fold_of, clusters)

    def _attention_out_of_fold(self, readings, numbers, fold_of) -> np.ndarray:
        size = len(self.scale)
        trained = joint_fit(FOLDS, size).fit(
            [reading.states for reading in readings],
            numbers,
            np.stack([balanced_weights(numbers, fold_of != fold) for fold in range(FOLDS)]),
            initial_weights(size, self.seed),
            epochs=COLD_EPOCHS,
            seed=self.seed,
            progress=lambda done: self.progress(0.4 + 0.4 * done, "Testing on held-out protocols"),
        )
        logits = np.zeros((len(numbers), size - 1))
        for fold, weights in enumerate(trained):
            held = np.flatnonzero(fold_of == fold)
            logits[held] = _attention_logits(weights, [readings[at] for at in held])
        return logits

    def _fit_final(self, readings, numbers, start: Weights | None) -> None:
        size = len(self.scale)
        self.network_ = start or initial_weights(size, self.seed)
        if KINDS[self.kind] != (0.0,):
            [self.network_] = joint_fit(1, size).fit(
                [reading.states for reading in readings],
                numbers,
                balanced_weights(numbers, np.ones(len(numbers), bool))[None],
                self.network_,
                epochs=WARM_EPOCHS if start else COLD_EPOCHS,
                seed=self.seed,
                progress=lambda done: self.progress(0.8 + 0.2 * done, "Learning from all labels"),
            )
        keys = vocabulary(readings)
        self.lexical_ = fit_lexical(keys, count_words(readings, keys), numbers, size)
        self.n_labels_ = len(numbers)


def balanced_weights(numbers: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Weights that let rare levels count more: inverse square root of frequency, mean 1, (n,).

    The full inverse makes sixteen documents of a rare level outweigh everything else's detail.
    """
    frequency = np.bincount(numbers[used])[np.where(used, numbers, numbers[used][0])]
    weights = np.where(used, frequency**-0.5, 0.0)
    return weights / weights[used].mean()


def _attention_logits(weights: Weights, readings: Sequence[Reading]) -> np.ndarray:
    states = [reading.states for reading in readings]
    return np.array([seen.logits for seen in attend(weights, states)], np.float64)


def _check_enough(numbers: np.ndarray, clusters: np.ndarray) -> None:
    different = len(np.unique(clusters))
    if different < MIN_LABELS or len(np.unique(numbers)) < 2:
        raise InvalidInput(
            f"Training needs at least {MIN_LABELS} labelled protocols that are not copies of each "
            f"other, on at least 2 levels; there are {different} on {len(np.unique(numbers))}: "
            "label some more."
        )


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
