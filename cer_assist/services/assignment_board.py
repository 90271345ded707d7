"""Who has how much of what was assigned, for leads; and a coder's own, for their home page.

A coder is shown their own assignments and no one else's: who else reads a protocol is not told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import audit
from cer_assist.services.queue_assigned import IN_TURN
from cer_assist.store.tables import (
    Account,
    Assignment,
    CurrentLabel,
    Membership,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.tables.accounts import CODING, Role
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import now, table_of

TAGS_SET = "membership.tags"
MOST_TAGS, LONGEST_TAG = 20, 60
SHOWN = 10  # of a coder's own that wait


@dataclass(frozen=True, slots=True)
class CoderLine:
    """What one coder was asked to read."""

    account_id: int
    username: str
    name: str
    tags: list[str]
    may_label: bool  # else what they have open waits for nobody
    open: int
    overdue: int
    done: int
    again: int  # open ones that they have answered before
    skipped: int
    next_due: dt.date | None


@dataclass(frozen=True, slots=True)
class Mine:
    """A protocol that a coder is asked to read."""

    protocol_id: int
    external_id: str
    title: str
    kind: AssignmentKind
    note: str
    due_on: dt.date | None
    is_skipped: bool
    days_over: int  # since it was due; 0: it is not overdue


@dataclass(frozen=True, slots=True)
class InHand:
    """A protocol that a coder was given, assigned or not, and has not answered."""

    protocol_id: int
    external_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Own:
    """A coder's own work in a project."""

    open: int
    overdue: int
    skipped: int
    done: int
    due_next: dt.date | None
    first: list[Mine]  # in the order in which they come, skipped ones last
    again: list[Mine]  # sent back, or due once more
    in_hand: InHand | None

    @property
    def was_asked(self) -> bool:
        """Whether anything was ever assigned to them."""
        return bool(self.open or self.done)


_asked, _label = table_of(Assignment), table_of(CurrentLabel)
_is_open = _asked.c.state == AssignmentState.open
_is_skipped = and_(_is_open, _label.c.action == Action.skip)
_is_again = and_(_is_open, _asked.c.kind != AssignmentKind.assigned)
_is_overdue = and_(_is_open, _asked.c.due_on < bindparam("today"))
_OWN_LABEL = and_(
    _label.c.protocol_id == _asked.c.protocol_id,
    _label.c.account_id == _asked.c.account_id,
    _label.c.lane == Lane.coder,
)
_COUNTS = (
    func.count().filter(_is_open).label("open"),
    func.count().filter(_is_overdue).label("overdue"),
    func.count().filter(_asked.c.state == AssignmentState.answered).label("done"),
    func.count().filter(_is_again).label("again"),
    func.count().filter(_is_skipped).label("skipped"),
    func.min(_asked.c.due_on).filter(_is_open).label("next_due"),
)
_BY_CODER = (
    select(_asked.c.account_id, *_COUNTS)
    .select_from(_asked.outerjoin(_label, _OWN_LABEL))
    .where(_asked.c.project_id == bindparam("project"))
    .group_by(_asked.c.account_id)
)
_OWN_COUNTS = (
    select(*_COUNTS)
    .select_from(_asked.outerjoin(_label, _OWN_LABEL))
    .where(_asked.c.project_id == bindparam("project"))
    .where(_asked.c.account_id == bindparam("account"))
)
_serving = table_of(Serving)
_protocol = table_of(Protocol)
_IN_HAND = (
    select(_protocol.c.id, _protocol.c.external_id, _protocol.c.title)
    .join(_serving, _serving.c.protocol_id == _protocol.c.id)
    .where(
        _serving.c.project_id == bindparam("project"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.state == ServingState.open,
    )
)
_MINE = (
    select(
        _protocol.c.id,
        _protocol.c.external_id,
        _protocol.c.title,
        _asked.c.kind,
        _asked.c.note,
        _asked.c.due_on,
        func.coalesce(_label.c.action == Action.skip, False),
    )
    .select_from(_asked.outerjoin(_label, _OWN_LABEL))
    .join(_protocol, _protocol.c.id == _asked.c.protocol_id)
    .where(_asked.c.project_id == bindparam("project"))
    .where(_asked.c.account_id == bindparam("account"), _is_open)
    .order_by(func.coalesce(_label.c.action == Action.skip, False), *IN_TURN)
)


def by_coder(session: Session, project_id: int) -> list[CoderLine]:
    """Everyone who may label or still has something open, by name."""
    where = {"project": project_id, "today": now().date()}
    counts = {row.account_id: row for row in session.execute(_BY_CODER, where)}
    people = session.execute(
        select(
            Account.id,
            Account.username,
            Account.display_name,
            Account.disabled_at,
            Membership.tags,
            Membership.role,
        )
        .outerjoin(
            Membership,
            and_(Membership.account_id == Account.id, Membership.project_id == project_id),
        )
        .where(Account.id.in_(counts) | Membership.role.in_(CODING))
        .order_by(Account.display_name, Account.id)
    )
    found = []
    for key, username, name, disabled_at, tags, role in people:
        row = counts.get(key)
        figures = tuple(row)[1:] if row else (0, 0, 0, 0, 0, None)
        may = disabled_at is None and role in CODING
        line = CoderLine(key, username, name, tags or [], may, *figures)
        if may or line.open:
            found.append(line)
    return found


def own(session: Session, project_id: int, account_id: int) -> Own:
    """What a coder is asked to read, and what they have in hand."""
    where = {"project": project_id, "account": account_id, "today": now().date()}
    sums = session.execute(_OWN_COUNTS, where).one()
    in_hand = session.execute(_IN_HAND, where).first()
    today = now().date()
    rows = [
        Mine(key, name, title, AssignmentKind(kind), note, due, skips, _over(due, today))
        for key, name, title, kind, note, due, skips in session.execute(_MINE, where)
    ]
    again = [one for one in rows if one.kind is not AssignmentKind.assigned]
    first = [one for one in rows if one.kind is AssignmentKind.assigned][:SHOWN]
    held = InHand(*in_hand) if in_hand else None
    return Own(sums.open, sums.overdue, sums.skipped, sums.done, sums.next_due, first, again, held)


def set_tags(
    session: Session, project: Project, account_id: int, tags: Sequence[str], by: int | None
) -> list[str]:
    """What a coder knows of, as protocols say it; each tag once."""
    row = session.get(Membership, (project.id, account_id))
    if row is None or Role(row.role) not in CODING:
        raise InvalidInput("Tags are for people who label in this project.")
    wanted = list({" ".join(tag.split()).casefold(): None for tag in tags if tag.strip()})
    if len(wanted) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in wanted):
        raise InvalidInput(
            f"A coder has up to {MOST_TAGS} tags of up to {LONGEST_TAG} characters: leave some out."
        )
    if wanted != row.tags:
        entry = audit.Entry(TAGS_SET, f"account:{account_id}", {"tags": [row.tags, wanted]})
        row.tags = wanted
        session.flush()  # what is dealt next must see them
        audit.append(session, entry, account_id=by, project_id=project.id)
    return wanted


def _over(due_on: dt.date | None, today: dt.date) -> int:
    return max(0, (today - due_on).days) if due_on else 0
