"""PDF files: what a reader of the page sees, wherever a page happens to end."""

from __future__ import annotations

import io

import pypdf
import pytest

from cer_assist.exports.pdf import Pdf


@pytest.mark.parametrize("lines", range(36, 52))
def test_a_heading_never_stands_alone_at_the_foot_of_a_page(lines: int) -> None:
    made = Pdf("Title", subject="a test")
    for number in range(lines):
        made.text(f"Line {number}", "item" if number % 3 else "text")
    made.heading("Limitations")
    made.items([f"Item {number}" for number in range(3)])
    pages = pypdf.PdfReader(io.BytesIO(made.bytes())).pages
    (held,) = [text for page in pages if "Limitations" in (text := page.extract_text())]
    assert "Item 0" in held


def test_headings_are_bookmarks() -> None:
    made = Pdf("Title", subject="a test")
    made.heading("In <short>")
    made.text("Words")
    file = pypdf.PdfReader(io.BytesIO(made.bytes()))
    assert [one.title for one in file.outline] == ["In <short>"]  # type: ignore[union-attr]
    assert "In <short>" in file.pages[0].extract_text()
