"""One classifier for every kind: it knows views only by what they answer.

The constructor only stores. `fit` learns every view, first once per fold to see how they do on
documents they have not read (that fixes blend and calibration, and stays in `out_of_fold_`), then
on everything. Only the final views start from earlier ones: a fold's must not, for those have read
the documents it is tested on.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.artefacts import load_model, save_model
from cer_assist.learning.calibration import Blend, Said, fit_blend, surprise
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from cer_assist.learning.kinds import Kind, kind_named
from cer_assist.learning.ordinal import DECODINGS, DEFAULT_DECODING
from cer_assist.learning.out_of_fold import FOLDS, out_of_fold
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading, read
from cer_assist.learning.views import VIEWS, Fitted, Problem, load_view

_GROWTH = 2.0  # full fits at 10, 20, 40, ... labels are a tenth of the time of fitting at each step
_ALARM = 3.0  # standard errors: one batch in a thousand if nothing has changed


class ProtocolClassifier:
    """Ordinal classifier of protocols, in the manner of scikit-learn.

    Parameters
    ----------
    scale : tuple of int
        All level values in order, whether or not they occur in the labels.
    cache : FeatureCache
    kind : str
        One of `kinds.KINDS`, or `cold_start` for a model made without labels.
    rubric : Rubric, optional
        Of the project, for views that read it.
    decoding : str
        One of `ordinal.DECODINGS`: how probabilities become a level.
    seed : int
    progress : callable (share done, message), optional
        May raise to stop a long step.

    Attributes
    ----------
    views_ : dict of str to Fitted
        Those of the kind's views that have a share in the blend, in the kind's order.
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
        kind: str = DEFAULT_KIND,
        rubric: Rubric | None = None,
        decoding: str = DEFAULT_DECODING,
        seed: int = 0,
        progress: Progress = silent,
    ):
        self.scale = scale
        self.cache = cache
        self.kind = kind
        self.rubric = rubric
        self.decoding = decoding
        self.seed = seed
        self.progress = progress

    def fit(
        self,
        documents: Sequence[Document],
        levels: Sequence[int],
        *,
        start: dict[str, Fitted] | None = None,
    ) -> "ProtocolClassifier":
        """Learn from labelled documents.

        Parameters
        ----------
        documents : sequence of Document
        levels : sequence of int
            Values of the scale; some may be missing.
        start : dict of str to Fitted, optional
            Earlier views, by name, for the final ones to continue from.

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
        found = out_of_fold(
            self._kind.views, readings, numbers, fold_of, self._problem(), self._part(0.4, 0.8)
        )
        self.out_of_fold_ = found
        blend = fit_blend(
            list(found.logits.values()), found.levels, found.fold_of, self._kind.shares
        )
        used = {n: s for n, s in zip(self._kind.views, blend.shares, strict=True) if s > 0}
        self.blend_ = replace(blend, shares=tuple(used.values()))
        self._fit_final(tuple(used), readings, numbers, start or {}, found.epochs)
        self._in_full = len(numbers)
        self._seen = dict(zip(documents, numbers, strict=True))
        return self

    def partial_fit(
        self, documents: Sequence[Document], levels: Sequence[int]
    ) -> "ProtocolClassifier":
        """Learn from more documents, replaying earlier ones; blend and calibration stay.

        Once documents have doubled since the last full fit, or the new ones surprise the model more
        than held-out ones did, everything is fitted anew. So is a model that was read back, which
        has no documents to replay: give it all, it continues from its views.
        """
        numbers = self._numbers(documents, levels)
        if not hasattr(self, "_seen"):
            return self.fit(documents, levels, start=getattr(self, "views_", None))
        surprised = self._surprised(documents, numbers)
        self._seen |= dict(zip(documents, numbers, strict=True))
        known = np.array(list(self._seen.values()))
        if surprised or len(known) >= _GROWTH * self._in_full:
            return self.fit(list(self._seen), np.array(self.scale)[known].tolist())
        readings = self._readings(list(self._seen), self._part(0.0, 0.8))
        self._fit_final(tuple(self.views_), readings, known, self.views_, {})
        return self

    def _surprised(self, documents: Sequence[Document], numbers: np.ndarray) -> bool:
        """Whether labels are less probable to the model than held-out ones, beyond chance."""
        held = self.out_of_fold_
        said = self.blend_.probabilities([held.logits[name] for name in self.views_])
        usual = surprise(said, held.levels)
        new = surprise(self.predict_proba(documents), numbers)
        return new.mean() > usual.mean() + _ALARM * usual.std() / len(new) ** 0.5

    def predict_proba(self, documents: Sequence[Document]) -> np.ndarray:
        """Calibrated probabilities of the levels in scale order, (n, K)."""
        return self.say(documents).probabilities

    def predict(self, documents: Sequence[Document]) -> np.ndarray:
        """The level values decided for, (n,)."""
        return np.array(self.scale)[self.decide(self.say(documents).uncalibrated)]

    def say(self, documents: Sequence[Document]) -> Said:
        """Probabilities with and without calibration."""
        return self.say_of(self._readings(documents, self.progress))

    def say_of(self, readings: Sequence[Reading]) -> Said:
        """The same of documents already read."""
        return self.blend_.said([view.logits(readings) for view in self.views_.values()])

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Uncalibrated probabilities (n, K) as level numbers 0 .. K-1, (n,)."""
        return DECODINGS[self.decoding](probabilities)

    def save(self, folder: Path) -> str:
        """Write the model into a new folder; returns the SHA-256 that `load` wants."""
        description = {
            "scale": list(self.scale),
            "kind": self.kind,
            "views": list(self.views_),
            "seed": self.seed,
            "labels": self.n_labels_,
            "decoding": self.decoding,
            "blend": asdict(self.blend_),
        }
        arrays = {
            f"{view}.{name}": array
            for view, fitted in self.views_.items()
            for name, array in fitted.arrays().items()
        }
        return save_model(Path(folder), description, arrays)

    @classmethod
    def load(cls, folder: Path, sha256: str, cache: FeatureCache) -> "ProtocolClassifier":
        """Read a saved model back.

        Raises
        ------
        Corrupt
            A byte differs from what was saved; `OtherRelease` when the model was made for other
            features.
        """
        description, arrays = load_model(Path(folder), sha256)
        scale = tuple(description["scale"])
        how = {name: description[name] for name in ("kind", "decoding", "seed")}
        loaded = cls(scale, cache, **how)
        loaded.views_ = {
            name: load_view(name, _under(f"{name}.", arrays)) for name in description["views"]
        }
        blend = description["blend"]
        loaded.blend_ = Blend(tuple(blend["shares"]), blend["slope"], tuple(blend["offsets"]))
        loaded.n_labels_ = description["labels"]
        return loaded

    @property
    def _kind(self) -> Kind:
        return kind_named(self.kind)

    def _problem(self) -> Problem:
        return Problem(len(self.scale), self.seed, self.read_texts, self.rubric)

    def read_texts(self, texts: Sequence[str]) -> list[Reading]:
        """Texts that are no documents, as documents are read."""
        return self._readings([Document(text, text) for text in texts], silent)

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

    def _fit_final(
        self,
        names: tuple[str, ...],
        readings: Sequence[Reading],
        numbers: np.ndarray,
        start: dict[str, Fitted],
        epochs: dict[str, int | None],
    ) -> None:
        self.views_ = {
            name: VIEWS[name].fit(
                readings,
                numbers,
                self._problem(),
                start=start.get(name),
                epochs=epochs.get(name),
                progress=self._part(0.8 + 0.2 * at / len(names), 0.8 + 0.2 * (at + 1) / len(names)),
            )
            for at, name in enumerate(names)
        }
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
