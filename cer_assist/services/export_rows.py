"""What an export says: one row per label event, one per protocol, read in one consistent state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from json import JSONDecoder
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, Select, Text, and_, cast, null, select, type_coerce
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action, Lane, final_level
from cer_assist.exports.dataset import Record
from cer_assist.services import fence, studies
from cer_assist.services.models import current_version_id
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import (
    Account,
    Adjudication,
    CurrentLabel,
    LabelEvent,
    ModelVersion,
    Project,
    Protocol,
    RubricVersion,
    Serving,
    Suggestion,
)
from cer_assist.store.types import UtcText

_CHUNK = 500
_JSON = JSONDecoder().raw_decode  # of what the database has as text: `loads` takes twice as long


def record_rows(session: Session, project: Project) -> Iterator[Record]:
    """Both tables side by side: each protocol with its events."""
    first = project_rubric(session, project).scale[0]
    by_protocol = _events(project.id).order_by(None)
    by_protocol = by_protocol.order_by(LabelEvent.protocol_id, LabelEvent.id)
    rows = _event_rows(session, by_protocol, first)
    groups = groupby(rows, itemgetter("protocol_id"))
    name, events = next(groups, (None, iter(())))
    for protocol in protocol_rows(session, project):
        if protocol["protocol_id"] != name:
            yield Record(protocol, ())
            continue
        yield Record(protocol, tuple(events))
        name, events = next(groups, (None, iter(())))


def label_event_rows(session: Session, project: Project) -> Iterator[dict[str, Any]]:
    """Every event of a project in the order it was recorded."""
    first = project_rubric(session, project).scale[0]
    yield from _event_rows(session, _events(project.id), first)


def _event_rows(
    session: Session, events: Select[*tuple[Any, ...]], first: int
) -> Iterator[dict[str, Any]]:
    """`first` is the lowest level of the scale."""
    session.flush()
    # Past the ORM, and without a lookup by name for each value: half the time.
    found = session.connection().execute(events.execution_options(yield_per=_CHUNK))
    names = tuple(found.keys())
    for values in found:
        row = dict(zip(names, values, strict=True))
        places, level = _JSON(row["evidence_places"])[0], row["suggestion_level"]
        row["evidence_places"] = places
        row["evidence"] = "\n".join(" ".join(item["quote"].split()) for item in places)
        if level is not None:
            chances = _JSON(row["suggestion_probability"])[0]
            row["suggestion_probability"] = float(chances[level - first])
        row["is_fenced"] = _yes_no(row["is_fenced"])
        yield row


def _events(project_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            LabelEvent.id.label("event_id"),
            Protocol.external_id.label("protocol_id"),
            Account.username.label("coder"),
            Account.display_name.label("coder_name"),
            LabelEvent.lane,
            LabelEvent.action,
            LabelEvent.level,
            LabelEvent.confidence,
            null().label("evidence"),
            cast(LabelEvent.evidence, Text).label("evidence_places"),
            LabelEvent.note,
            RubricVersion.rubric_id,
            RubricVersion.version.label("rubric_version"),
            LabelEvent.rubric_sha256,
            LabelEvent.exposure,
            Serving.arm,
            Adjudication.reason,
            Suggestion.level.label("suggestion_level"),
            cast(Suggestion.probabilities, Text).label("suggestion_probability"),
            ModelVersion.number.label("model_version"),
            LabelEvent.seconds,
            LabelEvent.supersedes_id.label("supersedes"),
            type_coerce(LabelEvent.recorded_at, UtcText).label("recorded_at"),
            type_coerce(LabelEvent.made_at, UtcText).label("made_at"),
            LabelEvent.origin,
            fence.IS_FENCED.label("is_fenced"),
            LabelEvent.sha256.label("label_sha256"),
        )
        .select_from(LabelEvent)
        .outerjoin(Serving, Serving.id == LabelEvent.serving_id)
        .outerjoin(Adjudication, Adjudication.label_event_id == LabelEvent.id)
        .join(Protocol, Protocol.id == LabelEvent.protocol_id)
        .join(Account, Account.id == LabelEvent.account_id)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .outerjoin(Suggestion, Suggestion.id == LabelEvent.suggestion_id)
        .outerjoin(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
        .where(LabelEvent.project_id == project_id)
        .order_by(LabelEvent.id)
    )


def protocol_rows(session: Session, project: Project) -> Iterator[dict[str, Any]]:
    """Every protocol of a project with the level it counts as and how that came about."""
    rubric = project_rubric(session, project)
    in_use = (rubric.version, rubric.sha256)
    statement = _protocols(current_version_id(session, project.id))
    own = select(Protocol.id, Protocol.external_id).where(Protocol.project_id == project.id)
    names = dict(session.execute(own.order_by(Protocol.id)).all())
    linked = _Linked(studies.places(session, project.id), names)
    # By chunks: memory stays the same, and labels are read for a chunk at once. By their ids: for
    # a stretch of them SQLite would go through the whole project each time.
    for chunk in _chunks(list(names)):
        standings = _standings(session, chunk)
        for row in session.execute(statement.where(Protocol.id.in_(chunk))):
            standing = standings[row.id]
            version, digest = standing.read_by(in_use)
            pinned = {"rubric_id": rubric.id, "rubric_version": version, "rubric_sha256": digest}
            said = _protocol_row(row, standing, rubric.scale[0])
            yield said | pinned | _study_row(row.id, linked)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


@dataclass(frozen=True)
class _Linked:
    """Where linked protocols stand, and what all are called."""

    places: dict[int, studies.Place]
    names: dict[int, str]


def _study_row(protocol_id: int, linked: _Linked) -> dict[str, Any]:
    place = linked.places.get(protocol_id, studies.Place(None, 0, None, None))
    return {
        "version_of": linked.names.get(place.version_of or 0),
        "version_number": place.number or None,
        "superseded_by": linked.names.get(place.superseded_by or 0),
        "copy_of": linked.names.get(place.copy_of or 0),
    }


def _protocols(version_id: int | None) -> Select[Any]:
    current = and_(Suggestion.protocol_id == Protocol.id, Suggestion.model_version_id == version_id)
    return (
        select(
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            Protocol.content_hash,
            Protocol.sections,
            Protocol.text,
            Protocol.details,
            Suggestion.level.label("suggestion_level"),
            Suggestion.probabilities,
            ModelVersion.number.label("model_version"),
            fence.IS_FENCED.label("is_fenced"),
        )
        .outerjoin(Suggestion, current)
        .outerjoin(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
        .order_by(Protocol.id)
    )


@dataclass
class _Standing:
    """The current levels of one protocol."""

    final: int | None = None
    by_account: dict[int, int] = field(default_factory=dict)
    by_name: dict[str, int] = field(default_factory=dict)
    final_by: tuple[int, str] | None = None  # number and hash of the rubric version
    coders_by: list[tuple[int, str]] = field(default_factory=list)

    def read_by(self, in_use: tuple[int, str]) -> tuple[int, str]:
        """The rubric version behind the level: the final one's, else the oldest of the coders'."""
        return self.final_by or min(self.coders_by, default=in_use)


def _standings(session: Session, protocols: Sequence[int]) -> defaultdict[int, _Standing]:
    """Current levels of some protocols; the newest final one counts."""
    statement = (
        select(
            CurrentLabel.protocol_id,
            CurrentLabel.account_id,
            CurrentLabel.lane,
            CurrentLabel.level,
            Account.username,
            RubricVersion.version,
            RubricVersion.sha256,
        )
        .join(Account, Account.id == CurrentLabel.account_id)
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .where(
            CurrentLabel.protocol_id.in_(protocols),
            CurrentLabel.action == Action.label,
            CurrentLabel.lane.not_in(HIDDEN_LANES),
        )
        .order_by(CurrentLabel.event_id)
    )
    found: defaultdict[int, _Standing] = defaultdict(_Standing)
    rows: Any = session.execute(statement)
    for protocol, account, lane, level, name, version, digest in rows:
        standing = found[protocol]
        if lane == Lane.final:
            standing.final, standing.final_by = level, (version, digest)
        else:
            standing.coders_by.append((version, digest))
            standing.by_account[account] = level
            standing.by_name[name] = level
    return found


def _protocol_row(row: Row[Any], standing: _Standing, first: int) -> dict[str, Any]:
    level, source = final_level(standing.final, standing.by_account)
    return {
        "protocol_id": row.external_id,
        "title": row.title,
        "final_level": level,
        "final_from": source,
        "n_coders": len(standing.by_name),
        "coder_levels": standing.by_name,
        "suggestion_level": row.suggestion_level,
        "suggestion_probability": _probability(row, first),
        "model_version": row.model_version,
        "is_fenced": _yes_no(row.is_fenced),
        "content_sha256": row.content_hash,
        "sections": row.sections,
        "text": row.text,
        "metadata": row.details,
    }


def _probability(row: Row[Any], first: int) -> float | None:
    """The probability of the suggested level; `first` is the lowest level of the scale."""
    if row.suggestion_level is None:
        return None
    return float(row.probabilities[row.suggestion_level - first])


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else str(bool(value)).lower()
