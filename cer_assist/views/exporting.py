"""An export is a file made for one person; that it was taken is an audit event with its hash."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, Response, g, request, send_file

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.writing import FORMATS
from cer_assist.services.exporting import export_project, record_export
from cer_assist.store.types import now
from cer_assist.views.access import OVERSEEING_ROLES, database, policy, settings

exporting = Blueprint("exporting", __name__, url_prefix="/p/<slug>/data")


@exporting.post("/export")
@policy.members(*OVERSEEING_ROLES)
def download(slug: str) -> Response:
    """Write the export to a temporary file, record it, and send it; the file then goes."""
    kind = request.form.get("format", "")
    if kind not in FORMATS:
        raise InvalidInput(f"Choose one of the formats: {', '.join(FORMATS)}.")
    folder = tempfile.TemporaryDirectory(prefix="export-", dir=settings().home)
    name = f"{slug}-{now():%Y%m%d-%H%M}-{kind}{FORMATS[kind].ending}"
    with database().read() as session:
        made = export_project(session, g.project, kind, Path(folder.name) / name)
    with database().write() as session:
        record_export(session, g.project.id, kind, made, g.person.account_id)
    response = send_file(made.path, as_attachment=True, download_name=name)
    response.headers["X-Content-SHA256"] = made.sha256
    response.direct_passthrough = False  # passed through, it would not tell us when it is done
    response.call_on_close(folder.cleanup)
    return response
