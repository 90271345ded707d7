"""Which protocol a coder reads next, and why.

Serving is also reserving: the choice and its row are one transaction, so two coders cannot be given
the same protocol unless it wants two readers. The reason a coder sees says nothing of the level the
model expects, unless the project shows suggestions from the start.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, select, text, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.services import explanations
from cer_assist.services.models import current_version_id
from cer_assist.store.tables import CurrentLabel, Highlight, Project, Protocol, Serving, Suggestion
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import now, table_of

SHUFFLE_RANGE = 2**31 - 1

RANDOM, UNCERTAIN, SECOND_READING, RETURNED, PICKED, TAKEN_BACK = (
    "random",
    "level_spread",
    "second_reading",
    "returned",
    "picked",
    "taken_back",
)
REASONS = {
    RANDOM: "drawn at random",
    UNCERTAIN: "the model is unsure here",
    # Coders are not told which protocols a second coder reads.
    SECOND_READING: "drawn at random",
    RETURNED: "you skipped this one earlier",
    PICKED: "you opened this one yourself",
    TAKEN_BACK: "you took your answer back",
}
# The same for someone else who reads the history, and who may know of second readings.
REASONS_TOLD = {
    RANDOM: "drawn at random",
    UNCERTAIN: "the model was unsure",
    SECOND_READING: "drawn for a second reading",
    RETURNED: "came back after it was skipped",
    PICKED: "opened by the coder",
    TAKEN_BACK: "answer taken back by the coder",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A protocol in a coder's hands."""

    serving_id: int
    protocol_id: int
    strategy: str
    reason: str
    score: float | None
    suggestion_id: int | None
    model_version_id: int | None


