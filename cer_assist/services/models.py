"""A model version is written in pieces and published at once: readers see all of it or none.

Thousands of suggestions in one transaction would hold up the coders' saves; so they go in by chunks
under a version that nobody reads yet, and `publish` is one small update. In use is the version that
the project has pinned, else the newest published one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Session, defer

from cer_assist.services import audit
from cer_assist.store.tables import (
    Disclosure,
    Highlight,
    LabelEvent,
    ModelVersion,
    Project,
    Serving,
    Suggestion,
    WordRemark,
)
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import now, table_of

PUBLISHED = "model.published"
ENCODER = "encoder"  # in a version's metrics: artefact and sha256 of the tuned one, if any
CHUNK = 200  # rows written in one transaction: 20 ms during which no coder's save gets in

_version, _project = table_of(ModelVersion), table_of(Project)
_pinned = select(_project.c.pinned_version_id).where(_project.c.id == bindparam("project"))
_newest = (
    select(_version.c.id)
    .where(_version.c.project_id == bindparam("project"), _version.c.published_at.is_not(None))
    .order_by(_version.c.number.desc())
    .limit(1)
)
# The id of the version in use by `project`, as part of a statement; two rows are read at most.
IN_USE = func.coalesce(_pinned.scalar_subquery(), _newest.scalar_subquery())
_CURRENT = select(IN_USE)


class Marked(NamedTuple):
    """The words, sentences and sections behind a suggestion, as `Marks` has them."""

    words: list[list[float]]
    sentences: list[list[float]]
    sections: list[list[float]]
    gatherings: list[list[float]]
    evidence_strength: float


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """What a model says of one protocol; its words follow where they are wanted."""

    protocol_id: int
    level: int
    probabilities: list[float]
    uncertainty: float


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A trained version before it has a number."""

    kind: str
    label_count: int
    last_event_id: int
    metrics: dict[str, Any]
    words: dict[str, Any]
    artefact: str
    sha256: str
    seconds: float
    decision: str
    word_scores: dict[str, Any] | None = None


def current_version_id(session: Session, project_id: int) -> int | None:
    """The version in use, if there is one."""
    found: int | None = session.execute(_CURRENT, {"project": project_id}).scalars().first()
    return found


def current_version(session: Session, project_id: int) -> ModelVersion | None:
    """The version in use, whole."""
    version_id = current_version_id(session, project_id)
    return None if version_id is None else session.get(ModelVersion, version_id)


def encoder_of(version: ModelVersion) -> dict[str, str]:
    """The tuned encoder that a version reads with: its artefact and sha256; empty for none."""
    found: dict[str, str] = version.metrics.get(ENCODER) or {}
    return found


def add_version(session: Session, project_id: int, new: NewVersion) -> int:
    """Record a version, not yet published, under the project's next number."""
    number = session.execute(
        select(func.coalesce(func.max(ModelVersion.number), 0) + 1).where(
            ModelVersion.project_id == project_id
        )
    ).scalar_one()
    row = ModelVersion(
        project_id=project_id,
        number=number,
        created_at=now(),
        published_at=None,
        **{name: getattr(new, name) for name in NewVersion.__slots__},
    )
    session.add(row)
    session.flush()  # its id is needed for its suggestions
    return row.id


def add_suggestions(
    session: Session, version_id: int, rows: Sequence[SuggestionRow]
) -> Sequence[int]:
    """Add one chunk of suggestions under a version; gives their ids in the same order."""
    if not rows:
        return []
    return session.scalars(
        insert(Suggestion).returning(Suggestion.id, sort_by_parameter_order=True),
        [
            {
                "model_version_id": version_id,
                "protocol_id": row.protocol_id,
                "level": row.level,
                "probabilities": row.probabilities,
                "uncertainty": row.uncertainty,
            }
            for row in rows
        ],
    ).all()


def add_marks(session: Session, marked: Mapping[int, Marked]) -> None:
    """Add the words and sentences of suggestions that had none."""
    if not marked:
        return
    session.execute(
        insert(Highlight),
        [
            {
                "suggestion_id": suggestion_id,
                "method": part,
                "words": getattr(found, part),
                "evidence_strength": found.evidence_strength,
            }
            for suggestion_id, found in marked.items()
            for part in Marks
            if part is Marks.words or getattr(found, part)
        ],
    )


