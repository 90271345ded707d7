"""What the learner is measured on: real protocols and the sets of the systems before it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cer_assist.cli.label_files import read_levels
from cer_assist.domain.protocols import compose
from cer_assist.learning.documents import Document
from cer_assist.learning.labelled import Labelled, read_labelled


@dataclass(frozen=True)
class Set:
    """A labelled set.

    Attributes
    ----------
    train : Labelled
    test : Labelled, optional
        None where documents are tested in turn.
    decoding : str, optional
        How levels are decided; None: as each model does.
    """

    train: Labelled
    test: Labelled | None = None
    decoding: str | None = None


# name -> file, field of the text
_BENCHMARKS = {
    "sst2": ("sst2_uaftc_tokenized.jsonl.gz", "text"),
    "sst5": ("sst5.jsonl.gz", "text"),
    "imdb": ("imdb_subset10k.jsonl.gz", "text"),
    "20news-I": ("20news_I.jsonl.gz", "text_stripped"),
    "20news-II": ("20news_II.jsonl.gz", "text_stripped"),
}
PROTOCOLS = "protocols"
# set -> numbers of training documents to measure at; None: all there are
SIZES: dict[str, tuple[int | None, ...]] = {
    PROTOCOLS: (50, 100, 200, 280, None),
    "sst2": (280, None),
    "sst5": (None,),
    "imdb": (None,),
    "20news-I": (None,),
    "20news-II": (None,),
}


def load(name: str, data: Path) -> Set:
    """Read a set from the folder of reference data."""
    if name == PROTOCOLS:
        folder = data / "cenr"
        levels = read_levels(folder / "labels.csv", "final")
        return Set(read_labelled(folder / "protocols.jsonl", levels))
    found = parts(name, data)
    # They are judged by accuracy, where being off by two levels costs no more than by one, and the
    # newsgroups have no order at all.
    return Set(found["train"], found["test"], "mode")


def parts(name: str, data: Path) -> dict[str, Labelled]:
    """The parts of a public set by their names: train, test and, in some, dev."""
    file, field = _BENCHMARKS[name]
    with gzip.open(data / "benchmarks" / file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {split: _part(rows, split, field) for split in dict.fromkeys(r["split"] for r in rows)}


def _part(rows: list[dict[str, str]], split: str, field: str) -> Labelled:
    # A text that is empty once its headers are cut off can be neither read nor judged.
    kept = [row for row in rows if row["split"] == split and row[field].strip()]
    made = [compose(row["id"], "", [("Text", row[field])], {}) for row in kept]
    documents = [Document(text.content_hash, text.text, text.sections) for text in made]
    return Labelled(documents, np.array([int(row["label"]) for row in kept]))