_protocol, _serving, _suggestion = table_of(Protocol), table_of(Serving), table_of(Suggestion)
_highlight = table_of(Highlight)
_label, _others = table_of(CurrentLabel), table_of(CurrentLabel).alias("others")
_of_mine = (
    _label.c.protocol_id == _protocol.c.id,
    _label.c.account_id == bindparam("account"),
    _label.c.lane == Lane.coder,
)
_mine = exists().where(*_of_mine, _label.c.action.in_([Action.label, Action.skip]))
_skipped_by_me = exists().where(*_of_mine, _label.c.action == Action.skip)
_reserved = (
    select(func.count())
    .select_from(_serving)
    .where(
        _serving.c.protocol_id == _protocol.c.id,
        _serving.c.state == ServingState.open,
        _serving.c.account_id != bindparam("account"),
        _serving.c.reserved_until > bindparam("at"),
    )
    .scalar_subquery()
)
_said = (_suggestion.c.protocol_id == _protocol.c.id) & (
    _suggestion.c.model_version_id == bindparam("version")
)
_candidate = select(
    _protocol.c.id.label("protocol_id"),
    _suggestion.c.id.label("suggestion_id"),
    _suggestion.c.uncertainty,
    exists().where(_highlight.c.suggestion_id == _suggestion.c.id).label("has_words"),
).select_from(_protocol)
_wanted = (
    _protocol.c.project_id == bindparam("project"),
    _protocol.c.coders_missing > 0,
    _reserved < _protocol.c.coders_missing,
)
_free = _candidate.outerjoin(_suggestion, _said).where(*_wanted)
_half_read = exists().where(
    _others.c.protocol_id == _protocol.c.id,
    _others.c.lane == Lane.coder,
    _others.c.action == Action.label,
)
_in_turn = _free.where(~_mine).order_by(_protocol.c.shuffle).limit(1)
_QUERIES = {
    RANDOM: _in_turn.where(_protocol.c.shuffle >= bindparam("pivot")),
    SECOND_READING: _in_turn.where(_protocol.c.shuffle >= bindparam("pivot"), _half_read),
    UNCERTAIN: _candidate.join(_suggestion, _said)
    .where(*_wanted, ~_mine)
    .order_by(_suggestion.c.uncertainty.desc())
    .limit(1),
    RETURNED: _free.where(_skipped_by_me).order_by(_protocol.c.shuffle).limit(1),
}
_ONE = _candidate.outerjoin(_suggestion, _said).where(_protocol.c.id == bindparam("protocol"))
_OPEN = (
    select(
        _serving.c.id.label("serving_id"),
        _serving.c.protocol_id,
        _serving.c.strategy,
        _serving.c.reason,
        _serving.c.score,
        _serving.c.suggestion_id,
        _serving.c.model_version_id,
        _serving.c.reserved_until,
        _protocol.c.coders_missing,
    )
    .join(_protocol, _protocol.c.id == _serving.c.protocol_id)
    .where(
        _serving.c.project_id == bindparam("project"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.state == ServingState.open,
    )
)
_RELEASE = (
    update(_serving)
    .where(
        _serving.c.project_id == bindparam("project"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.state == ServingState.open,
    )
    .values(state=ServingState.released)
)
_RESERVE = (
    update(_serving)
    .where(_serving.c.id == bindparam("serving"))
    .values(reserved_until=bindparam("until"))
)
_INSERT = insert(_serving).returning(_serving.c.id)


def draw_strategy(
    chance: float, *, has_model: bool, random_share: float, double_coded_share: float
) -> str:
    """Which strategy serves next, for a `chance` uniform in [0, 1)."""
    if chance < double_coded_share:
        return SECOND_READING
    if not has_model or chance < double_coded_share + (1 - double_coded_share) * random_share:
        return RANDOM
    return UNCERTAIN


def serve_next(
    session: Session, project: Project, account_id: int, dice: random.Random
) -> Served | None:
    """The protocol this coder has open, or a new one; None when nothing is left for them."""
    if session.get_bind().dialect.name == "postgresql":
        # Choosing and reserving must not overlap with another coder's. SQLite has one writer.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": project.id})
    still_open = _open_serving(session, project, account_id)
    if still_open is not None:
        return still_open
    version_id = current_version_id(session, project.id)
    strategy = draw_strategy(
        dice.random(),
        has_model=version_id is not None,
        random_share=project.random_share,
        double_coded_share=project.double_coded_share,
    )
    pivot = dice.randrange(SHUFFLE_RANGE)
    # The drawn strategy may find nothing; then whatever is left, skipped ones last.
    for name, start in ((strategy, pivot), (strategy, 0), (RANDOM, 0), (RETURNED, 0)):
        where = {"project": project.id, "account": account_id, "at": now()}
        where |= {"version": version_id, "pivot": start}
        found = session.execute(_QUERIES[name], where).first()
        if found is not None:
            return _serve(session, project, account_id, name, version_id, found)
    return None


def serve_picked(
    session: Session,
    project: Project,
    account_id: int,
    protocol_id: int,
    strategy: str = PICKED,
) -> Served:
    """A protocol the coder opened from a list, or comes back to by undo (TAKEN_BACK)."""
    release(session, project.id, account_id)
    version_id = current_version_id(session, project.id)
    found = session.execute(_ONE, {"version": version_id, "protocol": protocol_id}).one()
    return _serve(session, project, account_id, strategy, version_id, found)


def release(session: Session, project_id: int, account_id: int) -> None:
    """Give back what the coder has open and has not answered."""
    session.execute(_RELEASE, {"project": project_id, "account": account_id})


def _open_serving(session: Session, project: Project, account_id: int) -> Served | None:
    where = {"project": project.id, "account": account_id}
    found = session.execute(_OPEN, where).first()
    if found is None:
        return None
    *serving, reserved_until, missing = found
    if found.strategy not in (PICKED, TAKEN_BACK) and (missing <= 0 or reserved_until < now()):
        session.execute(_RELEASE, where)
        return None
    until = now() + dt.timedelta(minutes=project.reservation_minutes)
    session.execute(_RESERVE, {"serving": found.serving_id, "until": until})
    return Served(*serving)


def _serve(
    session: Session,
    project: Project,
    account_id: int,
    strategy: str,
    version_id: int | None,
    found: Any,
) -> Served:
    """Reserve the protocol `found`, with what the version says of it."""
    at = now()
    if version_id is not None and found.suggestion_id is not None and not found.has_words:
        explanations.ask(session, project.id, version_id, found.protocol_id)
    fields: dict[str, Any] = {
        "protocol_id": found.protocol_id,
        "strategy": strategy,
        "reason": REASONS[strategy],
        "score": found.uncertainty,
        "suggestion_id": found.suggestion_id,
        "model_version_id": version_id if found.suggestion_id else None,
    }
    values = {
        **fields,
        "project_id": project.id,
        "account_id": account_id,
        "state": ServingState.open,
        "served_at": at,
        "reserved_until": at + dt.timedelta(minutes=project.reservation_minutes),
    }
    serving_id = session.execute(_INSERT, values).scalar_one()
    return Served(serving_id=serving_id, **fields)
