"""Every kind of model on every set, side by side: one table that can be stopped and continued.

Each cell is measured in a process of its own, so that its peak memory is its own and a kind that
fails takes no other with it. A finished cell is a small file; what is there is not measured again.
A cell that failed says why in the table, and is tried again by the next run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.learner_aims import verdict
from benchmarks.tables import machine, print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric

SLOW = frozenset({"bilstm", "self_attention", "embedding", "maxpool", "hierarchical"})
REPEATS, FOLDS = 5, 5
SHOWN = ("accuracy", "macro_f1", "qwk", "mae", "ece")
HEADER = ("labels", "kind", *SHOWN, "fit s", "predict s", "peak MB", "aim")
LED = ("accuracy", "macro_f1", "qwk", "mae")

Cell = tuple[str, int | None, str]


def main(argv: list[str]) -> None:
    """Measure what is missing, then print all of it."""
    options = _options(argv)
    folder = options.home / "bench-learner"
    folder.mkdir(parents=True, exist_ok=True)
    if not (options.data / "cenr").exists():
        raise NotFound(f"{options.data} has no reference data: name its folder with --data.")
    cells = _cells(options.sets, options.kinds)
    todo = [cell for cell in cells if not _path(folder, cell).exists()]
    print(f"{machine()}; {len(cells) - len(todo)} of {len(cells)} cells are there", flush=True)
    for name in dict.fromkeys(cell[0] for cell in todo):  # before: its memory is no model's
        _apart(_encode, name, options.data, options.home)
    for number, cell in enumerate(todo, 1):
        print(f"{number} of {len(todo)}: {_name(cell)}", end=" ", flush=True)
        _measure_apart(cell, options.data, options.home, folder)
    for name in options.sets:
        rows = [_row(cell, folder) for cell in cells if cell[0] == name]
        print_table(f"{name}: with 95 % intervals", HEADER, rows)
        title = f"{name}: how far {DEFAULT_KIND} is ahead, paired by document"
        print_table(title, ("labels", "of", *LED), list(_leads(name, cells, folder)))


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


def _cells(sets: list[str], kinds: list[str]) -> list[Cell]:
    from benchmarks.learner_sets import SIZES

    return [(name, size, kind) for name in sets for size in SIZES[name] for kind in kinds]


def _name(cell: Cell) -> str:
    name, size, kind = cell
    return f"{name}-{size or 'all'}-{kind}"


def _path(folder: Path, cell: Cell) -> Path:
    return folder / f"{_name(cell)}.json"


def _failure(folder: Path, cell: Cell) -> Path:
    return folder / f"{_name(cell)}.failed"


def _apart(work: Any, *arguments: Any) -> int:
    """Run a function in a process of its own; its exit code, 0 if all went well."""
    child = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    child.start()
    child.join()
    return int(child.exitcode or 0)


def _measure_apart(cell: Cell, data: Path, home: Path, folder: Path) -> None:
    started = time.monotonic()
    _failure(folder, cell).unlink(missing_ok=True)
    code = _apart(_measure, cell, data, home, folder)
    if code and not _failure(folder, cell).exists():  # it was killed: for its memory, say
        _failure(folder, cell).write_text(f"its process ended with code {code}")
    failed = _failure(folder, cell)
    print(
        f"{failed.read_text() if failed.exists() else 'done'}, {time.monotonic() - started:.0f} s"
    )


def _measure(cell: Cell, data: Path, home: Path, folder: Path) -> None:
    """A cell's figures as a file, or why there are none."""
    try:
        result = _figures(cell, data, home)
    except Exception as error:
        _failure(folder, cell).write_text(_reason(error))
        raise
    aside = _path(folder, cell).with_suffix(".tmp")
    aside.write_text(json.dumps(result))
    aside.replace(_path(folder, cell))


def _reason(error: Exception) -> str:
    """In one line: what TensorFlow says of its own code's whereabouts comes before the matter."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {said[-1] if said else ''}"


def _encode(name: str, data: Path, home: Path) -> None:
    from benchmarks import learner_sets
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.progress import silent

    found = learner_sets.load(name, data)
    parts = [found.train, *([found.test] if found.test else [])]
    cache = FeatureCache(home / "features", Encoder())
    cache.encode([document for part in parts for document in part.documents], silent)


def _figures(cell: Cell, data: Path, home: Path) -> dict[str, Any]:
    from benchmarks import learner_sets
    from cer_assist.learning import evaluation, labelled
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.progress import silent

    name, size, kind = cell
    found = learner_sets.load(name, data)
    cache = FeatureCache(home / "features", Encoder())
    parts = [found.train, *([found.test] if found.test else [])]
    scale = labelled.scale_of(*parts)
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    how: dict[str, Any] = {"n_train": size, "progress": silent, "decoding": found.decoding}
    how["rubric"] = labelled.rubric_for(rubric, *parts)
    if found.test is None:
        how |= {"folds": FOLDS, "repeats": 1 if kind in SLOW else REPEATS}
        result = evaluation.cross_validate(kind, found.train, scale, cache, **how)
    else:
        result = evaluation.train_and_test(kind, found.train, found.test, scale, cache, **how)
    # ru_maxrss is in KiB on Linux.
    result["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _row(cell: Cell, folder: Path) -> list[object]:
    _, size, kind = cell
    start: list[object] = [size or "all", kind]
    if not _path(folder, cell).exists():
        failed = _failure(folder, cell)
        reason = f"failed: {failed.read_text()}" if failed.exists() else "not measured"
        return [*start, *[""] * (len(HEADER) - 3), reason]
    found = json.loads(_path(folder, cell).read_text())
    figures = [f"{found[figure]:.3f} {_interval(found, figure)}" for figure in SHOWN]
    spent = [f"{found[of]:.2f}" for of in ("train_seconds", "predict_seconds")]
    return [*start, *figures, *spent, f"{found['peak_megabytes']:.0f}", verdict(cell, found)]


def _leads(name: str, cells: list[Cell], folder: Path) -> Iterator[list[object]]:
    from cer_assist.learning.evaluation import ahead

    for cell in cells:
        _, size, kind = cell
        paths = _path(folder, (name, size, DEFAULT_KIND)), _path(folder, cell)
        if cell[0] != name or kind == DEFAULT_KIND or not all(path.exists() for path in paths):
            continue
        lead = ahead(*(json.loads(path.read_text()) for path in paths))
        yield [size or "all", kind, *(_lead(lead[figure]) for figure in LED)]


def _lead(figure: dict[str, float]) -> str:
    return f"{figure['value']:+.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _interval(found: dict[str, Any], figure: str) -> str:
    low, high = found["intervals"][figure]
    return f"({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
