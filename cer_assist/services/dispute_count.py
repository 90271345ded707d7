"""How many protocols wait for an adjudicator: the length of the list, without making it.

Every home page of a lead asks for it, and a list with surprises of a model takes longer than all
else on that page. `tests/services/test_dispute_count.py` holds the two against each other.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Subquery, exists, func, select
from sqlalchemy.orm import Session, aliased

from cer_assist.domain.adjudication import Act
from cer_assist.services import disputes, unannounced
from cer_assist.store.tables import Adjudication, CurrentLabel, Project


def to_do(session: Session, project: Project, account_id: int) -> int:
    """How long `Docket.to_do` is."""
    leaders = disputes.leading(session, project.id)
    label = CurrentLabel
    waiting = (
        disputes.waiting_ids(project)
        .add_columns(
            func.max(label.event_id).label("newest"),
            func.min(label.event_id).label("oldest"),
            func.count().filter(label.account_id == account_id).label("mine"),
            func.count().filter(label.account_id.in_(leaders)).label("of_leaders"),
        )
        .subquery()
    )
    # As the list leaves it out.
    hidden = unannounced.hidden_in_hand(session, project.id, account_id)
    others_enough = len(leaders) - waiting.c.of_leaders >= project.adjudicators
    statement = select(func.count()).select_from(waiting)
    return session.execute(
        statement.where(
            waiting.c.protocol_id.is_distinct_from(hidden),
            ~((waiting.c.mine > 0) & others_enough),
            ~_is_sent_back(project, waiting),
            ~_is_proposed(project, waiting, Adjudication.account_id == account_id)
            | _is_proposed(project, waiting, Adjudication.account_id != account_id),
        )
    ).scalar_one()


def _is_sent_back(project: Project, waiting: Subquery) -> ColumnElement[bool]:
    """The last act sent it back, and an answer from before it stands."""
    later = aliased(Adjudication)
    has_later = exists().where(
        later.protocol_id == Adjudication.protocol_id,
        later.project_id == project.id,
        later.id > Adjudication.id,
    )
    return exists().where(
        Adjudication.protocol_id == waiting.c.protocol_id,
        Adjudication.project_id == project.id,
        Adjudication.act == Act.send_back,
        Adjudication.newest >= waiting.c.oldest,
        ~has_later,
    )


def _is_proposed(
    project: Project, waiting: Subquery, by: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Over the answers that stand."""
    return exists().where(
        Adjudication.protocol_id == waiting.c.protocol_id,
        Adjudication.project_id == project.id,
        Adjudication.act == Act.propose,
        Adjudication.newest == waiting.c.newest,
        by,
    )
