"""What explanations cost, and whether taking words from the states stands for rewriting the text.

On the reference protocols and their pool, with the default kind, trained on four folds of five.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import learner_sets
from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.rubric import parse_rubric
from cer_assist.explain.attribution import Attribution, attribute
from cer_assist.explain.chance import Frequencies, dealt_anew
from cer_assist.explain.faithfulness import heaviest
from cer_assist.explain.methods import DEFAULT_METHOD, METHODS
from cer_assist.explain.words import suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import grouped_folds, near_duplicate_clusters
from cer_assist.learning.labelled import Labelled, read_documents
from cer_assist.learning.progress import silent
from cer_assist.ordering import WITH_WORDS
from cer_assist.scoring import marks, score
from cer_assist.services.training_data import TextRow

ONE_BY_ONE = 50
REMOVED = 0.1  # of a document's words


def main(argv: list[str]) -> None:
    """Time suggestions, then compare removal in the states with rewritten texts."""
    parser = argparse.ArgumentParser(prog="bench explain")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps encoded texts")
    parser.add_argument("--rewritten", type=int, default=81, help="protocols that are rewritten")
    options = parser.parse_args(argv)
    cache = FeatureCache(options.home / "features", Encoder())
    data = learner_sets.load(learner_sets.PROTOCOLS, options.data).train
    cache.encode(data.documents, silent)
    fold_of = grouped_folds(
        data.levels, near_duplicate_clusters([d.text for d in data.documents]), 5, seed=0
    )
    model = _trained(cache, data.pick(np.flatnonzero(fold_of != 0)))
    unread = data.pick(np.flatnonzero(fold_of == 0)).documents
    pool = read_documents(options.data / "cenr" / "pool.jsonl.gz")
    cache.encode(pool, silent)
    _print_times(model, unread, pool)
    _print_rewritten(model, unread[: options.rewritten])


def _trained(cache: FeatureCache, data: Labelled) -> ProtocolClassifier:
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    made = ProtocolClassifier((1, 2, 3, 4, 5), cache, rubric=rubric)
    return made.fit(data.documents, data.levels.tolist())


def _print_times(model: ProtocolClassifier, unread: list[Document], pool: list[Document]) -> None:
    suggest(model, unread[:2])
    single = [_seconds(lambda one=one: suggest(model, [one])) for one in unread[:ONE_BY_ONE]]
    readers = (model.say, _explained(model), partial(_scored, model))
    plain, explained, published = (_seconds(lambda of=of: of(pool)) for of in readers)
    rows = [
        ["one protocol, median", f"{1000 * statistics.median(single):.0f} ms"],
        ["one protocol, slowest of ten", f"{1000 * np.percentile(single, 90):.0f} ms"],
        [f"levels of {len(pool):,}", f"{plain:.1f} s"],
        [f"levels and words of {len(pool):,}", f"{explained:.1f} s"],
        ["added by the words of all", f"{explained / plain - 1:.0%}"],
        [f"levels, and words of the {WITH_WORDS} that are served first", f"{published:.1f} s"],
        ["added by them, before a version is published", f"{published / plain - 1:.0%}"],
    ]
    print_table("Suggestions, once encoded", ("what", "time"), rows)


def _explained(model: ProtocolClassifier) -> Callable[[list[Document]], object]:
    return lambda documents: suggest(model, documents)


def _scored(model: ProtocolClassifier, documents: list[Document]) -> None:
    """As a retraining does it."""
    rows = [TextRow(at, d.text, d.sections, d.key) for at, d in enumerate(documents)]
    found = score(model, model.cache, rows, silent)[:WITH_WORDS]
    marks(model, rows[:WITH_WORDS], [row.level for row in found])


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _print_rewritten(model: ProtocolClassifier, documents: list[Document]) -> None:
    readings = model.cache.readings(documents, silent)
    frequencies, generator = Frequencies.of(readings), np.random.default_rng(0)
    estimated, texts = [], []
    for document, seen in zip(documents, attribute(model, readings), strict=True):
        [number] = model.decide(seen.decided_by[None]).tolist()
        shown = METHODS[DEFAULT_METHOD](seen, number)
        random = dealt_anew(shown, frequencies.in_document(seen.reading), generator)
        removed = np.concatenate([heaviest(row, (REMOVED,)) for row in (shown, random)])
        left = seen.probabilities_without(removed)[:, number]
        estimated.append((number, seen.probabilities[number], *left))
        texts += [_without(document.text, seen, row) for row in removed]
    with tempfile.TemporaryDirectory() as folder:
        again = FeatureCache(Path(folder), model.cache.encoder)
        rewritten = [Document(f"{at}", text) for at, text in enumerate(texts)]
        again.encode(rewritten, silent)
        read_again = again.readings(rewritten, silent)
        said = model.say_of(read_again).probabilities.reshape(len(documents), 2, -1)
    table = np.array(estimated)
    number, full = table[:, 0].astype(int), table[:, 1]
    truly = said[np.arange(len(documents)), :, number]
    rows = [
        [name, f"{(full - table[:, 2 + at]).mean():.3f}", f"{(full - truly[:, at]).mean():.3f}"]
        for at, name in enumerate(("the weightiest tenth", "a random tenth"))
    ]
    lost = full - table[:, 2], full - truly[:, 0]
    rows.append(["correlation over protocols", "", f"{np.corrcoef(*lost)[0, 1]:.2f}"])
    title = f"Probability lost without words, {len(documents)} protocols that were not read"
    print_table(title, ("without", "taken from the states", "text written and read anew"), rows)


def _without(text: str, seen: Attribution, removed: np.ndarray) -> str:
    kept, at = [], 0
    for start, end in seen.reading.words[removed].tolist():
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])
