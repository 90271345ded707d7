"""What learning costs: heads side by side, memory of a training job, twice the documents.

Head training is what remains once texts are encoded and no figures are wanted: the cached states of
the labelled protocols are read and the final networks and models are fitted from fresh weights. It
is timed from the second time in a process on, since compiling is paid once. Training and measuring,
which is what a worker does, stands beside it.

Where more protocols are needed than there are, copies take over the states of their originals: that
is the same work for everything that is timed here, and nothing about quality is read from it. Their
levels are what a model of the labelled ones says.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

from benchmarks.learner_sets import PROTOCOLS, load
from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric
from cer_assist.explain.version_scores import version_scores
from cer_assist.explain.weighed import weigh
from cer_assist.explain.words import suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import kind_for, views_of
from cer_assist.learning.labelled import Labelled, read_documents
from cer_assist.learning.progress import silent
from cer_assist.learning.text import tokenise
from cer_assist.learning.training import train
from cer_assist.learning.views import VIEWS, Problem

LABELS, MANY, TAUGHT = 280, 10_000, 2_000
SCALE = (1, 2, 3, 4, 5)
SCORED_AT_ONCE = 500  # as the worker does
PUBLISHED = "bilstm"
COMPARED = (DEFAULT_KIND, "attention", PUBLISHED)
RUBRIC = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)


def main(argv: list[str]) -> None:
    """Measure heads, growth and memory on the reference data."""
    parser = argparse.ArgumentParser(prog="bench cost")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "instance", help="keeps what is encoded"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    folder = options.data / "cenr"
    if not folder.exists():
        raise NotFound(f"{folder} is missing: name the reference data with --data.")
    labelled = load(PROTOCOLS, options.data).train
    pool = read_documents(folder / "pool.jsonl.gz")
    cache = FeatureCache(options.home / "features", Encoder())
    cache.encode([*labelled.documents, *pool], silent)
    _heads(cache, labelled.pick(np.arange(LABELS)), options.rounds)
    model = _taught(labelled, cache)
    _scoring(cache, model, pool)
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as scratch:
        many = _many(cache, model, labelled, pool, Path(scratch))
        _growth(cache, many, Path(scratch), options.rounds)
        _memory(many, Path(scratch))


def _heads(cache: FeatureCache, data: Labelled, rounds: int) -> None:
    """Every compared kind in one process."""
    levels = data.levels.tolist()
    times = {
        kind: np.array([_times(_final_fit(kind, cache, data)) for _ in range(rounds + 1)])
        for kind in COMPARED
    }
    middle = {kind: np.median(found[1:], axis=0) for kind, found in times.items()}
    rows = []
    for kind, (clock, processor) in middle.items():

        def measured(kind: str = kind) -> None:
            train(data.documents, levels, SCALE, cache=cache, kind=kind, rubric=RUBRIC)

        # The published model's five folds of measuring take minutes and nobody waits for them.
        whole = _both(*_times(measured)) if kind != PUBLISHED else "not measured"
        ratios = middle[PUBLISHED] / (clock, processor)
        first = f"{times[kind][0, 0]:.2f}"
        rows.append([kind, first, _both(clock, processor), _both(*ratios), whole])
    header = ("kind", "first", "head training", f"{PUBLISHED} takes times", "train and measure")
    title = f"{LABELS} encoded protocols, median of {rounds}: seconds by the clock (of processor)"
    print_table(title, header, rows)


def _final_fit(kind: str, cache: FeatureCache, data: Labelled) -> Callable[[], None]:
    numbers = data.levels - SCALE[0]

    def texts(wanted: Sequence[str]) -> list[Any]:
        return cache.readings([Document(t, t) for t in wanted], silent)

    def fit() -> None:
        readings = cache.readings(data.documents, silent)
        problem = Problem(len(SCALE), 0, texts, RUBRIC)  # all demo protocols lend
        for name in views_of(kind_for(kind, RUBRIC), rubric_lends=True):
            VIEWS[name].fit(readings, numbers, problem, start=None, epochs=None, progress=silent)

    return fit


def _taught(labelled: Labelled, cache: FeatureCache) -> ProtocolClassifier:
    levels = labelled.levels.tolist()
    return train(labelled.documents, levels, SCALE, cache=cache, rubric=RUBRIC).classifier


def _scoring(cache: FeatureCache, model: ProtocolClassifier, pool: list[Document]) -> None:
    model.say(pool[:1])
    suggest(model, pool[:1])
    said, suggested = (
        _both(*_times(work)) for work in (partial(model.say, pool), partial(suggest, model, pool))
    )
    paths = [cache.path_of(document) for document in pool]
    size = sum(path.stat().st_size for path in paths)
    pieces = sum(len(tokenise(cache.encoder.tokenizer, document.text).ids) for document in pool)
    row = [said, suggested, f"{size / pieces:.1f}", f"{pieces / len(pool):.0f}"]
    header = ("levels", "with words and evidence", "cache, bytes a piece", "pieces each")
    title = f"scoring {len(pool):,} encoded protocols, {DEFAULT_KIND}: seconds (of processor)"
    print_table(title, header, [row])


def _many(
    cache: FeatureCache,
    model: ProtocolClassifier,
    labelled: Labelled,
    pool: list[Document],
    scratch: Path,
) -> Labelled:
    """So many encoded protocols, all different texts, in a cache of their own."""
    aside = FeatureCache(scratch / "many", cache.encoder)
    shutil.copytree(cache.folder, aside.folder, ignore=lambda *_: ["*.tmp"], copy_function=os.link)
    originals = [*labelled.documents, *pool]
    levels = np.concatenate([labelled.levels, model.predict(pool)])
    documents = list(originals)
    while len(documents) < MANY:
        number = len(documents)
        original = originals[number % len(originals)]
        copy = replace(original, key=f"copy {number}", text=f"{original.text} {number}")
        aside.path_of(copy).parent.mkdir(parents=True, exist_ok=True)
        os.link(aside.path_of(original), aside.path_of(copy))
        documents.append(copy)
    return Labelled(documents, np.resize(levels, MANY))


def _growth(cache: FeatureCache, many: Labelled, scratch: Path, rounds: int) -> None:
    """The same work for so many protocols and for twice as many, in turns."""
    aside = FeatureCache(scratch / "many", cache.encoder)
    model = _taught(many.pick(np.arange(LABELS)), aside)

    def fit(size: int) -> None:
        part = many.pick(np.arange(size))
        train(part.documents, part.levels.tolist(), SCALE, cache=aside, rubric=RUBRIC)

    def encode(size: int) -> None:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            _empty_beside(aside, Path(folder)).encode(many.documents[:size], silent)

    def score(size: int) -> None:
        suggest(model, many.documents[:size])

    rows = [
        _twice("train and measure", fit, 1000, rounds),
        _twice("encode", encode, 100, rounds),
        _twice("suggest", score, 2000, rounds),
    ]
    header = ("work", "protocols", "these", "twice as many", "ratio")
    title = f"twice the documents, {DEFAULT_KIND}, median of {rounds}: seconds (of processor)"
    print_table(title, header, rows)


def _twice(name: str, work: Callable[[int], None], size: int, rounds: int) -> list[str]:
    work(size)  # compiles
    found = [[_times(partial(work, size * times)) for times in (1, 2)] for _ in range(rounds)]
    one, two = np.median(found, axis=0)
    return [name, f"{size:,}", _both(*one), _both(*two), _both(*(two / one))]


def _memory(many: Labelled, scratch: Path) -> None:
    """A training job as the worker runs it, in a process of its own."""
    rows = []
    for taught in (TAUGHT, MANY):
        context = multiprocessing.get_context("spawn")
        found: Queue[tuple[float, float, float]] = context.Manager().Queue()
        child = context.Process(target=_job, args=(many, taught, scratch, found))
        child.start()
        child.join()
        if child.exitcode:
            rows.append([f"{taught:,}", f"failed with code {child.exitcode}", "", "", ""])
            continue
        idle, trained, ended, seconds = found.get()
        rows.append([f"{taught:,}", *(f"{each:,.0f}" for each in (idle, trained, ended, seconds))])
    header = ("labelled", "MB at start", "peak MB, trained", "peak MB, all suggested", "s")
    print_table(f"a training job in a project of {MANY:,} protocols, {DEFAULT_KIND}", header, rows)


def _job(many: Labelled, taught: int, scratch: Path, found: Any) -> None:
    cache = FeatureCache(scratch / "many", Encoder())
    _empty_beside(cache, scratch / f"other {taught}").encode(many.documents[:50], silent)
    idle, started = _peak(), time.perf_counter()
    part = many.pick(np.arange(taught))
    levels = part.levels.tolist()
    result = train(part.documents, levels, SCALE, cache=cache, rubric=RUBRIC)
    trained = _peak()
    rest = many.documents[taught:]
    for start in range(0, len(rest), SCORED_AT_ONCE):
        suggest(result.classifier, rest[start : start + SCORED_AT_ONCE])
    weighed = weigh(result.classifier, part.documents, levels)
    weighed.level_words()
    version_scores(result.classifier, part.documents, weighed)
    found.put((idle, trained, _peak(), time.perf_counter() - started))


def _peak() -> float:
    """Megabytes; ru_maxrss is in KiB on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _empty_beside(cache: FeatureCache, folder: Path) -> FeatureCache:
    """A cache without states: only the projection, which a home fits once, is there."""
    empty = FeatureCache(folder, cache.encoder)
    empty.folder.mkdir(parents=True)
    shutil.copy(cache.folder / "projection.safetensors", empty.folder)
    return empty


def _times(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor, which other programs disturb less."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def _both(clock: float, processor: float) -> str:
    return f"{clock:.2f} ({processor:.2f})"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
