"""Assignments as JSON: services, roles and audit are those of the page (docs/api.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from flask import Blueprint, Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from cer_assist.domain.dealing import By
from cer_assist.domain.scopes import Scope
from cer_assist.services import (
    accounts,
    assignment_board,
    assignments,
    dealing,
    queue_wishes,
    readers,
)
from cer_assist.services.assignment_board import CoderLine, Mine
from cer_assist.services.dealing import Batch, Deal
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.views.access import API, CODING_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers

api_assignments = Blueprint(
    "api_assignments", __name__, url_prefix=f"{API}projects/<slug>/assignments"
)


class CoderAssignments(Reply):
    """How far one coder is."""

    username: str = Field(description="The coder's user name")
    tags: list[str] = Field(description="What they know of")
    may_label: bool = Field(description="False: they no longer label here, so move what is open")
    open: int = Field(description="Assignments not answered yet")
    overdue: int = Field(description="Of the open ones, those past their date")
    skipped: int = Field(description="Of the open ones, those that they skipped")
    again: int = Field(description="Of the open ones, those that they have answered before")
    done: int = Field(description="Assignments answered")
    next_due: dt.date | None = Field(description="The earliest date of the open ones")

    @classmethod
    def of(cls, line: CoderLine) -> CoderAssignments:
        """What the page has, by user name."""
        return cls(**{name: getattr(line, name) for name in cls.model_fields})


class Coders(Reply):
    """Everyone who may label, or still has something open."""

    coders: list[CoderAssignments] = Field(description="By name")


class MyAssignment(Reply):
    """A protocol that the person who asks is to read."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="The protocol's title")
    kind: AssignmentKind = Field(description="Assigned, returned by an adjudicator, or reread")
    note: str = Field(description="The comment of whoever asks")
    due_on: dt.date | None = Field(description="When it is due")
    is_skipped: bool = Field(description="Skipped, so it comes after all else")

    @classmethod
    def of(cls, one: Mine) -> MyAssignment:
        """What the home page has."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class MyAssignments(Reply):
    """The own assignments of the person who asks, never anyone else's."""

    open: int = Field(description="Assignments not answered yet")
    overdue: int = Field(description="Of the open ones, those past their date")
    skipped: int = Field(description="Of the open ones, those that they skipped")
    done: int = Field(description="Assignments answered")
    again: list[MyAssignment] = Field(description="To be read again")
    first: list[MyAssignment] = Field(description="At most ten others, in their order")


class CoderShare(Reply):
    """What one coder gets of a batch."""

    username: str = Field(description="The coder's user name")
    dealt: int = Field(description="Protocols that they get")
    known: int = Field(description="Of these, how many speak of what they know, dealt by tags")
    strata: dict[str, int] = Field(description="Of these, how many of each value, dealt by stratum")


class Dealt(Reply):
    """What a batch comes to."""

    is_stored: bool = Field(description="False: it was only looked at")
    seed: str = Field(description="Send it along to deal exactly what was looked at")
    protocols: int = Field(description="Protocols dealt")
    wanted: int = Field(description="Readers that were wanted and promised to nobody")
    left: int = Field(description="Of these, how many still are")
    shares: list[CoderShare] = Field(description="By coder")


class Taken(Reply):
    """What became of open assignments."""

    protocols: int = Field(description="Protocols taken back or moved")
    stay: int = Field(description="Those that could not be moved and stay")


class Drawn(Reply):
    """How many readers the protocols want that nobody has read."""

    is_stored: bool = Field(description="False: as it stands, nothing was drawn")
    wanted: dict[int, int] = Field(description="Protocols by the readers that they want")


class BatchBody(Asked):
    """What to deal."""

    coders: list[str] = Field(description="User names")
    by: By = Field(By.random, description="`random`, `stratum`, `tags` or `hand`")
    each: int | None = Field(None, description="How many each, at most; null: all there are")
    column: str = Field("", description="Of the protocols' details, by stratum")
    protocols: list[str] = Field([], description="Their own ids, by hand")
    due_on: dt.date | None = Field(None, description="When they are due")
    note: str = Field("", description="Comment that the coders read")
    seed: str = Field("", max_length=40, description="Of what was looked at")
    dry_run: bool = Field(False, description="Look at it, store nothing")


