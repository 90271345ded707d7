"""Whatever leaves as a file is recorded with its SHA-256, whichever page sends it.

A route need not think of it: every answer that is an attachment becomes an audit event, unless the
route has recorded it itself (it then says its hash) or stands below with the reason why not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask, Response, g, request

from cer_assist.domain.errors import NotAllowed
from cer_assist.exports.cells import csv_line, neutralised
from cer_assist.services import taken_out
from cer_assist.store.tables.accounts import LEADING
from cer_assist.views.access import database

RECORDED = "X-Content-SHA256"  # of an answer whose route has recorded it
CODERS = "X-Coders"  # what coders are called in it; without it, no coder is in it
NAMES, PSEUDONYMS = "names", "pseudonyms"
EXEMPT = {
    "rubric.file": "the rubric's wording: no protocol, label or person is in it",
    "rubric_editing.file": "a draft of the rubric's wording",
}


def attachment(body: str | bytes, name: str, kind: str) -> Response:
    """A text, or bytes, as a file of this name and media type."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, mimetype=kind, headers=headers)


def table_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Rows under their columns' names as CSV; what a spreadsheet would run is made harmless."""
    lines = [csv_line(columns), *(csv_line(map(_cell, row)) for row in rows)]
    return attachment("".join(lines), name, "text/csv")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutralised(value) if isinstance(value, str) else value


def refuse_names(chosen: bool) -> None:
    """Whoever may not take coders' names out, but has chosen them, is told so."""
    if chosen and g.role not in LEADING:
        raise NotAllowed("Leads and administrators alone take coders' names out.")


def register(app: Flask) -> None:
    """Have every file recorded that is sent."""
    app.after_request(_record)


def _record(response: Response) -> Response:
    is_file = response.headers.get("Content-Disposition", "").startswith("attachment")
    if not is_file or response.status_code != 200 or request.method == "HEAD":
        return response
    if RECORDED in response.headers or request.endpoint in EXEMPT:
        return response
    digest = hashlib.sha256(response.get_data()).hexdigest()
    file = response.headers["Content-Disposition"].partition("filename=")[2].strip('"')
    with database().write() as session:
        taken_out.record(
            session,
            project_id=g.project.id if "project" in g else None,
            by=g.person.account_id if "person" in g else None,
            file=file,
            sha256=digest,
            filters=request.args.to_dict(),
            coders=response.headers.pop(CODERS, taken_out.NO_CODERS),
        )
    response.headers[RECORDED] = digest
    return response
