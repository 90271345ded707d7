"""The fenced sample: which protocols are in it, how far they are read, and what that measured.

No label of theirs is learnt by any path (`training_data`), so what a version says of them is
compared with what two readers said who had seen nothing of it. Nobody is told which they are while
they want a reader: whoever leads may code as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, case, exists, insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Exposure, Lane, Origin, final_level
from cer_assist.services import fence_draws, jobs
from cer_assist.services.models import current_version_id
from cer_assist.services.reports import Stored, kept, numbered
from cer_assist.store.tables import (
    CurrentLabel,
    FencedFigures,
    FencedProtocol,
    FencedScore,
    LabelEvent,
    ModelVersion,
    Project,
    Protocol,
)
from cer_assist.store.types import now, table_of

READERS = 2
LEAST_SETTLED = 20  # an interval from fewer says less than it seems to
# Where suggestions are shown from the start, one protocol in so many is read without: a fenced one
# always is, and would stand out alone.
WITHHELD = 5

_protocol, _fenced = table_of(Protocol), table_of(FencedProtocol)
_label, _event = table_of(CurrentLabel), table_of(LabelEvent)
# For a statement that reads the table of protocols.
FENCED = exists().where(_fenced.c.protocol_id == _protocol.c.id)
_has_answer = exists().where(
    _label.c.protocol_id == _protocol.c.id, _label.c.action == Action.label
)
# For exports: none is named that nobody has answered; who takes an export has seen the others.
IS_FENCED = case((_has_answer, FENCED), else_=None)
_HAS_SAMPLE = exists().where(_fenced.c.project_id == bindparam("project"))
_WITHHELD = select(
    FENCED
    | (exists().where(_fenced.c.project_id == _protocol.c.project_id))
    & (_protocol.c.shuffle % WITHHELD == 0)
).where(_protocol.c.id == bindparam("protocol"))


class Standing(StrEnum):
    """Where a protocol of the sample stands."""

    unread = "unread"
    once = "once"
    settled = "settled"  # counts
    differ = "differ"  # readings differ, and nobody has settled them
    not_blind = "not_blind"  # complete, but not by two readers who had seen nothing


@dataclass(frozen=True, slots=True)
class Reading:
    """A protocol of the sample and what its readers said."""

    protocol_id: int
    standing: Standing
    level: int | None  # that counts as the truth
    levels: tuple[int, ...] = ()  # that it may have: this one, or those that its readers gave


@dataclass(frozen=True, slots=True)
class FencedEstimate:
    """How good a version is, measured on the protocols of the sample that are settled."""

    n: int
    size: int
    wanted: int
    accuracy: dict[str, Any]
    qwk: dict[str, Any]
    mae: dict[str, Any]
    bounds: dict[str, float]  # accuracy if those whose readings differ were all wrong, all right
    differ: int
    population: int | None  # what the sample was drawn from; None for several draws
    version: int
    made_at: dt.datetime

    @property
    def measured_on(self) -> str:
        """In words, for wherever a figure stands."""
        return (
            f"{self.n} protocols drawn at random, read by {READERS} people who had not seen what "
            "the model says of them, and never learnt from"
        )

    @property
    def speaks_for(self) -> str:
        """The protocols that the figures and their intervals are of."""
        if self.population is None:
            return "the protocols that nobody had read at each of the draws"
        return f"the {self.population:,} protocols that nobody had read when it was drawn"


def has_sample(session: Session, project_id: int) -> bool:
    """Whether anything was ever drawn."""
    return bool(session.execute(select(_HAS_SAMPLE), {"project": project_id}).scalar())


def fenced_ids(session: Session, project_id: int) -> set[int]:
    """The protocols of the sample."""
    statement = select(FencedProtocol.protocol_id).where(FencedProtocol.project_id == project_id)
    return set(session.scalars(statement))


def is_withheld(session: Session, protocol_id: int) -> bool:
    """Whether a protocol is read without a suggestion even where they are shown from the start."""
    return bool(session.execute(_WITHHELD, {"protocol": protocol_id}).scalar())


def measure_soon(session: Session, project_id: int) -> None:
    """Have the sample measured; call it in the transaction that stores a label or publishes.

    After every label of the project: one that came only after some would tell which those are.
    """
    if has_sample(session, project_id):
        jobs.enqueue(session, jobs.FENCE, project_id, unless_waiting=True)


def readings(session: Session, project_id: int) -> list[Reading]:
    """Every protocol of the sample as it stands, by id."""
    rows = session.execute(
        select(FencedProtocol.protocol_id, Protocol.coders_wanted, Protocol.coders_missing)
        .join(Protocol, Protocol.id == FencedProtocol.protocol_id)
        .where(FencedProtocol.project_id == project_id)
        .order_by(FencedProtocol.protocol_id)
    ).all()
    blind, adjudicated = _blind(session, project_id), _adjudicated(session, project_id)
    found = []
    for key, wanted, missing in rows:
        said = blind.get(key, {})
        level, how = final_level(adjudicated.get(key), said)
        if said and level is not None and how in ("adjudicated", "agreed"):
            found.append(Reading(key, Standing.settled, level, (level,)))
        else:
            standing = _why_not(how, wanted, missing)
            given = tuple(said.values()) if standing is Standing.differ else ()
            found.append(Reading(key, standing, None, given))
    return found


def _why_not(how: str, wanted: int, missing: int) -> Standing:
    if how == "disagreed":
        return Standing.differ
    if not missing:
        return Standing.not_blind
    return Standing.once if missing < wanted else Standing.unread


def _blind(session: Session, project_id: int) -> dict[int, dict[int, int]]:
    """What each coder last said of each fenced protocol before having seen anything of it.

    A slip that was put right before anything was shown does not count, a change of mind after a
    suggestion does not either.
    """
    rows = session.execute(
        select(_event.c.protocol_id, _event.c.account_id, _event.c.level)
        .join(_fenced, _fenced.c.protocol_id == _event.c.protocol_id)
        .where(
            _fenced.c.project_id == project_id,
            _event.c.lane == Lane.coder,
            _event.c.exposure == Exposure.blind,
            _event.c.origin != Origin.imported,  # we did not see it made
            _event.c.action != Action.skip,
        )
        .order_by(_event.c.id)
    )
    said = {(protocol, account): level for protocol, account, level in rows}
    found: dict[int, dict[int, int]] = {}
    for (protocol, account), level in said.items():
        if level is not None:
            found.setdefault(protocol, {})[account] = level
    return found


def _adjudicated(session: Session, project_id: int) -> dict[int, int]:
    rows = session.execute(
        select(_label.c.protocol_id, _label.c.level)
        .join(_fenced, _fenced.c.protocol_id == _label.c.protocol_id)
        .where(_fenced.c.project_id == project_id)
        .where(_label.c.lane == Lane.final, _label.c.action == Action.label)
        .order_by(_label.c.event_id)
    )
    return dict(rows.all())


def unscored(session: Session, project_id: int, version_id: int) -> set[int]:
    """Protocols of the sample of which a version has not been asked yet."""
    scored = select(FencedScore.protocol_id).where(FencedScore.model_version_id == version_id)
    return fenced_ids(session, project_id) - set(session.scalars(scored))


def add_scores(session: Session, version_id: int, said: dict[int, tuple[int, float]]) -> None:
    """Store level and uncertainty that a version says of protocols of the sample."""
    if said:
        rows = [
            {
                "model_version_id": version_id,
                "protocol_id": key,
                "level": level,
                "uncertainty": uncertainty,
            }
            for key, (level, uncertainty) in said.items()
        ]
        session.execute(insert(FencedScore), rows)


def scores(session: Session, version_id: int) -> dict[int, int]:
    """What a version says of the protocols of the sample."""
    statement = select(FencedScore.protocol_id, FencedScore.level)
    rows = session.execute(statement.where(FencedScore.model_version_id == version_id))
    return dict(rows.all())


def add_estimate(
    session: Session, version_id: int, n: int, size: int, figures: dict[str, Any]
) -> None:
    """Store figures unless the last ones say the same."""
    last = _last_estimate(session, version_id)
    if last is None or (last.n, last.size, kept(Stored.fence, last.figures)) != (n, size, figures):
        document = numbered(Stored.fence, figures)
        row = FencedFigures(
            model_version_id=version_id, made_at=now(), n=n, size=size, figures=document
        )
        session.add(row)


def estimate(session: Session, project: Project) -> FencedEstimate | None:
    """The newest figures of the version in use; None while too few protocols are settled."""
    version_id = current_version_id(session, project.id)
    found = _last_estimate(session, version_id) if version_id else None
    figures = kept(Stored.fence, found.figures) if found else None
    if found is None or figures is None:
        return None
    number = session.get_one(ModelVersion, version_id).number
    wanted = sum(draw.asked for draw in fence_draws.draws(session, project.id))
    said = {"version": number, "made_at": found.made_at, **figures}
    return FencedEstimate(found.n, found.size, wanted, **said)


def _last_estimate(session: Session, version_id: int) -> FencedFigures | None:
    return session.scalars(
        select(FencedFigures)
        .where(FencedFigures.model_version_id == version_id)
        .order_by(FencedFigures.id.desc())
        .limit(1)
    ).first()


def counts(found: Iterable[Reading]) -> dict[Standing, int]:
    """How many protocols stand where."""
    all_of = [one.standing for one in found]
    return {standing: all_of.count(standing) for standing in Standing}
