"""What replayed projects add up to: learning curves, areas, and labels that a quality costs.

Labels needed are read from the mean curve of many seeds, made to rise only, not from each seed's
first round that is good enough: with eighty documents to judge on, a round is often good enough by
luck, and the more rounds there are the sooner. The interval comes from drawing the seeds anew.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from cer_assist.learning import metrics
from cer_assist.learning.simulation import MEASURES, Round

SHARES = (0.9, 0.95)  # of the QWK with every label
RESAMPLES = 1000
REFERENCE = "random"


def summary(runs: dict[str, list[list[Round]]], ceilings: Sequence[Round]) -> dict[str, Any]:
    """Curves, areas and labels needed, each with its 95 % interval over seeds.

    Parameters
    ----------
    runs : dict of strategy to list of rounds, one list a seed
        All of the same seeds in the same order.
    ceilings : sequence of Round, one a seed

    Returns
    -------
    dict
        By strategy: `curve` [{labels, qwk, macro_f1, accuracy, mae, recall}], each measure with its
        interval and the recall of each level; `area`, the mean QWK over the labels spent, and
        `macro_f1_area`, which tells as much of the rare levels as of the common ones;
        `labels_needed` by share of the QWK with every label (see `crossing`); and, where `random`
        is among them, the paired differences of areas, `ahead_of_random` and
        `macro_f1_ahead_of_random`, and `of_random` (of labels needed, by share).
    """
    full = np.array([one.measures["qwk"] for one in ceilings])
    draws = np.random.default_rng(0).integers(len(full), size=(RESAMPLES, len(full)))
    draws = np.concatenate([np.arange(len(full))[None], draws])  # the seeds themselves come first
    areas = {name: _areas(found, "qwk") for name, found in runs.items()}
    f1_areas = {name: _areas(found, "macro_f1") for name, found in runs.items()}
    spent = {
        name: {share: _crossings(found, share * full, draws) for share in SHARES}
        for name, found in runs.items()
    }
    result: dict[str, Any] = {}
    for name, found in runs.items():
        row = {"curve": _curve(found), "area": metrics.mean_figure(areas[name])}
        row["macro_f1_area"] = metrics.mean_figure(f1_areas[name])
        row["labels_needed"] = {f"{share:.0%}": _figure(spent[name][share]) for share in SHARES}
        if name != REFERENCE and REFERENCE in runs:
            row["ahead_of_random"] = metrics.mean_figure(areas[name] - areas[REFERENCE])
            ahead = f1_areas[name] - f1_areas[REFERENCE]
            row["macro_f1_ahead_of_random"] = metrics.mean_figure(ahead)
            row["of_random"] = {
                f"{share:.0%}": _figure(_ratio(spent[name][share], spent[REFERENCE][share]))
                for share in SHARES
            }
        result[name] = row
    return result


def _areas(found: Sequence[Sequence[Round]], measure: str) -> np.ndarray:
    return np.array([area(rounds, measure) for rounds in found])


def area(rounds: Sequence[Round], measure: str = "qwk") -> float:
    """Mean of a measure over the labels spent, by the trapezoid rule."""
    labels = np.array([one.labels for one in rounds], float)
    values = np.array([one.measures[measure] for one in rounds])
    if len(rounds) < 2:
        return float(values[0])
    return float(np.trapezoid(values, labels) / (labels[-1] - labels[0]))


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


def _crossings(
    found: Sequence[Sequence[Round]], wanted: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Labels at which the mean curve of drawn seeds reaches what they want on average.

    Parameters
    ----------
    found : sequence of rounds, one a seed
    wanted : (seeds,)
    draws : (resamples, seeds) int

    Returns
    -------
    (resamples,)
        Infinite where it is not reached.
    """
    rounds = min(len(one) for one in found)
    labels = np.array([[one.labels for one in seed[:rounds]] for seed in found], float)
    values = np.array([[one.measures["qwk"] for one in seed[:rounds]] for seed in found])
    drawn = zip(labels[draws].mean(1), values[draws].mean(1), wanted[draws].mean(1), strict=True)
    return np.array([crossing(*one) for one in drawn])


def crossing(labels: np.ndarray, values: np.ndarray, wanted: float) -> float:
    """Labels at which a curve, made to rise only, reaches a value; infinite where it does not."""
    risen = isotonic_regression(values).x
    at = int(np.searchsorted(risen, wanted))
    if at == len(risen):
        return np.inf
    if at == 0:
        return float(labels[0])
    share = (wanted - risen[at - 1]) / (risen[at] - risen[at - 1])
    return float(labels[at - 1] + share * (labels[at] - labels[at - 1]))


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Element by element; nothing where the other never came to it."""
    never = np.isinf(other)
    return np.where(never, np.nan, one / np.where(never, 1.0, other))


def _figure(values: np.ndarray) -> dict[str, Any]:
    """The first value with the interval of the rest; None for what the budget did not reach."""
    known = values[1:][~np.isnan(values[1:])]
    low, high = (
        np.quantile(known, (0.025, 0.975), method="nearest") if len(known) else (np.inf,) * 2
    )
    ends = {"value": values[0], "low": low, "high": high}
    return {name: float(end) if np.isfinite(end) else None for name, end in ends.items()} | {
        "reached": float(np.isfinite(known).mean()) if len(known) else 0.0
    }
