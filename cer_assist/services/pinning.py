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
from cer_assist.store.tables import ModelVersion, Project

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
class Standing:
    """Which version is in use and why, and which came before it."""

    in_use: Version | None
    is_pinned: bool
    waiting: list[int]  # numbers of published versions that a pinned one keeps from use
    previous: Version | None


_COLUMNS = [getattr(ModelVersion, name) for name in Version.__slots__]


def standing(session: Session, project: Project) -> Standing:
    """What is in use in a project as it is now."""
    row = session.get_one(Project, project.id)
    in_use = _find(session, row, current_version_id(session, row.id))
    is_pinned = row.pinned_version_id is not None
    waiting: list[int] = []
    if in_use is not None and is_pinned:
        later = select(ModelVersion.number).where(
            ModelVersion.project_id == row.id,
            ModelVersion.published_at.is_not(None),
            ModelVersion.number > in_use.number,
        )
        waiting = list(session.scalars(later.order_by(ModelVersion.number)))
    return Standing(in_use, is_pinned, waiting, _find(session, row, row.previous_version_id))


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
    action = "model.pinned"
    if replaced is not None and replaced.id != version.id:
        row.previous_version_id = replaced.id
        detail["instead_of_version"] = replaced.number
        action = "model.rolled_back" if version.number < replaced.number else action
    _record(session, row, audit.Entry(action, f"model:{version.id}", detail), by)
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
    _record(session, row, audit.Entry("model.unpinned", f"model:{pinned.id}", detail), by)
    return newest


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
