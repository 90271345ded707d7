"""What is said of a protocol by those who settle it and those who read it; comments are only added.

A coder takes part once their own answer stands and all readings are in, or it was sent back, and
then only in a discussion that there is: an empty one on a page would tell which protocols want no
further reader. What is said there may name levels, so whoever has read it has seen others' labels.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, false, func, insert, select, true
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, may_settle
from cer_assist.domain.errors import IdempotencyMismatch, InvalidInput, NotFound
from cer_assist.domain.labels import event_sha256
from cer_assist.domain.protocols import clean
from cer_assist.services import audit, disputes, history, standing
from cer_assist.store.tables import Account, Adjudication, Comment, Project, Protocol
from cer_assist.store.tables.accounts import LEADING, Role
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now, table_of, utc_text

RECORDED = "comment.recorded"
MAX_TEXT = 4000

_table = table_of(Comment)
_INSERT = insert(_table).returning(_table.c.id)
_HASHED = tuple(column.name for column in _table.c if column.name not in ("id", "sha256"))


@dataclass(frozen=True, slots=True)
class Remarked:
    """A comment as a reader of the discussion sees it."""

    who: str  # for coders "a coder" or "a lead", for leads the name
    at: dt.datetime
    text: str
    is_mine: bool
    sends_back: bool = False  # said to the coders when the protocol was sent back


def may_read(
    session: Session, project: Project, protocol: Protocol, account_id: int, role: Role
) -> bool:
    """Whether a person takes part in a protocol's discussion."""
    said = standing.readings_for(session, project.id, protocol.id, account_id)
    coders = {one.account_id for one in said}
    if role in LEADING and protocol.coders_missing == 0 and len(coders) > 1:
        leaders = disputes.leading(session, project.id)
        if may_settle(account_id, coders, leaders, project.adjudicators):
            return True
    return (
        account_id in coders and _is_open(session, protocol) and count_of(session, protocol.id) > 0
    )


def count_of(session: Session, protocol_id: int) -> int:
    """How much was said; what comes with sending a protocol back is part of it."""
    said = select(func.count()).where(Comment.protocol_id == protocol_id)
    sent = select(func.count()).where(
        Adjudication.protocol_id == protocol_id, Adjudication.act == Act.send_back
    )
    return session.execute(said).scalar_one() + session.execute(sent).scalar_one()


def thread(
    session: Session, project: Project, protocol: Protocol, account_id: int, role: Role
) -> list[Remarked]:
    """The discussion, oldest first; recorded as seen."""
    _require(session, project, protocol, account_id, role)
    history.disclose(session, protocol.id, account_id, Disclosed.peer_label, None)
    leaders = disputes.leading(session, project.id)
    named = role in LEADING
    found = [
        Remarked(
            name if named else "a lead" if author in leaders else "a coder",
            at,
            text,
            author == account_id,
            sends_back,
        )
        for author, name, at, text, sends_back in _all_said(session, protocol.id)
    ]
    return sorted(found, key=lambda one: one.at)


def _all_said(session: Session, protocol_id: int) -> list[Any]:
    """Comments and what came with sending back: author, name, time, text, whether it sent back."""
    said = (
        select(Comment.account_id, Account.display_name, Comment.recorded_at, Comment.text, false())
        .join(Account, Account.id == Comment.account_id)
        .where(Comment.protocol_id == protocol_id)
    )
    sent = (
        select(
            Adjudication.account_id,
            Account.display_name,
            Adjudication.recorded_at,
            Adjudication.note,
            true(),
        )
        .join(Account, Account.id == Adjudication.account_id)
        .where(Adjudication.protocol_id == protocol_id, Adjudication.act == Act.send_back)
    )
    return [*session.execute(said), *session.execute(sent)]


def say(
    session: Session,
    project: Project,
    protocol: Protocol,
    account_id: int,
    role: Role,
    text: str,
    key: str,
) -> None:
    """Add a comment; the same key with the same text adds nothing."""
    _require(session, project, protocol, account_id, role)
    text = clean(text)
    if not text:
        raise InvalidInput("Write something first.")
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"Keep a comment below {MAX_TEXT:,} characters.")
    if not 8 <= len(key) <= 80:
        raise InvalidInput("The form carries no usable key: reload the page and write again.")
    known = session.scalars(
        select(Comment).where(Comment.account_id == account_id, Comment.idempotency_key == key)
    ).first()
    if known is not None:
        if (known.text, known.protocol_id) != (text, protocol.id):
            raise IdempotencyMismatch("This comment was sent before with other words: reload.")
        return
    fields: dict[str, Any] = {
        "project_id": project.id,
        "protocol_id": protocol.id,
        "account_id": account_id,
        "text": text,
        "idempotency_key": key,
        "recorded_at": now(),
    }
    fields["sha256"] = comment_sha256(fields)
    comment_id: int = session.execute(_INSERT, fields).scalar_one()
    detail = {"sha256": fields["sha256"], "protocol": protocol.id}
    entry = audit.Entry(RECORDED, f"comment:{comment_id}", detail)
    audit.append(session, entry, account_id=account_id, project_id=project.id)


def comment_sha256(row: Comment | dict[str, Any]) -> str:
    """The hash over everything a comment says."""
    values = row if isinstance(row, dict) else {name: getattr(row, name) for name in _HASHED}
    fields = {name: values[name] for name in _HASHED}
    fields["recorded_at"] = utc_text(values["recorded_at"])
    return event_sha256(fields)


def _require(
    session: Session, project: Project, protocol: Protocol, account_id: int, role: Role
) -> None:
    if not may_read(session, project, protocol, account_id, role):
        raise NotFound("There is no discussion of this protocol for you to read.")


def _is_open(session: Session, protocol: Protocol) -> bool:
    return protocol.coders_missing == 0 or _was_sent_back(session, protocol.id)


def _was_sent_back(session: Session, protocol_id: int) -> bool:
    sent = exists().where(
        Adjudication.protocol_id == protocol_id, Adjudication.act == Act.send_back
    )
    return bool(session.execute(select(sent)).scalar())
