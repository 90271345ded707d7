"""By lot a reading gets no suggestion, neither before its answer nor after: others are held to it.

The lot is drawn when a protocol is first put before a coder, whatever chose it, and kept when it
comes back to them: opening it again draws nothing anew. Nothing tells the coder of it before they
have answered.
"""

from __future__ import annotations

import random

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import SHOWN_LANES, Lane
from cer_assist.store.tables import Project, Serving
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Arm
from cer_assist.store.types import table_of

DICE = random.SystemRandom()

_serving = table_of(Serving)
_earlier = _serving.alias("earlier")
_of_both = (
    _earlier.c.protocol_id == bindparam("of_protocol"),
    _earlier.c.account_id == bindparam("of_account"),
    _earlier.c.lane == Lane.coder,
)
# For the row of a new serving: what was drawn for this reading before, else what is `drawn` now.
KEPT = func.coalesce(
    select(_earlier.c.arm)
    .where(*_of_both, _earlier.c.arm.is_not(None))
    .order_by(_earlier.c.id)
    .limit(1)
    .scalar_subquery(),
    bindparam("drawn", type_=_serving.c.arm.type),
)
# A check has no suggestion, and to its coder that is the lot.
_of_shown = (*_of_both[:2], _earlier.c.lane.in_(SHOWN_LANES))
_WITHOUT = select(exists().where(*_of_shown, _earlier.c.arm == Arm.none))
_SERVED = select(exists().where(*_of_both))


def draw(project: Project, dice: random.Random, lane: str = Lane.coder) -> Arm | None:
    """The lot of a reading; none where there is nothing to go without."""
    if not is_drawn(project):
        return None
    if lane == Lane.check:
        return Arm.none
    return Arm.none if dice.random() < project.no_suggestion_share else Arm.suggestion


def is_drawn(project: Project) -> bool:
    """Whether readings that begin now have a lot."""
    return project.no_suggestion_share > 0 and project.suggestion_policy != SuggestionPolicy.hidden


def is_without(session: Session, protocol_id: int, account_id: int) -> bool:
    """Whether this coder gets no suggestion with this protocol, by lot."""
    where = {"of_protocol": protocol_id, "of_account": account_id}
    return bool(session.execute(_WITHOUT, where).scalar())


def may_be_without(session: Session, project: Project, protocol_id: int, account_id: int) -> bool:
    """The same, or the lot is still to be drawn: a look before it would undo what it says."""
    where = {"of_protocol": protocol_id, "of_account": account_id}
    if is_drawn(project) and not session.execute(_SERVED, where).scalar():
        return True
    return is_without(session, protocol_id, account_id)
