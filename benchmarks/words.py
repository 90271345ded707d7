"""Sun & Lu's finding on their own tokens: words that mean something get attention and a polarity.

The `embedding` kind learns all of SST-2 for several lambdas; its epochs are chosen on the
development part. Then the words of Sun & Lu's three groups, which were formed by how often a word
occurs in positive and negative sentences of the training part, are looked up in what it has learnt,
and in what it was after some of its epochs.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np

from benchmarks.learner_sets import parts
from benchmarks.tables import print_table
from cer_assist.config import ROOT
from cer_assist.explain.scores import WordScores, network_scores
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.views import Problem
from cer_assist.learning.views.embedding import EmbeddingNetwork
from cer_assist.learning.views.words import FittedWords, WordsView

LAMBDAS = (1.0, 10.0, 20.0, 50.0)
GROUPS = ("positive", "negative", "neutral")
POSITIVE = 1  # the level of positive sentences among the two
HEADER = ("lambda", "group", "words", "right sign", "|polarity|", "|attention|", "attention")


def main(argv: list[str]) -> None:
    """Train once for every lambda and print what became of the groups."""
    parser = argparse.ArgumentParser(prog="bench words")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with benchmarks/")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps encoded texts")
    parser.add_argument("--lambdas", type=float, nargs="+", default=LAMBDAS)
    options = parser.parse_args(argv)
    cache = FeatureCache(options.home / "features", Encoder())
    sets = parts("sst2", options.data)
    file = options.data / "benchmarks" / "uaftc_sst_token_groups.json"
    groups = json.loads(file.read_text(encoding="utf-8"))
    readings = {name: _read(cache, part) for name, part in sets.items()}
    keys = _keys_of(sets["train"], readings["train"])
    rows: list[list[object]] = []
    accuracies: list[list[object]] = []
    courses: list[list[object]] = []
    for scale in options.lambdas:
        fitted, epochs = _trained(scale, sets, readings)
        right = (fitted.logits(readings["test"])[:, 0] > 0) == _numbers(sets["test"])
        accuracies.append([f"{scale:g}", epochs, f"{right.mean():.3f}"])
        found = network_scores(fitted, readings["train"])
        rows += [_row(scale, group, groups[group], keys, found) for group in GROUPS]
        for epoch, stage in sorted(fitted.course.items()):
            then = network_scores(stage, readings["train"])
            for group in GROUPS:
                row = _row(scale, group, groups[group], keys, then)
                courses.append([row[0], epoch, group, row[4], row[5]])
    print_table("SST-2, Sun & Lu's tokens", ("lambda", "epochs", "test accuracy"), accuracies)
    print_table("Words of their groups: means, polarity towards positive", HEADER, rows)
    print_table(
        "The same during training", ("lambda", "epoch", *HEADER[1:2], *HEADER[4:6]), courses
    )


def _trained(
    scale: float, sets: dict[str, Labelled], readings: dict[str, list[Reading]]
) -> tuple[FittedWords, int]:
    """A model with that lambda and the epochs that did best on the development part."""

    class Scaled(EmbeddingNetwork):
        pass

    Scaled.scale = scale
    view, problem = WordsView(Scaled), Problem(2, seed=0, read=lambda texts: [])
    both = [*readings["train"], *readings["dev"]]
    numbers = np.concatenate([_numbers(sets["train"]), _numbers(sets["dev"])])
    # Halves of the development part are judged in turn; what is learnt from is never judged.
    fold_of = np.append(np.full(len(readings["train"]), 2), np.arange(len(readings["dev"])) % 2)
    epochs = view.hold_out(both, numbers, fold_of, [0, 1], problem, silent).epochs
    train = readings["train"], _numbers(sets["train"]), problem
    return view.fit(*train, start=None, epochs=epochs, progress=silent), epochs or 0


def _row(
    scale: float, group: str, words: list[str], keys: dict[str, int], found: WordScores
) -> list[object]:
    wanted = np.array([keys[word] for word in words if word in keys], np.uint64)
    at = np.flatnonzero(np.isin(found.keys, wanted))
    polarity, attention = found.polarity[POSITIVE, at], found.attention[at]
    right = {"positive": polarity > 0, "negative": polarity < 0}.get(group)
    return [
        f"{scale:g}",
        group,
        f"{len(at)} of {len(words)}",
        "" if right is None else f"{right.mean():.1%}",
        f"{np.abs(polarity).mean():.2f}",
        f"{np.abs(attention).mean():.3f}",
        f"{attention.mean():+.3f}",
    ]


def _numbers(part: Labelled) -> np.ndarray:
    return part.levels - part.levels.min()


def _read(cache: FeatureCache, part: Labelled) -> list[Reading]:
    cache.encode(part.documents, silent)
    return cache.readings(part.documents, silent)


def _keys_of(part: Labelled, readings: list[Reading]) -> dict[str, int]:
    return {
        document.text[start:end].casefold(): key
        for document, reading in zip(part.documents, readings, strict=True)
        for (start, end), key in zip(reading.words.tolist(), reading.keys.tolist(), strict=True)
    }
