"""The same loop through ASReview's and small-text's own strategies and learners, seed by seed.

They run in an environment of their own (requirements-peers.lock), made once under the home: they
want other versions than ours. Parts, first labels, batches and budget are those of our replays, and
all figures are taken from what they predicted by the same code.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.active import QUEUE, TRIALS, arena_of, cell
from benchmarks.learner_sets import PROTOCOLS
from benchmarks.tables import print_table
from cer_assist.cli.base import progress_bar
from cer_assist.compute import ONE_THREAD, executor
from cer_assist.config import ROOT
from cer_assist.learning import metrics
from cer_assist.learning.curves import area, summary
from cer_assist.learning.mixtures import split_names
from cer_assist.learning.replays import replay_all
from cer_assist.learning.simulation import Arena, Round

LOCK = ROOT / "requirements-peers.lock"
LOOP = Path(__file__).parent / "peers_loop.py"
OURS = "ours: "
# ASReview's own measure: labels until this share of what has that level or more is found.
RELEVANT, SHARE = 4, 0.95
HEADER = (
    "who chooses and who learns",
    "mean QWK",
    "ours ahead",
    "QWK at the end",
    "of level 4 and 5 found at the end",
    "95 % of them after",
)

AT = (10, 20, 50, 100, 150, 200)  # labels at which the curves are printed

Runs = dict[str, list[list[Round]]]


def main(argv: list[str]) -> None:
    """Run the peers, and ours where they are not kept from `bench active`, and compare."""
    parser = argparse.ArgumentParser(prog="bench peers")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps the runs")
    parser.add_argument("--strategies", default=f"random,{QUEUE}", help="of ours")
    parser.add_argument("--seeds", type=int, default=TRIALS[PROTOCOLS].seeds)
    options = parser.parse_args(argv)
    home = options.home.resolve()
    plan = TRIALS[PROTOCOLS].plan
    arena = arena_of(PROTOCOLS, options.data, home)
    folder = home / "active"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    theirs = _peers(arena, options.seeds, folder, home / "peers")
    minutes = (time.perf_counter() - started) / 60
    with progress_bar("Ours") as advance, executor() as spread:
        out = folder / f"{PROTOCOLS}.jsonl"
        names = split_names(options.strategies)
        ours, ceilings = replay_all(
            arena, plan, names, options.seeds, spread, out=out, progress=advance
        )
    runs = {**{f"{OURS}{name}": found for name, found in ours.items()}, **theirs}
    found = summary(runs, ceilings)
    print_table(
        f"{options.seeds} seeds, {plan.start} to {plan.budget} labels in steps of {plan.batch} "
        f"(peers: {minutes:.1f} minutes)",
        HEADER,
        _rows(runs, found, f"{OURS}{names[-1]}", arena),
    )
    print_table("Mean QWK by labels", ("who chooses and who learns", *map(str, AT)), _curves(found))


def _rows(runs: Runs, found: dict[str, Any], best: str, arena: Arena) -> list[list[str]]:
    """How far our last strategy is ahead of each, by paired areas."""
    areas = {name: np.array([area(rounds) for rounds in seeds]) for name, seeds in runs.items()}
    return [
        [
            name,
            cell(one["area"], "{:.3f}"),
            cell(metrics.mean_figure(areas[best] - areas[name]), "{:+.3f}"),
            cell(one["curve"][-1]["qwk"], "{:.3f}"),
            *_found(runs[name], arena),
        ]
        for name, one in found.items()
    ]


def _curves(found: dict[str, Any]) -> list[list[str]]:
    return [
        [name, *(f"{p['qwk']['value']:.3f}" for p in one["curve"] if p["labels"] in AT)]
        for name, one in found.items()
    ]


def _found(seeds: list[list[Round]], arena: Arena) -> tuple[str, str]:
    """Of the pool's relevant protocols: the share read at the end, and when `SHARE` were read."""
    first = arena.scale.index(RELEVANT)
    plan = TRIALS[PROTOCOLS].plan
    shares, needed = [], []
    for seed, rounds in enumerate(seeds):
        there = (arena.data.levels[arena.setting(seed, plan).pool] >= RELEVANT).sum()
        found = [(r.labels, sum(r.chosen[first:]) / there) for r in rounds]
        shares.append(found[-1][1])
        needed += [labels for labels, share in found if share >= SHARE][:1]
    mean = f"{np.mean(needed):.0f} in " if needed else ""
    return f"{np.mean(shares):.0%}", f"{mean}{len(needed)} of {len(seeds)}"


def _peers(arena: Arena, seeds: int, folder: Path, environment: Path) -> Runs:
    plan = TRIALS[PROTOCOLS].plan
    settings = [arena.setting(seed, plan) for seed in range(seeds)]
    given, found = folder / "peers-given.json", folder / "peers-found.json"
    names = ("pool", "test", "first")
    given.write_text(
        json.dumps(
            {
                "texts": [document.text for document in arena.data.documents],
                "levels": (arena.data.levels - arena.scale[0]).tolist(),
                "scale": arena.scale,
                "batch": plan.batch,
                "budget": plan.budget,
                "seeds": [
                    {"seed": seed, **{name: getattr(one, name).tolist() for name in names}}
                    for seed, one in enumerate(settings)
                ],
            }
        ),
        encoding="utf-8",
    )
    alone = os.environ | dict.fromkeys(ONE_THREAD, "1")  # threads for so little only wait
    command = [_python(environment), LOOP, given, found]
    subprocess.run(command, check=True, env=alone, cwd=folder)  # ASReview leaves a cache there
    said = json.loads(found.read_text(encoding="utf-8"))
    return {
        name: [
            [
                arena.judged(setting.test, np.array(known), np.array(predicted))
                for known, predicted in rounds
            ]
            for setting, rounds in zip(settings, runs, strict=True)
        ]
        for name, runs in said.items()
    }


def _python(environment: Path) -> Path:
    """The peers' own environment, made anew unless it was finished for this very lock."""
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = environment / "finished.lock"
    lock = LOCK.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != lock:
        print("Installing ASReview and small-text (once)", file=sys.stderr, flush=True)
        venv.create(environment, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK]
        subprocess.run([python, *install], check=True)
        stamp.write_text(lock, encoding="utf-8")
    return python
