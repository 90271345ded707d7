"""A lead decides which version is used: pinned, it stays whatever the worker publishes.

To roll back is to pin an earlier version. Both happen at once, for the choice is one column; what
the version has not yet said of protocols that are open now, the worker adds afterwards.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotFound
from cer_assist.services import audit, jobs
from cer_assist.services.models import current_version_id, locked_project
from cer_assist.store.tables import Account, AuditEvent, ModelVersion, Project

PINNED, ROLLED_BACK = "model.pinned", "model.rolled_back"
SCORING = "encode"  # the job that adds the suggestions which the version in use lacks


@dataclass(frozen=True, slots=True)
class Version:
    """A version as far as choosing it needs it."""

    id: int
    number: int
    artefact: str
    sha256: str
    published_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Pinned:
    """Who pinned the version in use, when, and what waits because of it."""

    by: str
    at: dt.datetime
    waiting: list[int]  # numbers of published versions


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version is in use and why, and which was before it."""

    in_use: Version | None
    pinned: Pinned | None
    previous: Version | None


_COLUMNS = [getattr(ModelVersion, name) for name in Version.__slots__]


def standing(session: Session, project: Project) -> Standing:
    """What is in use in a project as it is now."""
    row = session.get_one(Project, project.id)
    in_use = _find(session, row, current_version_id(session, row.id))
    pinned = _pinned(session, _find(session, row, row.pinned_version_id))
    return Standing(in_use, pinned, _find(session, row, row.previous_version_id))


def find_usable(session: Session, project: Project, version_id: int) -> Version:
    """A version of the project that was good enough to be published."""
    found = _find(session, project, version_id)
    if found is None or found.published_at is None:
        raise NotFound("This project has no such version that could be used.")
    return found


def pin(session: Session, project: Project, version_id: int, by: int) -> Version:
    """Use this version from now on, and no newer one until it is unpinned."""
    row = locked_project(session, project.id)
    version = find_usable(session, row, version_id)
    if row.pinned_version_id == version.id:
        return version
    replaced = _find(session, row, current_version_id(session, row.id))
    row.pinned_version_id = version.id
    detail: dict[str, Any] = {"number": version.number, "sha256": version.sha256}
    action = PINNED
    if replaced is not None and replaced.id != version.id:
        row.previous_version_id = replaced.id
        detail["instead_of_version"] = replaced.number
        action = ROLLED_BACK if version.number < replaced.number else PINNED
    _record(session, row, audit.Entry(action, _subject(version), detail), by)
    return version


def unpin(session: Session, project: Project, by: int) -> Version | None:
    """Use the newest published version again; the one that is in use now."""
    row = locked_project(session, project.id)
    pinned = _find(session, row, row.pinned_version_id)
    row.pinned_version_id = None
    session.flush()  # the next statement reads the row
    newest = _find(session, row, current_version_id(session, row.id))
    if pinned is None or newest is None:
        return newest
    if newest.id != pinned.id:
        row.previous_version_id = pinned.id
    detail = {"number": pinned.number, "now_in_use_version": newest.number}
    _record(session, row, audit.Entry("model.unpinned", _subject(pinned), detail), by)
    return newest


def _pinned(session: Session, version: Version | None) -> Pinned | None:
    if version is None:
        return None
    # The audit knows by whom: the event is of the transaction that pinned it.
    by, at = session.execute(
        select(Account.display_name, AuditEvent.at)
        .join(Account, Account.id == AuditEvent.account_id)
        .where(
            AuditEvent.subject == _subject(version), AuditEvent.action.in_((PINNED, ROLLED_BACK))
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).one()
    later = (
        select(ModelVersion.number)
        .join(Project, Project.pinned_version_id == version.id)
        .where(
            ModelVersion.project_id == Project.id,
            ModelVersion.published_at.is_not(None),
            ModelVersion.number > version.number,
        )
    )
    return Pinned(by, at, list(session.scalars(later.order_by(ModelVersion.number))))


def _subject(version: Version) -> str:
    return f"model:{version.id}"


def _record(session: Session, project: Project, entry: audit.Entry, by: int) -> None:
    audit.append(session, entry, account_id=by, project_id=project.id)
    jobs.enqueue(session, SCORING, project.id)


def _find(session: Session, project: Project, version_id: int | None) -> Version | None:
    row = session.execute(
        select(*_COLUMNS).where(
            ModelVersion.id == version_id, ModelVersion.project_id == project.id
        )
    ).first()
    return Version(*row) if row else None
