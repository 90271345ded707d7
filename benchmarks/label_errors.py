"""Errors planted among final levels, and how many of them each way of suspecting finds.

Ways were compared, and the one that ranks chosen, on other seeds than are reported (0 to 11). The
reference levels have errors of their own, which count as wrongly suspected here; how often the
first suspects are protocols that two blind readers had read differently is printed at the end.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score

from benchmarks.active import arena_of, cell
from benchmarks.learner_sets import PROTOCOLS
from benchmarks.tables import print_table
from cer_assist.cli.base import progress_bar
from cer_assist.cli.label_files import read_levels
from cer_assist.config import ROOT
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.learning import metrics
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import Kind, kind_for
from cer_assist.learning.label_errors import judged_apart, problem_of, suspect
from cer_assist.learning.labelled import read_labelled
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.simulation import Arena
from cer_assist.learning.views import Problem

FIRST = 100  # seed that is reported; those the score was chosen on are below
SHARE = 0.05  # of levels that are moved
STEPS = (2, 1)
NEIGHBOURS = 10
GAIN, PLAIN, RANDOM = "expected gain (used)", "1 - p(given)", "random"
SAVED = "saved"  # what was expected, and what came


class Case(NamedTuple):
    """Levels of which some may be wrong, and what there is to suspect them by."""

    probabilities: np.ndarray  # (n, K)
    given: np.ndarray  # (n,)
    clusters: np.ndarray  # (n,)
    features: np.ndarray  # (n, d), of length one
    seed: int

    @property
    def own(self) -> np.ndarray:
        """Probability of the given level, (n,)."""
        return self.probabilities[np.arange(len(self.given)), self.given]

    @property
    def distances(self) -> np.ndarray:
        """Of each level from the given one, (n, K)."""
        return np.abs(np.arange(self.probabilities.shape[1]) - self.given[:, None])


class Judge(NamedTuple):
    """What models are trained from, whatever the levels."""

    readings: Sequence[Reading]
    clusters: np.ndarray
    problem: Problem
    kind: Kind

    def say(self, given: np.ndarray, progress: Progress) -> np.ndarray:
        """Probabilities out of fold, (n, K)."""
        return judged_apart(self.readings, given, *self[1:], progress)


def main(argv: list[str]) -> None:
    """Plant errors, look for them, and print what was found."""
    parser = argparse.ArgumentParser(prog="bench label-errors")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps the states")
    parser.add_argument("--model", default=DEFAULT_KIND)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=FIRST, help="seed to start with")
    options = parser.parse_args(argv)
    arena = arena_of(PROTOCOLS, options.data, options.home)
    truth = arena.data.levels - arena.scale[0]
    judge = _judge(arena, options.model)
    seeds = range(options.first, options.first + options.seeds)
    for steps in STEPS:
        with progress_bar(f"{steps} step(s)") as advance:
            trials = [_trial(arena, judge, steps, seed, advance) for seed in seeds]
        title = (
            f"{len(truth)} protocols, {options.model}: {SHARE:.0%} of the levels moved by {steps} "
            f"step(s), seeds {seeds[0]} to {seeds[-1]}"
        )
        print_table(title, HEADER, [_row(name, trials) for name in SCORES])
        print_table("Levels a second reading saves, of the first suspects", *_savings(trials))
    with progress_bar("Nothing planted") as advance:
        case = Case(judge.say(truth, advance), truth, judge.clusters, arena.features, 0)
    _print_own_errors(case, options.data / "cenr", arena)


def _trial(
    arena: Arena, judge: Judge, steps: int, seed: int, progress: Progress
) -> dict[str, tuple[float, ...]]:
    """What every way found, and what the first suspects were said to gain and would."""
    truth = arena.data.levels - arena.scale[0]
    given, wrong = plant(truth, steps, seed, len(arena.scale))
    case = Case(judge.say(given, progress), given, judge.clusters, arena.features, seed)
    thought = suspect(case.probabilities, given, judge.clusters)
    first = thought.order[: wrong.sum()]
    saved = float(thought.gain[first].mean()), float(np.abs(given - truth)[first].mean())
    return {SAVED: saved} | {
        name: measures(score(case), wrong, seed) for name, score in SCORES.items()
    }


def plant(levels: np.ndarray, steps: int, seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels of which some were moved, up or down where both are possible, and which they are."""
    dice = np.random.default_rng([seed, steps])
    moved, wrong = levels.copy(), np.zeros(len(levels), bool)
    for at in dice.choice(len(levels), round(SHARE * len(levels)), replace=False):
        ends = [end for end in (levels[at] - steps, levels[at] + steps) if 0 <= end < size]
        moved[at], wrong[at] = dice.choice(ends), True
    return moved, wrong


def measures(scores: np.ndarray, wrong: np.ndarray, seed: int) -> tuple[float, ...]:
    """Precision at the number planted, recall at twice that, AUPRC; equals in random order."""
    order = np.lexsort([np.random.default_rng(seed).random(len(scores)), -scores])
    planted = wrong.sum()
    return (
        float(wrong[order[:planted]].mean()),
        float(wrong[order[: 2 * planted]].sum() / planted),
        float(average_precision_score(wrong, scores)),
    )


