"""The versions that a project has been coded under, and the step from one to the next.

The step is one transaction: the version is stored, the project goes by it, the change log and the
audit say so, and the model, which reads the rubric, is fitted anew. Labels keep the version that
they pinned. Numbers count over all projects with the same rubric, for a number means one wording.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain import rubric_changes
from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.domain.rubric_changes import Change, changes
from cer_assist.domain.wording import wording_of
from cer_assist.services import audit, jobs, retraining
from cer_assist.services.models import locked_project
from cer_assist.services.rubrics import project_rubric, rubric_version, store_rubric
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    LabelEvent,
    Project,
    RubricPublication,
    RubricVersion,
)
from cer_assist.store.types import now

PUBLISHED = "rubric.published"
ANEW = "the rubric is a new version"
MAX_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Published:
    """A version of the project's rubric and, but for the first, how it came about."""

    version_id: int
    number: int
    sha256: str
    at: dt.datetime
    by: str | None
    note: str
    touched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entailed:
    """What stands under older versions of the rubric than the one that is looked at."""

    protocols: int
    readings: int


def versions(session: Session, project: Project) -> list[Published]:
    """All versions that the project has had, the oldest first; the last one is in use."""
    rows = session.execute(
        select(RubricPublication, RubricVersion, Account.display_name)
        .join(RubricVersion, RubricVersion.id == RubricPublication.rubric_version_id)
        .outerjoin(Account, Account.id == RubricPublication.account_id)
        .where(RubricPublication.project_id == project.id)
        .order_by(RubricPublication.id)
    ).all()
    first_id = rows[0][0].previous_id if rows else project.rubric_version_id
    first = session.get_one(RubricVersion, first_id)
    found = [Published(first.id, first.version, first.sha256, first.created_at, None, "", ())]
    for publication, row, name in rows:
        by, touched = name or "the command line", tuple(publication.touched)
        said = (publication.at, by, publication.note, touched)
        found.append(Published(row.id, row.version, row.sha256, *said))
    return found


def find_version(session: Session, project: Project, number: int) -> Rubric:
    """A version of the project's rubric by its number."""
    for one in versions(session, project):
        if one.number == number:
            return rubric_version(session, one.version_id)
    raise NotFound(f"This project was never coded under version {number} of its rubric.")


def was_in_use(session: Session, project: Project, version_id: int) -> bool:
    """Whether the project is or was coded under a version."""
    if version_id == project.rubric_version_id:
        return True
    return any(one.version_id == version_id for one in versions(session, project))


def new_to(session: Session, project: Project, account_id: int) -> Published | None:
    """The version in use, if this coder's newest answer was read by another one."""
    newest = select(func.max(CurrentLabel.event_id)).where(
        CurrentLabel.account_id == account_id,
        CurrentLabel.project_id == project.id,
        CurrentLabel.lane == Lane.coder,
    )
    read_by = select(LabelEvent.rubric_version_id).where(LabelEvent.id == newest.scalar_subquery())
    if session.execute(read_by).scalar() in (None, project.rubric_version_id):
        return None
    last = versions(session, project)[-1]
    return last if last.by is not None else None


def compare(session: Session, project: Project, before: int, after: int) -> list[Change]:
    """What reads otherwise in one version than in another."""
    old, new = (find_version(session, project, number) for number in (before, after))
    return changes(wording_of(old), wording_of(new))


def next_number(session: Session, rubric_id: str) -> int:
    """The number that a new wording gets."""
    newest = select(func.max(RubricVersion.version)).where(RubricVersion.rubric_id == rubric_id)
    return int(session.execute(newest).scalar() or 0) + 1


def entailed(session: Session, project: Project, *, but: int | None = None) -> Entailed:
    """What has a coder's level that stands under another version than `but` (None: any)."""
    statement = (
        select(func.count(CurrentLabel.protocol_id.distinct()), func.count())
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .where(CurrentLabel.project_id == project.id, CurrentLabel.lane == Lane.coder)
        .where(CurrentLabel.action == Action.label)
    )
    if but is not None:
        statement = statement.where(LabelEvent.rubric_version_id != but)
    return Entailed(*session.execute(statement).one())


def publish(
    session: Session,
    project_id: int,
    text: str,
    note: str,
    touched: Sequence[int] | None,
    by: int | None,
    *,
    source_name: str = "rubric",
) -> RubricVersion:
    """Take the project to the version in `text`; `touched` are the levels that the change touches.

    Whoever comes second waits for the project's row and then fails on the number.
    """
    project = locked_project(session, project_id)
    before, after = project_rubric(session, project), parse_rubric(text, source_name)
    _check_next(before, after, next_number(session, before.id))
    note = _said(note)
    levels = _levels(before, after, touched)
    row = store_rubric(session, text, source_name)
    previous_id, project.rubric_version_id = project.rubric_version_id, row.id
    publication = RubricPublication(
        rubric_version_id=row.id, previous_id=previous_id, account_id=by, note=note, touched=levels
    )
    _record(session, project, before, row, publication)
    retraining.fit_anew(session, project.id, ANEW)
    # Until labels have taught one, the version in use comes from the rubric alone: made there.
    jobs.enqueue(session, "encode", project.id)
    session.flush()  # the page that follows reads what was added
    return row


def _check_next(before: Rubric, after: Rubric, free: int) -> None:
    if after.id != before.id or after.scale != before.scale:
        raise InvalidInput(
            f"This project is coded by rubric {before.id} on levels {before.scale[0]} to "
            f"{before.scale[-1]}. Another rubric or scale would make its labels unreadable: make a "
            "new project for it."
        )
    if after.version <= before.version:
        raise InvalidInput(
            f"Version {before.version} is in use. Give the new wording the number {free}."
        )
    if not changes(wording_of(before), wording_of(after)):
        raise InvalidInput(f"Nothing reads otherwise than in version {before.version}.")


def _said(note: str) -> str:
    note = note.strip()
    if not note or len(note) > MAX_NOTE:
        raise InvalidInput(f"Say what changed and why, in up to {MAX_NOTE:,} characters.")
    return note


def _levels(before: Rubric, after: Rubric, touched: Sequence[int] | None) -> list[int]:
    if touched is None:
        found = changes(wording_of(before), wording_of(after))
        return list(rubric_changes.touched(found, before.scale))
    if set(touched) - set(before.scale):
        raise InvalidInput("Only levels of the scale can be touched by a change.")
    return sorted(set(touched))


def _record(
    session: Session,
    project: Project,
    before: Rubric,
    row: RubricVersion,
    publication: RubricPublication,
) -> None:
    publication.project_id, publication.at = project.id, now()
    session.add(publication)
    detail = {
        "version": row.version,
        "sha256": row.sha256,
        "previous_version": before.version,
        "previous_sha256": before.sha256,
        "note": publication.note,
        "touched": ", ".join(map(str, publication.touched)),
    }
    entry = audit.Entry(PUBLISHED, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=publication.account_id, project_id=project.id)
