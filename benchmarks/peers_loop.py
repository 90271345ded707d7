"""The loop of `simulate`, driven through ASReview's and small-text's own parts.

Runs in an environment of its own that has nothing of ours: JSON in, JSON out. It is given texts,
levels and, for each seed, the same parts as our replays have; it says what was chosen and what was
predicted of the part kept apart, round by round. All figures are taken from that elsewhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from asreview.models.balancers import Balanced
from asreview.models.classifiers import SVM
from asreview.models.feature_extractors import Tfidf
from asreview.models.models import AI_MODEL_CONFIGURATIONS
from asreview.models.queriers import Max, Uncertainty
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from small_text import (
    BreakingTies,
    ConfidenceEnhancedLinearSVC,
    LeastConfidence,
    PoolBasedActiveLearner,
    RandomSampling,
    SklearnClassifierFactory,
    SklearnDataset,
)

RELEVANT = 4  # ASReview knows relevant and irrelevant only: a level from here on is relevant
ELAS_U4 = AI_MODEL_CONFIGURATIONS[0]["value"]  # its default

Rounds = list[tuple[list[int], list[int]]]  # what is labelled, what is predicted of the part apart


def small_text(strategy: Any, classifier: Any) -> Callable[[dict, dict], Rounds]:
    """One of its query strategies with one of its classifiers, on TF-IDF as in its examples."""

    def run(data: dict, seed: dict) -> Rounds:
        levels = np.array(data["levels"])
        pool, test = np.array(seed["pool"]), np.array(seed["test"])
        place = {int(position): at for at, position in enumerate(pool)}
        words = TfidfVectorizer(stop_words="english")
        targets = np.arange(len(data["scale"]))
        matrix = words.fit_transform([data["texts"][at] for at in pool])
        dataset = SklearnDataset(matrix, levels[pool], target_labels=targets)
        held = words.transform([data["texts"][at] for at in test])
        apart = SklearnDataset(held, levels[test], target_labels=targets)
        factory = SklearnClassifierFactory(classifier(), len(targets))
        learner = PoolBasedActiveLearner(factory, strategy(), dataset)
        np.random.seed(seed["seed"])
        known = [place[at] for at in seed["first"]]
        learner.initialize_data(np.array(known), levels[pool][known])
        rounds = []
        while True:
            rounds.append((pool[known].tolist(), learner.classifier.predict(apart).tolist()))
            size = min(data["batch"], data["budget"] - len(known))
            if size <= 0:
                return rounds
            chosen = learner.query(num_samples=size)
            learner.update(levels[pool][chosen])
            known += chosen.tolist()

    return run


def asreview(querier: Any) -> Callable[[dict, dict], Rounds]:
    """Its default cycle chooses what is relevant; its features and classifier decide the level.

    It has no learner for more than two levels. Its support vector machine is scikit-learn's, which
    takes them as they are; where it weighs two classes, all levels are weighed alike.
    """

    def run(data: dict, seed: dict) -> Rounds:
        levels = np.array(data["levels"])
        pool, test = np.array(seed["pool"]), np.array(seed["test"])
        features = Tfidf(**ELAS_U4.feature_extractor_param)
        table = pd.DataFrame({"title": "", "abstract": data["texts"]})
        matrix = features.fit_transform(table)
        relevant = (levels + data["scale"][0] >= RELEVANT).astype(int)
        known = list(seed["first"])
        generator = np.random.default_rng(seed["seed"])
        rounds = []
        while True:
            even = compute_sample_weight("balanced", levels[known])
            decides = SVM(**ELAS_U4.classifier_param).fit(matrix[known], levels[known], even)
            rounds.append((list(map(int, known)), decides.predict(matrix[test]).tolist()))
            left = np.setdiff1d(pool, known)
            size = min(data["batch"], data["budget"] - len(known), len(left))
            if size <= 0:
                return rounds
            order = generator.permutation(len(left))
            if len(set(relevant[known])) == 2:
                order = querier().query(_relevance(matrix, relevant, known, left))
            known += left[order[:size]].tolist()

    return run


def _relevance(matrix: Any, relevant: np.ndarray, known: list[int], left: np.ndarray) -> np.ndarray:
    weights = Balanced(**ELAS_U4.balancer_param).compute_sample_weight(relevant[known])
    model = SVM(**ELAS_U4.classifier_param).fit(matrix[known], relevant[known], weights)
    return model.decision_function(matrix[left])


def logistic() -> LogisticRegression:
    """What most users of small-text without a graphics card take."""
    return LogisticRegression(max_iter=1000)


PEERS = {
    "small-text least confidence, SVM": small_text(LeastConfidence, ConfidenceEnhancedLinearSVC),
    "small-text breaking ties, SVM": small_text(BreakingTies, ConfidenceEnhancedLinearSVC),
    "small-text random, SVM": small_text(RandomSampling, ConfidenceEnhancedLinearSVC),
    "small-text least confidence, LR": small_text(LeastConfidence, logistic),
    "small-text breaking ties, LR": small_text(BreakingTies, logistic),
    "ASReview max (its default)": asreview(Max),
    "ASReview uncertainty": asreview(Uncertainty),
}


def main(given: Path, found: Path) -> None:
    """Every peer with every seed."""
    data = json.loads(given.read_text(encoding="utf-8"))
    said: dict[str, list[Rounds]] = {}
    for name, run in PEERS.items():
        said[name] = [run(data, seed) for seed in data["seeds"]]
        print(f"{name}: {len(said[name])} runs", flush=True)
    found.write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
