"""Versions of a study and copies of a protocol: linked by people, taken apart again, in the audit.

Each version is a protocol of its own, with the labels that were given for its very text; a link
moves none of them. What has been superseded, or is a copy of what is read, leaves the queue unless
its reading has begun: a reading that stands alone would never be settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Exists, delete, exists, insert, select
from sqlalchemy.orm import Session, aliased

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.studies import LinkKind, Links
from cer_assist.services import audit, retraining
from cer_assist.store.tables import CurrentLabel, Project, Protocol, ProtocolLink
from cer_assist.store.types import now

LINKED, UNLINKED = "study.linked", "study.unlinked"
# Of a statement on protocols: it no longer counts where current versions are counted.
HAS_LEFT: Exists = exists().where(ProtocolLink.left_id == Protocol.id)


@dataclass(frozen=True, slots=True)
class Member:
    """A protocol of a study, as a list names it."""

    id: int
    external_id: str
    title: str
    has_left: bool  # superseded, or a copy that is not read


@dataclass(frozen=True, slots=True)
class Study:
    """Where a protocol stands among its versions, the first one first, and what copies it."""

    versions: list[Member]
    number: int  # of the protocol asked about, or of the one that it is a copy of
    copy_of: Member | None
    copies: list[Member]

    @property
    def earlier(self) -> list[Member]:
        """Versions before it."""
        return self.versions[: self.number - 1]

    @property
    def later(self) -> list[Member]:
        """Versions after it."""
        return self.versions[self.number :]


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A link that stands, by the protocols' own ids; `number` is the later protocol's."""

    number: int
    protocol: str
    kind: LinkKind
    of: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link that is to be made, by the protocols' own ids."""

    name: str
    earlier: str
    kind: LinkKind
    leaves: bool = True

    @property
    def both(self) -> tuple[str, str]:
        """The two protocols."""
        return self.name, self.earlier

    @property
    def left(self) -> str | None:
        """The one that no longer counts."""
        if self.kind is LinkKind.copy:
            return self.name
        return self.earlier if self.leaves else None


def link(
    session: Session,
    project: Project,
    pairs: Sequence[tuple[Protocol, Protocol]],
    *,
    kind: LinkKind = LinkKind.version,
    leaves: bool = True,
    by: int | None,
) -> None:
    """Say that the first of each pair amends, or copies, the second; all of them or none.

    With `leaves` the earlier version counts as superseded; a copy never counts.
    """
    lock(session, project.id)
    known = named_links(session, project.id)
    ids: dict[str, int] = {}
    wanted = []
    for one, earlier in pairs:
        fault = known.fault(one.external_id, earlier.external_id, kind)
        if fault:
            raise InvalidInput(fault)
        known.add(one.external_id, earlier.external_id, kind)
        ids |= {one.external_id: one.id, earlier.external_id: earlier.id}
        wanted.append(Wanted(one.external_id, earlier.external_id, kind, leaves))
    store(session, project.id, wanted, ids, by)


def store(
    session: Session,
    project_id: int,
    wanted: Sequence[Wanted],
    ids: Mapping[str, int],
    by: int | None,
) -> None:
    """Keep links that were found to have no fault, and what follows from them."""
    at = now()
    if not wanted:
        return
    session.execute(
        insert(ProtocolLink),
        [
            {
                "protocol_id": ids[one.name],
                "project_id": project_id,
                "earlier_id": ids[one.earlier],
                "kind": one.kind.value,
                "left_id": ids[one.left] if one.left else None,
                "account_id": by,
                "at": at,
            }
            for one in wanted
        ],
    )
    # "HM2 version of HM1, HM1 left"; in one entry, for an import may bring thousands
    said = [[one.name, str(one.kind), one.earlier, one.left or ""] for one in wanted]
    _note(session, project_id, LINKED, {"links": said}, by)
    _learn_anew(session, project_id, [ids[name] for one in wanted for name in one.both])


def unlink(session: Session, project: Project, protocol: Protocol, by: int | None) -> None:
    """Take back what a protocol is said to amend or copy; texts and labels stay as they are."""
    lock(session, project.id)
    found = session.get(ProtocolLink, protocol.id)
    if found is None or found.project_id != project.id:
        raise InvalidInput(f"{protocol.external_id} is linked to no earlier protocol.")
    earlier = session.get_one(Protocol, found.earlier_id)
    said = [protocol.external_id, found.kind, earlier.external_id]
    session.execute(delete(ProtocolLink).where(ProtocolLink.protocol_id == protocol.id))
    _note(session, project.id, UNLINKED, {"links": [said]}, by)
    _learn_anew(session, project.id, [protocol.id, earlier.id])


