"""What the learner is given: texts, the level each protocol teaches and what was marked for it.

Nothing that is said of a fenced protocol comes through here: models are measured on those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action, Lane, final_level
from cer_assist.domain.protocols import Section
from cer_assist.services import studies
from cer_assist.services.fence import fenced_ids
from cer_assist.store.tables import CurrentLabel, FencedProtocol, LabelEvent, Protocol

Spans = tuple[tuple[int, int], ...]  # code points of a text


@dataclass(frozen=True, slots=True)
class TextRow:
    """A protocol as the learner needs it."""

    id: int
    text: str
    sections: tuple[Section, ...]
    content_hash: str
    marked: Spans = ()
    contested: Spans = ()
    study: int | None = None  # the same for versions and copies of one protocol


def given_levels(
    session: Session, project_id: int
) -> tuple[dict[int, dict[int, int]], dict[int, int]]:
    """The levels that stand: by protocol and coder, and an adjudicator's by protocol."""
    coders: dict[int, dict[int, int]] = {}
    adjudicated: dict[int, int] = {}
    rows = session.execute(
        select(
            CurrentLabel.protocol_id,
            CurrentLabel.account_id,
            CurrentLabel.lane,
            CurrentLabel.level,
        )
        .where(CurrentLabel.project_id == project_id, CurrentLabel.action == Action.label)
        .where(CurrentLabel.lane.not_in(HIDDEN_LANES))
        .order_by(CurrentLabel.event_id)  # of several final levels the newest counts
    )
    for protocol_id, account_id, lane, level in rows:
        if level is None:
            continue
        if lane == Lane.final:
            adjudicated[protocol_id] = level
        else:
            coders.setdefault(protocol_id, {})[account_id] = level
    return coders, adjudicated


def final_levels(session: Session, project_id: int) -> dict[int, tuple[int | None, str]]:
    """Every labelled protocol's level and how it came about (domain.labels.final_level)."""
    coders, adjudicated = given_levels(session, project_id)
    return {
        protocol_id: final_level(adjudicated.get(protocol_id), coders.get(protocol_id, {}))
        for protocol_id in coders.keys() | adjudicated.keys()
    }


def training_levels(session: Session, project_id: int) -> dict[int, int]:
    """The level each protocol teaches; where coders differ, none until it is settled."""
    fenced = fenced_ids(session, project_id)
    return {
        protocol_id: level
        for protocol_id, (level, _) in final_levels(session, project_id).items()
        if level is not None and protocol_id not in fenced
    }


def settled_levels(session: Session, project_id: int) -> dict[int, int]:
    """The levels that are learnt: of protocols that want no further reader.

    Another reader of one that does would be shown the first one's answer again, learned by heart.
    """
    open_ids = set(open_protocol_ids(session, project_id))
    levels = training_levels(session, project_id)
    return {key: level for key, level in levels.items() if key not in open_ids}


def may_be_known(session: Session, project_id: int) -> set[int]:
    """Protocols whose level a model may have learnt; the fenced ones among them are not told apart.

    A page says so of each of them, for coders must not find out which ones are fenced.
    """
    levels = final_levels(session, project_id)
    settled = {protocol_id for protocol_id, (level, _) in levels.items() if level is not None}
    return settled - set(open_protocol_ids(session, project_id))


def marked_spans(session: Session, project_id: int) -> dict[int, Spans]:
    """What stands marked as evidence in each protocol: code points, by any coder's label in force.

    An imported quote that is not in the text word for word has no place and teaches nothing.
    """
    statement = (
        select(LabelEvent.protocol_id, LabelEvent.evidence)
        .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
        .where(CurrentLabel.project_id == project_id, CurrentLabel.action == Action.label)
        .where(CurrentLabel.lane.not_in(HIDDEN_LANES))
        .where(LabelEvent.protocol_id.not_in(select(FencedProtocol.protocol_id)))
        .order_by(LabelEvent.id)
    )
    found: dict[int, Spans] = {}
    for protocol_id, evidence in session.execute(statement):
        spans = tuple((item["start"], item["end"]) for item in evidence if "start" in item)
        if spans:
            found[protocol_id] = found.get(protocol_id, ()) + spans
    return found


def last_event_id(session: Session, project_id: int) -> int:
    """The newest label event of a project, 0 when there is none."""
    statement = select(func.coalesce(func.max(LabelEvent.id), 0))
    return session.execute(statement.where(LabelEvent.project_id == project_id)).scalar_one()


def protocol_texts(
    session: Session, project_id: int, ids: Sequence[int] | None = None
) -> list[TextRow]:
    """Texts of a project's protocols, all of them or those asked for."""
    statement = select(Protocol.id, Protocol.text, Protocol.sections, Protocol.content_hash).where(
        Protocol.project_id == project_id
    )
    wanted = None if ids is None else set(ids)
    study_of = studies.numbers(session, project_id)
    return [
        TextRow(
            row.id,
            row.text,
            tuple(Section(*s) for s in row.sections),
            row.content_hash,
            study=study_of.get(row.id),
        )
        for row in session.execute(statement.order_by(Protocol.id))
        if wanted is None or row.id in wanted
    ]


def open_protocol_ids(session: Session, project_id: int) -> list[int]:
    """Protocols that still want a reader: those are what suggestions are for."""
    statement = select(Protocol.id).where(
        Protocol.project_id == project_id, Protocol.coders_missing > 0
    )
    return list(session.scalars(statement))
