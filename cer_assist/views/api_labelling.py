"""Labelling as JSON: the queue, the blindness and the storing are those of the label page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ConfigDict, Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Origin
from cer_assist.domain.scopes import Scope
from cer_assist.services import (
    history,
    labelling,
    own_labels,
    protocols,
    reading,
)
from cer_assist.services.card import Card
from cer_assist.services.labelling import MAX_EVIDENCE, MAX_NOTE, LabelRequest
from cer_assist.services.protocols import Filters, ListedProtocol, Mine, State
from cer_assist.views.access import ALL_ROLES, API, CODING_ROLES, database, policy
from cer_assist.views.annotate import DAY, dice
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply, understood
from cer_assist.views.openapi import answers
from cer_assist.views.paging import Page, page_of, paged_reply

api_labelling = Blueprint("api_labelling", __name__, url_prefix=f"{API}projects/<slug>")


class ProtocolBody(Reply):
    """A protocol's text."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="Its title")
    text: str = Field(description="What is read")
    sections: list[tuple[str, int, int]] = Field(description="Name, start and end in the text")


class ProtocolRead(ProtocolBody):
    """A protocol as its page has it, without what others or the model say."""

    details: dict[str, Any] = Field(description="What was imported along with it")
    my_action: Action | None = Field(description="What you did last: label, skip or withdraw")
    my_level: int | None = Field(description="Your level, if one stands")
    supersedes: int | None = Field(description="Send it along with your next answer")


class Said(Reply):
    """What the model suggests."""

    level: int = Field(description="The level suggested")
    probabilities: list[float] = Field(description="Of each level, the lowest first")
    model_version: int = Field(description="Number of the version that says it")


class NextProtocol(Reply):
    """What the queue gives the person who asks; it is theirs until they answer."""

    protocol: ProtocolBody | None = Field(description="Null: nothing is left for you")
    reason: str = Field(description="Why this one")
    sent_back: str | None = Field(description="What an adjudicator says who sent it back")
    supersedes: int | None = Field(description="Send it along with your answer")
    rubric_version_id: int = Field(description="Of the rubric in use; send it along")
    suggestion: Said | None = Field(description="Only where the page shows it before an answer")


class ProtocolEntry(Reply):
    """A line of the list."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="Its title")
    details: dict[str, Any] = Field(description="What was imported along with it")
    is_complete: bool | None = Field(description="It has its readers; null for coders")
    my_action: Action | None = Field(description="What you did last: label, skip or withdraw")
    my_level: int | None = Field(description="Your level, if one stands")

    @classmethod
    def of(cls, row: ListedProtocol) -> ProtocolEntry:
        """As the page has it."""
        told = row.is_complete if history.sees_peers(g.role) else None
        return cls(
            protocol_id=row.id,
            external_id=row.external_id,
            title=row.title,
            details=row.details,
            is_complete=told,
            my_action=Action(row.my_action) if row.my_action else None,
            my_level=row.my_level,
        )


class ProtocolList(Reply):
    """A page of protocols."""

    protocols: list[ProtocolEntry] = Field(description="In the order of import")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


class ProtocolsAsked(Page):
    """Filters of the list."""

    q: str = Field("", max_length=200, description="Words of the text, or the beginning of an id")
    state: State | None = Field(
        None, description="open or complete; refused to coders, who are not told"
    )
    mine: Mine | None = Field(None, description="answered, skipped or none")
    level: int | None = Field(None, ge=0, le=99, description="Your level")


class NewLabel(Asked):
    """An answer, a skip, or taking back what stands."""

    action: Action = Field(
        Action.label, strict=False, description="label (if left out), skip or withdraw"
    )
    supersedes: int | None = Field(None, description="As it was told with the protocol")
    level: int | None = Field(None, description="With action label")
    confidence: int | None = Field(None, ge=1, le=3, description="1 to 3, 3 the surest")
    evidence: list[tuple[int, int]] = Field(
        [], max_length=MAX_EVIDENCE, description="[start, end] of each passage in the text"
    )
    note: str = Field("", max_length=MAX_NOTE, description="A note; with skip, why")
    seconds: float | None = Field(
        None, ge=0, le=DAY, allow_inf_nan=False, description="How long it took, if known"
    )
    rubric_version_id: int | None = Field(
        None, description="What you read by; null: the one in use"
    )


class KeyHeader(BaseModel):
    """Headers of an answer."""

    model_config = ConfigDict(populate_by_name=True)

    key: str = Field(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{8,80}$",
        description="New for each answer: sent twice, it counts once",
    )


class StoredLabel(Reply):
    """What stands now."""

    event_id: int = Field(description="The label event; the next answer's `supersedes`")
    protocol_id: int = Field(description="The number in the protocol's address")
    action: Action = Field(description="As asked")
    level: int | None = Field(description="The level given")
    recorded_at: dt.datetime = Field(description="When, in UTC")
    repeated: bool = Field(description="The same was sent before and is stored once")


class OwnLabel(Reply):
    """An answer of yours that stands."""

    event_id: int = Field(description="The label event")
    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    action: Action = Field(description="label, skip or withdraw")
    level: int | None = Field(description="The level given")
    confidence: int | None = Field(description="1 to 3, 3 the surest")
    evidence: list[dict[str, Any]] = Field(description="What was marked: start, end, quote")
    note: str = Field(description="Your note")
    recorded_at: dt.datetime = Field(description="When, in UTC")


class OwnLabels(Reply):
    """A page of your answers, one a protocol."""

    labels: list[OwnLabel] = Field(description="In the order of the protocols")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


@api_labelling.post("/next")
@policy.members(*CODING_ROLES)
@answers(NextProtocol, scope=Scope.label)
def next_protocol(slug: str) -> Response:
    """Take the next protocol of the queue, or the one that you have open."""
    with database().write() as session:
        card = reading.next_card(session, g.project, g.person.account_id, dice)
    return json_reply(_next(card))


@api_labelling.get("/protocols")
@policy.members(*ALL_ROLES)
@answers(ProtocolList, query=ProtocolsAsked)
def listing(slug: str) -> Response:
    """Protocols that fit the filters."""
    asked: ProtocolsAsked = g.query
    # Coders are not told how many readers a protocol has: it may be a second reading.
    if asked.state and not history.sees_peers(g.role):
        raise InvalidInput("Coders are not told what has all its readers: leave state out.")
    filters = Filters(asked.q.strip(), asked.state, asked.mine, asked.level)
    mine, more = g.person.account_id, asked.limit + 1
    with database().read() as session:
        found = protocols.following(session, g.project.id, mine, filters, asked.after, more)
    rows, following = page_of(found, asked.limit, "id")
    said = ProtocolList(protocols=[ProtocolEntry.of(row) for row in rows], next=following)
    return paged_reply(said, following)


@api_labelling.get("/protocols/<int:protocol_id>")
@policy.members(*ALL_ROLES)
@answers(ProtocolRead)
def protocol(slug: str, protocol_id: int) -> Response:
    """One protocol's text, and where you stand with it."""
    mine = g.person.account_id
    with database().read() as session:
        found = protocols.find(session, g.project.id, protocol_id)
        row = protocols.as_listed(session, g.project.id, mine, protocol_id)
        said = ProtocolRead(
            **_text(found, protocol_id),
            details=row.details,
            my_action=Action(row.my_action) if row.my_action else None,
            my_level=row.my_level,
            supersedes=labelling.current_event_id(session, protocol_id, mine),
        )
    return json_reply(said)


