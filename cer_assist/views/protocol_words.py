"""The prototype's picture: a protocol's words with what each adds to each level, as coloured cells.

Whoever may see the model's suggestion may see this, and it counts as having seen it.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import NotAllowed, NotFound
from cer_assist.domain.rubric import Rubric
from cer_assist.services import explanations, models, protocols, rubrics
from cer_assist.services.dossier import Dossier, open_dossier, words_of
from cer_assist.services.suggestions import SuggestionView
from cer_assist.views.access import ALL_ROLES, database, policy
from cer_assist.views.downloads import attachment, table_file
from cer_assist.views.heat import TEXT_ORDER, Gathered, HeatRow, gathered, heat_rows, orders

protocol_words = Blueprint(
    "protocol_words", __name__, url_prefix="/p/<slug>/protocols/<int:protocol_id>"
)


class Table(NamedTuple):
    """What page and files are made of."""

    dossier: Dossier
    found: SuggestionView | None
    is_pending: bool  # asked for, and not answered yet
    rubric: Rubric
    order: str
    rows: list[HeatRow]
    gathered: list[Gathered]


@protocol_words.get("/words")
@policy.members(*ALL_ROLES)
def page(slug: str, protocol_id: int) -> str:
    """The words as a table."""
    table = _table(protocol_id)
    return render_template(
        "protocol_words.html", table=table, orders=orders(table.rubric.scale), rubric=table.rubric
    )


@protocol_words.post("/words")
@policy.members(*ALL_ROLES)
def ask(slug: str, protocol_id: int) -> BaseResponse:
    """Have the words weighed that the version in use has not weighed yet."""
    with database().write() as session:
        dossier = _dossier(session, protocol_id)
        version_id = models.current_version_id(session, g.project.id)
        if not dossier.sight.suggestion:
            raise NotAllowed("You see the model's words once you have answered this protocol.")
        if version_id is None:
            raise NotFound("There is no model yet: its first words come after some labels.")
        explanations.ask(session, g.project.id, version_id, dossier.protocol.id)
    return redirect(url_for(".page", slug=slug, protocol_id=protocol_id), 303)


@protocol_words.get("/words.csv")
@policy.members(*ALL_ROLES)
def as_csv(slug: str, protocol_id: int) -> Response:
    """The same as a file, in the order of the page."""
    table = _table(protocol_id)
    levels = [f"adds_to_{level}" for level in table.rubric.scale]
    columns = ["word", "start", "attention", *levels, "model_version"]
    version = table.found.version_number if table.found else None
    rows = (
        [row.word, row.start, row.attention, *(cell.change for cell in row.cells), version]
        for row in table.rows
    )
    return table_file(_name(table, "csv"), columns, rows)


@protocol_words.get("/words.svg")
@policy.members(*ALL_ROLES)
def as_svg(slug: str, protocol_id: int) -> Response:
    """The same as a picture, for a report or a slide."""
    table = _table(protocol_id)
    picture = render_template("protocol_words.svg", table=table, scale=table.rubric.scale)
    return attachment(picture, _name(table, "svg"), "image/svg+xml")


def _table(protocol_id: int) -> Table:
    """A write transaction, because what is shown is recorded as seen."""
    with database().write() as session:
        rubric = rubrics.project_rubric(session, g.project)
        dossier = _dossier(session, protocol_id)
        order = request.args.get("by", TEXT_ORDER)
        order = order if order in orders(rubric.scale) else TEXT_ORDER
        found = words_of(session, dossier, g.person.account_id)
        is_pending = explanations.is_pending(session, g.project.id, protocol_id)
        text = dossier.protocol.text
        rows = heat_rows(text, found.words if found else [], rubric.scale, order)
        matrices = gathered(text, found.looks if found else [])
    return Table(dossier, found, is_pending, rubric, order, rows, matrices)


def _dossier(session: Session, protocol_id: int) -> Dossier:
    found = protocols.find(session, g.project.id, protocol_id)
    mine = g.person.account_id
    return open_dossier(session, g.project, found, mine, g.role, asked=False)


def _name(table: Table, ending: str) -> str:
    return f"{table.dossier.protocol.id}-words.{ending}"
