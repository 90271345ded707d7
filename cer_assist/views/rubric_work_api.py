"""Work that a rubric's change makes, and what is proposed for the next, as JSON.

What it tells of others' levels is recorded as seen, as on the pages.
"""

from __future__ import annotations

from flask import Blueprint, Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from cer_assist.domain.scopes import Scope
from cer_assist.services import proposals, protocols, rereading, rubric_versions, rubrics
from cer_assist.services.proposals import Proposed
from cer_assist.services.rereading import OldReading, Standing
from cer_assist.store.tables.rereading import RereadWish
from cer_assist.views.access import API, CODING_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import AllAsked, Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.paging import Part, paged_reply, part_of

rubric_work_api = Blueprint("rubric_work_api", __name__, url_prefix=f"{API}projects/<slug>/rubric")


class Decision(Asked):
    """What is sent about readings under an older version."""

    wish: RereadWish = Field(strict=False, description="again (sent back to their coders) or kept")
    protocols: list[str] = Field(description="Ids of protocols that are on the list")
    levels: list[int] | None = Field(None, description="Levels that the change touches, if others")
    note: str = Field("", description="Kept in the audit")


class Proposal(Asked):
    """What is sent to propose a clarification."""

    text: str = Field(description="What should be clearer")
    level: int | None = Field(None, description="The level it is about; left out: the whole")
    protocol: str | None = Field(None, description="Id of the protocol where it showed")


class OldReadings(Reply):
    """Readings under older versions, with how far they are."""

    standing: Standing = Field(description="Counts: undecided, asked, kept, reread")
    not_yet_listed: int = Field(description="Protocols that are not complete yet")
    readings: list[OldReading] = Field(description="Those that wait")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


class Proposals(Reply):
    """What was proposed."""

    proposals: list[Proposed] = Field(description="The newest first")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


class ProposalMade(Reply):
    """What was stored."""

    id: int = Field(description="Number of the proposal")


class LevelsAsked(Part):
    """Of which levels."""

    level: list[int] = Field([], description="May be given several times")


class ProposalsAsked(AllAsked, Part):
    """Which proposals."""


@rubric_work_api.get("/rereading")
@policy.members(*LEADING_ROLES)
@answers(OldReadings, 409, query=LevelsAsked, scope=Scope.admin)
def readings(slug: str) -> Response:
    """Readings under older versions of complete protocols; `level` may be given several times."""
    asked: LevelsAsked = g.query
    with database().write() as session:
        said = _listed(session, asked.level or None, asked)
    return paged_reply(said, said.next)


@rubric_work_api.post("/rereading")
@policy.members(*LEADING_ROLES)
@answers(OldReadings, 409, asks=Decision, scope=Scope.admin)
def decide(slug: str) -> Response:
    """Send readings back to their coders, or keep them."""
    sent = json_body(Decision)
    with database().write() as session:
        found = _old_readings(session, sent.levels)
        chosen = [one for one in found if one.external_id in sent.protocols]
        by = g.person.account_id
        rereading.decide(session, g.project, chosen, sent.wish, sent.note, by)
        return json_reply(_listed(session, sent.levels, Part()))


@rubric_work_api.get("/proposals")
@policy.members(*CODING_ROLES)
@answers(Proposals, query=ProposalsAsked)
def proposed(slug: str) -> Response:
    """One's own; to leads all of them, and with `?all=1` those that may tell a level as well."""
    mine, asked = g.person.account_id, g.query.all
    with database().write() as session:
        if g.role in LEADING_ROLES:
            found = proposals.for_lead(session, g.project.id, mine, asked=asked)
        else:
            found = proposals.mine(session, g.project.id, mine)
    rows, following = part_of(found, g.query, "id")
    return paged_reply(Proposals(proposals=rows, next=following), following)


@rubric_work_api.post("/proposals")
@policy.members(*CODING_ROLES)
@answers(ProposalMade, 409, asks=Proposal, scope=Scope.label)
def propose(slug: str) -> Response:
    """Keep what someone would have clearer."""
    sent, mine = json_body(Proposal), g.person.account_id
    with database().write() as session:
        about = None
        if sent.protocol:
            about = protocols.find_by_name(session, g.project.id, sent.protocol).id
        given = {"level": sent.level, "protocol_id": about}
        made = proposals.propose(session, g.project.id, mine, sent.text, **given)
    return json_reply(ProposalMade(id=made))


def _old_readings(session: Session, levels: list[int] | None) -> list[OldReading]:
    touched = levels or rubric_versions.versions(session, g.project)[-1].touched
    scale = rubrics.project_rubric(session, g.project).scale
    looked_at = rereading.affected(touched, scale, adjacent=False)
    return rereading.old_readings(session, g.project, looked_at)


def _listed(session: Session, levels: list[int] | None, asked: Part) -> OldReadings:
    found = _old_readings(session, levels)
    rows, following = part_of(found, asked, "event_id")
    rereading.note_seen(session, rows, g.person.account_id)
    return OldReadings(
        standing=rereading.standing(session, g.project, found),
        not_yet_listed=rereading.not_yet_listed(session, g.project),
        readings=rows,
        next=following,
    )
