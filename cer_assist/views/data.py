"""Import in three steps that work without scripts: upload, say what columns mean, look, then store.

Files are parsed in a child process before the write transaction begins, so that a large or hostile
file never holds up the coders' saves.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports import ParsedImport, Preview, parse_files, preview
from cer_assist.services import projects
from cer_assist.services.importing import ImportReport, import_protocols
from cer_assist.store.tables import Project
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy, settings
from cer_assist.views.exporting import offered
from cer_assist.views.security import takes_uploads
from cer_assist.views.uploads import Upload, UploadShelf

data = Blueprint("data", __name__, url_prefix="/p/<slug>/data")

SECTION = "section"
ROLES = {
    "": "keep as additional detail",
    "id": "id of the protocol",
    "title": "title",
    "text": "whole text",
    SECTION: "text of one section",
    "sections": "all sections (JSON)",
    "amends": "id of the version before it",
    "level": "level given earlier",
    "coder": "who gave the level",
    "confidence": "confidence of the level",
    "evidence": "quoted evidence",
    "note": "note on the level",
}
TABLES = ("CSV", "TSV", "XLSX", "JSONL")
ERRORS_SHOWN = 500


@data.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """Import and export."""
    with database().read() as session:
        progress = projects.progress(session, g.project.id, None)
    return render_template("data.html", progress=progress, **offered())


@data.post("/import")
@policy.members(*LEADING_ROLES)
@takes_uploads
def upload(slug: str) -> Response:
    """Keep the files for now."""
    token = _shelf().keep(request.files.getlist("files"), request.files.get("labels"))
    return redirect(url_for("data.columns", slug=slug, token=token), 303)


@data.get("/import/<token>")
@policy.members(*LEADING_ROLES)
def columns(slug: str, token: str) -> str:
    """The first rows, and what each column is taken for."""
    kept = _shelf().find(token)
    shown, error = None, ""
    try:
        shown = preview(kept.files[0])
    except InvalidInput as refused:
        error = refused.message
    return render_template(
        "import_columns.html",
        kept=kept,
        shown=shown,
        error=error,
        is_table=shown is not None and shown.format in TABLES,
        roles=ROLES,
        chosen=column_roles(shown) if shown else {},
    )


@data.post("/import/<token>")
@policy.members(*LEADING_ROLES)
def try_out(slug: str, token: str) -> str:
    """A dry run: what would be stored, and every fault."""
    kept = _shelf().find(token)
    parsed = _parse(kept)
    with database().read() as session:
        report = _import(session, parsed, dry_run=True)
    return _report(kept, parsed, report)


@data.post("/import/<token>/store")
@policy.members(*LEADING_ROLES)
def store(slug: str, token: str) -> str | Response:
    """The import itself, all or nothing."""
    kept = _shelf().find(token)
    parsed = _parse(kept)
    report = ImportReport()
    if not parsed.errors:
        with database().write() as session:
            report = _import(session, parsed, dry_run=False)
    if parsed.errors or report.errors:
        return _report(kept, parsed, report)
    _shelf().discard(token)
    flash(f"Imported {report.protocols:,} protocols and {report.labels:,} labels.")
    return redirect(url_for("protocols.listing", slug=slug), 303)


@data.post("/import/<token>/discard")
@policy.members(*LEADING_ROLES)
def discard(slug: str, token: str) -> Response:
    """Delete the uploaded files."""
    _shelf().discard(token)
    flash("The uploaded files are deleted. Nothing was imported.")
    return redirect(url_for("data.page", slug=slug), 303)


def column_roles(shown: Preview) -> dict[str, str]:
    """Each column's suggested role, as the form's choices name it."""
    chosen = dict.fromkeys(shown.columns, "")
    for role, column in shown.suggested_mapping.items():
        chosen[column] = SECTION if role.startswith(f"{SECTION}:") else role
    return chosen


def mapping_from(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """What the form says, as the importer wants it; roles nobody chose are not guessed again."""
    mapping: dict[str, str] = {}
    for column, role in pairs:
        if role not in ROLES:
            raise InvalidInput("Choose one of the listed meanings for each column.")
        name = f"{SECTION}:{column}" if role == SECTION else role
        if name and mapping.setdefault(name, column) != column:
            raise InvalidInput(f"Two columns are marked as “{ROLES[role]}”: choose one.")
    if not any(name in ("text", "sections") or name.startswith(SECTION) for name in mapping):
        raise InvalidInput("No column is marked as text or section: mark at least one.")
    return mapping | {role: "" for role in ROLES if role not in (*mapping, "", SECTION)}


def _shelf() -> UploadShelf:
    return UploadShelf(settings().uploads_folder, g.project.id, g.person.account_id)


def _pairs() -> list[tuple[str, str]]:
    return list(zip(request.form.getlist("column"), request.form.getlist("meaning"), strict=False))


def _parse(kept: Upload) -> ParsedImport:
    """Before any transaction. A file without columns, such as a PDF, has nothing to map."""
    pairs = _pairs()
    return parse_files(kept.files, mapping_from(pairs) if pairs else {}, kept.labels)


def _wants_versions() -> bool:
    return request.form.get("new_versions") == "1"


def _import(session: Session, parsed: ParsedImport, *, dry_run: bool) -> ImportReport:
    return import_protocols(
        session,
        session.get_one(Project, g.project.id),
        parsed.protocols,
        parsed.labels,
        by=g.person.account_id,
        new_versions=_wants_versions(),
        dry_run=dry_run,
    )


def _report(kept: Upload, parsed: ParsedImport, report: ImportReport) -> str:
    faults = [(error.file, error.row, error.message) for error in parsed.errors]
    faults += [("", None, str(fault)) for fault in report.errors]
    return render_template(
        "import_report.html",
        kept=kept,
        report=report,
        notes=parsed.notes,
        faults=faults[:ERRORS_SHOWN],
        fault_count=len(faults),
        pairs=_pairs(),
        new_versions=_wants_versions(),
    )
