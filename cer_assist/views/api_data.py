"""Import and export as JSON: checks, audit and files are those of the Data page."""

from __future__ import annotations

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.domain.scopes import Scope
from cer_assist.exports.writing import FORMATS
from cer_assist.services.importing import import_protocols
from cer_assist.store.tables import Project
from cer_assist.views.access import API, LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.exporting import send_export
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.security import takes_uploads

api_data = Blueprint("api_data", __name__, url_prefix=f"{API}projects/<slug>")
FAULTS_TOLD = 20


class NewProtocol(Asked):
    """A protocol to be stored."""

    external_id: str = Field(description="Its own id")
    title: str = Field("", max_length=2000, description="Its title")
    sections: list[tuple[str, str]] = Field(description="Name and text of each section")
    details: dict[str, str] = Field({}, description="What else is known of it")


class GivenLabel(Asked):
    """A level that was given elsewhere."""

    external_id: str = Field(description="The protocol's own id")
    coder: str = Field(max_length=60, description="Who gave it; final: the team's agreed level")
    level: int = Field(description="The level given")
    confidence: int | None = Field(None, ge=1, le=3, description="1 to 3, 3 the surest")
    evidence: str = Field("", max_length=4000, description="Quoted evidence")
    note: str = Field("", max_length=4000, description="A note")


class Batch(Asked):
    """What is to be imported, all or nothing."""

    protocols: list[NewProtocol] = Field([], description="Protocols")
    labels: list[GivenLabel] = Field([], description="Levels given earlier")
    new_versions: bool = Field(False, description="Another text under a known id is a new version")
    dry_run: bool = Field(False, description="Check everything, store nothing")


class Imported(Reply):
    """What an import did, or would do."""

    is_stored: bool = Field(description="False: it was only looked at")
    protocols: int = Field(description="Protocols stored")
    already_there: int = Field(description="Same id and text as before, left as they are")
    labels: int = Field(description="Levels stored")
    labels_already_there: int = Field(description="Those that were there before")


class ExportAsked(Asked):
    """Which file."""

    format: str = Field(
        json_schema_extra={"enum": list(FORMATS)},
        description="One of those that the Data page offers, such as csv",
    )


@api_data.post("/imports")
@policy.members(*LEADING_ROLES)
@answers(Imported, asks=Batch, scope=Scope.bring)
@takes_uploads
def bring(slug: str) -> Response:
    """Bring in protocols and levels given earlier."""
    sent = json_body(Batch)
    texts = [compose(p.external_id, p.title, p.sections, p.details) for p in sent.protocols]
    if len({one.external_id for one in texts}) < len(texts):
        raise InvalidInput("Two of these protocols have the same id.")
    labels = [PriorLabel(**one.model_dump()) for one in sent.labels]
    how = {"by": g.person.account_id, "new_versions": sent.new_versions, "dry_run": sent.dry_run}
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        report = import_protocols(session, project, texts, labels, **how)
    if report.errors:
        raise InvalidInput("Nothing was imported. " + " ".join(report.errors[:FAULTS_TOLD]))
    fields = Imported.model_fields.keys() - {"is_stored"}
    said = {name: getattr(report, name) for name in fields}
    return json_reply(Imported(is_stored=not sent.dry_run, **said))


@api_data.post("/exports")
@policy.members(*OVERSEEING_ROLES)
@answers(None, asks=ExportAsked, scope=Scope.export)
def take(slug: str) -> Response:
    """Take everything out as a file; its SHA-256 is in the header X-Content-SHA256."""
    return send_export(json_body(ExportAsked).format)
