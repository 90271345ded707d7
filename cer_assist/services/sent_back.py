"""What coders are told of a protocol that an adjudicator sent back to them (`assignments`).

A new answer is one more event over the one that was sent back. Whoever is told that readings differ
knows something of another's label: that is recorded before it is shown, and the answer says so.
"""

from __future__ import annotations

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import history
from cer_assist.store.tables import Adjudication, CurrentLabel
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import table_of

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


def tell(session: Session, project_id: int, account_id: int, protocol_id: int) -> str | None:
    """What a coder is told of a protocol that was sent back to them; recorded as seen."""
    where = {"project": project_id, "account": account_id}
    statement = _STILL.with_only_columns(_act.c.note).where(_act.c.protocol_id == protocol_id)
    comment: str | None = session.execute(statement, where).scalar()
    if comment is not None:
        history.disclose(session, protocol_id, account_id, Disclosed.peer_label, None)
    return comment
