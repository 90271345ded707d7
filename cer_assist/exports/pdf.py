"""PDF files, made on the server: text and charts as vectors, one open font embedded, A4.

What the font has no sign for (Chinese, Arabic …) stands as its code, [U+4E2D], and the file says so
at its end: nothing is left out without a word. ReportLab writes title, language and bookmarks, but
no tags that screen readers need; who needs them takes the HTML file.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import font_source_sans_pro
from reportlab.graphics.shapes import Drawing, Line, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

SANS, BOLD = "Source Sans Pro", "Source Sans Pro Bold"
INK, QUIET, LINE = HexColor("#111111"), HexColor("#444444"), HexColor("#999999")
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # what ReportLab leaves between margin and text is 6
BASE = ParagraphStyle(
    "base", fontName=SANS, fontSize=10, leading=13.5, textColor=INK, bulletFontName=SANS
)
STYLES = {
    "title": ParagraphStyle("title", BASE, fontName=BOLD, fontSize=17, leading=21, spaceAfter=2),
    "heading": ParagraphStyle(
        "heading", BASE, fontName=BOLD, fontSize=12.5, leading=16, spaceBefore=12, spaceAfter=4,
        keepWithNext=1,
    ),
    "text": ParagraphStyle("text", BASE, spaceAfter=6),
    "strong": ParagraphStyle("strong", BASE, fontName=BOLD, fontSize=12, leading=15, spaceAfter=6),
    "quiet": ParagraphStyle("quiet", BASE, textColor=QUIET, fontSize=9, leading=12, spaceAfter=6),
    "caption": ParagraphStyle(
        "caption", BASE, textColor=QUIET, fontSize=9, leading=12, spaceAfter=2, keepWithNext=1
    ),
    "item": ParagraphStyle("item", BASE, leftIndent=10, bulletIndent=0, spaceAfter=3),
    "cell": ParagraphStyle("cell", BASE, fontSize=8.5, leading=10.5),
    "number": ParagraphStyle("number", BASE, fontSize=8.5, leading=10.5, alignment=TA_RIGHT),
}  # fmt: skip


class Pdf:
    """A file that is written from above to below."""

    def __init__(self, title: str, about: str = "", *, subject: str) -> None:
        self._title, self._subject = title, subject
        self._lacking: set[str] = set()
        self._story: list[Flowable] = []
        self._add(title, "title")
        if about:
            self._add(about, "quiet")

    def heading(self, text: str) -> None:
        """A heading, which is a bookmark as well."""
        self._story.append(_Heading(self.plain(text)))

    def text(self, text: str, style: str = "text") -> None:
        """A paragraph."""
        self._add(text, style)

    def marked(self, markup: str, style: str = "text") -> None:
        """A paragraph whose parts went through `plain`, between ReportLab's own signs."""
        self._story.append(Paragraph(markup, STYLES[style], "•" if style == "item" else None))

    def items(self, texts: Sequence[str]) -> None:
        """A list."""
        for text in texts:
            self.marked(escape(self.plain(text)), "item")

    def table(
        self,
        caption: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str | Drawing]],
        widths: Sequence[float],
        *,
        numbers: frozenset[int] = frozenset(),
        pairs: bool = False,
    ) -> None:
        """A table whose header stands on each page; widths are shares of the page's.

        Of `pairs`, two rows are one: the first cell spans both, and no page parts them.
        """
        if caption:
            self._add(caption, "caption")
        cells = [
            [self._cell(cell, at in numbers) for at, cell in enumerate(row)]
            for row in (header, *rows)
        ]
        style = TableStyle(_paired(len(cells)) if pairs else [], parent=_LINES)
        whole = sum(widths)
        columns = [WIDTH * width / whole for width in widths]
        self._story.append(Table(cells, columns, repeatRows=1, style=style, spaceAfter=6))

    def plain(self, text: str) -> str:
        """As the font can write it."""
        signs = _signs()
        self._lacking |= {sign for sign in text if sign not in signs and not sign.isspace()}
        return "".join(
            sign if sign in signs else " " if sign.isspace() else f"[U+{ord(sign):04X}]"
            for sign in text
        )

    def bytes(self) -> bytes:
        """The whole file."""
        if self._lacking:
            self._add(
                "The font of this file lacks some signs of other scripts: they stand as their "
                "Unicode numbers in square brackets. The HTML file has them as they are.",
                "quiet",
            )
        file = io.BytesIO()
        made = SimpleDocTemplate(
            file, pagesize=A4, title=self._title, author="CER Assist", subject=self._subject,
            creator="CER Assist", lang="en", leftMargin=MARGIN, rightMargin=MARGIN,
            topMargin=MARGIN, bottomMargin=MARGIN, initialFontName=SANS,
        )  # fmt: skip
        made.build(self._story, canvasmaker=_Numbered)
        return file.getvalue()

    def _add(self, text: str, style: str) -> None:
        self._story.append(Paragraph(escape(self.plain(text)), STYLES[style]))

    def _cell(self, cell: str | Drawing, is_number: bool) -> Flowable:
        if isinstance(cell, Drawing):
            return cell
        lines = "<br/>".join(escape(self.plain(line)) for line in cell.split("\n"))
        return Paragraph(lines, STYLES["number" if is_number else "cell"])


