"""What somebody answered in a tool after an export of ours, told from what we put there.

Told by who, when or number, as far as the tool leaves these as they were; never by the level alone
where another person gave the same. Where a file does not say which answers are new, a person must.
Whoever is none of the export's own coders has no pseudonym in it, whatever they are called there:
they come in under the tool's name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Lane, PriorLabel
from cer_assist.exports.carried import current, levels_of, seconds_of, voice_of
from cer_assist.exports.dataset import Record

Row = Mapping[str, Any]
Labels = Sequence[PriorLabel]
LABEL_STUDIO = "label-studio"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def in_label_studio(row: Row, labels: Labels, record: Record) -> list[PriorLabel]:
    """Label Studio numbers annotations anew and keeps ours as `import_id`."""
    said = row.get("annotations") or row.get("completions") or []
    ours = {event["event_id"]: event for event in current(record)}
    key = "import_id" if any("import_id" in one for one in said) else "id"
    numbers = [one.get(key) for one in said]
    known = [ours.get(number) if isinstance(number, int) else None for number in numbers]
    are_numbers = all(label.coder.startswith(LABEL_STUDIO) for label in labels)
    if key == "id" and are_numbers and not any(known):  # releases that kept no number of ours
        return _beyond(labels, [event["level"] for event in ours.values()])
    return [
        label if event is None else replace(label, coder=person_of(one.get("updated_by"), label))
        for one, label, event in zip(said, labels, known, strict=True)
        if event is None or event["level"] != label.level
    ]


def person_of(who: Any, label: PriorLabel) -> str:
    """Whoever changed one of our answers, if Label Studio says it."""
    return label.coder if who is None else f"{LABEL_STUDIO}-{who}"


def in_argilla(row: Row, labels: Labels, record: Record) -> list[PriorLabel]:
    """Argilla knows people by number, so a file that has been there may name none of ours."""
    ours = Counter((voice_of(event), event["level"]) for event in levels_of(record))
    rest = []
    for label in labels:
        if ours[label.coder, label.level] > 0:
            ours[label.coder, label.level] -= 1
        else:
            rest.append(label)
    if len(rest) < len(labels) or not all(_UUID.fullmatch(label.coder) for label in rest):
        return rest
    return _beyond(rest, [level for _, level in ours.elements()])


def in_prodigy(row: Row, labels: Labels, record: Record) -> list[PriorLabel]:
    """Prodigy stores who and when with every answer, and copies what came with the text."""
    ours = [(voice_of(event), event["level"], seconds_of(event)) for event in current(record)]
    return [label for label in labels if not any(repeats(row, label, *one) for one in ours)]


def repeats(row: Row, label: PriorLabel, voice: str, level: int | None, at: int | None) -> bool:
    """Whether a row of Prodigy is the answer that we wrote; what it does not say cannot differ."""
    when, who = row.get("_timestamp"), row.get("_annotator_id") or row.get("_session_id")
    return (
        label.level == level
        and (when is None or at is None or int(float(when)) == at)
        and (not who or not voice or str(who).endswith(f"-{voice}"))
    )


def in_doccano(row: Row, labels: Labels, record: Record) -> list[PriorLabel]:
    """doccano has one label a document, ours the final level, and does not say whose it is."""
    notes = "\n".join(event["note"] for event in current(record) if event.get("note"))
    return [
        replace(label, note=label.note.removeprefix(notes).strip())
        for label in labels
        if label.level != record.protocol["final_level"]
    ]


def _beyond(labels: Labels, ours: Iterable[int | None]) -> list[PriorLabel]:
    """Answers at levels that none of ours has; as many as ours are ours."""
    counts = Counter(ours)
    found = Counter(label.level for label in labels)
    for level, count in found.items():
        if count > counts[level] > 0:
            who = ", ".join(label.coder for label in labels if label.level == level)
            raise InvalidInput(
                f"Of the {count} answers {level} by {who} {counts[level]} came from CER Assist, "
                "and the file does not say which: put the names of its coders, as the field "
                "cer_assist has them, in place of their numbers, or take their answers out."
            )
    return [label for label in labels if not counts[label.level]]


def under_tool(label: PriorLabel, record: Record | None, prefix: str) -> PriorLabel:
    """An answer of the export's own coders stays theirs, any other gets the tool's name."""
    source = record.coders_in if record else None
    voices = {voice_of(event) for event in record.events} if record else set()
    who = label.coder
    if source is not None:
        who = who.removeprefix(f"{source.project}-")  # so Prodigy's sessions begin
    if who in voices:
        return replace(label, coder=who, pseudonym_in=None if who == Lane.final else source)
    if "@" in who or who.startswith(prefix):
        return label
    return replace(label, coder=f"{prefix}-{label.coder}")
