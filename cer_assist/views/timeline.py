"""Timelines: a page and JSON of the same lines, whose state is in the address."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from flask import Blueprint, Response, g, make_response, render_template, request
from pydantic import ConfigDict, Field

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.scopes import Scope
from cer_assist.services import audit_log, rubrics, timeline
from cer_assist.services.timeline_parts import About, Asked, Line, Place, TimelinePage, Window
from cer_assist.views import timeline_words as words
from cer_assist.views.access import API, OVERSEEING_ROLES, database, policy
from cer_assist.views.errors import status_of
from cer_assist.views.json_parts import Query, Reply, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.paging import MOST

timeline_pages = Blueprint("timeline", __name__, url_prefix="/p/<slug>/timeline")
timeline_api = Blueprint("timeline_api", __name__, url_prefix=f"{API}projects/<slug>")


class TimelineAsked(Query):
    """Which timeline, and which part of it."""

    model_config = ConfigDict(populate_by_name=True)

    about: About = Field(About.project, description="What it is about")
    id: str = Field("", max_length=200, description="A protocol's own id, user name or number")
    since: str = Field("", alias="from", max_length=10, description="First day, UTC")
    until: str = Field("", alias="to", max_length=10, description="Last day, UTC")
    kind: str = Field("", description="Only lines of this source")
    order: Literal["", "newest"] = Field("", description="newest: newest first")
    limit: int = Field(50, ge=1, le=MOST, description="At most so many lines")
    after: str = Field("", max_length=80, description="The `next` of the page before")


class TimelineLine(Reply):
    """One thing that happened."""

    at: dt.datetime = Field(description="When, in UTC")
    who: str | None = Field(description="Who did it; null for the program or the command line")
    what: str = Field(description="What was done, in words")
    protocol: str | None = Field(description="The protocol's own id; null for none")
    change: str = Field(description="What it replaced and by what, such as level 2 → 4")
    saw: str = Field(description="What had been seen of others' answers, or was shown then")
    detail: str = Field(description="All else that is kept, in words")
    event: int | None = Field(description="Number of the chain's event that vouches for it")
    state: str = Field(
        description="checked: its hash is the one in the chain; altered: it is not; missing: the "
        "chain should hold it; outside: the chain does not keep such lines"
    )


class Timeline(Reply):
    """A page of a timeline."""

    about: str = Field(description="protocol, coder, rubric, model or project")
    name: str = Field(description="Which one")
    lines: list[TimelineLine] = Field(description="In order of time")
    next: str | None = Field(description="Ask with `after` = this for the next page; null: none")
    left_out: int = Field(
        description="Protocols of the project that you may still read: nothing is told of them"
    )

    @classmethod
    def of(cls, asked: Asked, found: TimelinePage) -> Timeline:
        """A page in words."""
        return cls(
            about=asked.subject.about,
            name=asked.subject.name,
            lines=[line_of(line) for line in found.lines],
            next=str(found.next) if found.next else None,
            left_out=found.left_out,
        )


def line_of(line: Line) -> TimelineLine:
    """A line in words."""
    told = words.tell(line)
    return TimelineLine(
        at=line.at,
        who=line.who or None,
        what=told.what,
        protocol=line.protocol or None,
        change=told.change,
        saw=told.seen,
        detail=told.detail,
        event=line.event,
        state=line.state,
    )


@timeline_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> Response:
    """A page of what is known of one thing; without one, the form that asks for it."""
    asked, found, problem = None, None, None
    if request.args.get("about"):
        try:
            asked, found = _found(None)
        except (InvalidInput, NotFound) as error:  # told above the form, as it was filled in
            problem = error
    with database().read() as session:
        people = audit_log.people(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    body = render_template(
        "timeline.html",
        asked=asked,
        found=found,
        problem=problem,
        words=words,
        people=people,
        rubric=rubric,
        kinds=timeline.KINDS,
        given=_given(),
    )
    return make_response(body, status_of(problem) if problem else 200)


@timeline_api.get("/timeline")
@policy.members(*OVERSEEING_ROLES)
@answers(Timeline, query=TimelineAsked, scope=Scope.audit)
def as_json(slug: str) -> Response:
    """All that is known of one thing, in order of time; up to 200 lines at once."""
    return json_reply(Timeline.of(*_found(g.query.limit)))


def _found(size: int | None) -> tuple[Asked, TimelinePage]:
    args = request.args
    window = Window(
        since=day(args.get("from", "")),
        until=day(args.get("to", "")),
        newest_first=args.get("order") == "newest",
        after=Place.parse(args.get("after", "")),
        **({"size": size} if size else {}),
    )
    with database().read() as session:
        about = args.get("about", About.project.value)
        subject = timeline.find_subject(session, g.project, about, args.get("id", "").strip())
        who = timeline.viewer(session, g.project, g.person.account_id, g.role)
        asked = Asked(g.project, subject, window, who)
        found = timeline.page(session, asked, args.get("kind", ""))
        shown = timeline.unnoted(session, found.lines, g.person.account_id)
    if shown:
        with database().write() as session:
            timeline.note(session, shown, g.person.account_id)
    return asked, found


def _given() -> dict[str, Any]:
    """The filters as the form and the links to pages have them."""
    names = ("about", "id", "from", "to", "kind", "order")
    return {name: request.args.get(name, "") for name in names}


def day(text: str) -> dt.date | None:
    """A day of an address or a command; empty is none."""
    try:
        found = dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"“{text[:40]}” is no day: write it as 2026-11-30.") from error
    if found == dt.date.max:
        raise InvalidInput("The calendar ends there: choose an earlier day.")
    return found
