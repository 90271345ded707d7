"""Labelled documents from files: JSONL of protocols, levels in it or kept elsewhere."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import compose
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.documents import Document, Span

MIN_LEVELS, MAX_LEVELS = 2, 7

Row = TypeVar("Row")


@dataclass(frozen=True)
class Labelled:
    """Documents with their levels, in the order of the file."""

    documents: list[Document]
    levels: np.ndarray

    def pick(self, which: np.ndarray) -> "Labelled":
        """Some of them, by position."""
        return Labelled([self.documents[at] for at in which], self.levels[which])

    def with_marks(self, marked: Mapping[str, Sequence[Span]]) -> "Labelled":
        """The same, each document with the spans that were marked in it, by its key."""
        given = [replace(d, marked=tuple(marked.get(d.key, ()))) for d in self.documents]
        return Labelled(given, self.levels)


def rubric_for(rubric: Rubric, *parts: Labelled) -> Rubric | None:
    """The rubric, where it says something of the documents: protocols in sections on its scale."""
    in_sections = any(len(document.sections) > 1 for part in parts for document in part.documents)
    return rubric if in_sections and scale_of(*parts) == rubric.scale else None


def read_documents(path: Path) -> list[Document]:
    """Read the documents of a JSONL file, plain or gzipped, of `{id, text or title + sections}`."""
    return _read_rows(path, _document)


def read_labelled(path: Path, levels: dict[str, int] | None = None) -> Labelled:
    """Read documents whose rows have a `level` or `label`.

    Parameters
    ----------
    path : Path
        See `read_documents`.
    levels : dict of id to level, optional
        Levels kept elsewhere; rows without one are left out.

    Raises
    ------
    InvalidInput
        A row is not usable; the message names it.
    """

    def labelled(row: dict[str, Any]) -> tuple[Document, int] | None:
        if levels is None:
            return _document(row), _level(row.get("level", row.get("label")))
        level = levels.get(str(row["id"]))
        return None if level is None else (_document(row), level)

    found = [pair for pair in _read_rows(path, labelled) if pair is not None]
    if not found:
        raise InvalidInput(f"{path.name} has no labelled row: check the file and its labels.")
    documents, numbers = zip(*found, strict=True)
    return Labelled(list(documents), np.array(numbers))


def read_marked(path: Path, quotes: dict[str, str]) -> dict[str, list[Span]]:
    """Where the documents of a file have what was quoted from them, by document key.

    Parameters
    ----------
    path : Path
        See `read_documents`.
    quotes : dict of id to text
        One that does not stand in its document word for word is left out.
    """

    def placed(row: dict[str, Any]) -> tuple[str, int, int]:
        document, quote = _document(row), quotes.get(str(row["id"]), "")
        start = document.text.find(quote) if quote else -1
        return document.key, start, start + len(quote)

    found = _read_rows(path, placed)
    return {key: [(start, end)] for key, start, end in found if start >= 0}


def _read_rows(path: Path, make: Callable[[dict[str, Any]], Row]) -> list[Row]:
    opener = gzip.open if path.suffix == ".gz" else open
    made = []
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                made.append(make(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError, InvalidInput) as error:
                raise InvalidInput(f"{path.name}, row {number}: {error}") from error
    return made


def scale_of(*parts: Labelled) -> tuple[int, ...]:
    """All levels from the lowest to the highest label."""
    found = np.concatenate([part.levels for part in parts])
    scale = tuple(range(int(found.min()), int(found.max()) + 1))
    if not MIN_LEVELS <= len(scale) <= MAX_LEVELS:
        raise InvalidInput(f"Labels run from {scale[0]} to {scale[-1]}: 2 to 7 levels are usable.")
    return scale


def _document(row: dict[str, Any]) -> Document:
    sections = row.get("sections") or {"Text": row["text"]}
    protocol = compose(str(row["id"]), row.get("title") or "", list(sections.items()))
    return Document(protocol.content_hash, protocol.text, protocol.sections)


def _level(value: Any) -> int:
    if isinstance(value, bool) or value is None or int(value) != float(value):
        raise ValueError(f"the level must be a whole number, found {value!r}")
    return int(value)
