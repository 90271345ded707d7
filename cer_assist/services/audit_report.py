"""What was done in a project in a period, as content that the same period always gives again.

When and by whom the report is made, what the chain said then and which reports had been made before
stands apart from it. Rows are told by user names and by the protocols' own ids, so that it can be
read without the database.

A lead codes, too: in their report no reading is told that came unannounced, nor counted; nor is
what an adjudicator proposed, for they may be the second.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.domain.agreement import midnight
from cer_assist.domain.labels import HIDDEN_LANES, Lane
from cer_assist.services import (
    audit,
    audit_log,
    history,
    rubric_versions,
    rulings,
    signing,
    verification,
)
from cer_assist.services.audit_period import Period
from cer_assist.store.tables import (
    Account,
    Adjudication,
    AuditEvent,
    LabelEvent,
    ModelVersion,
    Project,
    Protocol,
    RubricVersion,
)
from cer_assist.store.types import now, utc_text

REPORTED = "audit.reported"
FORMAT = "cer-assist audit report 1"
_BATCH = 1000
_OTHER = {
    "adjudications": (rulings.RECORDED,),
    "exports": ("export.taken", "snapshot.made"),
    "settings": ("project.settings",),
    "roles": ("membership.set", "membership.tags"),
    "rubric": ("rubric.published", "rubric.reread", "rubric.kept"),
    "model": (
        "model.published",
        "model.pinned",
        "model.rolled_back",
        "model.unpinned",
        "model.refreshed",
    ),
}


def made(session: Session, by: str, software: str) -> dict[str, Any]:
    """Who makes a report now, and what the whole chain says at this moment; reads all of it."""
    found = verification.verify(session)
    return {
        "at": utc_text(now()),
        "by": by,
        "software": software,
        "chain": {
            "events": found.events,
            "labels": found.labels,
            "head": found.head,
            "intact": found.intact,
            "fault": found.fault,
            "not_covered": verification.NOT_COVERED,
        },
    }


def around(
    session: Session, project: Project, period: Period, said: dict[str, Any], *, is_over: bool
) -> dict[str, Any]:
    """What else of a period was so when its report was made; the hash of what is always so."""
    reports = [event for event in _events(session, project, period) if event["action"] == REPORTED]
    return {
        "period_was_over": is_over,
        "period_sha256": signing.hashed(said),
        "reports": [_told(event, {}) for event in reports],
    }


def content(session: Session, project: Project, period: Period, *, hidden: bool) -> dict[str, Any]:
    """What was done in these days; `hidden`: with what was asked unannounced."""
    labels = list(_labels(session, project, period, hidden=hidden))
    events = [one for one in _events(session, project, period) if one["action"] != REPORTED]
    if not hidden:
        events = _without_hidden(session, project, period, events)
    said: dict[str, Any] = {
        "format": FORMAT,
        "project": {"slug": project.slug, "name": project.name},
        "period": {"from": period.since.isoformat(), "to": period.until.isoformat()},
        "unannounced": "included" if hidden else "left out",
        "first_event": _end(events[:1]),
        "last_event": _end(events[-1:]),
        "counts": _counts(events),
        "labels": labels,
        "exposures": _exposures(labels),
    }
    about = _about(session, project, events)
    for name, actions in _OTHER.items():
        said[name] = [_told(event, about) for event in events if event["action"] in actions]
    said["rubric_versions"] = [
        {"version": one.number, "sha256": one.sha256}
        for one in rubric_versions.versions(session, project)
        if one.at < midnight(period.until + dt.timedelta(days=1))
    ]
    said["model_versions"] = _model_versions(session, project, period)
    return said


def record(
    session: Session,
    project: Project,
    body: dict[str, Any],
    seal: dict[str, Any],
    by: int | None,
) -> None:
    """Put into the chain that this very document was made; who made it has seen all in it."""
    if by is not None:
        history.disclose_project(session, project.id, by)
    chain = body["made"]["chain"]
    detail = {
        **{name: seal[name] for name in ("content_sha256", "page_sha256", "public_key")},
        "period_sha256": body["made"]["period_sha256"],
        **body["content"]["period"],
        "head": f"{chain['events']}:{chain['head']}",
    }
    entry = audit.Entry(REPORTED, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)


def chain_fault(session: Session, opened: signing.Opened) -> str | None:
    """What the chain of this database says against a document; None: it holds it, and is whole."""
    seal, chain = opened.seal, opened.body["made"]["chain"]
    events = session.execute(
        select(AuditEvent.id, AuditEvent.detail).where(AuditEvent.action == REPORTED)
    )
    wanted = {name: seal[name] for name in ("content_sha256", "page_sha256")}
    if not any(wanted.items() <= json.loads(detail).items() for _, detail in events):
        return "the audit chain of this home does not hold its hashes"
    head = (chain["events"], chain["head"]) if chain["intact"] and chain["events"] else None
    return verification.verify(session, head).fault


def _labels(
    session: Session, project: Project, period: Period, *, hidden: bool
) -> Iterator[dict[str, Any]]:
    """Every answer with the one that it replaced, in the order of recording."""
    old = LabelEvent.__table__.alias("old")
    statement = (
        select(
            LabelEvent,
            Protocol.external_id,
            Account.username,
            RubricVersion.version,
            old.c.action.label("old_action"),
            old.c.level.label("old_level"),
            old.c.confidence.label("old_confidence"),
            old.c.note.label("old_note"),
        )
        .join(Protocol, Protocol.id == LabelEvent.protocol_id)
        .join(Account, Account.id == LabelEvent.account_id)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .outerjoin(old, old.c.id == LabelEvent.supersedes_id)
        .where(LabelEvent.project_id == project.id, *period.holds(LabelEvent.recorded_at))
        .order_by(LabelEvent.id)
    )
    if not hidden:
        statement = statement.where(LabelEvent.lane.not_in(HIDDEN_LANES))
    for row in session.execute(statement.execution_options(yield_per=_BATCH)):
        event: LabelEvent = row[0]
        yield {
            "event": event.id,
            "at": utc_text(event.recorded_at),
            "protocol": row.external_id,
            "by": row.username,
            "lane": event.lane,
            "action": event.action,
            "level": event.level,
            "confidence": event.confidence,
            "note": event.note,
            "exposure": event.exposure,
            "rubric_version": row.version,
            "origin": event.origin,
            "replaces": {
                "event": event.supersedes_id,
                "action": row.old_action,
                "level": row.old_level,
                "confidence": row.old_confidence,
                "note": row.old_note,
            }
            if event.supersedes_id
            else None,
            "sha256": event.sha256,
        }


def _events(session: Session, project: Project, period: Period) -> Iterator[dict[str, Any]]:
    rows = session.execute(
        select(
            AuditEvent.id,
            AuditEvent.at,
            Account.username,
            AuditEvent.action,
            AuditEvent.subject,
            AuditEvent.detail,
            AuditEvent.sha256,
        )
        .outerjoin(Account, Account.id == AuditEvent.account_id)
        .where(AuditEvent.project_id == project.id, *period.holds(AuditEvent.at))
        .order_by(AuditEvent.id)
        .execution_options(yield_per=_BATCH)
    )
    for row in rows.mappings():
        yield dict(row)


def _without_hidden(
    session: Session, project: Project, period: Period, events: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    keys = session.scalars(
        select(LabelEvent.id).where(
            LabelEvent.project_id == project.id,
            LabelEvent.lane.in_(HIDDEN_LANES),
            *period.holds(LabelEvent.recorded_at),
        )
    )
    proposals = session.scalars(
        select(Adjudication.id).where(
            Adjudication.project_id == project.id, Adjudication.act == Act.propose
        )
    )
    kept_back = {f"label:{key}" for key in keys} | {f"adjudication:{key}" for key in proposals}
    return [event for event in events if event["subject"] not in kept_back]


def _about(
    session: Session, project: Project, events: Iterable[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What the chain's events do not say of people and adjudications, by its name of each."""
    names = audit_log.account_names(session, {event["subject"] for event in events})
    acts = session.execute(
        select(Adjudication, Protocol.external_id)
        .join(Protocol, Protocol.id == Adjudication.protocol_id)
        .where(Adjudication.project_id == project.id)
    )
    return {subject: {"user": name} for subject, name in names.items()} | {
        f"adjudication:{one.id}": {
            "protocol": protocol,
            "act": one.act,
            "level": one.level,
            "reason": one.reason,
            "note": one.note,
        }
        for one, protocol in acts
    }


