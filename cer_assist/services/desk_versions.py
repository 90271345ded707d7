"""What each model version changed: levels it suggests otherwise than the published one before it.

Both must have scored a protocol, each while it wanted a reader. Suggestions of older versions that
nobody was served are deleted in time (`models.prune_suggestions`), so what is compared of those is
the part that was served; how many are left of each version is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, defer

from cer_assist.domain.labels import Action, Lane
from cer_assist.services import models
from cer_assist.services.desk_protocols import protocol, written
from cer_assist.services.desk_readings import Desk
from cer_assist.services.moves import Moves
from cer_assist.store.tables import LabelEvent, ModelVersion, Suggestion
from cer_assist.store.types import table_of

PAGE = 10
_new, _old = table_of(Suggestion).alias("new"), table_of(Suggestion).alias("old")
_event = table_of(LabelEvent)


@dataclass(frozen=True, slots=True)
class Changed:
    """A published version beside the one before it."""

    version: ModelVersion
    before: int | None  # number of the version before
    new_labels: int  # coders' answers and final levels recorded since the one before was trained
    kept: int  # suggestions of it that are stored
    kept_before: int  # likewise of the version before
    moves: Moves

    @property
    def up(self) -> int:
        """Protocols whose suggested level rose."""
        return sum(n for (was, now), n in self.moves.counts.items() if now > was)

    @property
    def down(self) -> int:
        """Protocols whose suggested level fell."""
        return self.moves.moved - self.up


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some of a project's published versions, newest first."""

    rows: list[Changed]
    total: int
    page: int
    pages: int
    in_use: int | None


def versions(session: Session, desk: Desk, page: int) -> VersionPage:
    """A page of versions, each beside the one before it."""
    known = and_(ModelVersion.project_id == desk.project_id, ModelVersion.published_at.is_not(None))
    total = session.execute(select(func.count(ModelVersion.id)).where(known)).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    found = session.scalars(
        select(ModelVersion)
        .options(defer(ModelVersion.words), defer(ModelVersion.word_scores))
        .where(known)
        .order_by(ModelVersion.number.desc())
        .limit(PAGE + 1)  # the last one's predecessor as well
        .offset((page - 1) * PAGE)
    ).all()
    after: list[ModelVersion | None] = [*found[1:], None]
    pairs = list(zip(found, after, strict=False))[:PAGE]
    counts = _counts(session, desk, pairs)
    kept = _kept(session, [one.id for one in found])
    rows = [
        Changed(
            one,
            None if earlier is None else earlier.number,
            _new_labels(session, desk.project_id, one, earlier),
            kept.get(one.id, 0),
            0 if earlier is None else kept.get(earlier.id, 0),
            Moves(counts.get(one.id, {})),
        )
        for one, earlier in pairs
    ]
    return VersionPage(
        rows, total, page, pages, models.current_version_id(session, desk.project_id)
    )


_Pairs = Sequence[tuple[ModelVersion, ModelVersion | None]]


def _counts(session: Session, desk: Desk, pairs: _Pairs) -> dict[int, dict[tuple[int, int], int]]:
    compared = [
        and_(_new.c.model_version_id == one.id, _old.c.model_version_id == earlier.id)
        for one, earlier in pairs
        if earlier is not None
    ]
    found: defaultdict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    joined: Any = _new.join(_old, _old.c.protocol_id == _new.c.protocol_id)
    visible = []
    if desk.viewer.codes:
        joined = joined.join(protocol, protocol.c.id == _new.c.protocol_id)
        visible = [desk.is_over()]
    for pair in compared:  # one at a time: with OR, no index serves
        rows = session.execute(
            select(_new.c.model_version_id, _old.c.level, _new.c.level, func.count())
            .select_from(joined)
            .where(pair, *visible)
            .group_by(_new.c.model_version_id, _old.c.level, _new.c.level)
        )
        for version_id, was, now, number in rows:
            found[version_id][was, now] = number
    return found


def _kept(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(_new.c.model_version_id, func.count())
        .where(_new.c.model_version_id.in_(ids))
        .group_by(_new.c.model_version_id)
    )
    return {key: number for key, number in rows}  # noqa: C416 - rows are not pairs to mypy


def _new_labels(
    session: Session, project_id: int, one: ModelVersion, earlier: ModelVersion | None
) -> int:
    return session.execute(
        select(func.count()).where(
            _event.c.project_id == project_id,
            _event.c.id > (0 if earlier is None else earlier.last_event_id),
            _event.c.id <= one.last_event_id,
            _event.c.action == written(Action.label),
            _event.c.lane.in_([written(Lane.coder), written(Lane.final)]),
        )
    ).scalar_one()


Pair = tuple[ModelVersion, ModelVersion]


def pair(session: Session, project_id: int, number: int) -> Pair | None:
    """The published version before the one of this number, and that one."""
    found = session.scalars(
        select(ModelVersion)
        .options(defer(ModelVersion.words), defer(ModelVersion.word_scores))
        .where(
            ModelVersion.project_id == project_id,
            ModelVersion.published_at.is_not(None),
            ModelVersion.number <= number,
        )
        .order_by(ModelVersion.number.desc())
        .limit(2)
    ).all()
    if len(found) < 2 or found[0].number != number:
        return None
    return found[1], found[0]