def expected_gain(case: Case) -> np.ndarray:
    """What the project's list is ordered by."""
    return suspect(case.probabilities, case.given, case.clusters).gain


def margin(case: Case) -> np.ndarray:
    """By how much the most probable other level is ahead."""
    others = np.where(case.distances > 0, case.probabilities, -1.0)
    return others.max(axis=1) - case.own


def confident_joint(case: Case) -> np.ndarray:
    """Northcutt, Jiang and Chuang 2021: off the diagonal of the joint first, then by the margin.

    A level is confident where it is as probable as it is on average where it was given.
    """
    levels = np.arange(case.probabilities.shape[1])
    usual = [
        case.own[case.given == k].mean() if np.any(case.given == k) else np.inf for k in levels
    ]
    confident = np.where(case.probabilities >= usual, case.probabilities, -1.0)
    elsewhere = (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) != case.given)
    return 2.0 * elsewhere + margin(case)


def expected_distance(case: Case) -> np.ndarray:
    """How far the level is from the given one if the probabilities are right."""
    return (case.probabilities * case.distances).sum(axis=1)


def tail(case: Case) -> np.ndarray:
    """How improbable it is to be as low, or as high, as the given level."""
    below = case.probabilities.cumsum(axis=1)[np.arange(len(case.given)), case.given]
    return 1 - np.minimum(below, 1 - below + case.own)


def neighbours(case: Case) -> np.ndarray:
    """Mean distance from the levels of the most alike that are no near-copies."""
    likeness = case.features @ case.features.T
    likeness[case.clusters[:, None] == case.clusters] = -np.inf
    nearest = np.argsort(-likeness, axis=1)[:, :NEIGHBOURS]
    return np.abs(case.given[nearest] - case.given[:, None]).mean(axis=1)


SCORES: dict[str, Callable[[Case], np.ndarray]] = {
    GAIN: expected_gain,
    PLAIN: lambda case: 1 - case.own,
    "margin": margin,
    "confident joint": confident_joint,
    "tail of the level": tail,
    "expected distance": expected_distance,
    f"{NEIGHBOURS} most alike": neighbours,
    RANDOM: lambda case: np.random.default_rng(case.seed).random(len(case.given)),
}
HEADER = (
    "suspected by",
    "precision at the number planted",
    "ahead of 1 - p(given)",
    "recall at twice that",
    "ahead",
    "AUPRC",
    "ahead",
)


def _row(name: str, trials: Sequence[dict[str, tuple[float, ...]]]) -> list[str]:
    mine, plain = (np.array([trial[which] for trial in trials]) for which in (name, PLAIN))
    cells = [name]
    for column in range(mine.shape[1]):
        ahead = metrics.mean_figure(mine[:, column] - plain[:, column])
        cells.append(cell(metrics.mean_figure(mine[:, column]), "{:.3f}"))
        cells.append(cell(ahead, "{:+.3f}") if name != PLAIN else "")
    return cells


def _savings(
    trials: Sequence[dict[str, tuple[float, ...]]],
) -> tuple[tuple[str, ...], list[list[str]]]:
    """A reading that gave the reference's level would save the distance from it."""
    said, came = np.array([trial[SAVED] for trial in trials]).T
    figures = (cell(metrics.mean_figure(values), "{:.2f}") for values in (said, came))
    return ("expected, each", "to the reference level, each"), [list(figures)]


def _judge(arena: Arena, model: str) -> Judge:
    cache = FeatureCache(arena.states_folder, Encoder(arena.encoder_folder))
    documents, numbers = arena.data.documents, arena.data.levels - arena.scale[0]
    kind = kind_for(model, arena.rubric)
    problem, clusters = problem_of(
        documents, numbers, len(arena.scale), kind=kind, rubric=arena.rubric, reader=cache
    )
    return Judge(cache.readings(documents, silent), clusters, problem, kind)


def _print_own_errors(case: Case, folder: Path, arena: Arena) -> None:
    """How many of the first suspects were read differently by the two readers before."""
    one, other = (
        read_labelled(folder / "protocols.jsonl", read_levels(folder / "labels.csv", reader))
        for reader in ("reader-1", "reader-2")
    )
    keys = [document.key for document in arena.data.documents]
    if not keys == [d.key for d in one.documents] == [d.key for d in other.documents]:
        raise ValueError("the readers did not read the same protocols")
    differed = one.levels != other.levels
    rows: list[list[Any]] = [["all", len(differed), int(differed.sum()), f"{differed.mean():.0%}"]]
    for name in (GAIN, PLAIN):
        order = np.argsort(-SCORES[name](case), kind="stable")
        for size in (20, 40):
            first = differed[order[:size]]
            rows.append([f"the first by {name}", size, int(first.sum()), f"{first.mean():.0%}"])
    header = ("protocols", "number", "two readers differed", "share")
    print_table("Nothing planted: what the first suspects were before", header, rows)


if __name__ == "__main__":
    main([])
