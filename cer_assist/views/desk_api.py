"""The auditor's desk as JSON: the pages' own tables, lists and versions, with the same filters."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any, Literal

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.scopes import Scope
from cer_assist.services import desk, desk_counts, desk_versions
from cer_assist.services.desk import Line
from cer_assist.services.desk_counts import Table
from cer_assist.services.desk_filters import DeskFilters
from cer_assist.services.desk_versions import Changed
from cer_assist.services.quality import measured
from cer_assist.views.access import API, LARGEST, OVERSEEING_ROLES, database, policy
from cer_assist.views.desk import asked, listed, note_seen, opened_desk
from cer_assist.views.json_parts import Query, Reply, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.paging import USUAL, Part, page_of, paged_reply, until_the_end

# As `desk.SORTS`; empty: the usual one.
Order = Literal["", "newest", "oldest", "protocol", "coder", "farthest", "fastest"]
desk_api = Blueprint("desk_api", __name__, url_prefix=f"{API}projects/<slug>/desk")


class DeskCell(Reply):
    """Readings with these two levels."""

    row: int = Field(description="Level of the table's rows")
    column: int = Field(description="Level of the table's columns")
    readings: int = Field(description="How many have both")


class DeskTable(Reply):
    """Two levels of the same readings against each other."""

    rows: str = Field(description="`suggested` or `level`")
    columns: str = Field(description="`level` or `final`")
    total: int = Field(description="Readings that have both levels")
    could_differ: int = Field(
        description="Of those, of label and final level only those that an adjudicator settled"
    )
    equal: int = Field(description="Of `could_differ`, those whose two levels are the same")
    within_one: int = Field(description="Likewise those whose two levels lie at most one apart")
    cells: list[DeskCell] = Field(description="Cells that are not empty, by row and column")


class DeskOverview(Reply):
    """Suggestion against label against final level."""

    filters: dict[str, Any] = Field(description="What was chosen, without what is usual")
    readings: int = Field(description="Coders' answers that fit")
    without_suggestion: int = Field(description="Of those, how many had no suggestion to be made")
    seen: int = Field(description="Whose coder had been shown the suggestion")
    single: int = Field(description="Whose final level is their only reader's word")
    settled: int = Field(description="Whose final level is an adjudicator's")
    left_out: int = Field(description="Protocols that you could still be given; none for auditors")
    tables: list[DeskTable] = Field(description="Suggestion by label, by final, label by final")
    signals: dict[str, int | None] = Field(
        description="Readings by signal, null where nothing was adjudicated; empty if one is chosen"
    )


class DeskReading(Reply):
    """A coder's answer with what belongs to it."""

    event_id: int = Field(description="Number of the label event")
    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    coder: str = Field(description="Name of who answered")
    username: str = Field(description="Their user name")
    at: dt.datetime = Field(description="When the answer was recorded, in UTC")
    level: int = Field(description="The level given")
    was: int | None = Field(description="The level that this answer replaced; null for none")
    suggested: int | None = Field(description="The level the model said at the time, seen or not")
    probability: float | None = Field(
        description="What the model gave the suggested level, which need not be its likeliest"
    )
    version: int | None = Field(description="Number of the version that suggested it")
    cannot_know: bool | None = Field(
        description="The version had no answer to the protocol to learn from"
    )
    strength: float | None = Field(description="How far its words carry the suggestion; 0 to 1")
    final: int | None = Field(description="The protocol's final level; null for none")
    final_from: str = Field(description="`adjudicated`, `agreed`, `single`, `disagreed` or `none`")
    exposure: str = Field(description="What the coder had seen before, as in exports")
    arm: str | None = Field(description="What the lot said of a suggestion; null: none was drawn")
    rubric: int = Field(description="Version of the rubric on the coder's screen")
    seconds: float | None = Field(
        description="From showing the protocol to the answer, a second look included"
    )
    words_a_minute: float | None = Field(description="The text's words in these seconds")
    suggestion_id: int | None = Field(description="Number of the suggestion")


class DeskReadings(Reply):
    """A page of readings."""

    filters: dict[str, Any] = Field(description="What was chosen, without what is usual")
    total: int = Field(description="Readings that fit")
    page: int = Field(description="This page; fifty readings each")
    pages: int = Field(description="How many there are")
    sort: str = Field(description="The order that the list has")
    readings: list[DeskReading] = Field(description="The readings of this page")
    next: str | None = Field(
        None, description="With `limit`: cursor of the next page; null: this is the last"
    )


class DeskVersion(Reply):
    """A published model version beside the one before it."""

    number: int = Field(description="Its number")
    before: int | None = Field(description="The published version before; null for the first")
    published_at: dt.datetime | None = Field(description="When it was published, in UTC")
    labels: int = Field(description="Protocols whose level it learnt")
    new_answers: int = Field(description="Answers recorded since the one before was trained")
    decision: str = Field(description="Why it was published")
    suggestions: int = Field(description="Suggestions of it that are still stored")
    compared: int = Field(description="Protocols for which both have one")
    up: int = Field(description="Those that it moved to a higher level")
    down: int = Field(description="Those that it moved to a lower level")
    moves: list[DeskCell] = Field(description="Level before by level now")
    measured: dict[str, Any] | None = Field(
        description="`version`, `is_own`, `measured_on` in words, `n`, figures as {value, low, "
        "high}; null for none"
    )


class DeskVersions(Reply):
    """What each version changed, newest first."""

    total: int = Field(description="Published versions")
    page: int = Field(description="This page; ten versions each")
    pages: int = Field(description="How many there are")
    in_use: int | None = Field(description="Number of the version in use; null if not on this page")
    versions: list[DeskVersion] = Field(description="The versions of this page")


