"""What a forecast is made of, and where the newest one is kept.

It rests on what versions did on the fenced sample. Figures on labelled protocols serve only where
those were not picked by the model: hard ones are picked first, so the figures lie too low and rise
at the end, and forecasts from them held the truth in four of ten cases (docs/active-learning.md).
Versions of another kind, or with an encoder of their own, have another curve and do not count.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action
from cer_assist.domain.serving import EVER_BY_MODEL
from cer_assist.services import fence, jobs, quality, studies, training_data
from cer_assist.services.models import current_version, encoder_of
from cer_assist.services.quality import Measured
from cer_assist.services.reports import Stored, kept, numbered
from cer_assist.store.tables import (
    CurrentLabel,
    ModelVersion,
    Outlook,
    Project,
    Protocol,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert

MOST_PICKED = 0.1  # of what is settled: figures on the labelled then stand for all protocols
FEWEST_FENCED = 10  # protocols: a QWK of fewer says nothing


@dataclass(frozen=True, slots=True)
class MeasuredVersion:
    """A point of the learning curve: a QWK with its 95 % interval, on n protocols."""

    labels: int
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a forecast is made of."""

    wanted_qwk: float
    version: int
    measured: Measured | None  # its figures, or of the version it learnt on from
    settled: int  # protocols that have taught the model, or will with its next training
    unsettled: int  # those that still can: the fenced sample teaches nothing
    unread: int  # of those, the ones that nobody has read
    kind: str  # of the version in use, with its encoder
    points: list[MeasuredVersion]  # on labelled protocols
    fenced: list[MeasuredVersion]  # on the fenced sample
    is_picked: bool  # whether the model chose what was labelled
    levels: list[int]  # what the version in use says of unread protocols
    probabilities: list[list[float]]


def is_read() -> ColumnElement[bool]:
    """Whether anybody's level of a protocol stands."""
    return exists().where(
        CurrentLabel.protocol_id == Protocol.id,
        CurrentLabel.action == Action.label,
        CurrentLabel.lane.not_in(HIDDEN_LANES),
    )


def grounds(session: Session, project_id: int) -> Grounds | None:
    """All that the worker reads; None without a model."""
    project = session.get_one(Project, project_id)
    version = current_version(session, project_id)
    if version is None:
        return None
    settled = len(training_data.settled_levels(session, project_id))
    read, unread = read_counts(session, project_id)
    said = session.execute(
        select(Suggestion.level, Suggestion.probabilities)
        .join(Protocol, Protocol.id == Suggestion.protocol_id)
        .where(Suggestion.model_version_id == version.id, ~is_read())
    ).all()
    return Grounds(
        project.wanted_qwk,
        version.number,
        quality.measured(version),
        settled,
        read + unread - settled - len(fence.fenced_ids(session, project_id)),
        unread,
        _kind(version),
        points(session, version),
        _fenced(session, project, version),
        _picked(session, project_id) > MOST_PICKED * settled,
        [row.level for row in said],
        [row.probabilities for row in said],
    )


def read_counts(session: Session, project_id: int) -> tuple[int, int]:
    """Protocols that somebody has read, and those that nobody has; without what no one will."""
    everything = session.execute(
        select(func.count()).where(Protocol.project_id == project_id)
    ).scalar_one()
    read = session.execute(
        select(func.count(CurrentLabel.protocol_id.distinct())).where(
            CurrentLabel.project_id == project_id,
            CurrentLabel.action == Action.label,
            CurrentLabel.lane.not_in(HIDDEN_LANES),
        )
    ).scalar_one()
    is_read = exists().where(
        CurrentLabel.protocol_id == Protocol.id, CurrentLabel.action == Action.label
    )
    left = session.execute(
        select(func.count()).where(Protocol.project_id == project_id, studies.HAS_LEFT, ~is_read)
    ).scalar_one()
    return read, everything - read - left


def points(session: Session, version: ModelVersion) -> list[MeasuredVersion]:
    """Measured versions of a version's own kind and encoder, in their order."""
    rows = session.execute(
        select(
            ModelVersion.label_count,
            ModelVersion.metrics["qwk"].label("qwk"),
            ModelVersion.metrics["n"].label("n"),
            ModelVersion.metrics["encoder"].label("encoder"),
        )
        .where(
            ModelVersion.project_id == version.project_id,
            ModelVersion.kind == version.kind,
            ModelVersion.label_count > 0,
        )
        .order_by(ModelVersion.number)
    )
    return [
        _point(row.label_count, row.qwk, row.n)
        for row in rows
        if row.qwk and None not in row.qwk.values() and (row.encoder or {}) == encoder_of(version)
    ]


def _point(labels: int, qwk: dict[str, float], n: int) -> MeasuredVersion:
    return MeasuredVersion(labels, qwk["value"], qwk["low"], qwk["high"], n)


def _kind(version: ModelVersion) -> str:
    return f"{version.kind} {encoder_of(version).get('sha256', '')}".strip()


def _fenced(session: Session, project: Project, version: ModelVersion) -> list[MeasuredVersion]:
    """What was kept of earlier versions of this kind, and what is known of the one in use."""
    _, said = newest(session, project.id) or (None, {})
    kept = said.get("fenced", []) if said.get("kind") == _kind(version) else []
    found = [MeasuredVersion(**point) for point in kept]
    now_ = fence.estimate(session, project)
    if now_ is None or now_.n < FEWEST_FENCED or None in now_.qwk.values():
        return found
    if now_.version != version.number:
        return found
    earlier = [point for point in found if point.labels != version.label_count]
    return [*earlier, _point(version.label_count, now_.qwk, now_.n)]


def _picked(session: Session, project_id: int) -> int:
    """Answers to protocols that were served because of what a model said of them."""
    return session.execute(
        select(func.count()).where(
            Serving.project_id == project_id,
            Serving.state == ServingState.answered,
            Serving.strategy.in_(EVER_BY_MODEL),
        )
    ).scalar_one()


def ask(session: Session, project_id: int) -> None:
    """Have the worker make the forecast anew; call it in the transaction of what changed."""
    jobs.enqueue(session, jobs.OUTLOOK, project_id)


def store(session: Session, project_id: int, said: dict[str, Any]) -> None:
    """Keep what the worker foresees in place of what it foresaw before."""
    document = numbered(Stored.outlook, said)
    values = {"project_id": project_id, "made_at": now(), "said": document}
    upsert(session, Outlook, values, conflict=("project_id",), replace=("made_at", "said"))


def newest(session: Session, project_id: int) -> tuple[dt.datetime, dict[str, Any]] | None:
    """When the newest forecast was made and what it says; None, too, where it cannot be read."""
    row = session.get(Outlook, project_id)
    said = kept(Stored.outlook, row.said) if row else None
    return (row.made_at, said) if row and said is not None else None
