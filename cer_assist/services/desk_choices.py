"""What the filters of the auditor's desk can be set to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Lane
from cer_assist.services.desk_readings import account, event, rubric, version
from cer_assist.store.tables import CurrentLabel


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters can be set to."""

    coders: list[tuple[str, str]]
    versions: list[int]
    rubrics: list[int]


def choices(session: Session, project_id: int) -> Choices:
    """Coders, versions and rubric versions that readings of a project have."""
    reading = CurrentLabel.project_id == project_id, CurrentLabel.lane == Lane.coder
    coders = session.execute(
        select(account.c.username, account.c.display_name)
        .where(account.c.id.in_(select(CurrentLabel.account_id).where(*reading)))
        .order_by(account.c.display_name)
    )
    numbers = select(version.c.number).where(
        version.c.project_id == project_id, version.c.published_at.is_not(None)
    )
    used = select(rubric.c.version).where(
        exists().where(event.c.rubric_version_id == rubric.c.id, event.c.project_id == project_id)
    )
    return Choices(
        [(key, name) for key, name in coders],
        list(session.scalars(numbers.order_by(version.c.number.desc()))),
        list(session.scalars(used.order_by(rubric.c.id.desc()))),
    )