@api_labelling.post("/protocols/<int:protocol_id>/labels")
@policy.members(*CODING_ROLES)
@answers(
    StoredLabel,
    409,
    422,
    asks=NewLabel,
    headers=KeyHeader,
    scope=Scope.label,
    statuses=(200, 201),
)
def save(slug: str, protocol_id: int) -> Response:
    """Answer, skip or take back: 201, or 200 where the same was stored before."""
    sent = json_body(NewLabel)
    given = {"Idempotency-Key": request.headers.get("Idempotency-Key", "")}
    head = understood(KeyHeader, lambda: KeyHeader.model_validate(given))
    fields = sent.model_dump() | {"evidence": tuple(sent.evidence)}
    asked = LabelRequest(
        protocol_id=protocol_id,
        idempotency_key=head.key,
        supersedes_id=fields.pop("supersedes"),
        origin=Origin.command,
        **fields,
    )
    with database().write() as session:
        done = labelling.record_label(session, g.person.account_id, g.project, asked)
    said = StoredLabel(**{name: getattr(done, name) for name in StoredLabel.model_fields})
    return json_reply(said, 200 if done.repeated else 201)


@api_labelling.get("/labels/mine")
@policy.members(*CODING_ROLES)
@answers(OwnLabels, query=Page)
def own(slug: str) -> Response:
    """Your own answers that stand."""
    asked: Page = g.query
    mine, more = g.person.account_id, asked.limit + 1
    with database().read() as session:
        found = own_labels.standing(session, g.project.id, mine, asked.after, more)
    rows, following = page_of(found, asked.limit, "protocol_id")
    said = OwnLabels(labels=[OwnLabel(**row._mapping) for row in rows], next=following)
    return paged_reply(said, following)


def _text(found: Any, protocol_id: int) -> dict[str, Any]:
    return {
        "protocol_id": protocol_id,
        "external_id": found.external_id,
        "title": found.title,
        "text": found.text,
        "sections": found.sections,
    }


def _next(card: Card | None) -> NextProtocol:
    said = None
    if card and card.suggestion:
        seen = card.suggestion
        said = Said(
            level=seen.level, probabilities=seen.probabilities, model_version=seen.version_number
        )
    return NextProtocol(
        protocol=ProtocolBody(**_text(card.protocol, card.protocol.id)) if card else None,
        reason=card.reason if card else "",
        sent_back=card.sent_back if card else None,
        supersedes=card.latest.id if card and card.latest else None,
        rubric_version_id=g.project.rubric_version_id,
        suggestion=said,
    )
