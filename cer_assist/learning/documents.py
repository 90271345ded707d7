"""What the learner is given of a protocol: its text, its sections, what readers marked in it."""

from dataclasses import dataclass

from cer_assist.domain.protocols import Section

Span = tuple[int, int]  # code points of a text, the second one beyond the last


@dataclass(frozen=True, slots=True)
class Document:
    """A protocol's text with the caller's key for it (usually the content hash).

    What was marked as evidence, by one reader or several, and what was contested as no evidence
    where a model showed it, are looked at in training only.
    """

    key: str
    text: str
    sections: tuple[Section, ...] = ()
    marked: tuple[Span, ...] = ()
    contested: tuple[Span, ...] = ()
    study: int | None = None  # the same for versions and copies of one protocol, however unlike
