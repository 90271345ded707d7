"""Disagreements and discussions as JSON: the pages' own sight, records and refusals, for scripts.

Every reply is one of the models below, whose field descriptions are the reference (docs/api.md).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.adjudication import Act, Track
from cer_assist.domain.scopes import Scope
from cer_assist.services import adjudicating, discussion, dispute_case, disputes, protocols
from cer_assist.views.access import API, CODING_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.adjudicate import Decision
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.paging import Part, paged_reply, part_of

adjudication_api = Blueprint("adjudication_api", __name__, url_prefix=f"{API}projects/<slug>")


class Waiting(Reply):
    """A protocol that waits for an adjudicator."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="Its title")
    track: Track = Field(description="near (one level apart), far, agreed or sent-back")
    distance: int = Field(description="Levels between the lowest and the highest reading")
    surprise: float | None = Field(
        description="Mean of -log p that the model gave to the readings; null where it was not "
        "asked"
    )
    readers: int = Field(description="Readings that stand")
    waiting: int = Field(description="Of these, sent back and not answered again")
    is_party: bool = Field(description="One of these is yours, and nobody else can settle it")
    proposed_by_me: bool = Field(description="You have said a level; a second person is awaited")


class WaitingList(Reply):
    """What waits, in the order of the page."""

    protocols: list[Waiting] = Field(description="Far apart first, then by surprise")
    others_settle_mine: bool = Field(
        description="What you have read yourself is left out, for there are others to settle it"
    )
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


class Voice(Reply):
    """A reading without the reader's name."""

    letter: str = Field(description="A, B, … in an order drawn for you and the protocol")
    event_id: int = Field(description="The label event, which a decision names")
    level: int = Field(description="The level given")
    confidence: int | None = Field(description="1 to 3, 3 the surest")
    note: str = Field(description="The coder's note")
    evidence: list[dict[str, Any]] = Field(description="What was marked: start, end, quote")
    exposure: str = Field(description="What the coder had seen of others' answers")
    is_mine: bool = Field(description="It is your own")
    is_awaited: bool = Field(description="It was sent back and not answered again")


class Case(Reply):
    """A protocol to be settled, or that was."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    track: Track = Field(description="near (one level apart), far, agreed or sent-back")
    readings: list[Voice] = Field(description="By letter")
    surprise: float | None = Field(description="As in the list")
    final_level: int | None = Field(description="The final level, if one stands")
    proposed: int | None = Field(description="What you have said, while a second is awaited")


class Settled(Reply):
    """What came of a decision."""

    id: int = Field(description="Number of what was recorded")
    act: Act = Field(description="As asked; propose, where a second person is awaited")
    level: int | None = Field(description="The level said")
    label_event_id: int | None = Field(description="The label event of the lane final, if any")
    repeated: bool = Field(description="The same was sent before and is stored once")


class Said(Reply):
    """A comment."""

    who: str = Field(description="For leads the name; for coders whether a lead or a coder")
    at: str = Field(description="When, UTC")
    text: str = Field(description="What was said")
    is_mine: bool = Field(description="You said it")
    sends_back: bool = Field(description="It came with sending the protocol back")


class Thread(Reply):
    """A protocol's discussion."""

    comments: list[Said] = Field(description="Oldest first")


class NewComment(Asked):
    """What is sent to say something."""

    text: str = Field(description="What is to be said")
    idempotency_key: str = Field(description="New for each comment: sent twice, it counts once")


@adjudication_api.get("/adjudications")
@policy.members(*LEADING_ROLES)
@answers(WaitingList, query=Part, scope=Scope.admin)
def waiting(slug: str) -> Response:
    """Protocols that wait to be settled."""
    with database().read() as session:
        found = disputes.docket(session, g.project, g.person.account_id)
    rows, following = part_of(found.rows, g.query, "protocol_id")
    said = WaitingList(
        protocols=[Waiting(**asdict(one)) for one in rows],
        others_settle_mine=found.others_settle_mine,
        next=following,
    )
    return paged_reply(said, following)


@adjudication_api.get("/adjudications/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
@answers(Case, 409, scope=Scope.admin)
def case(slug: str, protocol_id: int) -> Response:
    """One with its readings; they are recorded as seen."""
    with database().write() as session:
        found = dispute_case.open_case(session, g.project, g.person.account_id, protocol_id)
        reply = Case(
            protocol_id=protocol_id,
            external_id=found.protocol.external_id,
            track=found.track,
            readings=[Voice(**asdict(voice)) for voice in found.voices],
            surprise=found.surprise,
            final_level=found.final.level if found.final else None,
            proposed=found.proposed,
        )
    return json_reply(reply)


@adjudication_api.post("/adjudications/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
@answers(Settled, 409, 422, asks=Decision, scope=Scope.admin)
def decide(slug: str, protocol_id: int) -> Response:
    """Settle it, send it back, or take back what one has decided."""
    asked = json_body(Decision).to_ruling(protocol_id)
    with database().write() as session:
        done = adjudicating.rule(session, g.project, g.person.account_id, asked)
    return json_reply(Settled(**{name: getattr(done, name) for name in Settled.model_fields}))


@adjudication_api.get("/discussions/<int:protocol_id>")
@policy.members(*CODING_ROLES)
@answers(Thread)
def thread(slug: str, protocol_id: int) -> Response:
    """What was said; recorded as seen."""
    with database().write() as session:
        protocol = protocols.find(session, g.project.id, protocol_id)
        said = discussion.thread(session, g.project, protocol, g.person.account_id, g.role)
    return json_reply(
        Thread(comments=[Said(**(asdict(one) | {"at": one.at.isoformat()})) for one in said])
    )


@adjudication_api.post("/discussions/<int:protocol_id>")
@policy.members(*CODING_ROLES)
@answers(Thread, 409, 422, asks=NewComment, scope=Scope.label)
def say(slug: str, protocol_id: int) -> Response:
    """Add a comment; the reply is the discussion with it."""
    new = json_body(NewComment)
    mine = g.person.account_id
    with database().write() as session:
        protocol = protocols.find(session, g.project.id, protocol_id)
        discussion.say(session, g.project, protocol, mine, g.role, new.text, new.idempotency_key)
    return thread(slug=slug, protocol_id=protocol_id)
