"""A protocol's sheet for a file or a meeting: a page to print, and the same as one file.

The file holds its own style and refers to nothing, so that it reads the same in ten years and on a
machine without network. Both are printed in black: nothing on them is told by colour.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request
from markupsafe import Markup

from cer_assist.services import sheets
from cer_assist.services.sheets import Sheet
from cer_assist.store.types import now
from cer_assist.views.access import ALL_ROLES, database, policy
from cer_assist.views.assets import STATIC
from cer_assist.views.downloads import CODERS, NAMES, attachment
from cer_assist.views.heat import TEXT_ORDER, heat_rows, top_words
from cer_assist.views.label_view import View
from cer_assist.views.marked_text import Marks, is_title, read_sections

sheet_pages = Blueprint("sheet", __name__, url_prefix="/p/<slug>/protocols/<int:protocol_id>")
STYLE = STATIC / "css" / "printed.css"


@sheet_pages.get("/sheet")
@policy.members(*ALL_ROLES)
def page(slug: str, protocol_id: int) -> str:
    """The sheet as it will be printed."""
    return render_template("sheet.html", **_content(protocol_id))


@sheet_pages.get("/sheet.html")
@policy.members(*ALL_ROLES)
def as_file(slug: str, protocol_id: int) -> Response:
    """The same as a file of its own."""
    style = Markup(STYLE.read_text(encoding="utf-8"))  # noqa: S704 - a file of ours
    body = render_template("sheet_file.html", style=style, **_content(protocol_id))
    file = attachment(body, f"{protocol_id}-sheet.html", "text/html")
    file.headers[CODERS] = NAMES  # whose answers these are is what a sheet is for
    return file


def _content(protocol_id: int) -> dict[str, Any]:
    """A write transaction, because what is shown is recorded as seen."""
    asked = request.args.get("all") == "1"
    with database().write() as session:
        sheet = sheets.gather(
            session, g.project, protocol_id, g.person.account_id, g.role, asked=asked
        )
    protocol = sheet.dossier.protocol
    sections = read_sections(protocol.text, protocol.sections, _marks(sheet))
    return {
        "sheet": sheet,
        "title": next(filter(is_title, sections), None),
        "sections": [section for section in sections if not is_title(section)],
        "words": _words_by_level(sheet),
        "confidence": View.confidence,
        "printed_at": now(),
    }


def _marks(sheet: Sheet) -> Marks:
    # An imported quote that is not in the text word for word has no place to be shown at.
    marked = sheet.mine.evidence if sheet.mine else []
    evidence = [(mark["start"], mark["end"]) for mark in marked if "start" in mark]
    found = sheet.suggestion
    return Marks(found.words, found.sentences, evidence) if found else Marks(evidence=evidence)


def _words_by_level(sheet: Sheet) -> dict[int, list[tuple[str, float]]]:
    found = sheet.suggestion
    if found is None or not found.words:
        return {}
    scale = sheet.rubric.scale
    rows = heat_rows(sheet.dossier.protocol.text, found.words, scale, TEXT_ORDER)
    return {level: top_words(rows, place) for place, level in enumerate(scale)}
