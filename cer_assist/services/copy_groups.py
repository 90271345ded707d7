"""Near-copies are proposed as groups; a lead decides what they are, and no label is copied.

The worker compares texts after each import (`ordering.find_copies`), so a proposal costs a query. A
group of which a lead has said that it is none comes back only with another member. In folds its
texts stay together all the same: what is nearly equal must not test what has learnt it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.studies import LinkKind
from cer_assist.services import audit, queue_order, studies
from cer_assist.store.tables import Project, Protocol, RefusedGroup
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert

PAGE = 20
SHOWN = 25  # members of a group whose likeness is computed
REFUSED = "study.refused"
_WORDS = re.compile(r"\w+")


class Verdict(StrEnum):
    """What a lead says of a group."""

    versions = "versions"  # of one study, in this order
    copies = "copies"  # the first one is read
    neither = "neither"


@dataclass(frozen=True, slots=True)
class Text:
    """A member of a proposed group."""

    id: int
    external_id: str
    title: str
    details: dict[str, str]
    share: float | None  # of three-word sequences that it has in common with the first one


@dataclass(frozen=True, slots=True)
class Group:
    """Protocols that say nearly the same."""

    key: str  # of exactly these members
    members: list[Text]
    more: int  # members that are not shown


@dataclass(frozen=True, slots=True)
class Proposals:
    """A page of groups, and whether all protocols were compared by now."""

    groups: list[Group]
    total: int
    page: int
    pages: int
    is_behind: bool


def proposals(session: Session, project: Project, page: int = 1) -> Proposals:
    """Groups that nobody has decided about, the largest first."""
    found = _open_groups(session, project.id)
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, page), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    groups = [_group(session, members) for members in shown]
    behind = queue_order.lacks_clusters(session, project.id)
    return Proposals(groups, len(found), page, pages, behind)


def decide(
    session: Session,
    project: Project,
    key: str,
    verdict: Verdict,
    order: Sequence[int],
    *,
    leaves: bool = True,
    by: int | None,
) -> int:
    """Link a group, or remember that it is none; how many links were made.

    `order` are members: of versions the first one first, of copies the one that is read. Members
    that are left out stand alone, and the group they are left in is proposed no more.
    """
    members = next((m for m in _open_groups(session, project.id) if group_key(m) == key), None)
    if members is None:
        raise InvalidInput("This group is no longer as it was shown: look at it again.")
    if verdict is Verdict.neither:
        _refuse(session, project, key, len(members), by)
        return 0
    if len(order) < 2 or len(set(order)) < len(order) or not set(order) <= set(members):
        raise InvalidInput("Choose at least two protocols of the group, each of them once.")
    rows = session.scalars(select(Protocol).where(Protocol.id.in_(order)))
    known = {protocol.id: protocol for protocol in rows}
    texts = [known[one] for one in order]
    if verdict is Verdict.versions:
        pairs = list(zip(texts[1:], texts, strict=False))
        studies.link(session, project, pairs, leaves=leaves, by=by)
    else:
        pairs = [(one, texts[0]) for one in texts[1:]]
        studies.link(session, project, pairs, kind=LinkKind.copy, by=by)
    if set(order) != set(members):
        _refuse(session, project, key, len(members), by)
    return len(pairs)


def group_key(members: Sequence[int]) -> str:
    """Another member, another group."""
    return hashlib.sha256(",".join(map(str, sorted(members))).encode()).hexdigest()


def likeness(one: str, other: str) -> float:
    """Three-word sequences in both, of those in either: 1 for the same words."""
    first, second = _sequences(one), _sequences(other)
    return len(first & second) / max(1, len(first | second))


def _open_groups(session: Session, project_id: int) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for key, cluster in sorted(queue_order.clusters(session, project_id).items()):
        if cluster is not None:
            groups.setdefault(cluster, []).append(key)
    refused = set(
        session.scalars(select(RefusedGroup.members).where(RefusedGroup.project_id == project_id))
    )
    study = studies.numbers(session, project_id)
    found = [
        members
        for members in groups.values()
        if len(members) > 1
        and len({study.get(key, -key) for key in members}) > 1
        and group_key(members) not in refused
    ]
    return sorted(found, key=lambda members: (-len(members), members))


def _group(session: Session, members: Sequence[int]) -> Group:
    rows = session.execute(
        select(Protocol.id, Protocol.external_id, Protocol.title, Protocol.details, Protocol.text)
        .where(Protocol.id.in_(members[:SHOWN]))
        .order_by(Protocol.id)
    ).all()
    texts = [
        Text(
            row.id,
            row.external_id,
            row.title,
            row.details,
            likeness(rows[0].text, row.text) if at else None,
        )
        for at, row in enumerate(rows)
    ]
    return Group(group_key(members), texts, len(members) - len(texts))


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = _WORDS.findall(text.casefold())
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def _refuse(session: Session, project: Project, key: str, size: int, by: int | None) -> None:
    values = {"project_id": project.id, "members": key, "account_id": by, "at": now()}
    unique = ("project_id", "members")
    upsert(session, RefusedGroup, values, conflict=unique, replace=("account_id", "at"))
    entry = audit.Entry(REFUSED, f"project:{project.id}", {"members_sha256": key, "size": size})
    audit.append(session, entry, account_id=by, project_id=project.id)
