"""Stopping rules backtested: projects replayed on labelled protocols, and where each would end.

Every round knows what a worker would know: out-of-fold figures of the labels so far, what the model
says of the protocols that nobody has read, and a fenced sample that grows with the labels. What it
does not know stands beside it: the QWK on a fifth that is never labelled, and the wrong levels.
A run's own QWK there is noisy (80 protocols), so "too early" is judged by the mean over all runs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.active import QUEUE
from benchmarks.tables import print_table
from cer_assist.cli.base import progress_bar
from cer_assist.cli.label_files import read_levels
from cer_assist.cli.simulate import _arena
from cer_assist.config import ROOT
from cer_assist.learning import metrics, stopping
from cer_assist.learning.compared import Model
from cer_assist.learning.mixtures import split_names
from cer_assist.learning.ordinal import DECODINGS
from cer_assist.learning.simulation import Arena, Plan
from cer_assist.learning.stopping import Point
from cer_assist.learning.strategies import choose

START, BATCH = 10, 20
FENCED = 5  # one in so many protocols that are read is of the fenced sample
EARLY = 0.02  # of QWK, below what all labels reach
WANTED, WRONG_SHARE, HALF_WIDTH = 0.75, 0.10, 0.10
AHEAD = 60  # labels, for the band's coverage
DATA = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data")) / "cenr"


class Seen(NamedTuple):
    """A round: what the worker knew, and after `qwk` what it did not."""

    labels: int
    left: int
    point: Point
    wrong: dict[str, float]
    fenced: dict[str, Any]
    qwk: float
    truly_wrong: int


BASES = ("fenced", "labelled")
Rule = Callable[[Sequence[Seen]], bool]


def main(argv: list[str]) -> None:
    """Replay, then print where each rule stops and how often forecasts held the truth."""
    parser = argparse.ArgumentParser(prog="bench stopping")
    parser.add_argument("--home", type=Path, help="whose cached states are used")
    parser.add_argument("--model", default="rubric")
    parser.add_argument("--strategies", default=f"random,{QUEUE}")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args(argv)
    plan = Plan(options.model, START, BATCH, 0)
    with progress_bar("Replaying") as advance:
        levels = read_levels(DATA / "labels.csv", "final")
        arena = _arena(options.home, DATA / "protocols.jsonl", levels, advance)
        for strategy in split_names(options.strategies):
            runs = [replay(arena, plan, strategy, seed, advance) for seed in range(options.seeds)]
            _print(f"{options.model}, {strategy}, {len(runs)} seeds", runs)


def replay(arena: Arena, plan: Plan, strategy: str, seed: int, advance: Any) -> list[Seen]:
    """One project until nothing is left to label; each round is fitted anew, to be measured."""
    setting, taught = arena.setting(seed, plan), arena.taught(seed, plan)
    dice = np.random.default_rng([seed, 1])
    known, rounds = setting.first, []
    order = dice.permutation(setting.test)
    while True:
        advance(len(known) / len(setting.pool), f"{strategy}, seed {seed}: {len(known)} labels")
        model = arena._model(plan.kind, seed)
        part = arena.data.pick(known)
        model.fit(part.documents, part.levels.tolist())
        left = np.setdiff1d(setting.pool, known)
        fence = order[: max(START, len(known) // FENCED)]
        rounds.append(_seen(arena, model, known, left, fence, setting.test))
        if not len(left):
            return rounds
        those, _ = arena._candidates(model, [], left, known, taught)
        known = np.append(known, left[choose(strategy, those, min(BATCH, len(left)), dice)])


def _seen(
    arena: Arena,
    model: Model,
    known: np.ndarray,
    left: np.ndarray,
    fence: np.ndarray,
    test: np.ndarray,
) -> Seen:
    found: Any = model
    said = found.said_out_of_fold_
    figures = metrics.figures(
        found.out_of_fold_.levels,
        said.probabilities,
        decided_by=said.uncalibrated,
        decoding=model.decoding,
    )
    off = stopping.shared_error(figures["ece"]["value"], figures["accuracy"]["value"], len(known))
    wrong, truly = {"value": 0.0, "low": 0.0, "high": 0.0}, 0
    if len(left):
        of_left = model.say([arena.data.documents[at] for at in left])
        decided = DECODINGS[model.decoding](of_left.uncalibrated)
        found_wrong: Any = stopping.expected_wrong(of_left.probabilities, decided, off)["expected"]
        wrong = found_wrong
        truly = int((decided + arena.scale[0] != arena.data.levels[left]).sum())
    qwk = figures["qwk"]
    return Seen(
        len(known),
        len(left),
        Point(len(known), qwk["value"], qwk["low"], qwk["high"], len(known)),
        wrong,
        _judged(arena, model, fence)["qwk"] | {"n": len(fence)},
        _judged(arena, model, test)["qwk"]["value"],
        truly,
    )


def _judged(arena: Arena, model: Model, which: np.ndarray) -> dict[str, dict]:
    part = arena.data.pick(which)
    said = model.say(part.documents)
    return metrics.figures(
        part.levels - arena.scale[0],
        said.probabilities,
        decided_by=said.uncalibrated,
        decoding=model.decoding,
    )


def _fenced(seen: Sequence[Seen]) -> bool:
    low, high = seen[-1].fenced["low"], seen[-1].fenced["high"]
    return low is not None and stopping.half_width(low, high) <= HALF_WIDTH


def _flat(seen: Sequence[Seen]) -> bool:
    curves = _curves(seen)
    if curves is None:
        return False
    return bool(stopping.next_gain(curves, seen[-1].labels, seen[-1].left)["flat"])


def _few_wrong(seen: Sequence[Seen]) -> bool:
    return seen[-1].wrong["high"] <= WRONG_SHARE * (seen[-1].labels + seen[-1].left)


def _all(seen: Sequence[Seen]) -> bool:
    return _fenced(seen) and _flat(seen) and _few_wrong(seen)


RULES: dict[str, Rule] = {
    f"fenced interval within ± {HALF_WIDTH:.2f}": _fenced,
    f"curve flat (< {stopping.FLAT_GAIN} from {stopping.STEP} labels)": _flat,
    f"wrong levels at most {WRONG_SHARE:.0%} of all": _few_wrong,
    "all three": _all,
}


def _curves(seen: Sequence[Seen], basis: str = "fenced") -> stopping.Curves | None:
    """What the worker would make of the rounds so far; the project's page goes by the fence."""
    points = [one.point for one in seen]
    if basis == "fenced":
        fenced = [(one.labels, one.fenced) for one in seen if None not in one.fenced.values()]
        points = [Point(n, f["value"], f["low"], f["high"], f["n"]) for n, f in fenced]
    return stopping.fit_curves(points) if len(points) >= stopping.FEWEST else None


