"""An export is a file made for one person; that it was taken is an audit event with its hash."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, g, render_template, request, send_file

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.columns import COLUMNS, NEEDED
from cer_assist.exports.presets import CHOSEN, PRESETS
from cer_assist.exports.privacy import Choice, left_out_but
from cer_assist.exports.spotting import KINDS, RULES, Kind
from cer_assist.exports.writing import FORMATS, GROUPS, ExportResult
from cer_assist.services import mask_preview, pseudonyms, snapshots
from cer_assist.services.exporting import export_project, record_export
from cer_assist.store.tables.accounts import LEADING
from cer_assist.store.types import now
from cer_assist.views.access import OVERSEEING_ROLES, database, policy, settings
from cer_assist.views.downloads import RECORDED, refuse_names

MASK_WORDS: dict[Kind, str] = {
    "email": "E-mail addresses",
    "phone": "Phone numbers",
    "name": "Names of people",
    "record": "Record numbers, the protocols' own ids too",
}
exporting = Blueprint("exporting", __name__, url_prefix="/p/<slug>/data")


@exporting.post("/export")
@policy.members(*OVERSEEING_ROLES)
def download(slug: str) -> Response:
    """Write the export to a temporary file, record it, and send it; the file then goes."""
    return send_export(request.form.get("format", ""), choice_of())


def send_export(
    kind: str,
    choice: Choice,
    number: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> Response:
    """The project, or the snapshot of that number, for page and script alike."""
    if kind not in FORMATS:
        raise InvalidInput(f"Choose one of the formats: {', '.join(FORMATS)}.")
    refuse_names(choice.names)
    folder = tempfile.TemporaryDirectory(prefix="export-", dir=settings().home)
    try:
        made = _written(kind, choice, number, Path(folder.name), options)
    except BaseException:
        folder.cleanup()
        raise
    response = send_file(made.path, as_attachment=True, download_name=made.path.name)
    response.headers[RECORDED] = made.sha256
    response.direct_passthrough = False  # passed through, it would not tell us when it is done
    response.call_on_close(folder.cleanup)
    return response


def _written(
    kind: str,
    choice: Choice,
    number: int | None,
    folder: Path,
    options: Mapping[str, Any] | None,
) -> ExportResult:
    """The file, which is on record."""
    when = f"{now():%Y%m%d-%H%M}" if number is None else f"snapshot-{number}"
    out = folder / f"{g.project.slug}-{when}-{kind}{FORMATS[kind].ending}"
    with database().write() as session:
        pseudonyms.give(session, g.project.id)
    source, kept = None, None
    with database().read() as session:
        if number is not None:
            snapshot = snapshots.find_number(session, g.project.id, number)
            source, kept = snapshots.data_set(session, snapshot), snapshot.name
        made = export_project(session, g.project, kind, out, choice, options, source)
    with database().write() as session:
        by = g.person.account_id
        record_export(session, g.project.id, kind, made, by, choice, snapshot=kept)
    return made


@exporting.get("/export/masking")
@policy.members(*OVERSEEING_ROLES)
def masking(slug: str) -> str:
    """What would be masked in the texts; the passages themselves for who leads."""
    kinds = _kinds(request.args.getlist("mask"))
    patterns = request.args.get("patterns", "")
    # Who looks for patterns need not tick the kind that they belong to.
    kinds |= {"record"} if patterns.strip() else frozenset()
    choice = Choice(masks=kinds, patterns=_lines(patterns))
    with database().read() as session:
        found = mask_preview.preview(session, g.project.id, choice) if kinds else None
    return render_template(
        "masking.html",
        kinds=KINDS,
        words=MASK_WORDS,
        rules=RULES,
        chosen=kinds,
        patterns="\n".join(choice.patterns),
        found=found,
        most=mask_preview.SHOWN,
        may_read=g.role in LEADING,
    )


def choice_of() -> Choice:
    """What the form chooses of an export."""
    preset = request.form.get("columns", next(iter(PRESETS)))
    if preset == CHOSEN:
        without = left_out_but({table: request.form.getlist(table) for table in COLUMNS})
    elif preset in PRESETS:
        without = PRESETS[preset][1]
    else:
        raise InvalidInput("Choose one of the listed sets of columns.")
    kinds = _kinds(request.form.getlist("mask"))
    patterns = _lines(request.form.get("patterns", ""))
    return Choice(request.form.get("names") == "1", kinds, without, patterns)


def _lines(said: str) -> tuple[str, ...]:
    return tuple(line for line in said.splitlines() if line.strip())


def _kinds(asked: list[str]) -> frozenset[Kind]:
    if not set(asked) <= set(KINDS):
        raise InvalidInput(f"What can be masked: {', '.join(KINDS)}.")
    return frozenset(cast("list[Kind]", asked))


def offered() -> dict[str, Any]:
    """What the form of an export shows: formats by what they are for, masks and columns."""
    return {
        "groups": {use: {name: FORMATS[name] for name in names} for use, names in GROUPS.items()},
        "kinds": KINDS,
        "mask_words": MASK_WORDS,
        "presets": PRESETS,
        "tables": COLUMNS,
        "needed": NEEDED,
    }