def study_of(session: Session, protocol: Protocol) -> Study | None:
    """The versions and copies around a protocol; None where it stands alone."""
    links = _links(session, protocol.project_id)
    earlier, kind = links.earlier.get(protocol.id, (protocol.id, None))
    root = earlier if kind is LinkKind.copy else protocol.id
    row, copies = links.row(root), links.copies.get(root, [])
    if len(row) == 1 and not copies:
        return None
    known = _members(session, [*row, *copies])
    return Study(
        [known[key] for key in row],
        row.index(root) + 1,
        known[root] if root != protocol.id else None,
        [known[key] for key in copies if key != protocol.id],
    )


def is_answered(session: Session, protocol_id: int, account_id: int) -> bool:
    """Whether this coder's own level of a protocol stands."""
    mine = CurrentLabel.protocol_id == protocol_id, CurrentLabel.account_id == account_id
    said = CurrentLabel.lane == Lane.coder, CurrentLabel.action == Action.label
    return session.scalar(select(exists().where(*mine, *said))) is True


def numbers(session: Session, project_id: int) -> dict[int, int]:
    """The study of each protocol that is linked to another: the smallest id in it."""
    found: dict[int, int] = {}
    for one, (earlier, _) in _links(session, project_id).earlier.items():
        _join(found, one, earlier)
    return {key: _root(found, key) for key in found}


def joined(clusters: Mapping[int, int], study_of: Mapping[int, int]) -> dict[int, int]:
    """Clusters of protocols, made one wherever a study reaches across them."""
    found: dict[int, int] = {}
    for key, study in study_of.items():
        if key in clusters:
            _join(found, clusters[key], clusters.get(study, study))
    return {key: _root(found, cluster) for key, cluster in clusters.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a linked protocol stands; others by their numbers."""

    version_of: int | None
    number: int
    superseded_by: int | None
    copy_of: int | None


def places(session: Session, project_id: int) -> dict[int, Place]:
    """Where each protocol stands that is linked to another."""
    links = _links(session, project_id)
    left = set(
        session.scalars(select(ProtocolLink.left_id).where(ProtocolLink.project_id == project_id))
    )
    found: dict[int, Place] = {}
    for first in links.firsts():
        before = None
        for number, key in enumerate(links.row(first), 1):
            after = links.later.get(key) if key in left else None
            found[key] = Place(before, number, after, None)
            for copy in links.copies.get(key, ()):
                found[copy] = Place(None, number, None, key)
            before = key
    return found


def named_links(session: Session, project_id: int) -> Links[str]:
    """All links of a project by the protocols' own ids."""
    return Links((one.protocol, one.of, one.kind) for one in listed_links(session, project_id))


def listed_links(session: Session, project_id: int) -> list[NamedLink]:
    """All links of a project, in the order of the protocols."""
    earlier = aliased(Protocol)
    rows = session.execute(
        select(
            ProtocolLink.protocol_id, Protocol.external_id, ProtocolLink.kind, earlier.external_id
        )
        .join(Protocol, Protocol.id == ProtocolLink.protocol_id)
        .join(earlier, earlier.id == ProtocolLink.earlier_id)
        .where(ProtocolLink.project_id == project_id)
        .order_by(ProtocolLink.protocol_id)
    )
    return [NamedLink(key, name, LinkKind(kind), of) for key, name, kind, of in rows]


def _links(session: Session, project_id: int) -> Links[int]:
    rows = session.execute(
        select(ProtocolLink.protocol_id, ProtocolLink.earlier_id, ProtocolLink.kind)
        .where(ProtocolLink.project_id == project_id)
        .order_by(ProtocolLink.protocol_id)
    )
    return Links((one, earlier, LinkKind(kind)) for one, earlier, kind in rows)


def _members(session: Session, keys: Sequence[int]) -> dict[int, Member]:
    rows = session.execute(
        select(Protocol.id, Protocol.external_id, Protocol.title, HAS_LEFT.label("has_left")).where(
            Protocol.id.in_(keys)
        )
    )
    return {row.id: Member(*row) for row in rows}


def _join(parent: dict[int, int], one: int, other: int) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[first] = parent[second] = first


def _root(parent: Mapping[int, int], key: int) -> int:
    while parent.get(key, key) != key:
        key = parent[key]
    return key


def lock(session: Session, project_id: int) -> None:
    """Let no other link be made while this one is checked (PostgreSQL)."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update()).all()


def _learn_anew(session: Session, project_id: int, keys: Sequence[int]) -> None:
    """What stays together in folds has changed, if any of these has a label to learn."""
    labelled = select(CurrentLabel.protocol_id).where(CurrentLabel.project_id == project_id)
    if not set(keys).isdisjoint(session.scalars(labelled)):
        retraining.fit_anew(session, project_id, "versions of a study were linked or taken apart")


def _note(
    session: Session, project_id: int, action: str, detail: dict[str, Any], by: int | None
) -> None:
    entry = audit.Entry(action, f"project:{project_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
