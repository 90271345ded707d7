"""DOCX, PDF and TXT: one protocol a file, with the sections a reader would see."""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from cer_assist.imports import ParsedImport, preview
from tests.imports.files import AIMS, MEAL_STUDY, PARTNERS, a_pdf
from tests.imports.inside import parse_inside


def the_sections(found: ParsedImport) -> list[tuple[str, str]]:
    """Names and texts of the one protocol's sections."""
    assert found.errors == []
    (protocol,) = found.protocols
    return [(part.name, protocol.text[part.start : part.end]) for part in protocol.sections]


def test_word_headings_become_sections(tmp_path: Path) -> None:
    document = Document()
    document.add_heading(MEAL_STUDY, level=0)
    document.add_paragraph("Submitted in March.")
    document.add_heading("1. Aims", level=1)
    document.add_paragraph(AIMS)
    document.add_heading("Partnership", level=1)
    document.add_heading("Roles", level=2)
    document.add_paragraph(PARTNERS)
    document.save(str(tmp_path / "IRB-12.docx"))
    found = parse_inside([tmp_path / "IRB-12.docx"], {}, None)
    assert the_sections(found) == [
        ("Title", MEAL_STUDY),
        ("Text", "Submitted in March."),
        ("Aims", AIMS),
        ("Partnership: Roles", PARTNERS),
    ]
    assert found.protocols[0].external_id == "IRB-12"


def test_word_tables_controls_and_insertions_are_read_but_deletions_are_not(tmp_path: Path) -> None:
    document = Document()
    document.add_heading("Title of study", level=1)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Site", "Richmond"
    body = document.element.body
    for xml in (
        "<w:sdt {0}><w:sdtContent><w:p><w:r><w:t>In a form field.</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>",
        '<w:p {0}><w:ins w:id="1" w:author="a"><w:r><w:t>Kept </w:t></w:r></w:ins>'
        '<w:del w:id="2" w:author="a"><w:r><w:delText>gone</w:delText></w:r></w:del>'
        "<w:r><w:t>words</w:t><w:br/><w:t>below</w:t></w:r></w:p>",
    ):
        body.insert(len(body) - 1, parse_xml(xml.format(nsdecls("w"))))
    document.save(str(tmp_path / "a.docx"))
    assert the_sections(parse_inside([tmp_path / "a.docx"], {}, None)) == [
        ("Title", "Title of study"),
        ("Text", "Site\nRichmond\nIn a form field.\nKept words\nbelow"),
    ]


def test_word_without_headings_is_searched_for_lines_like_headings(tmp_path: Path) -> None:
    document = Document()
    for line in (MEAL_STUDY, "SPECIFIC AIMS", AIMS, "Partners and their role:", PARTNERS):
        document.add_paragraph(line)
    document.save(str(tmp_path / "a.docx"))
    assert the_sections(parse_inside([tmp_path / "a.docx"], {}, None)) == [
        ("Title", MEAL_STUDY),
        ("SPECIFIC AIMS", AIMS),
        ("Partners and their role", PARTNERS),
    ]


def test_pdf_lines_are_joined_and_running_lines_left_out(tmp_path: Path) -> None:
    pages = [
        ["IRB 2024-17", *lines, f"Page {number} of 3"]
        for number, lines in enumerate(
            [
                [MEAL_STUDY, "Background", "High blood pressure is common in both towns and", "is "
                 "often found late, as a community-", "engaged survey showed."],
                ["2. Study design", "Residents are assigned to lessons now or in one year, at",
                 "random."],
                ["Lessons are given in church kitchens."],
            ], start=1,
        )
    ]  # fmt: skip
    found = parse_inside([a_pdf(tmp_path / "p.pdf", *pages)], {}, None)
    assert the_sections(found) == [
        ("Title", MEAL_STUDY),
        (
            "Background",
            "High blood pressure is common in both towns and is often found late, as a "
            "community-engaged survey showed.",
        ),
        (
            "Study design",
            "Residents are assigned to lessons now or in one year, at random.\n"
            "Lessons are given in church kitchens.",
        ),
    ]


def test_pdf_title_comes_from_its_properties_unless_a_program_made_it_up(tmp_path: Path) -> None:
    lines = ["Kitchens And Hearts", "Every week a cook and a nurse meet."]
    given = parse_inside([a_pdf(tmp_path / "a.pdf", lines, title=MEAL_STUDY)], {}, None)
    assert given.protocols[0].title == MEAL_STUDY
    made = a_pdf(tmp_path / "b.pdf", lines, title="Microsoft Word - draft.doc")
    assert parse_inside([made], {}, None).protocols[0].title == lines[0]


def test_plain_text_headings_and_first_line(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text(
        f"Title: {MEAL_STUDY}\r\n\r\nAims\r\n{AIMS}\r\n\r\nPARTNERS\r\n\r\n{PARTNERS}\r\n"
        "Ana Lee\r\nKofi Mensah\r\n",
        encoding="cp1252",
    )
    found = parse_inside([path], {}, None)
    assert the_sections(found) == [
        ("Title", MEAL_STUDY),
        ("Aims", AIMS),
        ("PARTNERS", f"{PARTNERS}\nAna Lee\nKofi Mensah"),
    ]
    assert found.notes == []


def test_a_text_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("Kitchens\n\nA “café” – where residents meet.\n", encoding="cp1252")
    found = parse_inside([path], {}, None)
    assert the_sections(found)[-1] == ("Text", "A “café” – where residents meet.")
    assert found.notes == ["note.txt: read as cp1252."]


def test_text_without_headings_is_one_section(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("Only a line of text, no title.")
    assert the_sections(parse_inside([path], {}, None)) == [
        ("Text", "Only a line of text, no title.")
    ]


def test_preview_of_a_document_shows_its_sections(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{MEAL_STUDY}\n\nAims\n{AIMS}\n")
    shown = preview(path)
    assert shown.rows == [{"id": "a", "title": MEAL_STUDY, "Aims": AIMS}]
    assert (shown.columns, shown.suggested_mapping) == (["id", "title", "Aims"], {})
