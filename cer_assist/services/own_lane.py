"""Where a coder's own answer to a protocol stands, as far as they are shown it.

That is their reading, or else the answer to an attention check, which looks to them like any other:
their list, the protocol's page and its card read it where it stands. Someone asked by name for one
that was a check reads it anew, and from then on that reading is theirs.
"""

from __future__ import annotations

from sqlalchemy import ScalarSelect, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import SHOWN_LANES, Lane
from cer_assist.store.tables import CurrentLabel, Serving
from cer_assist.store.types import table_of

_own, _serving = table_of(CurrentLabel).alias("own"), table_of(Serving).alias("own_serving")
_of_both = (
    _own.c.protocol_id == bindparam("protocol"),
    _own.c.account_id == bindparam("account"),
)


def _standing(lane: Lane) -> ScalarSelect[str]:
    return select(_own.c.lane).where(*_of_both, _own.c.lane == lane).scalar_subquery()


# For a `protocol` and an `account`. A check that was given back unanswered stays one.
OWN_LANE = func.coalesce(
    _standing(Lane.coder),
    _standing(Lane.check),
    select(_serving.c.lane)
    .where(
        _serving.c.protocol_id == bindparam("protocol"),
        _serving.c.account_id == bindparam("account"),
        _serving.c.lane.in_(SHOWN_LANES),
    )
    .order_by(_serving.c.id.desc())
    .limit(1)
    .scalar_subquery(),
    Lane.coder.value,
)
_FIND = select(OWN_LANE)
_reading = table_of(CurrentLabel).alias("reading")
# Of the rows of `CurrentLabel` at most one for each coder and protocol.
IS_SHOWN = or_(
    CurrentLabel.lane == Lane.coder,
    and_(
        CurrentLabel.lane == Lane.check,
        ~exists().where(
            _reading.c.protocol_id == CurrentLabel.protocol_id,
            _reading.c.account_id == CurrentLabel.account_id,
            _reading.c.lane == Lane.coder,
        ),
    ),
)


def find(session: Session, protocol_id: int, account_id: int) -> str:
    """The lane of the answer that a coder is shown as theirs, or will give next."""
    where = {"protocol": protocol_id, "account": account_id}
    return str(session.execute(_FIND, where).scalar_one())
