"""Which protocol a coder reads next, and why.

Serving is also reserving: the choice and its row are one transaction, so two coders cannot be given
the same protocol unless it wants two readers. What strategies say of protocols the worker computed
before (`queue_order`): here the first free one is taken. Protocols of the fenced sample come by
random order only, whatever else is stored of them: chosen by what a model says, they would measure
that model wrongly. What a coder was asked to read by name comes first (`queue_assigned`).
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, insert, null, select, text, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.serving import (
    ASSIGNED,
    FENCED,
    PICKED,
    PINNED,
    PUT_OFF,
    RANDOM,
    RETURNED,
    SECOND_READING,
    TAKEN_BACK,
    draw_strategy,
)
from cer_assist.services import arms, explanations, qualification, queue_assigned, queue_hidden
from cer_assist.services.models import IN_USE, current_version_id
from cer_assist.services.queue_assigned import Asked
from cer_assist.services.queue_turns import attempts
from cer_assist.services.queue_wishes import IS_HELD
from cer_assist.services.unannounced import Sought
from cer_assist.store.tables import (
    CurrentLabel,
    FencedProtocol,
    Highlight,
    ModelVersion,
    NearCopy,
    Project,
    Protocol,
    ProtocolLink,
    QueuePlace,
    QueueWish,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import as_written, now, table_of

SHUFFLE_RANGE = 2**31 - 1


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
    lane: str = Lane.coder  # where the answer is kept


IS_OPEN = as_written(f"'{ServingState.open}'")
_protocol, _serving, _suggestion = table_of(Protocol), table_of(Serving), table_of(Suggestion)
_highlight, _version = table_of(Highlight), table_of(ModelVersion)
_label, _others = table_of(CurrentLabel), table_of(CurrentLabel).alias("others")
_place, _fence = table_of(QueuePlace), table_of(FencedProtocol)
_wish, _pin = table_of(QueueWish), table_of(QueueWish).alias("pin")
_link = table_of(ProtocolLink)
_copy, _other_copy = table_of(NearCopy), table_of(NearCopy).alias("other_copy")
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
        _serving.c.state == IS_OPEN,
        _serving.c.lane == Lane.coder,
        _serving.c.account_id != bindparam("account"),
        _serving.c.reserved_until > bindparam("at"),
    )
    .scalar_subquery()
)
IS_FENCED = exists().where(_fence.c.protocol_id == _protocol.c.id)
_half_read = exists().where(
    _others.c.protocol_id == _protocol.c.id,
    _others.c.lane == Lane.coder,
    _others.c.action == Action.label,
)
# Superseded or a copy: not begun any more, but what was begun is read to its end.
_left = exists().where(_link.c.left_id == _protocol.c.id) & ~_half_read
_just_served = _serving.alias("just_served")
_copy_was_served = exists().where(
    _copy.c.protocol_id == _protocol.c.id,
    _other_copy.c.cluster == _copy.c.cluster,
    _just_served.c.protocol_id == _other_copy.c.protocol_id,
    _just_served.c.served_at > bindparam("copies_since"),
)
_said = and_(
    _suggestion.c.protocol_id == _protocol.c.id,
    _suggestion.c.model_version_id == bindparam("version"),
)
_columns = (
    _protocol.c.id.label("protocol_id"),
    _suggestion.c.id.label("suggestion_id"),
    exists().where(_highlight.c.suggestion_id == _suggestion.c.id).label("has_words"),
)
_candidate = select(*_columns, null().label("score")).select_from(_protocol)
# For an `account`, `at` a time: nobody else has it open or was promised it, unless it wants more
# readers than those.
IS_FREE = (
    _protocol.c.coders_missing > as_written("0"),
    _reserved + queue_assigned.PROMISED < _protocol.c.coders_missing,
    ~IS_HELD,
    ~_left,
)
_free = _candidate.outerjoin(_suggestion, _said).where(
    _protocol.c.project_id == bindparam("project"), *IS_FREE
)
# Without the protocol's own project: SQLite would go through all of its protocols to find these.
_free_of_few = _candidate.outerjoin(_suggestion, _said).where(*IS_FREE)
_theirs = (
    _candidate.add_columns(*queue_assigned.WHAT)
    .outerjoin(_suggestion, _said)
    .join(queue_assigned.THEIRS, queue_assigned.ON)
    .where(*queue_assigned.IS_THEIRS, ~IS_HELD)
    .order_by(*queue_assigned.IN_TURN)
    .limit(1)
)
_in_turn = _free.where(~_mine).order_by(_protocol.c.shuffle).limit(1)
_from_pivot = _in_turn.where(_protocol.c.shuffle >= bindparam("pivot"))
_QUERIES = {
    RANDOM: _from_pivot.where(~_copy_was_served),
    FENCED: _free_of_few.join(_fence, _fence.c.protocol_id == _protocol.c.id)
    .where(_fence.c.project_id == bindparam("project"), ~_mine, ~_copy_was_served)
    .order_by(_protocol.c.shuffle)
    .limit(1),
    # Another reader of the same is no copy, and agreement wants them soon.
    SECOND_READING: _from_pivot.where(_half_read),
    PINNED: _free_of_few.join(_pin, _pin.c.protocol_id == _protocol.c.id)
    .where(_pin.c.project_id == bindparam("project"), _pin.c.wish == Wish.pinned)
    .where(~_mine, ~IS_FENCED)
    .order_by(_pin.c.at, _pin.c.protocol_id)
    .limit(1),
    ASSIGNED: _theirs.where(~_skipped_by_me),
    PUT_OFF: _theirs.where(_skipped_by_me),
    RETURNED: _free.where(_skipped_by_me).order_by(_protocol.c.shuffle).limit(1),
}
_BY_ORDER = (
    select(*_columns, _place.c.score)
    .select_from(_place)
    .join(_protocol, _protocol.c.id == _place.c.protocol_id)
    .outerjoin(_suggestion, _said)
    .where(_place.c.model_version_id == bindparam("version"))
    .where(_place.c.strategy == bindparam("strategy"))
    # Mine first: it is the quickest to tell, and the front of an order is what I have read of it.
    .where(~_mine, *IS_FREE, ~IS_FENCED, ~_copy_was_served)
    .order_by(_place.c.place)
    .limit(1)
)
_STANDS = (
    select(
        _version.c.id,
        _version.c.label_count,
        exists()
        .where(_wish.c.project_id == bindparam("project"), _wish.c.wish == Wish.pinned)
        .label("any_pinned"),
        exists().where(_fence.c.project_id == bindparam("project")).label("any_fenced"),
        queue_assigned.ANY_THEIRS.label("any_theirs"),
        table_of(Project).c.open_pool,
    )
    .select_from(table_of(Project).outerjoin(_version, _version.c.id == IN_USE))
    .where(table_of(Project).c.id == bindparam("project"))
)
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
        _serving.c.lane,
        _serving.c.reserved_until,
        _protocol.c.coders_missing,
    )
    .join(_protocol, _protocol.c.id == _serving.c.protocol_id)
    .where(
        _serving.c.project_id == bindparam("project"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.state == IS_OPEN,
    )
)
_RELEASE = (
    update(_serving)
    .where(
        _serving.c.project_id == bindparam("project"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.state == IS_OPEN,
    )
    .values(state=ServingState.released)
)
_RESERVE = (
    update(_serving)
    .where(_serving.c.id == bindparam("serving"))
    .values(reserved_until=bindparam("until"))
)
_INSERT = insert(_serving).values(arm=arms.KEPT).returning(_serving.c.id)
# Open until answered, given back or taken away, whatever else becomes of the protocol.
_KEPT = (PICKED, TAKEN_BACK, *queue_assigned.STRATEGIES.values())


def serve_next(
    session: Session, project: Project, account_id: int, dice: random.Random
) -> Served | None:
    """The protocol this coder has open, or a new one; None when nothing is left for them."""
    take_turns(session, project.id)
    still_open = _open_serving(session, project, account_id)
    if still_open is not None:
        return still_open
    qualification.refuse(session, project, account_id)
    stands = session.execute(_STANDS, {"project": project.id, "account": account_id}).one()
    version_id = stands.id
    lane, chance = queue_hidden.draw(project, dice.random())
    drawn = draw_strategy(
        chance,
        project.shares,
        double_coded=project.double_coded_share,
        has_model=version_id is not None,
        has_learnt=bool(stands.label_count),
    )
    if drawn == FENCED and not stands.any_fenced:
        drawn = RANDOM
    at, pivot = now(), dice.randrange(SHUFFLE_RANGE)
    where = {"project": project.id, "account": account_id, "version": version_id, "at": at}
    for name, start, since in attempts(drawn, stands, pivot, at):
        where |= {"strategy": name, "pivot": start, "copies_since": since}
        found = session.execute(_QUERIES.get(name, _BY_ORDER), where).first()
        if found is not None:
            if lane is not None and name in (drawn, RANDOM):
                sought = Sought(account_id, version_id is not None, pivot, at)
                if instead := queue_hidden.instead(session, project, lane, sought):
                    return serve_picked(session, project, account_id, *instead, dice, lane)
            told = queue_assigned.told_of(name, found)
            return _serve(session, project, account_id, told, version_id, found, dice)
    return None


def take_turns(session: Session, project_id: int) -> None:
    """Choosing and reserving must not overlap with another's. SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": project_id})


