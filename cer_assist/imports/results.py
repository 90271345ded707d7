"""What an import hands back: all that was read and all faults, never just the first."""

from __future__ import annotations

from dataclasses import dataclass, field

from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText


@dataclass(frozen=True)
class RowError:
    """One fault, named so that a person finds it in their own file."""

    file: str
    row: int | None  # as a spreadsheet counts: the header is row 1; JSON Lines: the line
    message: str


@dataclass(frozen=True)
class Preview:
    """The first rows of a file and a guess of what its columns mean."""

    columns: list[str]
    rows: list[dict[str, str]]
    suggested_mapping: dict[str, str]  # role -> column; see mapping.py
    encoding: str | None
    format: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ParsedImport:
    """Everything in the files; to be stored only when `errors` is empty."""

    protocols: list[ProtocolText] = field(default_factory=list)
    labels: list[PriorLabel] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
