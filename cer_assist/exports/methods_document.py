"""The methods report as Markdown and as a Word document: papers are written in both.

Each number has a note; an appendix says where each comes from, so that a reader can make it again.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.document import Document as WordDocument

from cer_assist.domain.prose import Document, Number, Part, Section, Sentence, Source, shown
from cer_assist.domain.wording import one_line
from cer_assist.exports.word_file import describe

APPENDIX = "Where each number comes from"
NO_PAGE = "–"  # shows it by itself
COLUMNS = ("Note", "Number", "What it is", "Page", "Command and key")
# What Markdown would read as a sign of its own.
_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~"})


def command_of(source: Source, slug: str) -> str:
    """What prints a number to full precision."""
    return f"python3 manage.py {source.command} {slug} --json"


def page_of(source: Source, slug: str) -> str:
    """The address of the page that shows it, if one does."""
    return f"/p/{slug}/{source.page}" if source.page else NO_PAGE


def markdown(text: Document, slug: str) -> str:
    """The text with footnote numbers, and the appendix as their notes."""
    lines = [f"# {_plain(text.title)}", "", _paragraph(text, text.about), ""]
    for section in text.sections:
        lines += [f"## {section.title}", "", *_of_section(text, section)]
    if text.references:
        lines += ["## References", ""]
        lines += [line for entry in text.references for line in (_plain(entry), "")]
    lines += [f"## {APPENDIX}", ""]
    for source, (note, number) in text.numbers.items():
        page = f"Page `{page_of(source, slug)}`; " if source.page else ""
        lines.append(
            f"[^{note}]: {_plain(number.shown)}. {_plain(source.meaning)} {page}"
            f"`{command_of(source, slug)}`, key `{source.path}`."
        )
    return "\n".join(lines) + "\n"


def _of_section(text: Document, section: Section) -> list[str]:
    mark = "- " if section.is_list else ""
    lines = [f"{mark}{_paragraph(text, one)}" for one in section.paragraphs]
    if section.is_list:
        return [*lines, ""]
    return [line for one in lines for line in (one, "")]


def _paragraph(text: Document, sentences: Sequence[Sentence]) -> str:
    return " ".join("".join(_part(text, part) for part in one.parts) for one in sentences)


def _part(text: Document, part: Part) -> str:
    if isinstance(part, str):
        return part
    said = _plain(shown(part))
    return f"{said}[^{text.note(part)}]" if isinstance(part, Number) else said


def _plain(text: str) -> str:
    return one_line(text).translate(_SIGNS)


def word_document(text: Document, slug: str) -> bytes:
    """The same as a Word file: notes are raised numbers, the appendix is a table."""
    made = docx.Document()
    describe(made, one_line(text.title), text.at)
    made.add_heading(one_line(text.title), 0)
    _written(made, text, text.about)
    for section in text.sections:
        made.add_heading(section.title, 1)
        for paragraph in section.paragraphs:
            _written(made, text, paragraph, "List Bullet" if section.is_list else None)
    if text.references:
        made.add_heading("References", 1)
        for entry in text.references:
            made.add_paragraph(entry)
    made.add_heading(APPENDIX, 1)
    _appendix(made, text, slug)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _written(
    made: WordDocument, text: Document, sentences: Sequence[Sentence], style: str | None = None
) -> None:
    paragraph = made.add_paragraph(style=style)
    for at, sentence in enumerate(sentences):
        if at:
            paragraph.add_run(" ")
        for part in sentence.parts:
            paragraph.add_run(shown(part))
            if isinstance(part, Number):
                paragraph.add_run(str(text.note(part))).font.superscript = True


def _appendix(made: WordDocument, text: Document, slug: str) -> None:
    table = made.add_table(rows=1, cols=len(COLUMNS), style="Table Grid")
    _fill(table.rows[0].cells, COLUMNS)
    for source, (note, number) in text.numbers.items():
        command = f"{command_of(source, slug)}, {source.path}"
        row = (str(note), number.shown, source.meaning, page_of(source, slug), command)
        _fill(table.add_row().cells, row)


def _fill(cells: Sequence[object], values: Sequence[str]) -> None:
    for cell, value in zip(cells, values, strict=True):
        cell.text = value  # type: ignore[attr-defined]
