"""Snapshots as JSON: the same services and roles as on the pages (docs/api.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any, Literal

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.scopes import Scope
from cer_assist.services import (
    snapshot_changes,
    snapshot_checks,
    snapshot_making,
    snapshot_views,
)
from cer_assist.services import snapshots as kept
from cer_assist.services.snapshot_splits import Asked as Wish
from cer_assist.services.snapshot_views import Told
from cer_assist.store.tables import Snapshot
from cer_assist.views.access import API, LARGEST, LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Query, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.paging import Part, paged_reply, part_of, until_the_end
from cer_assist.views.snapshots import changed, compared, note_seen, numbered, told_of

snapshot_api = Blueprint("snapshots_api", __name__, url_prefix=f"{API}projects/<slug>/snapshots")


class SnapshotEntry(Reply):
    """A snapshot."""

    number: int = Field(description="Its number in the project")
    name: str = Field(description="Its name")
    notes: str = Field(description="What it is for")
    made_at: dt.datetime = Field(description="When it was made, in UTC")
    content_sha256: str = Field(description="Hash of all that it holds")
    cutoff: int = Field(description="It knows label events up to this one")
    asked: dict[str, Any] = Field(description="Filters, and how it was to be split")
    members: dict[str, Any] = Field(description="Rows and SHA-256 of each table")
    counts: dict[str, Any] = Field(
        description="Protocols by level, by where it comes from, without"
    )
    rubric: dict[str, Any] = Field(description="Rubric version in use, with its SHA-256")
    model: dict[str, Any] | None = Field(description="Model version in use; null for none")
    audit: dict[str, Any] | None = Field(description="Head of the audit chain when it was read")
    check: dict[str, Any] | None = Field(
        description="What the check for leaks found; null: no splits"
    )
    left_out: int = Field(
        description="Protocols that you could still be given: `counts` and `check` leave them out"
    )


class Snapshots(Reply):
    """All of a project."""

    snapshots: list[SnapshotEntry] = Field(description="The first one first")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


class SnapshotMove(Reply):
    """Protocols that went from one to another."""

    before: str = Field(description="Level or split in the first; empty for none")
    after: str = Field(description="Level or split in the second; empty for none")
    n: int = Field(description="Protocols that went so")
    protocols: list[str] = Field(description="Their own ids, at most 200")


class SnapshotFact(Reply):
    """Something about two snapshots that is not the same."""

    what: str = Field(description="Such as Rubric version or Filters")
    before: str = Field(description="In the first snapshot")
    after: str = Field(description="In the second snapshot")


class SnapshotDifference(Reply):
    """What differs between two."""

    before: int = Field(description="Number of the first snapshot")
    after: int = Field(description="Number of the second snapshot")
    same_content: bool = Field(description="Both hold the same")
    added: list[str] = Field(description="Protocols of the second alone, at most 200")
    added_count: int = Field(description="How many were added")
    removed: list[str] = Field(description="Protocols of the first alone, at most 200")
    removed_count: int = Field(description="How many were removed")
    moved: list[SnapshotMove] = Field(description="Final levels that changed")
    dealt: list[SnapshotMove] = Field(description="Splits that changed")
    facts: list[SnapshotFact] = Field(description="Rubric, model, filters and so on that changed")
    left_out: int = Field(description="Protocols that you could still be given; none for auditors")


class SnapshotChange(Reply):
    """A protocol in both snapshots."""

    id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="Its title")
    level_before: int | None = Field(description="Final level in the first; null for none")
    level_after: int | None = Field(description="Final level in the second; null for none")
    from_before: str = Field(description="How the level came about in the first; empty: not in it")
    from_after: str = Field(description="How the level came about in the second; empty: not in it")
    split_before: str = Field(description="Split in the first; empty for none")
    split_after: str = Field(description="Split in the second; empty for none")


class SnapshotChanges(Reply):
    """A page of the protocols behind a count."""

    total: int = Field(description="Protocols that fit")
    page: int = Field(description="This page; fifty protocols each")
    pages: int = Field(description="How many there are")
    left_out: int = Field(description="Protocols that you could still be given; none for auditors")
    rows: list[SnapshotChange] = Field(description="The protocols of this page")


class ChangesAsked(Query):
    """Which count."""

    before: int = Field(0, alias="with", ge=0, le=LARGEST, description="The first snapshot")
    what: Literal["added", "removed", "level", "split"] = Field("level", description="What changed")
    before_value: str | None = Field(
        None, alias="from", max_length=20, description="Level or split in the first; empty for none"
    )
    after_value: str | None = Field(
        None, alias="to", max_length=20, description="Level or split in the second; empty for none"
    )
    page: int = Field(1, ge=1, le=LARGEST, description="Which page; fifty protocols each")


class SnapshotCheck(Reply):
    """What was computed anew."""

    as_made: bool = Field(description="Everything that could be computed is the same")
    differs: list[str] = Field(description="What is not as it was made")
    untold: list[str] = Field(description="What could not be computed, and why")
    lines: int = Field(description="Lines of the check for leaks that were computed anew")


class SnapshotWanted(Asked):
    """What is to be kept."""

    name: str = Field(description="Up to 200 characters, no number alone")
    notes: str = ""
    settled_only: bool = False
    shares: dict[str, float] | None = None
    columns: list[str] = Field(default=[], description="Details of protocols, as they are called")
    fenced_is_test: bool = False
    seed: int = 1
    readings: str = "all"
    exposures: list[str] = Field(default=[])
    rubric_versions: list[int] = Field(default=[], description="Numbers that the project has had")
    since: str = Field("", description="First day of recording, UTC: what was imported, of import")
    until: str = Field("", description="Last day of recording, UTC")


@snapshot_api.get("")
@policy.members(*OVERSEEING_ROLES)
@answers(Snapshots, query=Part)
def listing(slug: str) -> Response:
    """All of them."""
    with database().read() as session:
        rows, following = part_of(kept.listed(session, g.project.id), g.query, "number")
        found = list(map(_entry, rows, told_of(session, *rows)))
    return paged_reply(Snapshots(snapshots=found, next=following), following)


@snapshot_api.post("/make")
@policy.members(*LEADING_ROLES)
@answers(SnapshotEntry, 409, asks=SnapshotWanted, scope=Scope.admin)
def make(slug: str) -> Response:
    """Keep one; the reply is what was kept."""
    body = json_body(SnapshotWanted).model_dump()
    said: Any = {n: tuple(v) if isinstance(v, list) else v for n, v in body.items()}
    wish = Wish(**said)
    made = snapshot_making.make(database(), g.project.id, wish, g.person.account_id)
    with database().read() as session:
        return json_reply(_entry(made, *told_of(session, made)))


@snapshot_api.get("/<int:number>")
@policy.members(*OVERSEEING_ROLES)
@answers(SnapshotEntry)
def one(slug: str, number: int) -> Response:
    """One of them."""
    with database().read() as session:
        made = numbered(session, number)
        return json_reply(_entry(made, *told_of(session, made)))


@snapshot_api.get("/<int:number>/differences/<int:other>")
@policy.members(*OVERSEEING_ROLES)
@answers(SnapshotDifference, scope=Scope.audit)
def differences(slug: str, number: int, other: int) -> Response:
    """From the first number to the second, but for what you may read; what it names is seen."""
    with database().read() as session:
        found = compared(session, str(number), other)
    with database().write() as session:
        snapshot_views.note(session, g.project.id, found, g.person.account_id)
    return json_reply(SnapshotDifference.model_validate(asdict(found)))


@snapshot_api.get("/<int:number>/changes")
@policy.members(*OVERSEEING_ROLES)
@answers(SnapshotChanges, query=ChangesAsked, scope=Scope.audit)
def changes(slug: str, number: int) -> Response:
    """The protocols behind a count of the difference from `with`; they count as seen."""
    _, found, left_out = changed(number)
    shown = snapshot_changes.page_of(found, left_out, g.query.page)
    shown = until_the_end(shown, g.query.page)
    note_seen(shown.rows)
    return json_reply(SnapshotChanges.model_validate(asdict(shown)))


@snapshot_api.get("/<int:number>/check")
@policy.members(*OVERSEEING_ROLES)
@answers(SnapshotCheck)
def check(slug: str, number: int) -> Response:
    """Whether it is as it was made, computed anew from what is stored."""
    with database().read() as session:
        again = snapshot_checks.recheck(session, numbered(session, number))
    return json_reply(SnapshotCheck(as_made=again.as_made, **asdict(again)))


def _entry(made: Snapshot, told: Told) -> SnapshotEntry:
    own = ("number", "name", "notes", "content_sha256", "cutoff", "asked")
    parts = ("members", "rubric", "model", "audit")
    said = {name: made.said.get(name) for name in parts}
    fields: Any = {name: getattr(made, name) for name in own} | said
    return SnapshotEntry(
        made_at=made.at,
        counts=told.counts or {},
        check=told.check,
        left_out=told.left_out,
        **fields,
    )
