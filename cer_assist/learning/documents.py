"""What the learner is given of a protocol: its text and where its sections are, nothing else."""

from dataclasses import dataclass

from cer_assist.domain.protocols import Section


@dataclass(frozen=True, slots=True)
class Document:
    """A protocol's text with the caller's key for it (usually the content hash)."""

    key: str
    text: str
    sections: tuple[Section, ...] = ()
