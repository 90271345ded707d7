"""What an adjudicator sent back: which coders are still to answer, and what they were told.

A new answer is one more event over the one that was sent back. Whoever is told that readings differ
knows something of another's label: that is recorded before it is shown, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import history
from cer_assist.store.tables import Adjudication, CurrentLabel, Protocol
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import table_of


@dataclass(frozen=True, slots=True)
class SentBack:
    """A protocol that a coder is to answer again."""

    protocol_id: int
    external_id: str
    title: str
    comment: str


_act, _later = table_of(Adjudication), table_of(Adjudication).alias("later")
_label = table_of(CurrentLabel).alias("sent_back_label")
_STILL = (
    select(_act.c.protocol_id, _act.c.note)
    .join(
        _label,
        (_label.c.protocol_id == _act.c.protocol_id)
        & (_label.c.account_id == bindparam("account"))
        & (_label.c.lane == Lane.coder),
    )
    .where(
        _act.c.project_id == bindparam("project"),
        _act.c.act == Act.send_back,
        ~exists().where(_later.c.protocol_id == _act.c.protocol_id, _later.c.id > _act.c.id),
        _label.c.action == Action.label,
        _label.c.event_id <= _act.c.newest,
    )
)
# For a statement with an `account` and a `project`: what this coder is to answer again.
IDS = _STILL.with_only_columns(_act.c.protocol_id)
_LIST = (
    _STILL.with_only_columns(Protocol.id, Protocol.external_id, Protocol.title, _act.c.note)
    .join(Protocol, Protocol.id == _act.c.protocol_id)
    .order_by(Protocol.id)
)


def waiting_for(session: Session, project_id: int, account_id: int) -> list[SentBack]:
    """All that a coder is to answer again."""
    rows = session.execute(_LIST, {"project": project_id, "account": account_id})
    return [SentBack(*row) for row in rows]


def tell(session: Session, project_id: int, account_id: int, protocol_id: int) -> str | None:
    """What a coder is told of a protocol that was sent back to them; recorded as seen."""
    where = {"project": project_id, "account": account_id}
    statement = _STILL.with_only_columns(_act.c.note).where(_act.c.protocol_id == protocol_id)
    comment: str | None = session.execute(statement, where).scalar()
    if comment is not None:
        history.disclose(session, protocol_id, account_id, Disclosed.peer_label, None)
    return comment
