"""Snapshots: kept, looked at, compared and taken out; a lead makes them, who oversees looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import CerError, InvalidInput
from cer_assist.domain.splits import DEALT
from cer_assist.services import (
    snapshot_changes,
    snapshot_checks,
    snapshot_differences,
    snapshot_filters,
    snapshot_making,
    snapshot_views,
)
from cer_assist.services import snapshots as kept
from cer_assist.services.desk_protocols import Viewer
from cer_assist.services.snapshot_changes import Change, Wanted
from cer_assist.services.snapshot_differences import Differences
from cer_assist.services.snapshot_views import Told
from cer_assist.store.tables import Snapshot
from cer_assist.views import snapshot_words as words
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.downloads import table_file
from cer_assist.views.errors import status_of
from cer_assist.views.exporting import choice_of, offered, send_export

_CHOICE = ("with", "what", "from", "to")
snapshot_pages = Blueprint("snapshots", __name__, url_prefix="/p/<slug>/snapshots")


@snapshot_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """All of them."""
    with database().read() as session:
        found = kept.listed(session, g.project.id)
    return render_template("snapshots.html", found=found)


@snapshot_pages.get("/new")
@policy.members(*LEADING_ROLES)
def new(slug: str) -> Response:
    """The choice of what one is to hold, and what that comes to; both stand in the address."""
    args = request.args
    seen = problem = None
    try:
        if args:
            seen = snapshot_views.preview(database(), g.project.id, words.asked(args), viewer())
    except CerError as error:  # told above the form, as it was filled in
        problem = error
    chosen = [(name, value) for name in words.FIELDS for value in args.getlist(name)]
    body = render_template(
        "snapshot_new.html",
        seen=seen,
        problem=problem,
        chosen=chosen,
        readings=snapshot_filters.READINGS,
        dealt=DEALT,
        words=words,
    )
    return make_response(body, status_of(problem) if problem else 200)


@snapshot_pages.post("/make")
@policy.members(*LEADING_ROLES)
def make(slug: str) -> BaseResponse:
    """Keep one."""
    made = snapshot_making.make(
        database(), g.project.id, words.asked(request.form), g.person.account_id
    )
    flash(f"Snapshot {made.number} is kept.")
    return redirect(url_for("snapshots.one", slug=slug, number=made.number), 303)


@snapshot_pages.get("/<int:number>")
@policy.members(*OVERSEEING_ROLES)
def one(slug: str, number: int) -> str:
    """What it holds, whether it is as made, and what differs from another."""
    other = request.args.get("with", "")
    with database().read() as session:
        made = numbered(session, number)
        others = [row for row in kept.listed(session, g.project.id) if row.number != number]
        again = snapshot_checks.recheck(session, made) if request.args.get("check") else None
        differences = compared(session, other, number) if other else None
        return render_template(
            "snapshot.html",
            made=made,
            said=made.said,
            told=next(told_of(session, made)),
            others=others,
            other=other,
            differences=differences,
            again=again,
            no_counts=snapshot_checks.NO_COUNTS,
            words=words,
            filters=snapshot_filters.chosen(made.asked),
            shares=snapshot_differences.shares(made.asked),
            **offered(),
        )


@snapshot_pages.get("/<int:number>/changes")
@policy.members(*OVERSEEING_ROLES)
def changes(slug: str, number: int) -> str:
    """The protocols behind a count of a difference; they are recorded as seen."""
    wanted, found, left_out = changed(number)
    shown = snapshot_changes.page_of(found, left_out, request.args.get("page", 1, type=int))
    body = render_template(
        "snapshot_changes.html",
        number=number,
        wanted=wanted,
        found=shown,
        title=snapshot_changes.KINDS[wanted.kind],
        words=words,
        chosen={name: request.args[name] for name in _CHOICE if name in request.args}
        | {"slug": slug, "number": number},
    )
    note_seen(shown.rows)
    return body


@snapshot_pages.get("/<int:number>/changes.csv")
@policy.members(*OVERSEEING_ROLES)
def changes_csv(slug: str, number: int) -> Response:
    """All of the list as a table file."""
    _, found, _ = changed(number)
    note_seen(found)
    names = [one.name for one in fields(Change) if one.name != "id"]
    rows = ([getattr(one, name) for name in names] for one in found)
    return table_file(f"{slug}-snapshot-{number}-changes.csv", names, rows)


@snapshot_pages.post("/<int:number>/export")
@policy.members(*OVERSEEING_ROLES)
def download(slug: str, number: int) -> Response:
    """Write it as a project's export is written."""
    return send_export(request.form.get("format", ""), choice_of(), number)


def numbered(session: Session, number: int) -> Snapshot:
    """The snapshot of the address."""
    return kept.find_number(session, g.project.id, number)


def pair_of(session: Session, before: str, after: int) -> tuple[Snapshot, Snapshot]:
    """The two that are compared, the earlier one of the address first."""
    if not before.isdecimal() or len(before) > 9:
        raise InvalidInput("Say which snapshot by its number.")
    return numbered(session, int(before)), numbered(session, after)


def compared(session: Session, before: str, after: int) -> Differences:
    """What differs, of those protocols alone that this person may know of."""
    hidden = snapshot_views.open_to(session, g.project.id, viewer())
    return snapshot_differences.differences(session, *pair_of(session, before, after), hidden)


def told_of(session: Session, *made: Snapshot) -> Iterator[Told]:
    """Counts and check of each, as far as this person may know."""
    hidden = snapshot_views.open_to(session, g.project.id, viewer())
    return (snapshot_views.told(session, one, hidden) for one in made)


def viewer() -> Viewer:
    """Whoever asks."""
    return Viewer(g.person.account_id, g.role)


def changed(number: int) -> tuple[Wanted, list[Change], int]:
    """What the address asks for, all protocols that fit, and how many this person may not see."""
    args = request.args
    wanted = Wanted(args.get("what", snapshot_changes.LEVEL), args.get("from"), args.get("to"))
    with database().read() as session:
        pair = pair_of(session, args.get("with", ""), number)
        found, left_out = snapshot_changes.changes(session, g.project, pair, wanted, viewer())
    return wanted, found, left_out


def note_seen(found: Sequence[Change]) -> None:
    """Record that the person behind this request was shown these."""
    with database().write() as session:
        snapshot_changes.note_seen(session, g.project.id, found, g.person.account_id)
