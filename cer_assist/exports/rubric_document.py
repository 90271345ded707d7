"""A rubric version as a Word document, for a training session or a methods appendix."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as WordDocument
from docx.shared import Cm

from cer_assist.domain.rubric import Rubric, RubricLevel
from cer_assist.domain.wording import one_line, wording_of
from cer_assist.exports.word_file import describe

_FIRST, _SECOND = Cm(3.5), Cm(12.5)


def rubric_document(rubric: Rubric, at: dt.datetime) -> bytes:
    """The file of this moment: headings, a table for each level, and the version with its hash."""
    said, made = wording_of(rubric), Document()
    describe(made, f"{one_line(said.title)}, version {rubric.version}", at)
    made.add_heading(said.title, 0)
    made.add_paragraph(f"Rubric {rubric.id}, version {rubric.version}. SHA-256 {rubric.sha256}")
    made.add_paragraph(said.instruction)
    if said.terms:
        made.add_heading("Terms", 1)
        _table(made, [(term, [meaning]) for term, meaning in said.terms])
    for level in rubric.levels:
        made.add_heading(f"{level.value} {one_line(level.name)}", 1)
        _table(made, _rows(level))
    if said.decision_rules:
        made.add_heading("When in doubt", 1)
        for rule in said.decision_rules:
            made.add_paragraph(rule, style="List Number")
    if said.source:
        made.add_heading("Source", 1)
        made.add_paragraph(said.source)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _rows(level: RubricLevel) -> list[tuple[str, Sequence[str]]]:
    examples = [f"“{example.text}” {example.why}" for example in level.examples]
    rows: list[tuple[str, Sequence[str]]] = [
        ("Definition", [level.definition]),
        ("Belongs here", level.include),
        ("Does not", level.exclude),
        ("Examples", examples),
        ("Cue words", [", ".join(level.cue_words)] if level.cue_words else []),
    ]
    return [(name, items) for name, items in rows if items]


def _table(made: WordDocument, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """A row each: its name, then an item a paragraph."""
    table = made.add_table(rows=0, cols=2, style="Table Grid")
    for name, items in rows:
        left, right = table.add_row().cells
        left.width, right.width = _FIRST, _SECOND
        left.paragraphs[0].add_run(one_line(name)).bold = True
        for place, item in enumerate(items):
            paragraph = right.add_paragraph() if place else right.paragraphs[0]
            paragraph.add_run(one_line(item))
