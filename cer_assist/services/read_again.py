"""Protocols that a coder read in some days are read once more: by them, or blind by someone else.

A lead asks for it when figures say that the coder reads differently, and gets a number, never a
list: they may code as well. Drawn at random, for any choice by level would bend the next figures;
and only of protocols whose readings are all in, as the figures are, so that no number tells of one
that somebody may still be given. Whoever asks knows which way the levels lie, so they are no blind
reader of them. Protocols of the fenced sample are drawn like any others.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import midnight
from cer_assist.domain.dealing import By, drawn
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import assignments, audit, dealing, queue, studies
from cer_assist.services.dealing import Batch
from cer_assist.services.disputes import IS_SETTLED
from cer_assist.services.queue_wishes import IS_HELD
from cer_assist.store.tables import (
    Assignment,
    CurrentLabel,
    Disclosure,
    LabelEvent,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import Disclosed, ServingState
from cer_assist.store.types import table_of

ASKED = "agreement.reread"
MOST, USUAL = 100, 10  # protocols at a time

_label, _other = table_of(CurrentLabel), table_of(CurrentLabel).alias("other")
_IS_DISPUTED = exists().where(
    _other.c.protocol_id == Protocol.id,
    _other.c.lane == Lane.coder,
    _other.c.level != _label.c.level,
)
_IS_ASKED_FOR = exists().where(
    Assignment.protocol_id == Protocol.id, Assignment.state == AssignmentState.open
)


@dataclass(frozen=True, slots=True)
class Again:
    """What a lead wants read once more."""

    coder: int  # whose readings
    number: int = USUAL  # at most
    reader: int | None = None  # None: the coder themselves
    since: dt.date | None = None  # of reading, UTC, this day included
    until: dt.date | None = None  # this day included
    note: str = ""  # to whoever reads
    seed: str = field(default_factory=lambda: secrets.token_hex(8))


def send(session: Session, project: Project, wanted: Again, by: int | None) -> int:
    """Have them read once more; how many were drawn."""
    reader = wanted.coder if wanted.reader is None else wanted.reader
    _check(session, project, wanted, by)
    queue.take_turns(session, project.id)
    found = session.execute(_eligible(project, wanted, reader))
    rows = {row.id: row.external_id for row in found}
    keys = drawn(rows, wanted.seed, wanted.number)
    if not keys:
        raise InvalidInput(_none_of(wanted))
    pairs = [(key, reader) for key in keys]
    if reader == wanted.coder:
        kind = AssignmentKind.reread
        assignments.ask_again(session, project, pairs, kind, wanted.note, by)
    else:
        names = tuple(rows[key] for key in keys)
        batch = Batch(coders=(reader,), by=By.hand, names=names, note=wanted.note, seed=wanted.seed)
        pairs = dealing.store(session, project, batch, by).pairs
    _record(session, project, wanted, pairs, by)
    return len(pairs)


def _check(session: Session, project: Project, wanted: Again, by: int | None) -> None:
    if not 1 <= wanted.number <= MOST:
        raise InvalidInput(f"Have 1 to {MOST} protocols read again at a time.")
    if wanted.since and wanted.until and wanted.until < wanted.since:
        raise InvalidInput("The last day lies before the first.")
    if wanted.reader is None:
        assignments.require_coders(session, project, [wanted.coder])
        return
    if wanted.reader == wanted.coder:
        raise InvalidInput("The second reader is the coder themselves: choose another one.")
    if wanted.reader == by:
        raise InvalidInput(
            "You have seen which way these levels lie, so you would not read blind: choose another "
            "second reader."
        )
    assignments.require_coders(session, project, [wanted.reader])


def _eligible(project: Project, wanted: Again, reader: int) -> Any:
    """Complete protocols whose answer of this coder stands and was given in these days, alone or
    undisputed, which nobody has settled or is asked for and which this reader can still read."""
    in_time = [LabelEvent.recorded_at >= midnight(wanted.since)] if wanted.since else []
    if wanted.until:
        in_time.append(LabelEvent.recorded_at < midnight(wanted.until + dt.timedelta(days=1)))
    was_read = exists().where(
        LabelEvent.protocol_id == Protocol.id,
        LabelEvent.account_id == wanted.coder,
        LabelEvent.lane == Lane.coder,
        LabelEvent.action == Action.label,
        *in_time,
    )
    return (
        select(Protocol.id, Protocol.external_id)
        .join(_label, _label.c.protocol_id == Protocol.id)
        .where(
            Protocol.project_id == project.id,
            Protocol.coders_missing == 0,
            _label.c.account_id == wanted.coder,
            _label.c.lane == Lane.coder,
            _label.c.action == Action.label,
            was_read,
            ~_IS_DISPUTED,
            ~IS_SETTLED,
            ~_IS_ASKED_FOR,
            ~IS_HELD,
            ~studies.HAS_LEFT,
            ~_is_known(reader, is_own=reader == wanted.coder),
        )
    )


def _is_known(reader: int, *, is_own: bool) -> ColumnElement[bool]:
    """They have it open, or saw others' answers; a second reader also the model's, or read it."""
    has_it_open = exists().where(
        Serving.protocol_id == Protocol.id,
        Serving.account_id == reader,
        Serving.state == ServingState.open,
    )
    saw = and_(Disclosure.protocol_id == Protocol.id, Disclosure.account_id == reader)
    if is_own:
        return or_(has_it_open, exists().where(saw, Disclosure.what == Disclosed.peer_label))
    has_read = exists().where(_other.c.protocol_id == Protocol.id, _other.c.account_id == reader)
    return or_(has_it_open, exists().where(saw), has_read)


def _none_of(wanted: Again) -> str:
    second = "" if wanted.reader is None else ", or the second reader knows them"
    return (
        "There is nothing to read again: of these days the coder has no answer, or all are of "
        "protocols that still want a reader, are disputed, settled by an adjudicator, held or "
        f"asked for by name{second}. Choose other days{' or another reader' if second else ''}."
    )


def _record(
    session: Session, project: Project, wanted: Again, pairs: list[tuple[int, int]], by: int | None
) -> None:
    detail = {
        "coder": wanted.coder,
        "reader": "themselves" if wanted.reader is None else wanted.reader,
        "since": wanted.since.isoformat() if wanted.since else None,
        "until": wanted.until.isoformat() if wanted.until else None,
        "at_most": wanted.number,
        "note": wanted.note,
        "seed": wanted.seed,
        **assignments.told_of(pairs),
    }
    entry = audit.Entry(ASKED, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
