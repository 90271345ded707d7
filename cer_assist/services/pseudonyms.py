"""A coder's pseudonym is a number drawn once for a project; it is never given to anybody else.

Those who are new at once draw among each other, so that numbers do not follow the order in which
people signed up. Leads can look up who it is by importing the export into its own project.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable

from sqlalchemy import func, insert, select, union
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotReady
from cer_assist.domain.labels import PseudonymSource
from cer_assist.store.tables import (
    Account,
    AuditEvent,
    CoderPseudonym,
    LabelEvent,
    Membership,
    Project,
    PseudonymKey,
)
from cer_assist.store.tables.accounts import CODING

_NAME = re.compile(r"coder-(\d{2,9})")


def give(session: Session, project_id: int) -> None:
    """A number for everyone who codes or has coded and has none; and the project's key."""
    has = select(CoderPseudonym.account_id).where(CoderPseudonym.project_id == project_id)
    coding = union(
        select(Membership.account_id).where(
            Membership.project_id == project_id, Membership.role.in_(CODING)
        ),
        select(LabelEvent.account_id).where(LabelEvent.project_id == project_id),
    ).subquery()
    new = list(session.scalars(select(coding.c.account_id).where(coding.c.account_id.not_in(has))))
    highest = select(func.max(CoderPseudonym.number)).where(CoderPseudonym.project_id == project_id)
    first = (session.scalar(highest) or 0) + 1
    secrets.SystemRandom().shuffle(new)
    if new:
        rows = [
            {"project_id": project_id, "account_id": account, "number": number}
            for number, account in enumerate(new, first)
        ]
        session.execute(insert(CoderPseudonym), rows)
    if session.get(PseudonymKey, project_id) is None:
        session.add(PseudonymKey(project_id=project_id, key=secrets.token_hex(32)))
        session.flush()  # who exports in the same transaction needs it


def of_coders(session: Session, project_id: int) -> dict[str, str]:
    """User name -> pseudonym."""
    rows = session.execute(
        select(Account.username, CoderPseudonym.number)
        .join(Account, Account.id == CoderPseudonym.account_id)
        .where(CoderPseudonym.project_id == project_id)
    )
    return {name: f"coder-{number:02}" for name, number in rows}


def of_records(session: Session, project_id: int) -> Callable[[str], str]:
    """What a protocol's id becomes: the same in every export, and not to be guessed."""
    found = session.get(PseudonymKey, project_id)
    if found is None:
        raise NotReady("The project has no pseudonyms yet: try again.")
    key = bytes.fromhex(found.key)
    return lambda name: f"record-{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:12]}"


def people(session: Session, project_id: int) -> list[str]:
    """Names of everyone who has a place in the project or has coded in it."""
    here = union(
        select(Membership.account_id).where(Membership.project_id == project_id),
        select(LabelEvent.account_id).where(LabelEvent.project_id == project_id),
    ).subquery()
    rows = session.execute(
        select(Account.display_name, Account.username).join(here, here.c.account_id == Account.id)
    )
    return sorted({name for row in rows for name in row})


def coders_behind(
    session: Session, project: Project, named: Iterable[tuple[PseudonymSource, str]]
) -> dict[tuple[PseudonymSource, str], str]:
    """Who pseudonyms stand for, as far as they come from exports of this very project."""
    wanted = set(named)
    own = {source for source, _ in wanted if _is_ours(session, project, source)}
    if not own:
        return {}
    known = {said: name for name, said in of_coders(session, project.id).items()}
    return {
        (source, said): known[said]
        for source, said in wanted
        if source in own and _NAME.fullmatch(said) and said in known
    }


def _is_ours(session: Session, project: Project, source: PseudonymSource) -> bool:
    """The slug alone could be another installation's; the audit chain's head is only here."""
    if source.project != project.slug:
        return False
    head = session.get(AuditEvent, source.event_id)
    return head is not None and head.sha256 == source.sha256
