"""DOCX by its XML: python-docx's own paragraphs leave out forms' content controls and insertions.

Deleted text of tracked changes is left out, inserted text kept: what Word shows as final.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml.ns import qn

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.containers import reading
from cer_assist.imports.headings import TEXT_SECTION, Draft, heading_name, outline, usable_title

_PARAGRAPH, _TEXT = qn("w:p"), qn("w:t")
_BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
# Deleted and moved-away text, and the second copy that old readers get of a text box.
_SKIPPED = {
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
_PROPERTIES = {qn("w:pPr"), qn("w:rPr"), qn("w:tblPr"), qn("w:sectPr")}
Paragraph = tuple[str, str]  # style name, text


def read(path: Path) -> Draft:
    """Headings become sections; a document without any is searched for lines like headings."""
    with reading("DOCX"):
        document = Document(str(path))
        if document.element.getroottree().docinfo.doctype:
            raise InvalidInput("The DOCX file defines XML entities, as Word never does: refused.")
        styles = {style.style_id: style.name or "" for style in document.styles}
        paragraphs = [
            (styles.get(style, ""), text) for style, text in _paragraphs(document.element.body)
        ]
        property_title = document.core_properties.title or ""
    title = usable_title(property_title)
    if not any(_is_heading(style) for style, text in paragraphs if text.strip()):
        styled = next((text for style, text in paragraphs if style == "Title"), "")
        lines = [line for _, text in paragraphs for line in text.split("\n")]
        return outline(lines, styled or title)
    return _by_headings(paragraphs, title)


def _is_heading(style: str) -> bool:
    return style.casefold().startswith("heading")


def _by_headings(paragraphs: list[Paragraph], title: str) -> Draft:
    """The document's title is its Title paragraph, its property, or its first heading."""
    styled = next((p for p in paragraphs if p[0] == "Title" and p[1].strip()), None)
    if styled is not None:
        title = styled[1]
    elif not title:
        styled = next(p for p in paragraphs if _is_heading(p[0]) and p[1].strip())
        title = styled[1]
    found: list[tuple[str, list[str]]] = [(TEXT_SECTION, [])]
    for paragraph in paragraphs:
        style, text = paragraph
        if paragraph is styled:
            continue
        if _is_heading(style) and text.strip():
            found.append((heading_name(" ".join(text.split())), []))
        else:
            found[-1][1].append(text)
    return Draft(title, _keep_bare_headings(found))


def _keep_bare_headings(found: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    """A heading right above another one has no text of its own: it names what follows."""
    sections: list[tuple[str, str]] = []
    above = ""
    for name, body in found:
        text = "\n".join(body).strip()
        if text:
            sections.append((f"{above}{name}", text))
            above = ""
        elif name != TEXT_SECTION:
            above = f"{name}: "
    return sections


def _paragraphs(body: Any) -> Iterator[tuple[str, str]]:
    """Style id and text of every paragraph in reading order, inside tables and forms too."""
    pieces: list[str] = []
    style = ""
    for is_end, element in _walk(body):
        if element.tag == _PARAGRAPH:
            if is_end or pieces:  # a text box stands inside a paragraph: give both their turn
                yield style, "".join(pieces)
                pieces.clear()
            style = "" if is_end else _style(element)
        elif not is_end and element.tag == _TEXT:
            pieces.append(element.text or "")
        elif not is_end:
            pieces.append(_BREAKS[element.tag])


def _walk(element: Any) -> Iterator[tuple[bool, Any]]:
    """Starts of texts and breaks, starts and ends of paragraphs, leaving out what is not shown."""
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or tag in _PROPERTIES:
            continue
        wanted = tag in (_PARAGRAPH, _TEXT) or tag in _BREAKS
        if wanted:
            yield False, child
        yield from _walk(child)
        if tag == _PARAGRAPH:
            yield True, child


def _style(paragraph: Any) -> str:
    properties = paragraph.find(qn("w:pPr"))
    style = properties.find(qn("w:pStyle")) if properties is not None else None
    return "" if style is None else str(style.get(qn("w:val")))
