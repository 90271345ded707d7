"""What rows say of a protocol, coder, version or project: one small function for each table.

Each gives what happened once, in order, with what is needed to check it against the chain. What a
row holds is told from the row; `timeline_chain` tells the rest.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.services import audit, discussion, remarks, rulings
from cer_assist.services.timeline_parts import About, Asked, Line
from cer_assist.store.tables import (
    Adjudication,
    Comment,
    Disclosure,
    FencedProtocol,
    LabelEvent,
    ModelVersion,
    Protocol,
    RereadRequest,
    RubricPublication,
    RubricVersion,
    Serving,
    Suggestion,
    WordRemark,
)


def labels(session: Session, asked: Asked, rank: int) -> list[Line]:
    """Answers, skips, withdrawals and final levels."""
    statement = (
        select(LabelEvent, Protocol.external_id, RubricVersion.version)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .where(*asked.shown_lanes(LabelEvent.lane))
    )
    if asked.is_about(About.model):
        statement = statement.join(Suggestion, Suggestion.id == LabelEvent.suggestion_id)
    own = {
        About.model: Suggestion.model_version_id == asked.subject.id,
        About.rubric: LabelEvent.rubric_version_id == asked.subject.id,
    }
    rows = _rows(session, asked, statement, LabelEvent, rank, LabelEvent.recorded_at, own)
    return [
        Line(
            event.recorded_at,
            "label",
            rank,
            event.id,
            event.action,
            event.account_id,
            protocol_id=event.protocol_id,
            protocol=name,
            before={"event": event.supersedes_id} if event.supersedes_id else {},
            after={
                "level": event.level,
                "confidence": event.confidence,
                "note": event.note,
                "evidence": [item["quote"] for item in event.evidence],
            },
            seen={"exposure": event.exposure, "suggestion": event.suggestion_id},
            detail={
                "lane": event.lane,
                "seconds": event.seconds,
                "origin": event.origin,
                "rubric": version,
            },
            own_sha256=audit.label_sha256(event),
            row_sha256=event.sha256,
            held_as=f"label:{event.id}",
        )
        for event, name, version in rows
    ]


def acts(session: Session, asked: Asked, rank: int) -> list[Line]:
    """What adjudicators did; a proposal stays from others who may settle, until it is decided."""
    statement = select(Adjudication, Protocol.external_id)
    if asked.viewer.may_code:
        statement = statement.where(Adjudication.act != Act.propose)
    at = Adjudication.recorded_at
    own = {About.rubric: _ruled_under(session, asked)} if asked.is_about(About.rubric) else None
    return [
        Line(
            act.recorded_at,
            "adjudication",
            rank,
            act.id,
            act.act,
            act.account_id,
            protocol_id=act.protocol_id,
            protocol=name,
            after={"level": act.level, "note": act.note},
            seen={"between": act.between},
            detail={"reason": act.reason, "is_party": act.is_party, "label": act.label_event_id},
            own_sha256=rulings.adjudication_sha256(act),
            row_sha256=act.sha256,
            held_as=f"adjudication:{act.id}",
        )
        for act, name in _rows(session, asked, statement, Adjudication, rank, at, own)
    ]


def _ruled_under(session: Session, asked: Asked) -> ColumnElement[bool]:
    """Final levels pin a version; what was done without one, by when the version was in use."""
    version, step = asked.subject.id, RubricPublication
    begun, ended = (
        session.execute(
            select(func.min(step.at)).where(step.project_id == asked.project.id, column == version)
        ).scalar()
        for column in (step.rubric_version_id, step.previous_id)
    )
    at = Adjudication.recorded_at
    in_use = [at >= begun] if begun else []
    in_use += [at < ended] if ended else []
    levels = select(LabelEvent.id).where(
        LabelEvent.id == Adjudication.label_event_id, LabelEvent.rubric_version_id == version
    )
    return or_(levels.exists(), and_(Adjudication.label_event_id.is_(None), *in_use))


def comments(session: Session, asked: Asked, rank: int) -> list[Line]:
    """What was said in discussions."""
    statement = select(Comment, Protocol.external_id)
    return [
        Line(
            said.recorded_at,
            "comment",
            rank,
            said.id,
            "comment",
            said.account_id,
            protocol_id=said.protocol_id,
            protocol=name,
            after={"text": said.text},
            own_sha256=discussion.comment_sha256(said),
            row_sha256=said.sha256,
            held_as=f"comment:{said.id}",
        )
        for said, name in _rows(session, asked, statement, Comment, rank, Comment.recorded_at)
    ]


def word_remarks(session: Session, asked: Asked, rank: int) -> list[Line]:
    """Words of the model that coders contested, or added."""
    statement = select(WordRemark, Protocol.external_id)
    at = WordRemark.recorded_at
    return [
        Line(
            said.recorded_at,
            "remark",
            rank,
            said.id,
            said.remark,
            said.account_id,
            protocol_id=said.protocol_id,
            protocol=name,
            after={"quote": said.quote, "level": said.level},
            seen={"suggestion": said.suggestion_id},
            own_sha256=remarks.remark_sha256(said),
            row_sha256=said.sha256,
            held_as=f"remark:{said.id}",
        )
        for said, name in _rows(session, asked, statement, WordRemark, rank, at)
    ]


def servings(session: Session, asked: Asked, rank: int) -> list[Line]:
    """What was put before whom, and why."""
    statement = (
        select(Serving, Protocol.external_id, ModelVersion.number)
        .outerjoin(ModelVersion, ModelVersion.id == Serving.model_version_id)
        .where(*asked.shown_lanes(Serving.lane))
    )
    return [
        Line(
            served.served_at,
            "serving",
            rank,
            served.id,
            "served",
            served.account_id,
            protocol_id=served.protocol_id,
            protocol=name,
            seen={"version": number} if number else {},
            detail={
                "strategy": served.strategy,
                "reason": served.reason,
                "arm": served.arm,
                "state": served.state,
                "lane": served.lane,
            },
        )
        for served, name, number in _rows(
            session, asked, statement, Serving, rank, Serving.served_at
        )
    ]


def disclosures(session: Session, asked: Asked, rank: int) -> list[Line]:
    """What was shown to whom of others' answers and of the model's."""
    statement = (
        select(Disclosure, Protocol.external_id, Suggestion.level, ModelVersion.number)
        .outerjoin(Suggestion, Suggestion.id == Disclosure.suggestion_id)
        .outerjoin(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
    )
    own = {About.model: Suggestion.model_version_id == asked.subject.id}
    rows = _rows(session, asked, statement, Disclosure, rank, Disclosure.at, own)
    return [
        Line(
            shown.at,
            "disclosure",
            rank,
            shown.id,
            "saw",
            shown.account_id,
            protocol_id=shown.protocol_id,
            protocol=name,
            seen={"what": shown.what, "level": level, "version": number},
            suggestion_id=shown.suggestion_id,
        )
        for shown, name, level, number in rows
    ]


def rereads(session: Session, asked: Asked, rank: int) -> list[Line]:
    """Readings of an older rubric that a lead sent back, or let stand.

    A rubric version has both: what became of the readings under it, and what it made old.
    """
    version = asked.subject.id
    under = select(LabelEvent.id).where(
        LabelEvent.id == RereadRequest.event_id, LabelEvent.rubric_version_id == version
    )
    own = {About.rubric: or_(RereadRequest.rubric_version_id == version, under.exists())}
    statement = select(RereadRequest, Protocol.external_id)
    return [
        Line(
            one.at,
            "reread",
            rank,
            one.id,
            f"reread.{one.wish}",
            one.asked_by,
            protocol_id=one.protocol_id,
            protocol=name,
            after={"note": one.note},
            detail={"reader": one.account_id, "label": one.event_id},
        )
        for one, name in _rows(
            session, asked, statement, RereadRequest, rank, RereadRequest.at, own
        )
    ]


def fenced(session: Session, asked: Asked, rank: int) -> list[Line]:
    """That a protocol was drawn for the fenced sample; never with which seed.

    The project has the draw as an event of the chain, which names none that nobody has answered.
    """
    if not asked.is_about(About.protocol):
        return []
    statement = (
        select(FencedProtocol.drawn_at, Protocol.id, Protocol.external_id)
        .join(Protocol, Protocol.id == FencedProtocol.protocol_id)
        .where(Protocol.id == asked.subject.id, *asked.open_to_viewer())
    )
    windowed = asked.window.of(statement, rank, FencedProtocol.drawn_at, Protocol.id)
    return [
        Line(at, "fence", rank, key, "fenced", None, protocol_id=key, protocol=name)
        for at, key, name in session.execute(windowed)
    ]


def versions(session: Session, asked: Asked, rank: int) -> list[Line]:
    """That a model version was made, and what it learnt from."""
    columns = {About.model: ModelVersion.id, About.project: ModelVersion.project_id}
    column = columns.get(asked.subject.about)
    if column is None:
        return []
    statement = select(ModelVersion).where(column == asked.subject.id)
    windowed = asked.window.of(statement, rank, ModelVersion.created_at, ModelVersion.id)
    return [
        Line(
            one.created_at,
            "version",
            rank,
            one.id,
            "made",
            None,
            after={
                "kind": one.kind,
                "labels": one.label_count,
                "last_event": one.last_event_id,
                "sha256": one.sha256,
                "decision": one.decision,
            },
        )
        for one in session.scalars(windowed)
    ]


def _rows(
    session: Session,
    asked: Asked,
    statement: Select[*tuple[Any, ...]],
    table: Any,
    rank: int,
    at: Any,
    own: dict[About, ColumnElement[bool]] | None = None,
) -> Any:
    """The rows about the subject that this viewer may know of; `own`: what only this table has."""
    conditions = {
        About.protocol: table.protocol_id == asked.subject.id,
        About.coder: table.account_id == asked.subject.id,
        About.project: true(),
    } | (own or {})
    if table is Disclosure:  # which has no project of its own: `+ 0` has it read in order of time
        is_of_project = Protocol.project_id + 0 == asked.project.id
    else:
        is_of_project = table.project_id == asked.project.id
    is_about = conditions.get(asked.subject.about, false())
    theirs = true() if asked.only is None else table.account_id == asked.only
    found = statement.join(Protocol, Protocol.id == table.protocol_id).where(
        is_of_project, is_about, theirs, *asked.open_to_viewer()
    )
    return session.execute(asked.window.of(found, rank, at, table.id)).all()
