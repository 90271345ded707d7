"""What a lead can do about an alarm of the Agreement page: protocols read again, never listed."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, url_for
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.agreement import Readings
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.scopes import Scope
from cer_assist.services import accounts, read_again
from cer_assist.services.read_again import Again
from cer_assist.views.access import API, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.presentation import count

read_again_pages = Blueprint("read_again", __name__, url_prefix="/p/<slug>/agreement/reread")
read_again_api = Blueprint(
    "read_again_api", __name__, url_prefix=f"{API}projects/<slug>/agreement/reread"
)


class AgainAsked(Asked):
    """What is to be read again."""

    coder: str = Field(description="User name of who read them")
    number: int = Field(
        read_again.USUAL, description="At most so many, drawn at random; 10 if left out"
    )
    reader: str | None = Field(
        None, description="User name of a second reader; null: the coder themselves"
    )
    since: str = Field("", description="First day on which the coder read them, UTC")
    until: str = Field("", description="Last day")
    note: str = Field("", description="Comment for who reads; not which way the levels lie")


class AgainDrawn(Reply):
    """What came of it."""

    drawn: int = Field(description="Protocols that are read again; which ones is not told")


@read_again_pages.post("")
@policy.members(*LEADING_ROLES)
def send(slug: str) -> Response:
    """Draw them, and back to the same choice of readings."""
    form = request.form
    number = form.get("number", type=int)
    if number is None:
        raise InvalidInput("Say how many protocols are to be read again.")
    asked = AgainAsked(
        coder=form.get("coder", ""),
        number=number,
        reader=form.get("reader") or None,
        since=form.get("since", ""),
        until=form.get("until", ""),
        note=form.get("note", ""),
    )
    shown = Readings.from_key(form.get("choice", ""))
    with database().write() as session:
        drawn = _send(session, asked)
        name = accounts.find_account(session, asked.reader or asked.coder).display_name
    fewer = "" if drawn == number else "; there are no more"
    flash(f"{count(drawn, 'protocol')} drawn for {name} to read{fewer}. Which ones is not told.")
    return redirect(f"{url_for('agreement.page', slug=slug)}?{shown.key}".rstrip("?"), 303)


@read_again_api.post("")
@policy.members(*LEADING_ROLES)
@answers(AgainDrawn, 409, asks=AgainAsked, scope=Scope.admin)
def send_by_api(slug: str) -> Response:
    """Give a coder protocols of their own to read again."""
    asked = json_body(AgainAsked)
    with database().write() as session:
        said = AgainDrawn(drawn=_send(session, asked))
    return json_reply(said)


def _send(session: Session, asked: AgainAsked) -> int:
    days = Readings.of({"since": asked.since, "until": asked.until})
    wanted = Again(
        accounts.find_account(session, asked.coder).id,
        asked.number,
        accounts.find_account(session, asked.reader).id if asked.reader else None,
        days.since,
        days.until,
        asked.note,
    )
    return read_again.send(session, g.project, wanted, g.person.account_id)
