"""What masking would find in a project's texts, before anything is taken out.

Titles, texts and details only: everybody in the project may read those. Notes are masked by the
same rules, and would tell who has answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.exports.masking import Masker
from cer_assist.exports.numbering import Numbers
from cer_assist.exports.privacy import Choice
from cer_assist.exports.spotting import Kind
from cer_assist.services import pseudonyms
from cer_assist.store.tables import Protocol

SHOWN = 100  # passages of each kind
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """Something that would be masked, with what stands around it."""

    protocol_id: int
    name: str
    rule: str
    before: str
    value: str
    placeholder: str
    after: str


@dataclass
class MaskPreview:
    """What would be masked, by kind and rule, and the first passages of each kind."""

    protocols: int = 0  # that hold something
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    passages: dict[Kind, list[Passage]] = field(default_factory=dict)

    def rules(self) -> Sequence[tuple[Kind, str, int]]:
        """Kind, rule and in how many places, the most frequent first."""
        return [(kind, rule, places) for (kind, rule), places in self.counts.most_common()]


def preview(session: Session, project_id: int, choice: Choice) -> MaskPreview:
    """Look through all texts for what is to be masked; nothing is stored."""
    kinds = choice.masks
    people = pseudonyms.people(session, project_id) if "name" in kinds else ()
    ids = pseudonyms.records(session, project_id) if "record" in kinds else ()
    masker = Masker(kinds, people, Numbers(choice.patterns, ids))
    found = MaskPreview(passages={kind: [] for kind in kinds})
    columns = (Protocol.id, Protocol.external_id, Protocol.text, Protocol.details)
    statement = select(*columns).where(Protocol.project_id == project_id).order_by(Protocol.id)
    for row in session.execute(statement.execution_options(yield_per=200)):
        content = {"protocol_id": row.external_id, "metadata": row.details, "text": row.text}
        values, moves = masker.values_of(content)
        masker.metadata(row.details, values)
        found.counts.update(values.counts)
        found.protocols += bool(values.counts)
        for start, end, said, kind, rule in moves.made:
            shown = found.passages[kind]
            if len(shown) < SHOWN:
                before, after = row.text[max(0, start - _AROUND) : start], row.text[end:]
                value = row.text[start:end]
                shown.append(
                    Passage(row.id, row.external_id, rule, before, value, said, after[:_AROUND])
                )
    return found
