"""A coder's pseudonym is a number drawn once for a project; it is never given to anybody else.

Those who are new at once draw among each other, so that numbers do not follow the order in which
people signed up. Leads can look up who it is by importing the export into its own project.

Each drawing is in the audit chain, by hashes under the project's key: the chain can be shown to
those who shall not know who is who, and still tells whether a number is the one that was drawn.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import func, insert, select, union
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import NotReady
from cer_assist.domain.labels import PseudonymSource
from cer_assist.services import audit
from cer_assist.store.tables import (
    Account,
    AuditEvent,
    CoderPseudonym,
    LabelEvent,
    Membership,
    Project,
    Protocol,
    PseudonymKey,
)
from cer_assist.store.tables.accounts import CODING

DRAWN = "pseudonyms.drawn"
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
    _vouch(session, project_id, new)


def _vouch(session: Session, project_id: int, new: list[int]) -> None:
    """Put what was drawn into the chain; at the first time all: there may be older numbers."""
    subject = f"pseudonyms:{project_id}"
    before = select(AuditEvent.id).where(AuditEvent.subject == subject).limit(1)
    is_first = session.scalar(before) is None
    if not (new or is_first):
        return
    key = session.get_one(PseudonymKey, project_id).key
    rows = select(CoderPseudonym).where(CoderPseudonym.project_id == project_id)
    if not is_first:
        rows = rows.where(CoderPseudonym.account_id.in_(new))
    drawn = {str(row.account_id): _row_sha256(key, row) for row in session.scalars(rows)}
    detail = {"coders": len(drawn), "key_sha256": text_sha256(key), "drawn": drawn}
    entry = audit.Entry(DRAWN, subject, detail)
    audit.append(session, entry, account_id=None, project_id=project_id)


def _row_sha256(key: str, row: CoderPseudonym) -> str:
    said = f"{row.project_id}:{row.account_id}:{row.number}"
    return hmac.new(bytes.fromhex(key), said.encode(), hashlib.sha256).hexdigest()


def fault(session: Session, drawn: Iterable[tuple[int, Mapping[str, Any]]]) -> str | None:
    """What is not as the chain's events say, each a project and what was drawn in it.

    A project whose last export is older than such events is vouched for from its next one on.
    """
    keys: dict[int, str] = {}
    held: dict[tuple[int, int], str] = {}
    for project_id, detail in drawn:
        keys.setdefault(project_id, detail["key_sha256"])
        for account, digest in detail["drawn"].items():
            held.setdefault((project_id, int(account)), digest)  # nobody is drawn twice
    own = {row.project_id: row.key for row in session.scalars(select(PseudonymKey))}
    for project_id, digest in keys.items():
        if text_sha256(own.get(project_id, "")) != digest:
            return f"the key of the pseudonyms of project {project_id} was altered"
    return _row_fault(session, own, keys.keys(), held)


def _row_fault(
    session: Session,
    own: Mapping[int, str],
    vouched: Iterable[int],
    held: dict[tuple[int, int], str],
) -> str | None:
    rows = select(CoderPseudonym).where(CoderPseudonym.project_id.in_(vouched))
    for row in session.scalars(rows.order_by(CoderPseudonym.project_id, CoderPseudonym.number)):
        known = held.pop((row.project_id, row.account_id), None)
        said = f"the pseudonym coder-{row.number:02} of account {row.account_id}"
        if known is None:
            return f"{said} in project {row.project_id} is not in the audit chain"
        if known != _row_sha256(own[row.project_id], row):
            return f"{said} in project {row.project_id} was altered"
    if held:
        project_id, account = min(held)
        return f"the pseudonym of account {account} in project {project_id} was removed"
    return None


def records(session: Session, project_id: int, until: dt.datetime | None = None) -> list[str]:
    """Ids of all protocols; of those that a snapshot could know, so that it stays the same."""
    own = select(Protocol.external_id).where(Protocol.project_id == project_id)
    if until is not None:
        own = own.where(Protocol.created_at <= until)
    return list(session.scalars(own.order_by(Protocol.id)))


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
