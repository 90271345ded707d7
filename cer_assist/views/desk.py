"""The auditor's desk: filters stand in the address, and every count leads to its readings.

What a list shows is recorded as seen. A file holds exactly what the list's address chooses; as in
an export coders are pseudonyms in it, or it would tell of every export who is who.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from operator import itemgetter
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound, NotReady
from cer_assist.services import (
    desk,
    desk_choices,
    desk_counts,
    desk_versions,
    history,
    moves,
    pseudonyms,
    rubrics,
)
from cer_assist.services.desk import Line
from cer_assist.services.desk_filters import TITLES, DeskFilters, Signal, read_filters
from cer_assist.services.desk_protocols import Viewer
from cer_assist.services.desk_readings import Desk
from cer_assist.services.desk_versions import Pair
from cer_assist.services.moves import Move
from cer_assist.store.tables.accounts import LEADING
from cer_assist.views import desk_form, model_figures
from cer_assist.views import desk_words as words
from cer_assist.views.access import OVERSEEING_ROLES, database, policy
from cer_assist.views.downloads import CODERS, NAMES, PSEUDONYMS, refuse_names, table_file

desk_pages = Blueprint("desk", __name__, url_prefix="/p/<slug>/desk")
COLUMNS = (
    "event_id", "external_id", "coder", "coder_name", "at", "level", "was", "suggested",
    "probability", "version", "cannot_know", "strength", "final", "final_from", "exposure", "arm",
    "rubric", "seconds", "words_a_minute",
)  # fmt: skip


@desk_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """Three tables and the signals of the readings that are chosen."""
    filters = asked()
    with database().read() as session:
        opened = opened_desk(session, filters)
        found = desk_counts.overview(session, opened)
        return _rendered("desk.html", session, filters, found=found)


@desk_pages.get("/readings")
@policy.members(*OVERSEEING_ROLES)
def readings(slug: str) -> str:
    """The readings behind a count; they are recorded as seen before they are shown."""
    filters = asked()
    signal = Signal(filters.signal) if filters.signal else None
    with database().read() as session:
        opened = opened_desk(session, filters)
        found = listed(session, opened)
        shares = desk_counts.by_coder(session, opened, signal) if signal in words.BY_CODER else []
        body = _rendered(
            "desk_readings.html", session, filters, found=found, signal=signal, shares=shares
        )
    note_seen(found.rows)
    return body


@desk_pages.get("/readings.csv")
@policy.members(*OVERSEEING_ROLES)
def readings_csv(slug: str) -> Response:
    """The whole list as a file; whoever took it has seen the project."""
    filters, with_names = asked(), request.args.get("names") == "1"
    refuse_names(with_names)
    if not with_names:
        with database().write() as session:
            pseudonyms.give(session, g.project.id)
    with database().read() as session:
        opened = opened_desk(session, filters)
        coders = None if with_names else pseudonyms.of_coders(session, g.project.id)
        rows = _rows(session, opened, request.args.get("sort", ""), coders)
        file = table_file(f"{slug}-readings.csv", COLUMNS, rows)
    with database().write() as session:
        history.disclose_project(session, g.project.id, g.person.account_id)
    file.headers[CODERS] = NAMES if with_names else PSEUDONYMS
    return file


def _rows(
    session: Session, opened: Desk, sort: str, coders: dict[str, str] | None
) -> Iterable[list[Any]]:
    """Readings as cells; without names not in their order either."""
    if coders is None:
        return (
            _cells(one, one.username, one.coder) for one in desk.all_lines(session, opened, sort)
        )
    is_by_coder = sort == "coder"
    lines = desk.all_lines(session, opened, "" if is_by_coder else sort)
    try:
        rows = [_cells(one, coders[one.username], None) for one in lines]
    except KeyError as error:  # labelled between the drawing of numbers and the reading
        raise NotReady("Somebody new has just labelled: download it once more.") from error
    return sorted(rows, key=itemgetter(COLUMNS.index("coder"))) if is_by_coder else rows


def _cells(line: Line, coder: str, name: str | None) -> list[Any]:
    values = asdict(line) | {"at": line.at.isoformat(), "coder": coder, "coder_name": name}
    return [values[name] for name in COLUMNS]


@desk_pages.get("/versions")
@policy.members(*OVERSEEING_ROLES)
def versions(slug: str) -> str:
    """What each published version changed."""
    with database().read() as session:
        opened = opened_desk(session, DeskFilters())
        found = desk_versions.versions(session, opened, request.args.get("page", 1, type=int))
        return _rendered(
            "desk_versions.html", session, DeskFilters(), found=found, figures=model_figures
        )


@desk_pages.get("/versions/<int:number>/moved")
@policy.members(*OVERSEEING_ROLES)
def moved(slug: str, number: int) -> str:
    """Protocols that a version moved from one level to another, or left where they were."""
    wanted = request.args.get("page", 1, type=int)
    with database().read() as session:
        pair, move = _move(session, number)
        found = moves.moved(session, move, wanted)
        body = _rendered(
            "desk_moved.html", session, DeskFilters(), found=found, pair=pair, levels=move.levels
        )
    with database().write() as session:
        moves.note_seen(session, found.rows, g.person.account_id)
    return body


@desk_pages.get("/versions/<int:number>/moved.csv")
@policy.members(*OVERSEEING_ROLES)
def moved_csv(slug: str, number: int) -> Response:
    """All of them as a file; whoever took it has seen what both versions say of them."""
    with database().read() as session:
        _, move = _move(session, number)
        rows = moves.all_moved(session, move)
    with database().write() as session:
        moves.note_seen(session, rows, g.person.account_id)
    was, now = move.levels
    cells = [(one.external_id, one.title, was, now) for one in rows]
    name = f"{slug}-version-{number}-{was}-to-{now}.csv"
    return table_file(name, ("external_id", "title", "was", "now"), cells)


def _move(session: Session, number: int) -> tuple[Pair, Move]:
    """What the address asks for, of protocols of which whoever asks may know."""
    opened = opened_desk(session, DeskFilters())
    pair = desk_versions.pair(session, g.project.id, number)
    if pair is None:
        raise NotFound("No published version of this number has one before it.")
    only = [opened.is_over()] if opened.viewer.codes else []
    return pair, Move((pair[0].id, pair[1].id), (_level("from"), _level("to")), only)


def asked() -> DeskFilters:
    """The choice in the address."""
    return read_filters(request.args)


def opened_desk(session: Session, filters: DeskFilters) -> Desk:
    """The desk of whoever asks."""
    viewer = Viewer(g.person.account_id, g.role)
    return desk.open_desk(session, g.project, filters, viewer)


def listed(session: Session, opened: Desk) -> desk.Lines:
    """The page of the list that is asked for."""
    number = request.args.get("page", 1, type=int)
    return desk.lines(session, opened, number, request.args.get("sort", ""))


def note_seen(rows: list[Line]) -> None:
    """Record that the person behind this request was shown these."""
    with database().write() as session:
        desk.note_seen(session, g.project.id, rows, Viewer(g.person.account_id, g.role))


def _level(name: str) -> int:
    level = request.args.get(name, type=int)
    if level is None or not 0 <= level <= 7:
        raise InvalidInput(f"The address wants a level as {name}, such as {name}=2.")
    return level


def _rendered(template: str, session: Session, filters: DeskFilters, **values: Any) -> str:
    """A page with what all of the desk's pages show."""
    given = filters.given()
    plain = replace(filters, suggested="", level="", final="", signal="")
    rubric = rubrics.project_rubric(session, g.project)
    choices = desk_choices.choices(session, g.project)
    fields = desk_form.fields(filters, choices, rubric.scale)
    return render_template(
        template,
        filters=filters,
        given=given,
        plain=plain.given(),
        fields=fields,
        titles=TITLES,
        told=desk_form.told(filters, fields),
        codes=Viewer(g.person.account_id, g.role).codes,
        may_name=g.role in LEADING,
        rubric=rubric,
        words=words,
        **values,
    )
