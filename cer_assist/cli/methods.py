"""methods: the text of the Methods page, its numbers with their sources, and all facts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.domain.agreement import Readings
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import methods, methods_reports, projects, taken_out
from cer_assist.services.methods_reports import Made, Parts
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database

if TYPE_CHECKING:
    from cer_assist.domain.prose import Document

ENDINGS = (".html", ".md", ".docx", ".pdf")


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file: .html, .md, .docx or .pdf.",
)
def methods_command(home: Path | None, as_json: bool, project: str, out: Path | None) -> None:
    """Write how the levels came about: text for a paper, every number with where it comes from."""
    from cer_assist.views import methods_files as files
    from cer_assist.views.methods_words import document

    if out is not None and out.suffix.lower() not in ENDINGS:
        raise InvalidInput(f"Name a file that ends in one of {', '.join(ENDINGS)}.")
    with open_database(settings_for(home)) as database:
        facts = _facts(database, project)
        text = document(facts)
        if out is not None:
            _write(database, project, out, _file(text, project, out.suffix.lower()))
    said = files.report(text, facts, is_current=True).model_dump(mode="json")
    written = {"file": str(out)} if out is not None else {}
    emit(as_json, said | written, *([f"Written to {out}."] if out is not None else _lines(text)))


def _facts(database: Database, project: str) -> dict[str, Any]:
    """With figures made now where the worker's are out of date."""
    with database.read() as session:
        found = projects.find_project(session, project)
        project_id, scale = found.id, project_rubric(session, found).scale
        parts = methods_reports.stored(session, project_id)
    agreement, exposure = parts.agreement, parts.exposure
    if not agreement.is_current:
        from cer_assist import agreeing

        agreement = Made.just_now(*agreeing.figures(database, project_id, Readings(), scale))
    if not exposure.is_current:
        from cer_assist import swaying

        exposure = Made.just_now(*swaying.figures(database, project_id))
    with database.read() as session:
        found = projects.find_project(session, project)
        return methods.gather(session, found, Parts(agreement, exposure))


def _write(database: Database, slug: str, out: Path, content: bytes) -> None:
    """The file, which is on record as the page's is."""
    out.write_bytes(content)
    with database.write() as session:
        taken_out.record(
            session,
            project_id=projects.find_project(session, slug).id,
            by=None,
            file=out.name,
            sha256=hashlib.sha256(content).hexdigest(),
            filters={},
        )


def _file(text: Document, slug: str, ending: str) -> bytes:
    from cer_assist.exports.methods_document import markdown, word_document
    from cer_assist.views import methods_files as files

    if ending == ".docx":
        return word_document(text, slug)
    if ending == ".pdf":
        from cer_assist.exports.methods_pdf import pdf_document

        return pdf_document(text, slug)
    made = files.html(text, slug) if ending == ".html" else markdown(text, slug)
    return made.encode("utf-8")


def _lines(text: Document) -> list[str]:
    lines = [text.title, *(sentence.text for sentence in text.about)]
    for section in text.sections:
        lines += ["", section.title]
        lines += [" ".join(line.text for line in one) for one in section.paragraphs]
    return [*lines, "", "References", *text.references] if text.references else lines