def _print(title: str, runs: Sequence[list[Seen]]) -> None:
    truth = {labels: float(np.mean(values)) for labels, values in _by_labels(runs).items()}
    print_table(
        f"Where rules stop: {title}",
        (
            "rule",
            "stopped",
            "labels",
            "saved",
            "QWK there - all",
            "too early",
            "wrong levels left",
        ),
        [_row(name, rule, runs, truth) for name, rule in RULES.items()],
    )
    print_table(
        f"What intervals held: {title}",
        ("figure", "held", "of", "share", "figure - truth, mean"),
        [
            *[_band(runs, truth, basis) for basis in BASES],
            *[_labels_needed(runs, truth, basis) for basis in BASES],
            _wrong(runs),
            _now(runs, truth),
        ],
    )


def _by_labels(runs: Sequence[list[Seen]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for one in (seen for run in runs for seen in run):
        found.setdefault(one.labels, []).append(one.qwk)
    return found


def _row(
    name: str, rule: Rule, runs: Sequence[list[Seen]], truth: dict[int, float]
) -> list[object]:
    ends = [
        next((at for at in range(len(run) - 1) if rule(run[: at + 1])), len(run) - 1)
        for run in runs
    ]
    stops = [run[end] for run, end in zip(runs, ends, strict=True)]
    early = [truth[one.labels] < truth[run[-1].labels] - EARLY for one, run in _both(stops, runs)]
    lost = np.array([one.qwk - run[-1].qwk for one, run in _both(stops, runs)])
    saved = np.mean([one.left / (one.labels + one.left) for one in stops])
    return [
        name,
        f"{sum(one.left > 0 for one in stops)} of {len(stops)}",
        f"{np.median([one.labels for one in stops]):.0f}",
        f"{saved:.0%}",
        _cell(metrics.mean_figure(lost)),
        f"{sum(early)} of {len(early)}",
        f"{np.mean([one.truly_wrong for one in stops]):.0f}",
    ]


def _both(stops: Sequence[Seen], runs: Sequence[list[Seen]]) -> list[tuple[Seen, list[Seen]]]:
    return list(zip(stops, runs, strict=True))


def _band(runs: Sequence[list[Seen]], truth: dict[int, float], basis: str) -> list[object]:
    """Of every forecast: the QWK so many labels later."""
    held, gaps = [], []
    for run in runs:
        for at in range(stopping.FEWEST, len(run)):
            later = run[at - 1].labels + AHEAD
            curves = _curves(run[:at], basis)
            if later in truth and curves is not None:
                place = stopping.place(curves, later)
                held.append(place["low"] <= truth[later] <= place["high"])
                gaps.append(place["value"] - truth[later])
    return _coverage(f"90 % band {AHEAD} labels ahead, {basis}", held, gaps)


def _labels_needed(runs: Sequence[list[Seen]], truth: dict[int, float], basis: str) -> list[object]:
    """Of every forecast made below the wanted QWK: the labels it takes."""
    reached = next((labels for labels, qwk in sorted(truth.items()) if qwk >= WANTED), None)
    held, gaps = [], []
    for run in runs:
        for at in range(stopping.FEWEST, len(run)):
            curves, now = _curves(run[:at], basis), run[at - 1]
            if curves is None or (reached is not None and now.labels >= reached):
                continue
            found = stopping.forecast(curves, WANTED, now.labels, now.left)
            needed = np.inf if reached is None else reached - now.labels
            low, high, more = (
                np.inf if found[key] is None else found[key] for key in ("low", "high", "more")
            )
            held.append(low <= needed <= high)
            if np.isfinite(more) and np.isfinite(needed):
                gaps.append(more - needed)
    return _coverage(f"90 % interval of labels for QWK {WANTED}, {basis}", held, gaps)


def _wrong(runs: Sequence[list[Seen]]) -> list[object]:
    rounds = [one for run in runs for one in run if one.left]
    held = [one.wrong["low"] <= one.truly_wrong <= one.wrong["high"] for one in rounds]
    gaps = [one.wrong["value"] - one.truly_wrong for one in rounds]
    return _coverage("95 % interval of wrong levels", held, gaps)


def _now(runs: Sequence[list[Seen]], truth: dict[int, float]) -> list[object]:
    """Whether figures out of fold, on what was picked, tell the QWK on what was not."""
    rounds = [one for run in runs for one in run]
    held = [one.point.low <= truth[one.labels] <= one.point.high for one in rounds]
    return _coverage(
        "95 % interval of measured QWK",
        held,
        [one.point.value - truth[one.labels] for one in rounds],
    )


def _coverage(name: str, held: Sequence[bool], gaps: Sequence[float]) -> list[object]:
    share = f"{np.mean(held):.0%}" if held else "-"
    gap = f"{np.mean(gaps):+.3f}" if gaps else "-"
    return [name, sum(held), len(held), share, gap]


def _cell(figure: dict[str, Any]) -> str:
    return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


if __name__ == "__main__":
    main([])
