"""What coders are given without being told what for: when it would be known, and what hides it.

`queue_hidden` draws it, `queue_retest` and `queue_check` find it. While a coder has such a protocol
open, everything shows it to them as one that they have never read.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import BindParameter, bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES
from cer_assist.store.tables import Assignment, Project, Protocol, Serving
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import as_written, is_among, table_of

_protocol, _serving, _asked = table_of(Protocol), table_of(Serving), table_of(Assignment)
_account: BindParameter[int] = bindparam("account")
# Of a statement on protocols, for an `account`.
IS_ASKED_FOR = exists().where(
    _asked.c.protocol_id == _protocol.c.id,
    (_asked.c.kind == AssignmentKind.returned)
    | ((_asked.c.account_id == _account) & (_asked.c.state == AssignmentState.open)),
)
_HIDDEN_IN_HAND = select(_serving.c.protocol_id).where(
    _serving.c.project_id == bindparam("project"),
    _serving.c.account_id == _account,
    _serving.c.state == as_written(f"'{ServingState.open}'"),
    is_among(_serving.c.lane, HIDDEN_LANES),
)
HIDDEN_IN_HAND = _HIDDEN_IN_HAND.scalar_subquery()  # one row at most: of open ones there is one


@dataclass(frozen=True, slots=True)
class Sought:
    """For whom a repeat or a check is looked for, and from where in the random order."""

    account_id: int
    has_model: bool
    pivot: int
    at: dt.datetime


def would_be_known(project: Project, asked: Sought) -> bool:
    """Whether what is drawn at random and has no suggestion stands out among all else."""
    is_told_of_others = project.random_share > 0 or project.double_coded_share > 0
    some_go_without = (
        project.no_suggestion_share > 0 or project.suggestion_policy == SuggestionPolicy.hidden
    )
    return asked.has_model and not (is_told_of_others and some_go_without)


def hidden_in_hand(session: Session, project_id: int, account_id: int) -> int | None:
    """The protocol that this coder has open and must not know again: pages show it as unread."""
    where = {"project": project_id, "account": account_id}
    found: int | None = session.execute(_HIDDEN_IN_HAND, where).scalar()
    return found
