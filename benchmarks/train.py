"""From the fifth new label to suggestions, and what encoding costs beside its bare forward pass.

The training rows are what a worker does in the life of a process: it has trained before, so nothing
is compiled again; the first training of a process is shown beside them. A version learns on while
coders work, and is trained anew, with its figures, when they pause and whenever it must be.

Encoding is timed against the forward pass alone on the very same batches, in turns of a few
seconds; their share is told in processor seconds as well, which other programs on the machine
disturb less than the clock.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.label_files import read_levels
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.rubric import parse_rubric
from cer_assist.explain.version_scores import version_scores
from cer_assist.explain.weighed import weigh
from cer_assist.explain.words import suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder, batches_by_length, padded_inputs
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled, read_documents, read_labelled
from cer_assist.learning.progress import silent
from cer_assist.learning.text import tokenise, windows
from cer_assist.learning.training import TrainingResult, train

LABELS, NEW = 280, 5
GROUP = 40  # protocols encoded and passed forward in turns: what disturbs one disturbs the other
SCALE = (1, 2, 3, 4, 5)


def main(argv: list[str]) -> None:
    """Measure training, scoring of the pool and encoding on the reference data."""
    parser = argparse.ArgumentParser(prog="bench train")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, help="keeps the encoded texts between runs")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    folder = options.data / "cenr"
    if not folder.exists():
        raise NotFound(f"{folder} is missing: name the reference data with --data.")
    labelled = read_labelled(
        folder / "protocols.jsonl", read_levels(folder / "labels.csv", "final")
    )
    pool = read_documents(folder / "pool.jsonl.gz")
    encoder = Encoder()
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as scratch:
        _encoding(encoder, labelled.documents, Path(scratch), options.rounds)
        cache = FeatureCache((options.home or Path(scratch)) / "features", encoder)
        _training(cache, labelled, pool, Path(scratch), options.rounds)


def _encoding(encoder: Encoder, documents: list[Document], scratch: Path, rounds: int) -> None:
    cache = FeatureCache(scratch / "encoding", encoder)
    cache.encode(documents[:1], silent)  # loads, compiles and fits the projection
    groups = [documents[at : at + GROUP] for at in range(0, len(documents), GROUP)]
    forward = [_forward(encoder, group) for group in groups]
    encode = [partial(cache.encode, group, silent) for group in groups]
    tokens = sum(len(tokenise(encoder.tokenizer, document.text).ids) for document in documents)
    rows = []
    for number in range(rounds):
        for file in cache.folder.rglob("*.states"):
            file.unlink()
        seconds = np.zeros((2, 2))  # of both, by the clock and of the processor
        for pair in zip(forward, encode, strict=True):
            for which in (0, 1) if number % 2 else (1, 0):
                seconds[which] += _seconds(pair[which])
        size = sum(file.stat().st_size for file in cache.folder.rglob("*.states"))
        rates = [f"{tokens / each:,.0f}" for each in seconds[:, 0]]
        shares = [f"{share:.0%}" for share in seconds[0] / seconds[1]]
        rows.append([*rates, *shares, f"{size / tokens:.1f}"])
    header = (
        "forward pass, tokens/s",
        "encoding, tokens/s",
        "share by the clock",
        "share by processor time",
        "bytes a token",
    )
    print_table(f"encoding {len(documents)} protocols, {tokens:,} word pieces", header, rows)


def _forward(encoder: Encoder, documents: list[Document]) -> Callable[[], None]:
    """The bare forward pass over the batches that encoding these documents takes."""
    pieces = [tokenise(encoder.tokenizer, document.text) for document in documents]
    cut = [text.ids[start:end] for text in pieces for start, end in windows(text)]
    batches = [
        padded_inputs([cut[at] for at in which])
        for which in batches_by_length([len(window) for window in cut])
    ]

    def run() -> None:
        for batch in batches:
            encoder.forward(*batch)  # returns when its states are computed

    return run


def _training(
    cache: FeatureCache, labelled: Labelled, pool: list[Document], scratch: Path, rounds: int
) -> None:
    first = labelled.pick(np.arange(LABELS - NEW))
    every = labelled.pick(np.arange(LABELS))
    rest = labelled.documents[LABELS:]
    cache.encode([*labelled.documents, *pool], silent)
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    learn = partial(train, scale=SCALE, cache=cache, rubric=rubric)
    started = time.perf_counter()
    earlier = learn(first.documents, first.levels.tolist())
    rows = [["first in the process, all anew", f"{time.perf_counter() - started:.2f}"]]
    place = scratch / "earlier"
    learn = partial(learn, previous=(place, earlier.classifier.save(place)))
    suggest(earlier.classifier, rest[:1])
    learn(every.documents, every.levels.tolist())  # compiles what a full fit does not use
    for number in range(rounds):
        for title, in_full in (("learning on", ""), ("all anew", "to be timed")):
            to_save = scratch / f"{title} {number}"
            model, cells = _round(partial(learn, in_full=in_full), every, rest, to_save)
            rows.append([f"round {number + 1}, {title}", *cells])
        rows[-1].append(f"{_seconds(partial(suggest, model, pool))[0]:.2f}")
    header = (
        f"train at {LABELS} labels",
        "train, and measure if anew, s",
        f"words and {len(rest)} suggestions, s",
        "label to version, s",
        "of the processor",
        f"suggest the {len(pool):,} of the pool, s",
    )
    print_table(
        f"{NEW} new labels to a published version",
        header,
        [[*row, *[""] * (len(header) - len(row))] for row in rows],
    )


def _round(
    learn: Callable[..., TrainingResult], every: Labelled, rest: list[Document], place: Path
) -> tuple[ProtocolClassifier, list[str]]:
    """What was trained; seconds to train, to suggest and to save it, and in all, twice."""
    started, processor = time.perf_counter(), time.process_time()
    levels = every.levels.tolist()
    result = learn(every.documents, levels)
    trained = time.perf_counter()
    suggest(result.classifier, rest)
    weighed = weigh(result.classifier, every.documents, levels)
    weighed.level_words()
    version_scores(result.classifier, every.documents, weighed)
    result.classifier.save(place)
    published = time.perf_counter()
    spent = time.process_time() - processor
    times = (trained - started, published - trained, published - started, spent)
    return result.classifier, [f"{seconds:.2f}" for seconds in times]


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