class DeskVersionsAsked(Query):
    """Which page of the versions."""

    page: int = Field(1, ge=1, le=LARGEST, description="Which page")


class DeskAsked(Query):
    """The choice of readings, as the desk's addresses have it; empty means any."""

    suggested: str = Field("", max_length=200, description="A level, or none")
    level: str = Field("", max_length=200, description="A level, or none")
    final: str = Field("", max_length=200, description="A level, or none")
    coder: str = Field("", max_length=200, description="A user name")
    version: str = Field("", max_length=200, description="Number of the model version")
    exposure: str = Field("", max_length=200, description="What the coder had seen before")
    arm: str = Field("", max_length=200, description="What the lot said: suggestion or none")
    rubric: str = Field("", max_length=200, description="Number of the rubric version")
    fenced: str = Field("", max_length=200, description="yes or no: of the fenced sample")
    unlearnt: str = Field("", max_length=200, description="yes: the version had not learnt it")
    since: str = Field("", max_length=200, description="First day, UTC")
    until: str = Field("", max_length=200, description="Last day, UTC")
    answers: str = Field("", max_length=200, description="standing (if left out) or all")
    signal: str = Field("", max_length=200, description="Only those with this signal")
    probability: str = Field("", max_length=200, description="From which one is confident, to 1")
    speed: str = Field("", max_length=200, description="Words a minute that nobody reads")


class DeskReadingsAsked(DeskAsked, Part):
    """The choice, its order and page; with `limit` the order is that of recording."""

    sort: Order = Field("", description="The order of the list")
    page: int = Field(1, ge=1, le=LARGEST, description="Which page; fifty readings each")


@desk_api.get("")
@policy.members(*OVERSEEING_ROLES)
@answers(DeskOverview, query=DeskAsked, scope=Scope.audit)
def overview(slug: str) -> Response:
    """Suggestion, label and final level against each other, and the signals."""
    filters = asked()
    with database().read() as session:
        opened = opened_desk(session, filters)
        found = desk_counts.overview(session, opened)
    return json_reply(overview_reply(filters, found))


@desk_api.get("/readings")
@policy.members(*OVERSEEING_ROLES)
@answers(DeskReadings, query=DeskReadingsAsked, scope=Scope.audit)
def readings(slug: str) -> Response:
    """A page of the readings behind a count, recorded as seen."""
    filters, part = asked(), g.query
    following = None
    with database().read() as session:
        opened = opened_desk(session, filters)
        if part.limit or part.cursor:
            size = part.limit or USUAL
            behind = desk.following(session, opened, part.after, size + 1)
            rows, following = page_of(behind, size, "event_id")
            found = desk.Lines(rows, desk.count(session, opened), 1, 1, "oldest")
        else:
            found = until_the_end(listed(session, opened), part.page)
    note_seen(found.rows)
    return paged_reply(readings_reply(filters, found, following), following)


@desk_api.get("/versions")
@policy.members(*OVERSEEING_ROLES)
@answers(DeskVersions, query=DeskVersionsAsked, scope=Scope.audit)
def versions(slug: str) -> Response:
    """What each published version changed, a page at a time."""
    with database().read() as session:
        opened = opened_desk(session, DeskFilters())
        shown = desk_versions.versions(session, opened, g.query.page)
    found = until_the_end(shown, g.query.page)
    in_use = next(
        (one.version.number for one in found.rows if one.version.id == found.in_use), None
    )
    return json_reply(
        DeskVersions(
            total=found.total,
            page=found.page,
            pages=found.pages,
            in_use=in_use,
            versions=[_version(one) for one in found.rows],
        )
    )


_MEASURED = ("measured_on", "n", "qwk", "accuracy", "mae")


def overview_reply(filters: DeskFilters, found: desk_counts.Overview) -> DeskOverview:
    """The same for the command line."""
    return DeskOverview(
        filters=filters.given(),
        readings=found.readings,
        without_suggestion=found.without,
        seen=found.seen,
        single=found.single,
        settled=found.settled,
        left_out=found.left_out,
        tables=[_table(one) for one in found.tables],
        signals={str(name): number for name, number in found.signals.items()},
    )


def readings_reply(
    filters: DeskFilters, found: desk.Lines, following: str | None = None
) -> DeskReadings:
    """The same for the command line."""
    return DeskReadings(
        filters=filters.given(),
        total=found.total,
        page=found.page,
        pages=found.pages,
        sort=found.sort,
        readings=[_reading(one) for one in found.rows],
        next=following,
    )


def _reading(line: Line) -> DeskReading:
    return DeskReading(**asdict(line))


def _table(table: Table) -> DeskTable:
    return DeskTable(
        rows=table.rows,
        columns=table.columns,
        total=table.total,
        could_differ=table.could_differ,
        equal=table.within(0),
        within_one=table.within(1),
        cells=_cells(table.counts),
    )


def _cells(counts: dict[tuple[int, int], int]) -> list[DeskCell]:
    return [
        DeskCell(row=row, column=column, readings=number)
        for (row, column), number in sorted(counts.items())
    ]


def _version(one: Changed) -> DeskVersion:
    figures = measured(one.version)
    return DeskVersion(
        number=one.version.number,
        before=one.before,
        published_at=one.version.published_at,
        labels=one.version.label_count,
        new_answers=one.new_labels,
        decision=one.version.decision,
        suggestions=one.kept,
        compared=one.moves.compared,
        up=one.up,
        down=one.down,
        moves=_cells(one.moves.counts),
        measured=None
        if figures is None
        else {
            "version": figures.version,
            "is_own": figures.is_own,
            **{name: figures.figures.get(name) for name in _MEASURED},
        },
    )