def publish(session: Session, version_id: int, decision: str) -> None:
    """Let everyone see a version that is complete; behind a pinned one it waits."""
    version = session.get_one(ModelVersion, version_id)
    project = locked_project(session, version.project_id)
    detail = {"number": version.number, "sha256": version.sha256, "labels": version.label_count}
    if project.pinned_version_id is None:
        project.previous_version_id = current_version_id(session, project.id)
    else:
        pinned = session.get_one(ModelVersion, project.pinned_version_id)
        detail["waits_behind_version"] = pinned.number
    version.published_at, version.decision = now(), decision
    entry = audit.Entry(PUBLISHED, f"model:{version.id}", detail)
    audit.append(session, entry, account_id=None, project_id=project.id)


def fault(session: Session, published: Iterable[tuple[int, Mapping[str, Any]]]) -> str | None:
    """Which version is not as the chain's events say, each a project and what was published in it.

    Versions that were never published have no event.
    """
    columns = (ModelVersion.sha256, ModelVersion.label_count)
    rows = select(ModelVersion.project_id, ModelVersion.number, *columns)
    rows = rows.where(ModelVersion.published_at.is_not(None))
    found = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(rows)}
    held = {
        (project, said["number"]): (said["sha256"], said["labels"]) for project, said in published
    }
    for key in sorted(found.keys() | held.keys()):
        said = f"version {key[1]} of the model of project {key[0]}"
        if key not in held:
            return f"{said} is not in the audit chain: it was published past it"
        if key not in found:
            return f"{said} was removed"
        if found[key] != held[key]:
            return f"{said} was altered"
    return None


def locked_project(session: Session, project_id: int) -> Project:
    """A project's row, which no other transaction changes before the commit."""
    # Coders' labels refer to the row: they need not wait, its key stays as it is. What this session
    # had read of it before is read again, for another may have changed it meanwhile.
    lock = {"key_share": True}
    return session.get_one(Project, project_id, with_for_update=lock, populate_existing=True)


def prune_suggestions(session: Session, project_id: int, keep_version_id: int) -> int:
    """Delete one chunk of older suggestions that nobody was served; the number deleted.

    Those of the version in use stay, and those of the one before it: a page compares the two.
    """
    used = [
        select(column).where(column.is_not(None))
        for column in (
            Serving.suggestion_id,
            Disclosure.suggestion_id,
            LabelEvent.suggestion_id,
            WordRemark.suggestion_id,
        )
    ]
    wanted = or_(
        ModelVersion.id == Project.pinned_version_id,
        ModelVersion.id == Project.previous_version_id,
    )
    stale = (
        select(Suggestion.id)
        .join(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
        .join(Project, Project.id == ModelVersion.project_id)
        .where(Project.id == project_id, ModelVersion.id < keep_version_id)
        .where(func.coalesce(wanted, False).is_(False))
        .limit(CHUNK)
    )
    for column in used:
        stale = stale.where(Suggestion.id.not_in(column))
    ids = list(session.scalars(stale))
    if ids:
        session.execute(delete(Highlight).where(Highlight.suggestion_id.in_(ids)))
        session.execute(delete(Suggestion).where(Suggestion.id.in_(ids)))
    return len(ids)


def newest(session: Session, project_id: int, count: int) -> Sequence[ModelVersion]:
    """The newest versions of a project, published or not, without their words."""
    return session.scalars(
        select(ModelVersion)
        .options(defer(ModelVersion.words), defer(ModelVersion.word_scores))
        .where(ModelVersion.project_id == project_id)
        .order_by(ModelVersion.number.desc())
        .limit(count)
    ).all()


def newest_published(session: Session, project_id: int) -> ModelVersion | None:
    """The version that would be in use if none were pinned."""
    found = session.execute(_newest, {"project": project_id}).scalar()
    return None if found is None else session.get(ModelVersion, found)


def curve(session: Session, project_id: int) -> Sequence[Row[Any]]:
    """Two measures of every version of a project and what each was taken from."""
    measured = ModelVersion.metrics
    return session.execute(
        select(
            ModelVersion.number,
            ModelVersion.label_count,
            ModelVersion.published_at,
            measured["n"].label("n"),
            measured["qwk"].label("qwk"),
            measured["macro_f1"].label("macro_f1"),
        )
        .where(ModelVersion.project_id == project_id)
        .order_by(ModelVersion.number)
    ).all()


def scored_protocol_ids(session: Session, version_id: int) -> set[int]:
    """The protocols a version has a suggestion for."""
    statement = select(Suggestion.protocol_id).where(Suggestion.model_version_id == version_id)
    return set(session.scalars(statement))