def serve_picked(
    session: Session,
    project: Project,
    account_id: int,
    protocol_id: int,
    strategy: str = PICKED,
    dice: random.Random = arms.DICE,
    lane: str = Lane.coder,
) -> Served:
    """A protocol the coder opened from a list, or comes back to by undo (TAKEN_BACK).

    Of a hidden lane it comes without a suggestion, and looks like those that by lot have none.
    """
    asked = queue_assigned.asked_of(session, protocol_id, account_id)
    told = asked if asked and strategy == PICKED else queue_assigned.plainly(strategy)
    release(session, project.id, account_id)
    version_id = current_version_id(session, project.id) if lane == Lane.coder else None
    found = session.execute(_ONE, {"version": version_id, "protocol": protocol_id}).one()
    return _serve(session, project, account_id, told, version_id, found, dice, lane)


def release(session: Session, project_id: int, account_id: int) -> None:
    """Give back what the coder has open and has not answered."""
    session.execute(_RELEASE, {"project": project_id, "account": account_id})


def _open_serving(session: Session, project: Project, account_id: int) -> Served | None:
    where = {"project": project.id, "account": account_id}
    found = session.execute(_OPEN, where).first()
    if found is None:
        return None
    *serving, reserved_until, missing = found
    is_taken = missing <= 0 and found.lane == Lane.coder
    if found.strategy not in _KEPT and (is_taken or reserved_until < now()):
        session.execute(_RELEASE, where)
        return None
    until = now() + dt.timedelta(minutes=project.reservation_minutes)
    session.execute(_RESERVE, {"serving": found.serving_id, "until": until})
    return Served(*serving)


def _serve(
    session: Session,
    project: Project,
    account_id: int,
    told: Asked,
    version_id: int | None,
    found: Any,
    dice: random.Random,
    lane: str = Lane.coder,
) -> Served:
    """Reserve the protocol `found`, with what the version says of it."""
    at = now()
    if version_id is not None and found.suggestion_id is not None and not found.has_words:
        explanations.ask(session, project.id, version_id, found.protocol_id)
    fields: dict[str, Any] = {
        "protocol_id": found.protocol_id,
        "strategy": told.strategy,
        "reason": told.reason,
        "score": found.score,
        "suggestion_id": found.suggestion_id,
        "model_version_id": version_id if found.suggestion_id else None,
        "lane": lane,
    }
    values = {
        **fields,
        "drawn": arms.draw(project, dice, lane),
        "of_protocol": found.protocol_id,
        "of_account": account_id,
        "project_id": project.id,
        "account_id": account_id,
        "state": ServingState.open,
        "served_at": at,
        "reserved_until": at + dt.timedelta(minutes=project.reservation_minutes),
    }
    serving_id = session.execute(_INSERT, values).scalar_one()
    return Served(serving_id=serving_id, **fields)
