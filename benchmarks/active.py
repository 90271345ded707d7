"""Every strategy replayed on three labelled sets: what choosing saves, and where it saves nothing.

Finished runs are kept under the home, so that a call with more seeds or strategies goes on. Levels
of the newsgroups have no order: there the figures only show what strategies do elsewhere.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learner_sets import PROTOCOLS, load, parts
from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.base import progress_bar
from cer_assist.compute import executor
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric
from cer_assist.domain.serving import DEFAULT_SHARES, DIVERSE, RANDOM, RARE, UNCERTAIN
from cer_assist.learning.curves import summary
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled, rubric_for, scale_of
from cer_assist.learning.mixtures import split_names
from cer_assist.learning.replays import replay_all
from cer_assist.learning.simulation import Arena, Plan
from cer_assist.learning.strategies import STRATEGIES

DOCUMENTS = 1500  # of the public sets: enough to choose from, and each is judged every round


@dataclass(frozen=True)
class Trial:
    """A set and how projects on it go on."""

    plan: Plan
    seeds: int


TRIALS = {
    PROTOCOLS: Trial(Plan(DEFAULT_KIND, start=10, batch=10, budget=200), 20),
    "sst5": Trial(Plan("meaning", start=20, batch=20, budget=400), 10),
    "20news-II": Trial(Plan("meaning", start=20, batch=20, budget=400), 10),
}


def main(argv: list[str]) -> None:
    """Replay every strategy and print what it cost."""
    parser = argparse.ArgumentParser(prog="bench active")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps the runs")
    parser.add_argument("--sets", default=",".join(TRIALS), help="names with commas between")
    parser.add_argument(
        "--strategies", default=",".join([*STRATEGIES, QUEUE]), help="names with commas between"
    )
    parser.add_argument("--seeds", type=int, help="instead of each set's own number")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args(argv)
    for name in options.sets.split(","):
        trial = TRIALS[name]
        seeds = options.seeds or trial.seeds
        arena = arena_of(name, options.data, options.home)
        out = options.home / "active" / f"{name}.jsonl"
        out.parent.mkdir(parents=True, exist_ok=True)
        names = split_names(options.strategies)
        started = time.perf_counter()
        with progress_bar(name) as advance, executor(options.workers) as spread:
            runs, ceilings = replay_all(
                arena, trial.plan, names, seeds, spread, out=out, progress=advance
            )
        minutes = (time.perf_counter() - started) / 60
        full = np.mean([one.measures["qwk"] for one in ceilings])
        title = (
            f"{name}: {len(arena.data.levels)} documents, {trial.plan.kind}, {seeds} seeds, "
            f"{trial.plan.start} to {trial.plan.budget} labels in steps of {trial.plan.batch}; "
            f"with all {ceilings[0].labels} labels QWK {full:.3f} ({minutes:.1f} minutes now)"
        )
        print_table(
            title, HEADER, [row(name, one) for name, one in summary(runs, ceilings).items()]
        )


# As the queue deals its turns unless a lead says otherwise.
QUEUE = "mix:" + ",".join(
    f"{name}={share:g}"
    for name, share in (
        (UNCERTAIN, DEFAULT_SHARES.uncertain),
        (DIVERSE, DEFAULT_SHARES.diverse),
        (RARE, DEFAULT_SHARES.rare),
        (RANDOM, DEFAULT_SHARES.random),
    )
    if share
)
HEADER = (
    "strategy",
    "mean QWK",
    "ahead of random",
    "macro-F1 ahead",
    "labels for 90 %",
    "labels for 95 %",
    "of what random needs",
    "macro-F1 at the end",
    "recall by level at the end",
)


def row(name: str, found: dict[str, Any]) -> list[str]:
    """A strategy's line in the table."""
    last = found["curve"][-1]
    return [
        name,
        cell(found["area"], "{:.3f}"),
        cell(found.get("ahead_of_random"), "{:+.3f}"),
        cell(found.get("macro_f1_ahead_of_random"), "{:+.3f}"),
        cell(found["labels_needed"]["90%"], "{:.0f}"),
        cell(found["labels_needed"]["95%"], "{:.0f}"),
        cell(found.get("of_random", {}).get("95%"), "{:.0%}"),
        f"{last['macro_f1']['value']:.3f}",
        " ".join("-" if one is None else f"{one:.2f}" for one in last["recall"]),
    ]


def cell(figure: dict[str, Any] | None, form: str) -> str:
    """A figure with its interval; an end that the budget did not reach is said to be more."""
    if figure is None or figure["value"] is None:
        return "-"
    ends = (form.format(figure[e]) if figure[e] is not None else "more" for e in ("low", "high"))
    return f"{form.format(figure['value'])} ({' to '.join(ends)})"


def arena_of(name: str, data: Path, home: Path) -> Arena:
    """A set that projects are replayed on, its states cached under the home."""
    if not (data / "cenr").exists():
        raise NotFound(f"{data} has no cenr/: name the reference data with --data.")
    found = load(name, data).train if name == PROTOCOLS else _some(parts(name, data)["train"])
    known = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    cache = FeatureCache(home / "features", Encoder())
    with progress_bar(f"Reading {name}") as advance:
        return Arena.of(found, scale_of(found), cache, rubric_for(known, found), advance)


def _some(part: Labelled) -> Labelled:
    drawn = np.random.default_rng(0).permutation(len(part.levels))[:DOCUMENTS]
    return part.pick(np.sort(drawn))
