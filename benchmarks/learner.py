"""Every kind of model on every set, side by side: one table that can be stopped and continued.

Each cell is measured in a process of its own, so that its peak memory is its own and a kind that
fails takes no other with it. A finished cell is a small file; what is there is not measured again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
from pathlib import Path
from typing import Any

from benchmarks.tables import machine, print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.rubric import parse_rubric

SLOW = frozenset({"bilstm", "self_attention", "embedding", "maxpool", "hierarchical"})
REPEATS, FOLDS = 5, 5
SHOWN = ("accuracy", "macro_f1", "qwk", "mae", "ece")


def main(argv: list[str]) -> None:
    """Measure what is missing, then print all of it."""
    options = _options(argv)
    folder = options.home / "bench-learner"
    folder.mkdir(parents=True, exist_ok=True)
    if not (options.data / "cenr").exists():
        raise NotFound(f"{options.data} has no reference data: name its folder with --data.")
    cells = _cells(options.sets, options.kinds)
    print(machine(), flush=True)
    for number, cell in enumerate(cells, 1):
        path = folder / f"{_name(cell)}.json"
        if not path.exists():
            print(f"{number} of {len(cells)}: {_name(cell)}", flush=True)
            _measure_apart(cell, options.data, options.home, path)
    for name in options.sets:
        _print(name, [(cell, folder / f"{_name(cell)}.json") for cell in cells if cell[0] == name])


def _options(argv: list[str]) -> argparse.Namespace:
    from benchmarks.learner_sets import SIZES
    from cer_assist.learning.compared import MODELS

    parser = argparse.ArgumentParser(prog="bench learner")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with the sets")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps what is done")
    parser.add_argument("--sets", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", choices=list(MODELS), default=list(MODELS))
    return parser.parse_args(argv)


Cell = tuple[str, int | None, str]


def _cells(sets: list[str], kinds: list[str]) -> list[Cell]:
    from benchmarks.learner_sets import SIZES

    return [(name, size, kind) for name in sets for size in SIZES[name] for kind in kinds]


def _name(cell: Cell) -> str:
    name, size, kind = cell
    return f"{name}-{size or 'all'}-{kind}"


def _measure_apart(cell: Cell, data: Path, home: Path, path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_measure, args=(cell, data, home, path))
    child.start()
    child.join()
    if child.exitcode:
        print(f"   {_name(cell)} ended with code {child.exitcode}", flush=True)


def _measure(cell: Cell, data: Path, home: Path, path: Path) -> None:
    from benchmarks import learner_sets
    from cer_assist.learning import evaluation
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.progress import silent

    name, size, kind = cell
    found = learner_sets.load(name, data)
    cache = FeatureCache(home / "features", Encoder())
    parts = [found.train, *([found.test] if found.test else [])]
    if kind != evaluation.BASELINE:
        cache.encode([document for part in parts for document in part.documents], silent)
    scale = evaluation.scale_of(*parts)
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    how: dict[str, Any] = {"n_train": size, "progress": silent}
    how["rubric"] = evaluation.rubric_for(rubric, *parts)
    if found.test is None:
        how |= {"folds": FOLDS, "repeats": 1 if kind in SLOW else REPEATS}
        result = evaluation.cross_validate(kind, found.train, scale, cache, **how)
    else:
        result = evaluation.train_and_test(kind, found.train, found.test, scale, cache, **how)
    # Encoding is part of the peak the first time a set is read; ru_maxrss is in KiB on Linux.
    result["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(result))
    aside.replace(path)


def _print(name: str, cells: list[tuple[Cell, Path]]) -> None:
    rows = []
    for (_, size, kind), path in cells:
        if path.exists():
            found = json.loads(path.read_text())
            figures = [f"{found[figure]:.3f} {_interval(found, figure)}" for figure in SHOWN]
            spent = [f"{found[of]:.2f}" for of in ("train_seconds", "predict_seconds")]
            rows.append([size or "all", kind, *figures, *spent, f"{found['peak_megabytes']:.0f}"])
    header = ("labels", "kind", *SHOWN, "fit s", "predict s", "peak MB")
    print_table(f"{name}: with 95 % intervals", header, rows)


def _interval(found: dict[str, Any], figure: str) -> str:
    low, high = found["intervals"][figure]
    return f"({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
