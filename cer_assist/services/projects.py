"""Projects, their members and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import OWN_LANES, Action, Lane
from cer_assist.services import (
    agreement,
    audit,
    dispute_count,
    outlooks,
    project_settings,
    training_items,
)
from cer_assist.services.models import current_version
from cer_assist.services.project_settings import WHOLE, Value, percent
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    Membership,
    ModelVersion,
    Project,
    Protocol,
    RubricVersion,
)
from cer_assist.store.tables.accounts import LEADING, OVERSEEING, Role
from cer_assist.store.types import is_among, now, table_of

# What these leave goes to what the model is unsure of.
QUEUE_SHARES = ("diverse_share", "rare_share", "random_share")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project has come."""

    protocols: int
    labelled: int  # protocols with at least one coder's level
    complete: int  # protocols that want no further coder
    mine: int  # protocols this coder has answered


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A project on a person's home page."""

    project: Project
    role: Role
    progress: Progress
    model: ModelVersion | None
    agreement: dict[str, Any] | None  # of coders, for those who may see it
    to_settle: int  # disagreements that wait for this person


def add_project(
    session: Session, slug: str, name: str, rubric: RubricVersion, *, by: int | None = None
) -> Project:
    """Make a project with default policies, pinned to a rubric version."""
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(
            f"The short name {slug[:70]!r} cannot be used: take up to 60 small letters, digits and "
            "hyphens, such as irb-2026."
        )
    if session.scalars(select(Project.id).where(Project.slug == slug)).first():
        raise InvalidInput(f"There is already a project {slug}: choose another short name.")
    project = Project(
        slug=slug, name=name.strip() or slug, rubric_version_id=rubric.id, created_at=now()
    )
    session.add(project)
    session.flush()  # the audit entry needs its id
    detail = {"slug": slug, "rubric_sha256": rubric.sha256}
    entry = audit.Entry("project.added", f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return project


def find_project(session: Session, slug: str) -> Project:
    """The project of this short name."""
    project = session.scalars(select(Project).where(Project.slug == slug)).first()
    if project is None:
        raise NotFound(f"There is no project {slug}: `projects list` shows all.")
    return project


def change_settings(
    session: Session, project: Project, wanted: Mapping[str, Value], by: int | None
) -> dict[str, list[Value]]:
    """Apply these from now on, all or none; labels already made keep what they were made under.

    What changed comes back as before and after; settings that are not named stay.
    """
    after = {name: project_settings.checked(name, value) for name, value in wanted.items()}
    before = project_settings.values(project)
    if not after.keys().isdisjoint(QUEUE_SHARES):
        _require_room(before | after)
    if after.get("qualifies_first") and not project.qualifies_first:
        _refuse_without_items(session, project, before | after)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changed:
        return changed
    for name in changed:
        setattr(project, name, after[name])
    if "wanted_qwk" in changed:
        outlooks.ask(session, project.id)
    entry = audit.Entry("project.settings", f"project:{project.id}", changed)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return changed


def _require_room(settings: Mapping[str, Value]) -> None:
    total = sum(percent(float(settings[name])) for name in QUEUE_SHARES)
    if total > WHOLE:
        raise InvalidInput(
            f"{', '.join(QUEUE_SHARES)} add up to {total} %: together they are at most 100 %, and "
            "what they leave goes to what the model is unsure of."
        )


def _refuse_without_items(
    session: Session, project: Project, settings: Mapping[str, Value]
) -> None:
    """Coders who are to qualify and have nothing to do it with would be shut out."""
    there, wanted = len(training_items.in_use(session, project.id)), settings["training_items"]
    if there < int(wanted):
        raise InvalidInput(
            f"A round has {wanted} practice protocols and {there} are in use: add some under "
            "Training before coders have to qualify."
        )


def progress(session: Session, project_id: int, account_id: int | None) -> Progress:
    """Counts for a project and one coder."""
    protocols, complete = session.execute(
        select(
            func.count(),
            func.count().filter(Protocol.coders_missing == 0),
        ).where(Protocol.project_id == project_id)
    ).one()
    answered = select(CurrentLabel).where(
        CurrentLabel.project_id == project_id,
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.action == Action.label,
    )
    labelled = session.execute(
        answered.with_only_columns(func.count(CurrentLabel.protocol_id.distinct()))
    ).scalar_one()
    return Progress(protocols, labelled, complete, my_count(session, project_id, account_id))


def my_count(session: Session, project_id: int, account_id: int | None) -> int:
    """How many protocols a coder has answered: one that came unannounced counts like any other."""
    return session.execute(
        select(func.count())
        .select_from(CurrentLabel)
        .where(
            CurrentLabel.account_id == account_id,
            CurrentLabel.project_id == project_id,
            is_among(table_of(CurrentLabel).c.lane, OWN_LANES),
            CurrentLabel.action == Action.label,
        )
    ).scalar_one()


def cards(session: Session, account_id: int) -> list[ProjectCard]:
    """The projects a person belongs to, with what their home page says of each."""
    rows = session.execute(
        select(Project, Membership.role)
        .join(Membership, Membership.project_id == Project.id)
        .where(Membership.account_id == account_id)
        .order_by(Project.name)
    )
    return [
        ProjectCard(
            project,
            Role(role),
            progress(session, project.id, account_id),
            current_version(session, project.id),
            agreement.main_figure(session, project.id) if role in OVERSEEING else None,
            dispute_count.to_do(session, project, account_id) if role in LEADING else 0,
        )
        for project, role in rows.all()
    ]


def members(session: Session, project_id: int) -> list[tuple[Account, Role]]:
    """Who belongs to a project, by name."""
    rows = session.execute(
        select(Account, Membership.role)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.project_id == project_id)
        .order_by(Account.username)
    )
    return [(account, Role(role)) for account, role in rows]
