"""Active learning replayed on labelled documents: what a strategy would have cost a project.

A fifth of the documents, near-copies together, is never chosen and never learnt: the model of each
round is judged on it. All strategies of a seed have the same fifth and the same first labels, so
that they are compared in pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.domain.rubric import Rubric
from cer_assist.learning import metrics
from cer_assist.learning.calibration import Said
from cer_assist.learning.compared import Model, make_model
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.ordinal import DECODINGS
from cer_assist.learning.progress import Progress
from cer_assist.learning.readings import read
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
    """

    kind: str
    start: int
    batch: int
    budget: int


class Round(NamedTuple):
    """A model on the documents that are kept apart."""

    labels: int
    measures: dict[str, float]
    recall: list[float | None]  # of each level; None for one that does not occur there


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
    """Labelled documents that projects are replayed on."""

    data: Labelled
    scale: tuple[int, ...]
    cache: FeatureCache
    rubric: Rubric | None
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
        rubric : Rubric, optional
        progress : callable (share done, message)
        """
        readings = [read(states) for states in cache.read(data.documents, progress)]
        means = np.array([r.sentence_states.astype(np.float32).mean(axis=0) for r in readings])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        clusters = near_duplicate_clusters([document.text for document in data.documents])
        return cls(data, scale, cache, rubric, clusters, means / np.maximum(lengths, 1e-9))

    def setting(self, seed: int, start: int) -> Setting:
        """The parts of a seed.

        Raises
        ------
        InvalidInput
            There are too few documents, or all have one level.
        """
        levels = self.data.levels
        fold_of = grouped_folds(levels, self.clusters, FOLDS, seed=seed)
        test, pool = np.flatnonzero(fold_of == 0), np.flatnonzero(fold_of != 0)
        if start > len(pool) or not len(test) or len(np.unique(levels[pool])) < 2:
            raise InvalidInput(
                f"{len(levels)} labelled protocols are too few to start with {start} labels: "
                "give more of them, on at least two levels, or start with fewer."
            )
        order = np.random.default_rng(seed).permutation(pool)
        first = order[:start]
        while len(np.unique(levels[first])) < 2:  # nothing can be learnt of a single level
            first = order[: len(first) + 1]
        return Setting(pool, test, first)

    def replay(self, strategy: str, seed: int, plan: Plan, progress: Progress) -> list[Round]:
        """One project from its first labels to the end of its budget.

        Parameters
        ----------
        strategy : str
            Name in `strategies.STRATEGIES`.
        seed : int
        plan : Plan
        progress : callable (share done, message)
        """
        setting = self.setting(seed, plan.start)
        generator = np.random.default_rng([seed, 1])
        known = setting.first
        models: list[Model] = []
        rounds: list[Round] = []
        while True:
            progress(len(known) / plan.budget, f"{strategy}, seed {seed}: {len(known)} labels")
            model = self._fitted(plan.kind, seed, known)
            rounds.append(self._judged(model, setting.test, len(known)))
            left = np.setdiff1d(setting.pool, known)
            size = min(plan.batch, plan.budget - len(known), len(left))
            if size <= 0:
                return rounds
            those = self._candidates(model, models[-MEMBERS:], left, known)
            known = np.append(known, left[choose(strategy, those, size, generator)])
            models.append(model)

    def ceiling(self, seed: int, plan: Plan) -> Round:
        """The model that has learnt every document but those kept apart."""
        setting = self.setting(seed, plan.start)
        model = self._fitted(plan.kind, seed, setting.pool)
        return self._judged(model, setting.test, len(setting.pool))

    def _fitted(self, kind: str, seed: int, known: np.ndarray) -> Model:
        part = self.data.pick(known)
        model = make_model(kind, self.scale, self.cache, seed, self.rubric)
        model.fit(part.documents, part.levels.tolist())
        return model

    def _judged(self, model: Model, test: np.ndarray, labels: int) -> Round:
        part = self.data.pick(test)
        numbers = part.levels - self.scale[0]
        decided = DECODINGS[model.decoding](model.say(part.documents).uncalibrated)
        square = metrics.confusion(numbers, decided, len(self.scale))
        figures = {
            "qwk": metrics.quadratic_kappa(square[None])[0],
            "macro_f1": metrics.macro_f1(square[None])[0],
            "accuracy": metrics.accuracy(square[None])[0],
            "mae": metrics.mean_distance(square[None])[0],
        }
        recall = [
            int(row[k]) / int(row.sum()) if row.sum() else None for k, row in enumerate(square)
        ]
        return Round(labels, {name: float(value) for name, value in figures.items()}, recall)

    def _candidates(
        self, model: Model, earlier: Sequence[Model], left: np.ndarray, known: np.ndarray
    ) -> Candidates:
        documents = [self.data.documents[at] for at in left]
        said: Said = model.say(documents)
        others = [one.say(documents).probabilities for one in earlier]
        numbers = self.data.levels[known] - self.scale[0]
        return Candidates(
            probabilities=said.probabilities,
            decided=DECODINGS[model.decoding](said.uncalibrated),
            features=self.features[left],
            labelled=self.features[known],
            counts=np.bincount(numbers, minlength=len(self.scale)),
            committee=np.array(others).reshape(len(others), len(left), len(self.scale)),
        )


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


def summary(
    runs: dict[str, list[list[Round]]], ceilings: Sequence[Round], share: float = 0.95
) -> dict[str, Any]:
    """Curves, areas and labels needed, each with its interval over seeds.

    Parameters
    ----------
    runs : dict of strategy to list of rounds, one list a seed
        All of the same seeds in the same order.
    ceilings : sequence of Round, one a seed
    share : float
        Of the QWK with every label, for `labels_needed`.

    Returns
    -------
    dict
        By strategy: `curve` [{labels, qwk, macro_f1, accuracy, mae}], each measure with its
        interval; `area`, the mean QWK over the labels spent; `ahead_of_random`, its paired
        difference; `labels_needed` {value, low, high, reached}: the mean over seeds that reached
        it, and how many did.
    """
    full = [one.measures["qwk"] for one in ceilings]
    areas = {name: np.array([_area(rounds) for rounds in found]) for name, found in runs.items()}
    return {
        name: {
            "curve": _curve(found),
            "area": metrics.mean_figure(areas[name]),
            **(
                {"ahead_of_random": metrics.mean_figure(areas[name] - areas["random"])}
                if name != "random" and "random" in areas
                else {}
            ),
            "labels_needed": _needed(found, [share * one for one in full]),
        }
        for name, found in runs.items()
    }


def _curve(found: Sequence[Sequence[Round]]) -> list[dict[str, Any]]:
    return [
        {
            "labels": round(float(np.mean([one.labels for one in column]))),
            **{
                name: metrics.mean_figure(np.array([one.measures[name] for one in column]))
                for name in MEASURES
            },
            "recall": [
                _mean_known([one.recall[k] for one in column]) for k in range(len(column[0].recall))
            ],
        }
        for column in zip(*found, strict=False)  # a first draw of one level makes a run shorter
    ]


def _mean_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _area(rounds: Sequence[Round]) -> float:
    """Mean QWK over the labels spent, by the trapezoid rule."""
    labels = np.array([one.labels for one in rounds], float)
    values = np.array([one.measures["qwk"] for one in rounds])
    if len(rounds) < 2:
        return float(values[0])
    return float(np.trapezoid(values, labels) / (labels[-1] - labels[0]))


def _needed(found: Sequence[Sequence[Round]], wanted: Sequence[float]) -> dict[str, Any]:
    """Labels at the first round from which the QWK is reached, seed by seed."""
    first = [
        next((one.labels for one in rounds if one.measures["qwk"] >= least), None)
        for rounds, least in zip(found, wanted, strict=True)
    ]
    reached = np.array([labels for labels in first if labels is not None], float)
    return {**metrics.mean_figure(reached), "reached": len(reached), "of": len(first)}