def share_bar(
    one: Mapping[str, float], colour: str, *, width: float, top: float = 1.0, mark: float = -1.0
) -> Drawing:
    """A share as a bar from 0 to `top` with its interval as a whisker; `mark` is dotted across."""
    height, middle = 11.0, 5.5
    at = {key: width * min(1.0, one[key] / top) for key in ("value", "low", "high")}
    drawn = Drawing(width, height)
    drawn.add(Line(0, 0, 0, height, strokeColor=LINE, strokeWidth=0.5))
    drawn.add(
        Rect(0, 2, at["value"], 7, fillColor=HexColor(colour), strokeColor=QUIET, strokeWidth=0.3)
    )
    if 0 <= mark <= top:
        x = width * mark / top
        drawn.add(
            Line(x, 0, x, height, strokeColor=QUIET, strokeWidth=0.6, strokeDashArray=[1.5, 1.5])
        )
    if one["low"] != one["high"]:
        for stroke, thick in ((HexColor("#ffffff"), 2.6), (INK, 0.9)):
            for ends in (
                (at["low"], middle, at["high"], middle),
                (at["low"], middle - 2.5, at["low"], middle + 2.5),
                (at["high"], middle - 2.5, at["high"], middle + 2.5),
            ):
                drawn.add(Line(*ends, strokeColor=stroke, strokeWidth=thick))
    return drawn


class _Heading(Paragraph):  # type: ignore[misc]
    """The reader's list of contents leads to it.

    It notes its own place: before a bookmark that takes no room ReportLab counts no space, and
    leaves a heading alone at the foot of a page for want of it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(escape(text), STYLES["heading"])
        self._text = text

    def draw(self) -> None:
        """Write it and note the place."""
        key = f"{self._text}-{self.canv.getPageNumber()}"
        self.canv.bookmarkHorizontal(key, 0, self.height + 8)
        self.canv.addOutlineEntry(self._text, key, 0)
        super().draw()


class _Numbered(Canvas):  # type: ignore[misc]
    """Pages are numbered at the end, when it is known how many there are."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        """Keep the page until all are there."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(SANS, 8.5)
            self.setFillColor(QUIET)
            self.drawRightString(A4[0] - MARGIN, 10 * mm, f"{number} / {len(self._pages)}")
            super().showPage()
        super().save()


_LINES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, QUIET),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


def _paired(rows: int) -> list[tuple[Any, ...]]:
    return [
        sign
        for row in range(1, rows, 2)
        for sign in (
            ("SPAN", (0, row), (0, row + 1)),
            ("NOSPLIT", (0, row), (-1, row + 1)),
            ("LINEBELOW", (1, row), (-1, row), 0, HexColor("#ffffff")),
            ("TOPPADDING", (1, row + 1), (-1, row + 1), 0),
            ("BOTTOMPADDING", (1, row), (-1, row), 0),
        )
    ]


@cache
def _signs() -> frozenset[str]:
    """What the font has; registers it, so call it before anything is written."""
    folder = Path(font_source_sans_pro.__file__).parent / "files"
    for name, file in ((SANS, "SourceSansPro-Regular.ttf"), (BOLD, "SourceSansPro-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(SANS, normal=SANS, bold=BOLD, italic=SANS, boldItalic=BOLD)
    return frozenset(map(chr, pdfmetrics.getFont(SANS).face.charToGlyph))
