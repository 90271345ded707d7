"""The whole history of a protocol, and a record of who was shown what.

What a person may see of others' labels is decided here, once: leads, administrators and auditors
see all, a coder sees their own. Showing others' labels is recorded whatever the person's role, for
roles change: a later label of theirs says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    bindparam,
    cast,
    exists,
    insert,
    literal,
    null,
    select,
)
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import REASONS, Act, Reason
from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import REASONS_TOLD
from cer_assist.services.models import current_version_id
from cer_assist.store.tables import (
    Account,
    Adjudication,
    CurrentLabel,
    Disclosure,
    LabelEvent,
    ModelVersion,
    Protocol,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.accounts import OVERSEEING, Role
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import UtcDateTime, now, table_of

SEES_PEERS = frozenset(OVERSEEING)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a protocol."""

    at: dt.datetime
    who: str
    kind: str  # label, skip, withdraw, served, saw, or what an adjudicator did
    level: int | None
    lane: str
    text: str
    detail: dict[str, Any]


_disclosure = table_of(Disclosure)
_known = exists().where(
    _disclosure.c.protocol_id == bindparam("protocol"),
    _disclosure.c.account_id == bindparam("account"),
    _disclosure.c.what == bindparam("what"),
    _disclosure.c.suggestion_id.is_not_distinct_from(bindparam("suggestion")),
)
_DISCLOSE = insert(_disclosure).from_select(
    ["protocol_id", "account_id", "what", "suggestion_id", "at"],
    select(
        bindparam("protocol", type_=Integer),
        bindparam("account", type_=Integer),
        bindparam("what", type_=String),
        bindparam("suggestion", type_=Integer),
        bindparam("at", type_=UtcDateTime),
    ).where(~_known),
)


def sees_peers(role: Role) -> bool:
    """Whether this role may look at other people's labels."""
    return role in SEES_PEERS


def history(
    session: Session, protocol: Protocol, account_id: int, *, peers: bool, lots: bool
) -> list[HistoryLine]:
    """Everything that happened to a protocol that this person may see, oldest first.

    `lots`: with whether each reading had a suggestion by lot, which nobody is told of a protocol
    that they may still read.
    """
    lines = [
        *_label_lines(session, protocol.id, None if peers else account_id),
        *_serving_lines(session, protocol.id, None if peers else account_id, lots=lots),
        *_disclosure_lines(session, protocol.id, None if peers else account_id),
        *(_act_lines(session, protocol.id) if peers else ()),
    ]
    return sorted(lines, key=lambda line: line.at)


def note_peer_view(session: Session, protocol: Protocol, account_id: int) -> None:
    """Record that this person was shown other coders' labels of a protocol."""
    foreign = select(CurrentLabel.protocol_id).where(
        CurrentLabel.protocol_id == protocol.id, CurrentLabel.account_id != account_id
    )
    if session.execute(foreign).first() is not None:
        disclose(session, protocol.id, account_id, Disclosed.peer_label, None)


def disclose(
    session: Session,
    protocol_id: int,
    account_id: int,
    what: Disclosed,
    suggestion_id: int | None,
) -> None:
    """Record, once for the same thing, that a person was shown something."""
    values = {
        "protocol": protocol_id,
        "account": account_id,
        "what": what,
        "suggestion": suggestion_id,
        "at": now(),
    }
    session.execute(_DISCLOSE, values)


def disclose_project(session: Session, project_id: int, account_id: int) -> None:
    """Record that a person got others' labels and the suggestions of a whole project."""
    version_id = current_version_id(session, project_id)
    peers = _peers_not_noted(project_id, account_id).add_columns(literal(now(), UtcDateTime()))
    said = _suggestions_not_noted(version_id, account_id).add_columns(literal(now(), UtcDateTime()))
    columns = ["protocol_id", "account_id", "what", "suggestion_id", "at"]
    for found in (peers, said):
        session.execute(insert(Disclosure).from_select(columns, found))


def disclose_listed(
    session: Session,
    project_id: int,
    account_id: int,
    protocols: Iterable[int],
    suggestions: Iterable[int],
) -> None:
    """Record that a person was shown others' labels of protocols, and suggestions, in a list."""
    at = literal(now(), UtcDateTime())
    columns = ["protocol_id", "account_id", "what", "suggestion_id", "at"]
    peers = _peers_not_noted(project_id, account_id).where(Protocol.id.in_(protocols))
    said = _unnoted(account_id).where(Suggestion.id.in_(suggestions))
    for found in (peers, said):
        session.execute(insert(Disclosure).from_select(columns, found.add_columns(at)))


