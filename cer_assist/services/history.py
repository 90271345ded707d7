"""Who may see others' labels, and a record of who was shown what.

What a person may see of others' labels is decided here, once: leads, administrators and auditors
see all, a coder sees their own. Showing others' labels is recorded whatever the person's role, for
roles change: a later label of theirs says so.
"""

from __future__ import annotations

from collections.abc import Iterable

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

from cer_assist.services.models import current_version_id
from cer_assist.store.tables import (
    CurrentLabel,
    Disclosure,
    Protocol,
    Suggestion,
)
from cer_assist.store.tables.accounts import OVERSEEING, Role
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import UtcDateTime, now, table_of

SEES_PEERS = frozenset(OVERSEEING)


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
