"""The protocols behind each count of a difference, each with what was and what is said of it.

Whoever still reads protocols is told of those alone that they can no longer be given; how many of
the project are left out is said. Opening the list is recorded, for levels stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import history
from cer_assist.services.desk_protocols import Viewer
from cer_assist.services.snapshot_differences import held_in
from cer_assist.services.snapshot_views import open_to
from cer_assist.store.tables import Project, Protocol, Snapshot

PAGE = 50
ADDED, REMOVED, LEVEL, SPLIT = "added", "removed", "level", "split"
KINDS = {
    ADDED: "Protocols that only the later one holds",
    REMOVED: "Protocols that only the earlier one holds",
    LEVEL: "Protocols with another final level",
    SPLIT: "Protocols in another split",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which count; empty levels and splits mean none, None any."""

    kind: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A protocol in both snapshots; empty where one does not hold it."""

    id: int
    external_id: str
    title: str
    level_before: int | None
    level_after: int | None
    from_before: str
    from_after: str
    split_before: str
    split_after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of them."""

    rows: list[Change]
    total: int
    page: int
    pages: int
    left_out: int  # protocols of the project that this viewer could still be given


def changes(
    session: Session,
    project: Project,
    pair: tuple[Snapshot, Snapshot],
    wanted: Wanted,
    viewer: Viewer,
) -> tuple[list[Change], int]:
    """All of a count that this viewer may see, as imported, and how many protocols they may not.

    These are all of the project, fitting or not: how many fit would tell a level.
    """
    if wanted.kind not in KINDS:
        raise InvalidInput(f"What changed is one of {', '.join(KINDS)}.")
    old, new = (held_in(session, one) for one in pair)
    hidden = open_to(session, project.id, viewer)
    seen = [
        key for key in sorted({*old, *new} - hidden) if _fits(old.get(key), new.get(key), wanted)
    ]
    rows = session.execute(
        select(Protocol.id, Protocol.external_id, Protocol.title)
        .where(Protocol.project_id == project.id)
        .order_by(Protocol.id)
    )
    named = {row.id: (row.external_id, row.title) for row in rows}
    found = [_change(key, *named[key], old.get(key), new.get(key)) for key in seen]
    return found, len(hidden)


def page_of(found: Sequence[Change], left_out: int, number: int) -> Changes:
    """A page of all."""
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, number), pages)
    return Changes(list(found[(page - 1) * PAGE : page * PAGE]), len(found), page, pages, left_out)


def note_seen(session: Session, project_id: int, found: Sequence[Change], account_id: int) -> None:
    """Record that the levels of these were shown: what is said of them later knew them."""
    if found:
        history.disclose_listed(session, project_id, account_id, [one.id for one in found], ())


def _fits(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, wanted: Wanted) -> bool:
    if wanted.kind in (ADDED, REMOVED):
        return (new if wanted.kind == ADDED else old) is not None and None in (old, new)
    if old is None or new is None:
        return False
    pair = said(old, wanted.kind), said(new, wanted.kind)
    asked = wanted.before, wanted.after
    return pair[0] != pair[1] and all(
        one in (None, own) for one, own in zip(asked, pair, strict=True)
    )


def said(row: Mapping[str, Any], kind: str) -> str:
    """A level or split as addresses have it; empty for none."""
    return "" if row[kind] is None else str(row[kind])


def _change(
    key: int,
    name: str,
    title: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
) -> Change:
    none = {"level": None, "split": None, "source": None}
    was, now = old or none, new or none
    return Change(
        key,
        name,
        title,
        was["level"],
        now["level"],
        was["source"] or "",
        now["source"] or "",
        was["split"] or "",
        now["split"] or "",
    )
