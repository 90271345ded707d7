"""The rubric as JSON: its versions, what changed between them, and publishing the next one.

The same session and policies as the pages; what is sent carries the form token, as a page's own
script does. docs/api.md is the reference.
"""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric_changes import Change, Piece
from cer_assist.domain.scopes import Scope
from cer_assist.services import rubric_versions
from cer_assist.services.rubric_versions import Published
from cer_assist.views.access import ALL_ROLES, API, LARGEST, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Query, Reply, json_body, json_reply
from cer_assist.views.openapi import answers

rubric_api = Blueprint("rubric_api", __name__, url_prefix=f"{API}projects/<slug>/rubric")


class RubricVersionEntry(Reply):
    """A version and how it came about."""

    version: int = Field(description="Its number")
    sha256: str = Field(description="SHA-256 of its exact text; labels under it repeat it")
    published_at: dt.datetime = Field(description="When the project came to be coded by it")
    published_by: str | None = Field(description="Who published it; null for the first")
    note: str = Field(description="What changed and why")
    touched: list[int] = Field(description="Levels that the change was said to touch")

    @classmethod
    def of(cls, one: Published) -> RubricVersionEntry:
        """In the words of the API."""
        return cls(
            version=one.number,
            sha256=one.sha256,
            published_at=one.at,
            published_by=one.by,
            note=one.note,
            touched=list(one.touched),
        )


class RubricVersions(Reply):
    """All versions that a project was coded under."""

    in_use: int = Field(description="Number of the version that coders read by")
    versions: list[RubricVersionEntry] = Field(description="The oldest first")


class RubricText(Reply):
    """A version in full."""

    id: str = Field(description="Of the rubric, the same in all its versions")
    version: int = Field(description="Its number")
    sha256: str = Field(description="SHA-256 of the text")
    text: str = Field(description="The file (YAML), exactly as it was published")


class ChangedPiece(Reply):
    """Words that stand in both wordings or in one of them."""

    mark: str = Field(description="same, out (gone) or in (new)")
    text: str = Field(description="The words")


class ChangedRow(Reply):
    """An item of the part, such as one decision rule."""

    before: list[ChangedPiece] | None = Field(description="As it was; null: it was not there")
    after: list[ChangedPiece] | None = Field(description="As it is; null: it is gone")


class RubricChange(Reply):
    """A part that reads otherwise."""

    level: int | None = Field(description="Whose part it is; null: of the whole scale")
    part: str = Field(description="Such as definition, belongs here, decision rules")
    rows: list[ChangedRow] = Field(description="Its items that changed")
    unchanged: int = Field(description="Items that stayed as they were")

    @classmethod
    def of(cls, change: Change) -> RubricChange:
        """In the words of the API."""
        rows = [ChangedRow(before=_pieces(r.before), after=_pieces(r.after)) for r in change.rows]
        return cls(level=change.level, part=change.part, rows=rows, unchanged=change.unchanged)


class RubricChanges(Reply):
    """What reads otherwise in one version than in another."""

    before: int = Field(description="Number of the one")
    after: int = Field(description="Number of the other")
    changes: list[RubricChange] = Field(description="Of the whole scale first, then by level")


class NextRubric(Asked):
    """What is sent to publish."""

    text: str = Field(description="The file (YAML) with the next number")
    note: str = Field(description="What changed and why")
    touched: list[int] | None = Field(None, description="Levels it touches; left out: guessed")


class ChangesAsked(Query):
    """Between which versions."""

    before: int | None = Field(None, alias="from", ge=0, le=LARGEST, description="The one")
    after: int | None = Field(None, alias="to", ge=0, le=LARGEST, description="The other")


@rubric_api.get("")
@policy.members(*ALL_ROLES)
@answers(RubricVersions)
def versions(slug: str) -> Response:
    """All versions of the project."""
    with database().read() as session:
        return json_reply(_versions(rubric_versions.versions(session, g.project)))


@rubric_api.get("/versions/<int:number>")
@policy.members(*ALL_ROLES)
@answers(RubricText)
def version(slug: str, number: int) -> Response:
    """The exact text of one."""
    with database().read() as session:
        found = rubric_versions.find_version(session, g.project, number)
    said = {"id": found.id, "version": found.version, "sha256": found.sha256}
    return json_reply(RubricText(**said, text=found.text))


@rubric_api.get("/changes")
@policy.members(*ALL_ROLES)
@answers(RubricChanges, query=ChangesAsked)
def changes(slug: str) -> Response:
    """What reads otherwise."""
    before, after = g.query.before, g.query.after
    if before is None or after is None:
        raise InvalidInput("Say which versions to compare: ?from=1&to=2.")
    with database().read() as session:
        found = rubric_versions.compare(session, g.project, before, after)
    said = [RubricChange.of(change) for change in found]
    return json_reply(RubricChanges(before=before, after=after, changes=said))


@rubric_api.post("/publish")
@policy.members(*LEADING_ROLES)
@answers(RubricVersions, 409, asks=NextRubric, scope=Scope.admin)
def publish(slug: str) -> Response:
    """Take the project to the version that is sent."""
    sent = json_body(NextRubric)
    with database().write() as session:
        said = (sent.text, sent.note, sent.touched, g.person.account_id)
        rubric_versions.publish(session, g.project.id, *said)
        project = session.get_one(type(g.project), g.project.id)
        return json_reply(_versions(rubric_versions.versions(session, project)))


def _versions(known: list[Published]) -> RubricVersions:
    entries = [RubricVersionEntry.of(one) for one in known]
    return RubricVersions(in_use=known[-1].number, versions=entries)


def _pieces(side: tuple[Piece, ...] | None) -> list[ChangedPiece] | None:
    if side is None:
        return None
    return [ChangedPiece(mark=piece.mark, text=piece.text) for piece in side]
