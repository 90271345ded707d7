"""The methods report as a PDF: the same parts as the Word document, as nobody edits them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from cer_assist.domain.prose import Document, Number, Sentence, shown
from cer_assist.domain.wording import one_line
from cer_assist.exports.methods_document import APPENDIX, COLUMNS, command_of, page_of
from cer_assist.exports.pdf import Pdf

WIDTHS = (6, 17, 37, 18, 32)


def pdf_document(text: Document, slug: str) -> bytes:
    """Notes are raised numbers, the appendix is a table."""
    made = Pdf(one_line(text.title), subject=f"Methods of {slug}")
    made.marked(_paragraph(made, text, text.about))
    for section in text.sections:
        made.heading(section.title)
        style = "item" if section.is_list else "text"
        for paragraph in section.paragraphs:
            made.marked(_paragraph(made, text, paragraph), style)
    if text.references:
        made.heading("References")
        for entry in text.references:
            made.text(entry)
    made.heading(APPENDIX)
    rows = []
    for source, (note, number) in text.numbers.items():
        command = f"{command_of(source, slug)}, {source.path}"
        row = (str(note), number.shown, source.meaning, page_of(source, slug), command)
        rows.append(row)
    made.table("", COLUMNS, rows, WIDTHS)
    return made.bytes()


def _paragraph(made: Pdf, text: Document, sentences: Sequence[Sentence]) -> str:
    return " ".join(
        "".join(
            escape(made.plain(shown(part)))
            + (f"<super>{text.note(part)}</super>" if isinstance(part, Number) else "")
            for part in sentence.parts
        )
        for sentence in sentences
    )