class ReadersBody(Asked):
    """Whether to draw."""

    dry_run: bool = Field(False, description="Say how it stands, draw nothing")


class TakeBody(Asked):
    """What to take back or move."""

    coder: str = Field(description="User name of who has them")
    to: str | None = Field(None, description="User name of who gets them; null: the queue decides")
    protocols: list[str] | None = Field(None, description="Their own ids; null: all that is open")


@api_assignments.get("")
@policy.members(*LEADING_ROLES)
@answers(Coders, scope=Scope.admin)
def by_coder(slug: str) -> Response:
    """How far everyone is."""
    with database().read() as session:
        lines = assignment_board.by_coder(session, g.project.id)
    return json_reply(Coders(coders=[CoderAssignments.of(line) for line in lines]))


@api_assignments.get("/mine")
@policy.members(*CODING_ROLES)
@answers(MyAssignments)
def mine(slug: str) -> Response:
    """What the person who asks is to read."""
    with database().read() as session:
        own = assignment_board.own(session, g.project.id, g.person.account_id)
    return json_reply(
        MyAssignments(
            open=own.open,
            overdue=own.overdue,
            skipped=own.skipped,
            done=own.done,
            again=[MyAssignment.of(one) for one in own.again],
            first=[MyAssignment.of(one) for one in own.first],
        )
    )


@api_assignments.post("")
@policy.members(*LEADING_ROLES)
@answers(Dealt, 409, asks=BatchBody, scope=Scope.admin)
def deal(slug: str) -> Response:
    """Deal a batch, or look at what it comes to."""
    body = json_body(BatchBody)
    with database().write() as session:
        names = _accounts(session, body.coders)
        seed = {"seed": body.seed} if body.seed else {}
        batch = Batch(
            tuple(names),
            body.by,
            body.each,
            body.column,
            tuple(body.protocols),
            body.due_on,
            body.note,
            **seed,
        )
        if body.dry_run:
            found = dealing.look(session, g.project, batch)
        else:
            found = dealing.store(session, g.project, batch, g.person.account_id)
    return json_reply(_dealt(batch, found, names, is_stored=not body.dry_run))


@api_assignments.post("/take")
@policy.members(*LEADING_ROLES)
@answers(Taken, 409, asks=TakeBody, scope=Scope.admin)
def take(slug: str) -> Response:
    """Take back what is open with a coder, or move it to another."""
    body, by = json_body(TakeBody), g.person.account_id
    with database().write() as session:
        (account_id,) = _accounts(session, [body.coder])
        ids, stay = None, 0
        if body.protocols is not None:
            ids = queue_wishes.find_ids(session, g.project.id, body.protocols).values()
        if body.to is None:
            taken = assignments.release(session, g.project, account_id, ids, by)
        else:
            (to,) = _accounts(session, [body.to])
            taken, stay = assignments.move(session, g.project, account_id, to, ids, by)
    return json_reply(Taken(protocols=len(taken), stay=stay))


@api_assignments.post("/readers")
@policy.members(*LEADING_ROLES)
@answers(Drawn, 409, asks=ReadersBody, scope=Scope.admin)
def draw_readers(slug: str) -> Response:
    """Draw anew how many readers the protocols want that nobody has read."""
    body = json_body(ReadersBody)
    with database().write() as session:
        if body.dry_run:
            found = readers.standing(session, g.project.id)
        else:
            found = readers.draw_anew(session, g.project, g.person.account_id)
    return json_reply(Drawn(is_stored=not body.dry_run, wanted=found.wanted))


def _dealt(batch: Batch, found: Deal, names: dict[int, str], *, is_stored: bool) -> Dealt:
    return Dealt(
        is_stored=is_stored,
        seed=batch.seed,
        protocols=found.protocols,
        wanted=found.wanted,
        left=found.left,
        shares=[
            CoderShare(
                username=names[share.account_id],
                dealt=share.dealt,
                known=share.known,
                strata=share.strata,
            )
            for share in found.shares
        ],
    )


def _accounts(session: Session, usernames: Sequence[str]) -> dict[int, str]:
    return {accounts.find_account(session, name).id: name for name in usernames}