def _told(event: dict[str, Any], about: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    known = about.get(event["subject"], {})
    detail = known | json.loads(event["detail"]) | known  # its number of a protocol says nothing
    detail.pop("seed", None)
    return {
        "event": event["id"],
        "at": utc_text(event["at"]),
        "by": event["username"],
        "what": event["action"],
        "subject": event["subject"],
        "detail": detail,
        "sha256": event["sha256"],
    }


def _end(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    return {name: event[name] for event in events for name in ("id", "sha256")} or None


def _counts(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """By kind of event, then by person; the program and the command line have no name."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        found[event["action"]][event["username"] or ""] += 1
    return {action: dict(by) for action, by in found.items()}


def _exposures(labels: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """What coders had seen before their levels, by coder."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in labels:
        if one["lane"] != Lane.final and one["level"] is not None:
            found[one["by"]][one["exposure"]] += 1
    return {name: dict(seen) for name, seen in found.items()}


def _model_versions(session: Session, project: Project, period: Period) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            ModelVersion.number,
            ModelVersion.kind,
            ModelVersion.label_count,
            ModelVersion.last_event_id,
            ModelVersion.sha256,
        )
        .where(ModelVersion.project_id == project.id, *period.holds(ModelVersion.created_at))
        .order_by(ModelVersion.number)
    )
    return [dict(row) for row in rows.mappings()]
