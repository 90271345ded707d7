"""A rubric is stored once per wording and parsed once per process."""

from __future__ import annotations

from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.store.tables import Project, RubricVersion
from cer_assist.store.types import now

_known: dict[tuple[URL, int], Rubric] = {}


def store_rubric(session: Session, text: str, source_name: str) -> RubricVersion:
    """Validate and keep a rubric; the same id and version with other words is refused."""
    rubric = parse_rubric(text, source_name)
    same = select(RubricVersion).where(
        RubricVersion.rubric_id == rubric.id, RubricVersion.version == rubric.version
    )
    stored = session.scalars(same).first()
    if stored is not None:
        if stored.sha256 != rubric.sha256:
            raise InvalidInput(
                f"Rubric {rubric.id} version {rubric.version} is already here with other words. "
                "Wording never changes inside a version: give the new text the next number."
            )
        return stored
    row = RubricVersion(
        rubric_id=rubric.id,
        version=rubric.version,
        sha256=rubric.sha256,
        text=text,
        created_at=now(),
    )
    session.add(row)
    session.flush()  # the project needs its id
    return row


def project_rubric(session: Session, project: Project) -> Rubric:
    """The rubric version a project is coded under."""
    return rubric_version(session, project.rubric_version_id)


def rubric_version(session: Session, version_id: int) -> Rubric:
    """A stored rubric version; read once per process and database, for it never changes."""
    key = (session.get_bind().engine.url, version_id)
    if key not in _known:
        text = session.execute(select(RubricVersion.text).where(RubricVersion.id == version_id))
        _known[key] = parse_rubric(text.scalar_one())
    return _known[key]
