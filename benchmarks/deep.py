"""What a deep refresh costs on the reference protocols, and what it gains: paired, held out.

Everything it has made stays in the home's folder `bench-deep`, so that a run can be stopped and
continued, and other kinds of model can be measured on the same encoders afterwards.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import learner_sets
from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric
from cer_assist.learning.deep.decision import SHOWN
from cer_assist.learning.deep.refresh import Plan, Refresh, folds_for
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import scale_of


def main(argv: list[str]) -> None:
    """Tune an encoder for every fold; measure each kind of model on it and on the published one."""
    parser = argparse.ArgumentParser(prog="bench deep")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, default=Path("instance"))
    parser.add_argument("--kinds", default=f"attention,{DEFAULT_KIND}", help="by comma")
    parser.add_argument("--layers", type=int, default=Recipe.layers)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    options = parser.parse_args(argv)
    recipe = Recipe(layers=options.layers, epochs=options.epochs, rate=options.rate)
    labelled = learner_sets.load(learner_sets.PROTOCOLS, options.data).train
    scale = scale_of(labelled)
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    cache = FeatureCache(options.home / "features", Encoder())
    plan = Plan(labelled.documents, labelled.levels.tolist(), labelled.levels, scale, "", rubric)
    plan = replace(plan, fold_of=folds_for(plan.documents, plan.numbers, None, plan.seed))
    folder = options.home / "bench-deep" / f"{recipe.layers}-{recipe.epochs}-{recipe.rate:g}"
    rows = []
    for kind in options.kinds.split(","):
        started, busy = time.monotonic(), time.process_time()
        refresh = Refresh(
            folder, replace(plan, kind=kind), options.home / "features", cache, None, recipe
        )
        found = refresh.compared(_told())
        figures = [f"{found.before[name]:.3f} > {found.after[name]:.3f}" for name in SHOWN]
        paired = [
            "{value:+.3f} ({low:+.3f} to {high:+.3f})".format(**found.gains[name])
            for name in ("qwk", "macro_f1")
        ]
        spent = [f"{time.monotonic() - started:.0f}", f"{time.process_time() - busy:.0f}"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
        rows.append([kind, found.n, *figures, *paired, found.better, *spent, f"{peak:.0f}"])
    header = (
        "kind",
        "n",
        *SHOWN,
        "QWK gained",
        "macro-F1 gained",
        "better",
        "s",
        "processor s",
        "peak MB",
    )
    print_table(f"Deep refresh: {recipe}", header, rows)


def _told():
    """Prints what is done, once for each thing."""
    told = ""

    def look(share: float, note: str) -> None:
        nonlocal told
        if note != told:
            print(f"   {time.strftime('%H:%M:%S')} {note}", flush=True)
            told = note

    return look