def _peers_not_noted(project_id: int, account_id: int) -> Select[int, int, str, int]:
    foreign = exists().where(
        CurrentLabel.protocol_id == Protocol.id, CurrentLabel.account_id != account_id
    )
    noted = exists().where(
        Disclosure.protocol_id == Protocol.id,
        Disclosure.account_id == account_id,
        Disclosure.what == Disclosed.peer_label,
    )
    what = literal(Disclosed.peer_label.value)
    no_suggestion = cast(null(), Integer)  # untyped, PostgreSQL would take it for text
    return select(Protocol.id, literal(account_id), what, no_suggestion).where(
        Protocol.project_id == project_id, foreign, ~noted
    )


def _suggestions_not_noted(version_id: int | None, account_id: int) -> Select[int, int, str, int]:
    return _unnoted(account_id).where(Suggestion.model_version_id == version_id)


def _unnoted(account_id: int) -> Select[int, int, str, int]:
    noted = exists().where(
        Disclosure.suggestion_id == Suggestion.id, Disclosure.account_id == account_id
    )
    what = literal(Disclosed.suggestion.value)
    return select(Suggestion.protocol_id, literal(account_id), what, Suggestion.id).where(~noted)


def _label_lines(session: Session, protocol_id: int, only: int | None) -> list[HistoryLine]:
    statement = (
        select(LabelEvent, Account.display_name)
        .join(Account, Account.id == LabelEvent.account_id)
        .where(LabelEvent.protocol_id == protocol_id)
    )
    if only is not None:
        statement = statement.where(LabelEvent.account_id == only)
    return [
        HistoryLine(
            event.recorded_at,
            name,
            event.action,
            event.level,
            event.lane,
            event.note,
            {
                "event": event.id,
                "confidence": event.confidence,
                "exposure": event.exposure,
                "seconds": event.seconds,
                "supersedes": event.supersedes_id,
                "origin": event.origin,
                "made_at": event.made_at,
                "evidence": [item["quote"] for item in event.evidence],
                "sha256": event.sha256,
            },
        )
        for event, name in session.execute(statement)
    ]


def _serving_lines(
    session: Session, protocol_id: int, only: int | None, *, lots: bool
) -> list[HistoryLine]:
    statement = (
        select(Serving, Account.display_name, ModelVersion.number)
        .join(Account, Account.id == Serving.account_id)
        .outerjoin(ModelVersion, ModelVersion.id == Serving.model_version_id)
        .where(Serving.protocol_id == protocol_id)
    )
    if only is not None:
        statement = statement.where(Serving.account_id == only)
    return [
        HistoryLine(
            serving.served_at,
            name,
            "served",
            None,
            Lane.coder,
            serving.reason if only else REASONS_TOLD[serving.strategy],
            # The strategy would tell a coder that a second reading is under way.
            {
                "strategy": serving.strategy,
                "version": number,
                "arm": serving.arm if lots else None,
            }
            if only is None
            else {},
        )
        for serving, name, number in session.execute(statement)
    ]


def _disclosure_lines(session: Session, protocol_id: int, only: int | None) -> list[HistoryLine]:
    statement = (
        select(Disclosure, Account.display_name, Suggestion.level, ModelVersion.number)
        .join(Account, Account.id == Disclosure.account_id)
        .outerjoin(Suggestion, Suggestion.id == Disclosure.suggestion_id)
        .outerjoin(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
        .where(Disclosure.protocol_id == protocol_id)
    )
    if only is not None:
        statement = statement.where(Disclosure.account_id == only)
    return [
        HistoryLine(
            row.at,
            name,
            "saw",
            level,
            Lane.coder,
            "something of other coders' labels"
            if row.what == Disclosed.peer_label
            else "the suggestion",
            {"version": number},
        )
        for row, name, level, number in session.execute(statement)
    ]


def _act_lines(session: Session, protocol_id: int) -> list[HistoryLine]:
    """What adjudicators did; a proposal stays between those who have made one."""
    rows = session.execute(
        select(Adjudication, Account.display_name)
        .join(Account, Account.id == Adjudication.account_id)
        .where(Adjudication.protocol_id == protocol_id)
        .where(Adjudication.act.in_([Act.decide, Act.send_back]))
    )
    return [
        HistoryLine(
            act.recorded_at,
            name,
            act.act,
            None,
            Lane.final,
            act.note if act.act == Act.send_back else "",  # a decision's stands on its label
            {
                "reason": REASONS[Reason(act.reason)][1].lower() if act.reason else "",
                "is_party": act.is_party,
            },
        )
        for act, name in rows
    ]
