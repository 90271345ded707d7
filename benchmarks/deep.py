"""What a deep refresh costs and gains on a set: paired and held out, then on its test part.

Everything it has made stays in the home's folder `bench-deep`, so that a run can be stopped and
continued, and other kinds of model can be measured on the same encoders afterwards.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import learner_sets
from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric
from cer_assist.learning import metrics
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.deep.decision import SHOWN
from cer_assist.learning.deep.refresh import Plan, Refresh, folds_for
from cer_assist.learning.deep.tuned import TunedEncoders
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled, rubric_for, scale_of

SPENT = ("s", "processor s", "peak MB")
HEADER = ("kind", "n", *SHOWN, "QWK gained", "macro-F1 gained", "better", *SPENT)
Look = Callable[[float, str], None]


def main(argv: list[str]) -> None:
    """Tune an encoder for every fold; measure each kind of model on it and on the published one."""
    options = _options(argv)
    given = {name: getattr(options, name) for name in ("layers", "epochs", "rate", "documents")}
    recipe = Recipe(**given)
    found = learner_sets.load(options.set, options.data)
    labelled = found.train
    scale = scale_of(*(part for part in (found.train, found.test) if part))
    known = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    cache = FeatureCache(options.home / "features", Encoder())
    rubric = rubric_for(known, labelled)
    plan = Plan(labelled.documents, labelled.levels.tolist(), labelled.levels, scale, "", rubric)
    plan = replace(plan, fold_of=folds_for(plan.documents, plan.numbers, None, plan.seed))
    name = "-".join(f"{value:g}" for value in given.values())
    folder = options.home / "bench-deep" / options.set / name
    rows, tested = [], []
    for kind in options.kinds.split(","):
        refresh = Refresh(
            folder, replace(plan, kind=kind), options.home / "features", cache, None, recipe
        )
        rows.append(_compared(kind, refresh, _told()))
        if found.test:
            tested.append(_on_test(kind, refresh, found, options.home / "features", _told()))
    print_table(f"{options.set}: deep refresh, {recipe}", HEADER, rows)
    if tested:
        title = f"{options.set}: its test part, read with the tuned encoder"
        print_table(title, ("kind", "n", *_FIGURES), tested)


_FIGURES = ("accuracy", "macro_f1", "qwk", "mae", "ece")


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench deep")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with the sets")
    parser.add_argument("--home", type=Path, default=Path("instance"))
    parser.add_argument("--set", choices=list(learner_sets.SIZES), default=learner_sets.PROTOCOLS)
    parser.add_argument("--kinds", default=f"attention,{DEFAULT_KIND}", help="by comma")
    parser.add_argument("--layers", type=int, default=Recipe.layers)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--documents", type=int, default=Recipe.documents, help="in a step")
    return parser.parse_args(argv)


def _compared(kind: str, refresh: Refresh, look: Look) -> list[object]:
    started, busy = time.monotonic(), time.process_time()
    found = refresh.compared(look)
    figures = [f"{found.before[name]:.3f} > {found.after[name]:.3f}" for name in SHOWN]
    paired = [
        "{value:+.3f} ({low:+.3f} to {high:+.3f})".format(**found.gains[name])
        for name in ("qwk", "macro_f1")
    ]
    spent = [f"{time.monotonic() - started:.0f}", f"{time.process_time() - busy:.0f}"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    return [kind, found.n, *figures, *paired, found.better, *spent, f"{peak:.0f}"]


def _on_test(
    kind: str, refresh: Refresh, data: learner_sets.Set, features: Path, look: Look
) -> list[object]:
    """A model on the final encoder, as a project has it after a refresh that was used."""
    test: Labelled | None = data.test
    if test is None:
        raise ValueError("this set has no test part")
    saved = refresh.folder / "final"
    shutil.rmtree(saved, ignore_errors=True)
    tuned = TunedEncoders.load(saved, refresh.finish(look, saved))
    reader, judges = tuned.reader(features, None), tuned.judges(features, None)
    plan = refresh.plan
    decoding = {"decoding": data.decoding} if data.decoding else {}
    made = ProtocolClassifier(
        plan.scale, reader, kind=kind, rubric=plan.rubric, judges=judges, progress=look, **decoding
    )
    look(0.95, "learning on the final encoder")
    said = made.fit(plan.documents, plan.levels).say(test.documents)
    truth = np.array([plan.scale.index(level) for level in test.levels])
    found = metrics.figures(
        truth, said.probabilities, decided_by=said.uncalibrated, decoding=made.decoding
    )
    figures = ["{value:.3f} ({low:.3f} to {high:.3f})".format(**found[name]) for name in _FIGURES]
    return [kind, len(truth), *figures]


def _told() -> Look:
    """Prints what is done, once for each thing."""
    told = ""

    def look(share: float, note: str) -> None:
        nonlocal told
        if note != told:
            print(f"   {time.strftime('%H:%M:%S')} {note}", flush=True)
            told = note

    return look
