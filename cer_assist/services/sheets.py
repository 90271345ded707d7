"""What is printed of a protocol for one person: what its page shows them, recorded in the same way.

The dossier decides what that is; nothing here looks at others' labels or at the model past it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, defer

from cer_assist.domain.labels import HIDDEN_LANES, Action
from cer_assist.domain.rubric import Rubric
from cer_assist.services import card, own_lane, protocols, rubrics
from cer_assist.services.card import OwnEvent
from cer_assist.services.dossier import Dossier, open_dossier, words_of
from cer_assist.services.suggestions import SuggestionView
from cer_assist.services.timeline_parts import Line
from cer_assist.store.tables import ModelVersion, Project
from cer_assist.store.tables.accounts import Role


@dataclass(frozen=True, slots=True)
class Sheet:
    """A protocol's sheet before it has a form."""

    dossier: Dossier
    rubric: Rubric
    suggestion: SuggestionView | None  # the model's, by whatever way it came
    version: ModelVersion | None  # the one that says it
    mine: OwnEvent | None  # the person's own answer, if one stands
    answers: list[Line]  # everyone's that stand; empty for whom they are not shown to


def gather(
    session: Session,
    project: Project,
    protocol_id: int,
    account_id: int,
    role: Role,
    *,
    asked: bool,
) -> Sheet:
    """Everything for one sheet; what it shows is recorded as seen."""
    protocol = protocols.find(session, project.id, protocol_id)
    dossier = open_dossier(session, project, protocol, account_id, role, asked=asked)
    said = words_of(session, dossier, account_id)
    lane = own_lane.find(session, protocol_id, account_id)
    own = card.read(session, project.id, account_id, protocol_id, lane)
    return Sheet(
        dossier,
        rubrics.project_rubric(session, project),
        said,
        session.get_one(ModelVersion, said.version_id, options=[defer(ModelVersion.words)])
        if said
        else None,
        own.latest if own.is_answered and dossier.my_level is not None else None,
        standing(dossier.lines) if dossier.sight.peers else [],
    )


def standing(lines: Sequence[Line]) -> list[Line]:
    """The labels that nothing came in place of; what a hidden lane holds stands nowhere else."""
    given = [line for line in lines if line.source == "label"]
    replaced = {line.before.get("event") for line in given}
    return [
        line
        for line in given
        if line.kind == Action.label
        and line.id not in replaced
        and line.detail["lane"] not in HIDDEN_LANES
    ]
