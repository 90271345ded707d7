"""What the audit chain says of a protocol, coder, version or project, and what it vouches for.

A line is checked by itself: the row's hash is computed anew and compared with the one in its event,
the event's own hash is computed anew, and it must follow the event before it. So a page of lines
costs two look-ups; the whole chain is read by `verification` when somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, false, func, or_, select
from sqlalchemy.orm import Session

from cer_assist.services import assignments, discussion, remarks, rulings
from cer_assist.services.audit import GENESIS, canonical, chain_sha256
from cer_assist.services.timeline_parts import About, Asked, Line, State
from cer_assist.store.tables import Assignment, AuditEvent, Protocol, RubricProposal, RubricVersion
from cer_assist.store.types import as_written

LABEL = "label.recorded"
# Told from their rows, which say more.
ROW_HELD = frozenset({LABEL, rulings.RECORDED, discussion.RECORDED, remarks.RECORDED})
REREADS = ("rubric.reread", "rubric.kept")
_DICE = "seed"  # with it a lead who codes could find out what was drawn


def deeds(session: Session, asked: Asked, rank: int) -> list[Line]:
    """Everything in the chain that has no row of its own to be told from."""
    statement = select(AuditEvent).where(
        AuditEvent.project_id == asked.project.id,
        AuditEvent.action != as_written(f"'{LABEL}'"),  # as its index has it
        AuditEvent.action.not_in([*ROW_HELD - {LABEL}, assignments.ASKED]),
        _concerns(session, asked),
    )
    windowed = asked.window.of(statement, rank, AuditEvent.at, AuditEvent.id)
    return [_line(event, rank) for event in session.scalars(windowed)]


def _line(event: AuditEvent, rank: int) -> Line:
    detail: dict[str, Any] = json.loads(event.detail)
    detail.pop(_DICE, None)
    before, after = {}, {}
    if event.action == "project.settings":
        before = {name: pair[0] for name, pair in detail.items()}
        after = {name: pair[1] for name, pair in detail.items()}
        detail = {}
    return Line(
        event.at,
        "chain",
        rank,
        event.id,
        event.action,
        event.account_id,
        before=before,
        after=after,
        detail=detail | {"subject": event.subject},
        event=event.id,
        own_sha256=_recomputed(event),
        row_sha256=event.sha256,
    )


def _concerns(session: Session, asked: Asked) -> ColumnElement[bool]:
    subject, about = asked.subject, asked.subject.about
    if about is About.project:
        return AuditEvent.action.not_in(())
    if about is About.model:
        return AuditEvent.subject == f"model:{subject.id}"
    if about is About.coder:
        return _concerns_coder(subject.id, subject.name)
    if about is About.rubric:
        return _concerns_rubric(asked)
    return _concerns_protocol(session, asked)


def _concerns_coder(account_id: int, username: str) -> ColumnElement[bool]:
    """What they did, and what was done about them."""
    detail = AuditEvent.detail
    quoted = json.dumps(username, ensure_ascii=False)
    return or_(
        AuditEvent.account_id == account_id,
        and_(
            AuditEvent.subject == f"account:{account_id}",
            AuditEvent.action.in_(("membership.set", "membership.tags", "training.allowed")),
        ),
        and_(
            AuditEvent.action.in_((assignments.RELEASED, assignments.MOVED)),
            or_(
                *(
                    detail.contains(f'"{name}":{account_id}{end}')
                    for name in ("from", "to")
                    for end in (",", "}")
                )
            ),
        ),
        and_(AuditEvent.action == "assignment.dealt", detail.contains(f'"{account_id}":')),
        and_(
            AuditEvent.action == "agreement.reread",
            or_(
                detail.contains(f'"coder":{quoted}', autoescape=True),
                detail.contains(f'"reader":{quoted}', autoescape=True),
            ),
        ),
    )


def _concerns_rubric(asked: Asked) -> ColumnElement[bool]:
    """Its publication (of the first one, the project's making), proposals, and what followed."""
    number, detail = asked.subject.number, AuditEvent.detail
    digest = select(RubricVersion.sha256).where(RubricVersion.id == asked.subject.id)
    under = select(func.concat("rubric_proposal:", cast(RubricProposal.id, String))).where(
        RubricProposal.project_id == asked.project.id,
        RubricProposal.rubric_version_id == asked.subject.id,
    )
    return or_(
        and_(
            AuditEvent.action == "rubric.published",
            or_(
                detail.contains(f'"version":{number}}}'),
                detail.contains(f'"previous_version":{number},'),
            ),
        ),
        and_(
            AuditEvent.action == "project.added",
            detail.contains(func.concat('"rubric_sha256":"', digest.scalar_subquery(), '"')),
        ),
        and_(AuditEvent.action.in_(REREADS), detail.contains(f'"rubric_version":{number}}}')),
        AuditEvent.subject.in_(under),
    )


def _concerns_protocol(session: Session, asked: Asked) -> ColumnElement[bool]:
    """What names it, and the exports that hold it."""
    known = select(Protocol.created_at, Protocol.external_id).where(
        Protocol.id == asked.subject.id, *asked.open_to_viewer()
    )
    row = session.execute(known).first()
    if row is None:
        return false()
    quoted = json.dumps(row.external_id, ensure_ascii=False)[1:-1]
    named = [
        AuditEvent.detail.contains(f"{start}{quoted}{end}", autoescape=True)
        for start in ('"protocols":"', ", ")
        for end in ('"', ", ")
    ]
    return or_(
        AuditEvent.subject == f"protocol:{asked.subject.id}",
        and_(AuditEvent.action == "export.taken", AuditEvent.at >= row.created_at),
        and_(AuditEvent.action.in_(("queue.pinned", "queue.held", "queue.released")), or_(*named)),
    )


def asked_for(session: Session, asked: Asked, rank: int) -> list[Line]:
    """Who was asked by name to read what; one asked alone has an event, a deal has one for all."""
    columns = {
        About.protocol: Assignment.protocol_id,
        About.coder: Assignment.account_id,
        About.project: Assignment.project_id,
    }
    column = columns.get(asked.subject.about)
    if column is None:
        return []
    statement = (
        select(Assignment, Protocol.external_id)
        .join(Protocol, Protocol.id == Assignment.protocol_id)
        .where(Assignment.project_id == asked.project.id, column == asked.subject.id)
        .where(*asked.open_to_viewer())
    )
    windowed = asked.window.of(statement, rank, Assignment.asked_at, Assignment.id)
    return [
        Line(
            one.asked_at,
            "assignment",
            rank,
            one.id,
            f"asked.{one.kind}",
            one.asked_by,
            protocol_id=one.protocol_id,
            protocol=name,
            after={"note": one.note, "due_on": one.due_on.isoformat() if one.due_on else None},
            detail={"reader": one.account_id, "now": one.state, "label": one.event_id},
        )
        for one, name in session.execute(windowed)
    ]


def vouch(session: Session, lines: Sequence[Line]) -> None:
    """Say of each line what the chain says of it."""
    held = {line.held_as: line for line in lines if line.held_as}
    found: dict[str, AuditEvent] = {}
    if held:
        events = select(AuditEvent).where(
            AuditEvent.subject.in_(held), AuditEvent.action.in_(ROW_HELD)
        )
        found = {event.subject: event for event in session.scalars(events)}
    for name, line in held.items():
        event = found.get(name)
        line.state = State.missing if event is None else State.checked
        if event is None:
            continue
        line.event = event.id
        kept = json.loads(event.detail).get("sha256")
        if not line.own_sha256 == line.row_sha256 == kept or _recomputed(event) != event.sha256:
            line.state = State.altered
    for line in lines:
        if line.source == "chain":
            line.state = State.checked if line.own_sha256 == line.row_sha256 else State.altered
    _vouch_for_assignments(session, [line for line in lines if line.source == "assignment"])
    _vouch_for_versions(session, [line for line in lines if line.source == "version"])
    _check_order(session, [line for line in lines if line.event is not None])


def _vouch_for_assignments(session: Session, lines: Sequence[Line]) -> None:
    """An event of one assignment says all that its row does; it belongs to the row before it."""
    if not lines:
        return
    subjects = {f"protocol:{line.protocol_id}" for line in lines}
    events = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject.in_(subjects), AuditEvent.action == assignments.ASKED)
        .order_by(AuditEvent.id)
    ).all()
    for line in lines:
        detail = {"coder": line.detail["reader"], "kind": line.kind.removeprefix("asked.")}
        mine = f"protocol:{line.protocol_id}"
        near = [
            event
            for event in events
            if event.subject == mine
            and 0 <= (event.at - line.at).total_seconds() < _SAME_TRANSACTION
            and json.loads(event.detail)["coder"] == detail["coder"]
        ]
        if near:
            line.event = near[0].id
            is_same = near[0].detail == canonical(detail | line.after)
            line.state = State.checked if is_same else State.altered


