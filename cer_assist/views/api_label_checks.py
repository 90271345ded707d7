"""Doubtful levels as JSON: the page's own list, without levels, and its two buttons."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

from flask import Blueprint, Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from cer_assist.domain.scopes import Scope
from cer_assist.services import accounts, label_checks
from cer_assist.views.access import API, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers

label_check_api = Blueprint(
    "label_check_api", __name__, url_prefix=f"{API}projects/<slug>/doubtful"
)


class Doubtful(Reply):
    """A settled protocol that is worth another reading, without its level."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="Its title")
    gain: float = Field(
        description="Levels that a second reading is expected to bring it nearer to the truth"
    )
    is_asked: bool = Field(description="Somebody is to read it")


class DoubtfulLevels(Reply):
    """What was found, as it stands now."""

    made_at: dt.datetime | None = Field(description="When it was looked for; null: not yet")
    checked: int = Field(description="Protocols whose level was held against models")
    refusal: str = Field(description="Why no check can be asked for now; empty: one can")
    under_way: bool = Field(description="A check waits for the worker or runs")
    failed: bool = Field(description="The newest check ended in errors")
    gone: int = Field(description="Of those found, how many were answered since")
    is_older: bool = Field(
        description="The last check was made by an older version of CER Assist, which kept it in "
        "another form: ask for another"
    )
    suspects: list[Doubtful] = Field(description="At most fifty, by what they would gain")


class ReadAgain(Asked):
    """What is to be read once more."""

    protocols: list[str] = Field(description="Ids of protocols that are on the list")
    coder: str = Field(description="User name of who reads them, having not read them yet")


class Sent(Reply):
    """What came of it."""

    protocols: int = Field(description="Protocols that the coder is now asked to read")


@label_check_api.get("")
@policy.members(*LEADING_ROLES)
@answers(DoubtfulLevels, scope=Scope.admin)
def listed(slug: str) -> Response:
    """Levels most worth another reading."""
    with database().read() as session:
        return _standing(session)


@label_check_api.post("/ask")
@policy.members(*LEADING_ROLES)
@answers(DoubtfulLevels, 409, scope=Scope.admin)
def ask(slug: str) -> Response:
    """Have the worker look; the reply is the list as it stands until then."""
    with database().write() as session:
        label_checks.ask(session, g.project, g.person.account_id)
        session.flush()  # the reply tells the job that waits
        return _standing(session)


@label_check_api.post("/send")
@policy.members(*LEADING_ROLES)
@answers(Sent, 409, asks=ReadAgain, scope=Scope.admin)
def send(slug: str) -> Response:
    """Have protocols of the list read once more."""
    body, by = json_body(ReadAgain), g.person.account_id
    with database().write() as session:
        coder = accounts.find_account(session, body.coder).id
        found = label_checks.send(session, g.project, body.protocols, coder, by)
    return json_reply(Sent(protocols=len(found.pairs)))


def _standing(session: Session) -> Response:
    stands = label_checks.standing(session, g.project.id)
    return json_reply(
        DoubtfulLevels(
            made_at=stands.made_at,
            checked=stands.checked,
            refusal=stands.refusal,
            under_way=stands.job is not None,
            failed=stands.failed,
            gone=stands.gone,
            is_older=stands.is_older,
            suspects=[Doubtful(**asdict(one)) for one in stands.suspects],
        )
    )
