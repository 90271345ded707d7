"""Snapshots: kept, looked at, compared and taken out; a lead makes them, who oversees looks."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Exposure
from cer_assist.domain.splits import DEALT
from cer_assist.services import snapshot_differences, snapshot_making, snapshot_views
from cer_assist.services import snapshots as kept
from cer_assist.services.snapshot_differences import Differences
from cer_assist.services.snapshot_filters import READINGS
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.tables import Snapshot
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.exporting import choice_of, offered, send_export

snapshot_pages = Blueprint("snapshots", __name__, url_prefix="/p/<slug>/snapshots")
EXPOSURES = {
    Exposure.blind: "before seeing any other answer",
    Exposure.after_suggestion: "after the model's suggestion",
    Exposure.prefilled: "with the model's level filled in",
    Exposure.after_peer: "after another coder's label",
    Exposure.unknown: "made elsewhere",
}


@snapshot_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """All of them, and the form that makes one."""
    with database().read() as session:
        found = kept.listed(session, g.project.id)
    return render_template(
        "snapshots.html", found=found, readings=READINGS, exposures=EXPOSURES, dealt=DEALT
    )


@snapshot_pages.post("/make")
@policy.members(*LEADING_ROLES)
def make(slug: str) -> BaseResponse:
    """Keep one."""
    made = snapshot_making.make(database(), g.project.id, _asked(), g.person.account_id)
    flash(f"Snapshot {made.number} is kept.")
    return redirect(url_for("snapshots.one", slug=slug, number=made.number), 303)


@snapshot_pages.get("/<int:number>")
@policy.members(*OVERSEEING_ROLES)
def one(slug: str, number: int) -> str:
    """What it holds, and what differs from another."""
    other = request.args.get("with", "")
    with database().read() as session:
        made = numbered(session, number)
        others = [row for row in kept.listed(session, g.project.id) if row.number != number]
    return render_template(
        "snapshot.html",
        made=made,
        said=made.said,
        others=others,
        other=other,
        told=compared(other, number) if other else None,
        filters=snapshot_differences.chosen(made.asked),
        shares=snapshot_differences.shares(made.asked),
        **offered(),
    )


@snapshot_pages.post("/<int:number>/export")
@policy.members(*OVERSEEING_ROLES)
def download(slug: str, number: int) -> Response:
    """Write it as a project's export is written."""
    return send_export(request.form.get("format", ""), choice_of(), number)


def numbered(session: Session, number: int) -> Snapshot:
    """The snapshot of the address."""
    return kept.find_number(session, g.project.id, number)


def compared(before: str, after: int) -> Differences:
    """What differs; whoever sees it has seen the levels in it."""
    if not before.isdecimal() or len(before) > 9:
        raise InvalidInput("Say which snapshot by its number.")
    with database().read() as session:
        pair = numbered(session, int(before)), numbered(session, after)
        found = snapshot_differences.differences(session, *pair)
    with database().write() as session:
        snapshot_views.note(session, g.project.id, found, g.person.account_id)
    return found


def _asked() -> Asked:
    form = request.form
    return Asked(
        name=form.get("name", ""),
        notes=form.get("notes", ""),
        settled_only=form.get("settled") == "1",
        shares=_shares() if form.get("split") == "1" else None,
        columns=tuple(name.strip() for name in form.get("apart", "").split(",") if name.strip()),
        fenced_is_test=form.get("fenced_is_test") == "1",
        seed=_whole(form.get("seed", "1"), "seed"),
        readings=form.get("readings", "all"),
        exposures=tuple(form.getlist("exposure")),
        rubric_versions=tuple(
            _whole(part.strip(), "rubric version")
            for part in form.get("rubrics", "").split(",")
            if part.strip()
        ),
        since=form.get("since", ""),
        until=form.get("until", ""),
    )


def _shares() -> dict[str, float]:
    return {name: _whole(request.form.get(name, "0"), f"share of {name}") / 100 for name in DEALT}


def _whole(said: str, what: str) -> int:
    if not said.isdecimal() or len(said) > 9:
        raise InvalidInput(f"The {what} is a whole number.")
    return int(said)
