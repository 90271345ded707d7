"""Import and export as JSON: checks, audit and files are those of the Data page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response, g
from pydantic import Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.faults import Fault, Faulty, parted
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, compose
from cer_assist.domain.scopes import Scope
from cer_assist.exports.presets import EVERYTHING, PRESETS, without
from cer_assist.exports.privacy import Choice
from cer_assist.exports.spotting import Kind
from cer_assist.exports.tabular_tools import INCLUDE_FROM
from cer_assist.exports.writing import FORMATS
from cer_assist.services.importing import import_protocols
from cer_assist.store.tables import Project
from cer_assist.views.access import API, LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.exporting import send_export
from cer_assist.views.json_parts import TOLD, Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.security import takes_uploads

api_data = Blueprint("api_data", __name__, url_prefix=f"{API}projects/<slug>")
PROTOCOLS = "protocols"


class NewProtocol(Asked):
    """A protocol to be stored."""

    external_id: str = Field(description="Its own id")
    title: str = Field("", max_length=2000, description="Its title")
    sections: list[tuple[str, str]] = Field(
        description='Name and text of each section, as in [["Aims", "We ask …"]]'
    )
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
    """Which file, and what of everything is in it."""

    format: str = Field(
        json_schema_extra={"enum": list(FORMATS)},
        description="One of those that the Data page offers, such as csv",
    )
    names: bool = Field(False, description="The coders' names, for leads and administrators")
    mask: list[Kind] = Field([], description="What is masked: email, phone, name, record")
    patterns: list[str] = Field(
        [], description="Record numbers of your own: # is a digit, A a letter; with mask record"
    )
    preset: str = Field(
        EVERYTHING,
        json_schema_extra={"enum": list(PRESETS)},
        description="Sets of columns: everything, sharing or labels",
    )
    columns: dict[str, list[str]] = Field({}, description="By table, the only ones to be in it")
    without: list[str] = Field([], description="Columns left out; `table.column`: of that alone")
    snapshot: int | None = Field(None, ge=1, description="Number of a snapshot to be written")
    include_from: int | None = Field(
        None, description="With format asreview: included from this level on, 4 if left out"
    )

    def options(self) -> dict[str, int]:
        """The format's own."""
        if self.include_from is None:
            return {}
        if self.format != "asreview":
            raise InvalidInput("include_from goes with the format asreview.")
        return {INCLUDE_FROM: self.include_from}

    def choice(self) -> Choice:
        """As the form of the page would have it."""
        if self.preset not in PRESETS:
            raise InvalidInput(f"Choose one of the sets of columns: {', '.join(PRESETS)}.")
        dropped = without(self.preset, self.columns, self.without)
        return Choice(self.names, frozenset(self.mask), dropped, tuple(self.patterns))


@api_data.post("/imports")
@policy.members(*LEADING_ROLES)
@answers(Imported, asks=Batch, scope=Scope.bring)
@takes_uploads
def bring(slug: str) -> Response:
    """Bring in protocols and levels given earlier."""
    sent = json_body(Batch)
    texts, faults = _texts(sent.protocols)
    broken = {one.external_id for one in faults} - {one.external_id for one in texts}
    labels = [
        PriorLabel(**one.model_dump(), row=row)
        for row, one in enumerate(sent.labels, 1)
        if one.external_id not in broken
    ]
    is_look = sent.dry_run or bool(faults)
    how = {"by": g.person.account_id, "new_versions": sent.new_versions, "dry_run": is_look}
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        report = import_protocols(session, project, texts, labels, **how)
    rows = {one.external_id: row for row, one in enumerate(sent.protocols, 1)}
    faults += [
        replace(one, row=rows.get(one.external_id)) if one.table == PROTOCOLS else one
        for one in report.errors
    ]
    if faults:
        raise Faulty(f"Nothing was imported. {' '.join(map(str, faults[:TOLD]))}", faults)
    fields = Imported.model_fields.keys() - {"is_stored"}
    said = {name: getattr(report, name) for name in fields}
    return json_reply(Imported(is_stored=not sent.dry_run, **said))


def _texts(sent: Sequence[NewProtocol]) -> tuple[list[ProtocolText], list[Fault]]:
    """Those that can be protocols, and what is wrong with the others."""
    found: dict[str, ProtocolText] = {}
    faults: list[Fault] = []
    for row, one in enumerate(sent, 1):
        column = "sections"
        try:
            text = compose(one.external_id, one.title, one.sections, one.details)
            if found.setdefault(text.external_id, text) is not text:
                column = "external_id"
                raise InvalidInput(f"Two protocols have the id {text.external_id}: change one.")
        except InvalidInput as error:
            wrong, remedy = parted(error.message)
            faults.append(Fault(wrong, remedy, "", PROTOCOLS, one.external_id, row, column))
    return list(found.values()), faults


@api_data.post("/exports")
@policy.members(*OVERSEEING_ROLES)
@answers(None, asks=ExportAsked, scope=Scope.export)
def take(slug: str) -> Response:
    """Take a file out, as chosen; its SHA-256 is in the header X-Content-SHA256."""
    asked = json_body(ExportAsked)
    return send_export(asked.format, asked.choice(), asked.snapshot, asked.options())
