"""Fixtures of the learner's tests: one encoder and cache a session, the demo texts, builders."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.domain.protocols import compose
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.learning import projection
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.readings import Reading

DEMO = Path(__file__).resolve().parents[2] / "cer_assist" / "demo"
SCALE = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Demo:
    """The demo project's labelled texts, one level each."""

    documents: list[Document]
    levels: list[int]


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="session")
def cache(
    encoder: Encoder, encoded_demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> FeatureCache:
    """A cache that lives for the session and has the demo texts."""
    folder = shutil.copytree(encoded_demo, tmp_path_factory.mktemp("cache") / "features")
    return FeatureCache(folder, encoder)


@pytest.fixture(scope="session")
def demo() -> Demo:
    lines = (DEMO / "protocols.jsonl").read_text(encoding="utf-8").splitlines()
    with (DEMO / "labels.csv").open(encoding="utf-8", newline="") as file:
        levels = {row["protocol_id"]: int(row["level"]) for row in csv.DictReader(file)}
    rows = [row for row in map(json.loads, lines) if row["id"] in levels]
    return Demo([a_document(row) for row in rows], [levels[row["id"]] for row in rows])


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    """The program's own."""
    return parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))


def demo_rows() -> list[dict]:
    """The demo texts as they stand in their file."""
    lines = (DEMO / "protocols.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def few_texts() -> list[str]:
    """Enough for a projection whose quality is nobody's concern."""
    return [" ".join(row["sections"].values())[:1500] for row in demo_rows()[:3]]


@pytest.fixture(scope="module")
def quick_projection() -> Iterator[None]:
    """A projection of few texts for every encoder: on all demo texts they would take a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projection, "_texts", few_texts)
        yield


def single_sentences(count: int) -> list[str]:
    """Sentences of the demo texts, no two of them alike."""
    sentences = [
        f"{sentence}."
        for row in demo_rows()
        for section in row["sections"].values()
        for sentence in section.split(". ")
        if 80 < len(sentence) < 160
    ]
    return list(dict.fromkeys(sentences))[:count]


def a_document(row: dict) -> Document:
    """A document from a row of the demo file."""
    made = compose(row["id"], row["title"], list(row["sections"].items()))
    return Document(made.content_hash, made.text, made.sections)


def a_text(text: str) -> Document:
    """A document without sections."""
    return Document(key=text, text=text)


def a_reading(words: Sequence[int], *, seed: int = 0) -> Reading:
    """A document of words given as numbers, one piece each, with random states."""
    generator = np.random.default_rng(seed)
    count = len(words)
    spans = np.stack([np.arange(count) * 2, np.arange(count) * 2 + 1], axis=1)
    return Reading(
        states=generator.integers(-127, 128, (count, 64)).astype(np.int8),
        sentence_states=generator.integers(-127, 128, (count // 5 + 1, 384)).astype(np.int8),
        word_of_piece=np.arange(count, dtype=np.int32),
        words=spans.reshape(-1, 2).astype(np.int32),
        keys=np.array(words, np.uint64),
        sentences=np.arange(count, dtype=np.int32) // 5,
        spoken=np.array(words, np.uint64),
        place=np.arange(count, dtype=np.int32),
    )


def collecting(into: list[float]) -> Callable[[float, str], None]:
    """Progress that notes the shares it was told."""
    return lambda share, message: into.append(share)
