"""Words are weighed where someone will look: whatever lacks them when it is wanted is asked for.

A request is a row without an answer. Where the version has a suggestion for the protocol its words
are added to that and the request is gone; else the row takes what the version says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action
from cer_assist.services import jobs, training_data
from cer_assist.services.models import current_version_id
from cer_assist.store.tables import (
    CurrentLabel,
    Explanation,
    Highlight,
    ModelVersion,
    Project,
    Suggestion,
)
from cer_assist.store.types import now, table_of
from cer_assist.store.upsert import upsert

AT_ONCE = 200  # requests that one job answers

_explanation = table_of(Explanation)
_THIS = (
    _explanation.c.model_version_id == bindparam("version"),
    _explanation.c.protocol_id == bindparam("protocol"),
)
_PENDING = select(_explanation.c.protocol_id).where(*_THIS, _explanation.c.said.is_(None))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A protocol whose words a version is to weigh."""

    version_id: int
    protocol_id: int
    suggestion_id: int | None
    level: int | None  # that the suggestion is for


def ask(session: Session, project_id: int, version_id: int, protocol_id: int) -> None:
    """Have the words of a protocol weighed by a version, soon and once."""
    values = {
        "model_version_id": version_id,
        "protocol_id": protocol_id,
        "asked_at": now(),
        "said": None,
    }
    upsert(session, Explanation, values, conflict=("model_version_id", "protocol_id"), replace=())
    jobs.enqueue(session, jobs.EXPLAIN, project_id, unless_waiting=True)


def is_pending(session: Session, project_id: int, protocol_id: int) -> bool:
    """Whether the version in use has been asked and has not answered yet."""
    version_id = current_version_id(session, project_id)
    where = {"version": version_id, "protocol": protocol_id}
    return session.execute(_PENDING, where).first() is not None


def wanted(session: Session, project_id: int) -> list[Wanted]:
    """What is to be weighed, the longest waiting first."""
    of_same = (Suggestion.model_version_id == Explanation.model_version_id) & (
        Suggestion.protocol_id == Explanation.protocol_id
    )
    rows = session.execute(
        select(
            Explanation.model_version_id, Explanation.protocol_id, Suggestion.id, Suggestion.level
        )
        .join(ModelVersion, ModelVersion.id == Explanation.model_version_id)
        .outerjoin(Suggestion, of_same)
        .where(ModelVersion.project_id == project_id, Explanation.said.is_(None))
        .order_by(Explanation.asked_at)
        .limit(AT_ONCE)
    )
    return [Wanted(*row) for row in rows]


def learnt_from(session: Session, version: ModelVersion, ids: Sequence[int]) -> set[int]:
    """Which of these protocols have a settled level that was there when the version was trained."""
    settled = training_data.may_be_known(session, version.project_id) & set(ids)
    later = select(CurrentLabel.protocol_id).where(
        CurrentLabel.protocol_id.in_(settled),
        CurrentLabel.action == Action.label,
        CurrentLabel.lane.not_in(HIDDEN_LANES),
        CurrentLabel.event_id > version.last_event_id,
    )
    return settled - set(session.scalars(later))


def answer(session: Session, one: Wanted, said: dict[str, Any]) -> None:
    """Store what a version says of a protocol that it has no suggestion for."""
    session.execute(
        update(Explanation)
        .where(
            Explanation.model_version_id == one.version_id,
            Explanation.protocol_id == one.protocol_id,
        )
        .values(said=said)
    )


def withdraw(session: Session, requests: Sequence[Wanted]) -> None:
    """Take requests away: their suggestions have words now, or they cannot be answered."""
    for one in requests:
        session.execute(
            delete(Explanation).where(
                Explanation.model_version_id == one.version_id,
                Explanation.protocol_id == one.protocol_id,
            )
        )


def without_words(session: Session, requests: Sequence[Wanted]) -> set[int]:
    """Suggestions of these requests that still exist and have no words yet."""
    ids = [one.suggestion_id for one in requests if one.suggestion_id is not None]
    has_words = select(Highlight.suggestion_id).where(Highlight.suggestion_id == Suggestion.id)
    return set(
        session.scalars(select(Suggestion.id).where(Suggestion.id.in_(ids), ~has_words.exists()))
    )


def prune(session: Session, project_id: int) -> None:
    """Delete answers of versions that are neither in use nor were before the one that is."""
    other = ModelVersion.id.is_distinct_from
    stale = (
        select(ModelVersion.id)
        .join(Project, Project.id == ModelVersion.project_id)
        .where(Project.id == project_id, other(current_version_id(session, project_id)))
        .where(other(Project.previous_version_id))
    )
    session.execute(
        delete(Explanation).where(
            Explanation.model_version_id.in_(stale), Explanation.said.is_not(None)
        )
    )
