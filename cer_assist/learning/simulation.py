"""Active learning replayed on labelled documents: what a strategy would have cost a project.

A fifth of the documents, near-copies together, is never chosen and never learnt: the model of each
round is judged on it. All strategies of a seed have the same fifth, the same first labels and the
same coders' errors, so that they are compared in pairs. Between full fits a model learns on, by the
same rules as a project's does.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.domain.rubric import Rubric
from cer_assist.learning import metrics
from cer_assist.learning.calibration import Said
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.compared import Model, make_model
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import clusters_of, grouped_folds
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.ordinal import DECODINGS
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.strategies import Candidates, choose

FOLDS = 5
MEMBERS = 3  # models of earlier rounds in the committee
MEASURES = ("qwk", "macro_f1", "accuracy", "mae")


@dataclass(frozen=True)
class Plan:
    """How a project would go on.

    Attributes
    ----------
    kind : str
        One of `compared.MODELS`.
    start : int
        Labels drawn at random before the first model.
    batch : int
        Labels between two models.
    budget : int
        Labels in all.
    confusion : tuple of tuple of float, optional
        How often coders give each level (columns) to protocols of each true level (rows), (K, K);
        without it they are always right. What is judged keeps its true level.
    """

    kind: str
    start: int
    batch: int
    budget: int
    confusion: tuple[tuple[float, ...], ...] | None = None


class Round(NamedTuple):
    """A model on the documents that are kept apart."""

    labels: int
    measures: dict[str, float]
    recall: list[float | None]  # of each level; None for one that does not occur there
    chosen: list[int]  # documents of each true level that it has learnt


class Setting(NamedTuple):
    """What all strategies of a seed share.

    Attributes
    ----------
    pool, test : (n,) int
        Positions in the data.
    first : (start,) int
        Positions in the data that are labelled before the first model.
    """

    pool: np.ndarray
    test: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Arena:
    """Labelled documents that projects are replayed on; small enough to be sent to a process.

    Attributes
    ----------
    data : Labelled
    scale : tuple of int
    rubric : Rubric, optional
    states_folder : Path
        Where the states of all documents are cached.
    encoder_folder : Path, optional
        Of the encoder that made them.
    clusters : (n,) int
        Equal for near-copies.
    features : (n, d)
        What each is like; of length one.
    """

    data: Labelled
    scale: tuple[int, ...]
    rubric: Rubric | None
    states_folder: Path
    encoder_folder: Path | None
    clusters: np.ndarray
    features: np.ndarray

    @classmethod
    def of(
        cls,
        data: Labelled,
        scale: tuple[int, ...],
        cache: FeatureCache,
        rubric: Rubric | None,
        progress: Progress,
    ) -> "Arena":
        """Encode the documents and find near-copies.

        Parameters
        ----------
        data : Labelled
        scale : tuple of int
        cache : FeatureCache
            Of the published encoder.
        rubric : Rubric, optional
        progress : callable (share done, message)
        """
        readings = cache.readings(data.documents, progress)
        means = np.array([r.sentence_states.astype(np.float32).mean(axis=0) for r in readings])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return cls(
            data,
            scale,
            rubric,
            cache.folder.parent,
            cache.encoder.folder,
            clusters_of(data.documents),
            means / np.maximum(lengths, 1e-9),
        )

    def digest(self) -> str:
        """Of the texts and their levels: runs on other data are not the same runs."""
        digest = hashlib.sha256()
        for document, level in zip(self.data.documents, self.data.levels.tolist(), strict=True):
            digest.update(f"{document.key} {level}\n".encode())
        return digest.hexdigest()

    def setting(self, seed: int, plan: Plan) -> Setting:
        """The parts of a seed.

        Raises
        ------
        InvalidInput
            There are too few documents, or all have one level.
        """
        levels, start, taught = self.data.levels, plan.start, self.taught(seed, plan)
        fold_of = grouped_folds(levels, self.clusters, FOLDS, seed=seed)
        test, pool = np.flatnonzero(fold_of == 0), np.flatnonzero(fold_of != 0)
        if start > len(pool) or not len(test) or len(np.unique(taught[pool])) < 2:
            raise InvalidInput(
                f"{len(levels)} labelled protocols are too few to start with {start} labels: "
                "give more of them, on at least two levels, or start with fewer."
            )
        order = np.random.default_rng(seed).permutation(pool)
        first = order[:start]
        while len(np.unique(taught[first])) < 2:  # nothing can be learnt of a single level
            first = order[: len(first) + 1]
        return Setting(pool, test, first)

    def taught(self, seed: int, plan: Plan) -> np.ndarray:
        """The levels that coders give, (n,); a document is always given the same by a seed."""
        if plan.confusion is None:
            return self.data.levels
        shares = np.cumsum(_shares(plan.confusion, len(self.scale)), axis=1)
        chances = np.random.default_rng([seed, 2]).random(len(self.data.levels))
        numbers = (chances[:, None] >= shares[self.data.levels - self.scale[0]]).sum(axis=1)
        return np.array(self.scale)[numbers]

    def replay(
        self, strategy: str, seed: int, plan: Plan, progress: Progress = silent
    ) -> list[Round]:
        """One project from its first labels to the end of its budget.

        Parameters
        ----------
        strategy : str
            As `strategies.choose` has it.
        seed : int
        plan : Plan
        progress : callable (share done, message)
        """
        setting, taught = self.setting(seed, plan), self.taught(seed, plan)
        generator = np.random.default_rng([seed, 1])
        model = self._model(plan.kind, seed)
        known = setting.first
        earlier: list[np.ndarray] = []  # what models of other rounds said of all documents
        rounds: list[Round] = []
        while True:
            progress(len(known) / plan.budget, f"{strategy}, seed {seed}: {len(known)} labels")
            self._learn(model, known, taught)
            rounds.append(self._judged(model, setting.test, known))
            left = np.setdiff1d(setting.pool, known)
            size = min(plan.batch, plan.budget - len(known), len(left))
            if size <= 0:
                return rounds
            those, said = self._candidates(model, earlier[-MEMBERS:], left, known, taught)
            chosen = choose(strategy, those, size, generator, clusters=self.clusters[left])
            known = np.append(known, left[chosen])
            earlier.append(said)

    def ceiling(self, seed: int, plan: Plan) -> Round:
        """The model that has learnt every document but those kept apart."""
        setting = self.setting(seed, plan)
        model = self._model(plan.kind, seed)
        self._learn(model, setting.pool, self.taught(seed, plan))
        return self._judged(model, setting.test, setting.pool)

    def _model(self, kind: str, seed: int) -> Model:
        cache = _kept(self.states_folder, self.encoder_folder)
        return make_model(kind, self.scale, cache, seed, self.rubric)

    def _learn(self, model: Model, known: np.ndarray, taught: np.ndarray) -> None:
        documents, levels = self.data.pick(known).documents, taught[known].tolist()
        learn = model.partial_fit if isinstance(model, ProtocolClassifier) else model.fit
        learn(documents, levels)

    def judged(self, test: np.ndarray, known: np.ndarray, decided: np.ndarray) -> Round:
        """A round from what was decided of the documents that are kept apart.

        Parameters
        ----------
        test, known : (n,) int
            Positions in the data, of what is judged and of what is labelled.
        decided : (n,) int
            Level numbers 0 .. K-1.
        """
        size = len(self.scale)
        square = metrics.confusion(self.data.levels[test] - self.scale[0], decided, size)
        figures = {
            "qwk": metrics.quadratic_kappa(square[None])[0],
            "macro_f1": metrics.macro_f1(square[None])[0],
            "accuracy": metrics.accuracy(square[None])[0],
            "mae": metrics.mean_distance(square[None])[0],
        }
        recall = [
            int(row[k]) / int(row.sum()) if row.sum() else None for k, row in enumerate(square)
        ]
        chosen = np.bincount(self.data.levels[known] - self.scale[0], minlength=size)
        measures = {name: float(value) for name, value in figures.items()}
        return Round(len(known), measures, recall, chosen.tolist())

    def _judged(self, model: Model, test: np.ndarray, known: np.ndarray) -> Round:
        said = model.say(self.data.pick(test).documents)
        return self.judged(test, known, DECODINGS[model.decoding](said.uncalibrated))

    def _candidates(
        self,
        model: Model,
        earlier: Sequence[np.ndarray],
        left: np.ndarray,
        known: np.ndarray,
        taught: np.ndarray,
    ) -> tuple[Candidates, np.ndarray]:
        """What may be labelled next, and what the model says by position in the data, (n, K)."""
        said: Said = model.say(self.data.pick(left).documents)
        by_position = np.full((len(self.data.levels), len(self.scale)), np.nan)
        by_position[left] = said.probabilities
        members = np.array([one[left] for one in earlier])
        candidates = Candidates(
            probabilities=said.probabilities,
            decided=DECODINGS[model.decoding](said.uncalibrated),
            features=self.features[left],
            labelled=self.features[known],
            counts=np.bincount(taught[known] - self.scale[0], minlength=len(self.scale)),
            committee=members.reshape(len(members), len(left), len(self.scale)),
        )
        return candidates, by_position


ALL = 1 << 40  # bytes: whatever was labelled has room


@lru_cache(maxsize=1)
def _kept(states_folder: Path, encoder_folder: Path | None) -> FeatureCache:
    return FeatureCache(states_folder, Encoder(encoder_folder), keeps=ALL)


def checked(plan: Plan) -> Plan:
    """The plan, if it can be carried out.

    Raises
    ------
    InvalidInput
        It starts with fewer labels than a model needs, or ends before it starts.
    """
    if plan.start < MIN_TRAINING_PROTOCOLS:
        raise InvalidInput(f"A model needs {MIN_TRAINING_PROTOCOLS} labels to start from.")
    if plan.budget < plan.start:
        raise InvalidInput(f"The budget of {plan.budget} is below the {plan.start} first labels.")
    return plan


def _shares(confusion: Sequence[Sequence[float]], size: int) -> np.ndarray:
    """Rows that add up to 1, (K, K)."""
    found = np.array(confusion, float)
    if found.shape != (size, size) or (found < 0).any() or (found.sum(axis=1) <= 0).any():
        raise InvalidInput(
            f"The coders' confusion needs {size} rows of {size} numbers, none below 0 and none of "
            "the rows all 0: a row for each true level, a column for each level given."
        )
    return found / found.sum(axis=1, keepdims=True)
