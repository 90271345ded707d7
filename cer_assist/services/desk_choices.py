"""What the filters of the auditor's desk can be set to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Lane
from cer_assist.services.desk_readings import account, rubric, version
from cer_assist.store.tables import CurrentLabel, Project, RubricPublication


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters can be set to."""

    coders: list[tuple[str, str]]
    versions: list[int]
    rubrics: list[int]


def choices(session: Session, project: Project) -> Choices:
    """A project's coders, its published model versions and the rubric versions it was coded by."""
    answered = select(CurrentLabel.account_id).where(  # with all columns, no index would serve
        CurrentLabel.account_id == account.c.id,
        CurrentLabel.project_id == project.id,
        CurrentLabel.lane == Lane.coder,
    )
    coders = session.execute(
        select(account.c.username, account.c.display_name)
        .where(answered.exists())
        .order_by(account.c.display_name)
    )
    published = select(version.c.number).where(
        version.c.project_id == project.id, version.c.published_at.is_not(None)
    )
    before = select(RubricPublication.previous_id).where(RubricPublication.project_id == project.id)
    used = select(rubric.c.version).where(
        or_(rubric.c.id == project.rubric_version_id, rubric.c.id.in_(before))
    )
    return Choices(
        [(key, name) for key, name in coders],
        list(session.scalars(published.order_by(version.c.number.desc()))),
        list(session.scalars(used.order_by(rubric.c.id.desc()))),
    )