_SAME_TRANSACTION = 2.0  # seconds between a row and its event


def _vouch_for_versions(session: Session, lines: Iterable[Line]) -> None:
    """A version that was published has its artefact's hash in the chain."""
    for line in lines:
        event = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.subject == f"model:{line.id}")
            .where(AuditEvent.action == "model.published")
            .order_by(AuditEvent.id)
            .limit(1)
        ).first()
        if event is not None:
            line.event = event.id
            said = json.loads(event.detail)
            mine = (line.after["sha256"], line.after["labels"])
            is_same = (said["sha256"], said["labels"]) == mine
            line.state = State.checked if is_same else State.altered


def _check_order(session: Session, lines: Sequence[Line]) -> None:
    """Each event follows the one before it, or the chain was mended around an alteration."""
    wanted = {number for line in lines if line.event for number in (line.event, line.event - 1)}
    if not wanted:
        return
    rows = session.execute(
        select(AuditEvent.id, AuditEvent.previous_sha256, AuditEvent.sha256).where(
            AuditEvent.id.in_(wanted)
        )
    )
    known = {number: (previous, digest) for number, previous, digest in rows}
    for line in lines:
        number = line.event or 0
        before = known[number - 1][1] if number - 1 in known else GENESIS if number == 1 else ""
        if known[number][0] != before:
            line.state = State.altered


def _recomputed(event: AuditEvent) -> str:
    return chain_sha256({name: getattr(event, name) for name in _FIELDS})


_FIELDS = tuple(column.name for column in AuditEvent.__table__.columns)
