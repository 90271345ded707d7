"""PDF by pypdf, with tighter limits than its own: a protocol is text, not pictures.

A PDF knows lines, not paragraphs. Lines are joined again, so that a quote may cross a line end;
a hyphen at a line's end is kept, because office programs rarely hyphenate and
"community-engaged" must not become "communityengaged".
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from pypdf import PdfReader, overwrite_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.containers import reading
from cer_assist.imports.headings import Draft, looks_like_heading, outline, usable_title

MAX_PAGES = 500
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # remarks on small faults that it mends
_MAX_STREAM_BYTES = 20 * 2**20
# Of the usual longest line: shorter lines end a paragraph, the first only after a sentence.
_FULL_LINE, _HALF_LINE = 0.75, 0.5
_LIST_ITEM = re.compile(r"^(?:[•●▪◦‣*–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]+)[.)])\s", re.IGNORECASE)


def read(path: Path) -> Draft:
    """The document's text with its sections, or advice when it holds none."""
    overwrite_configuration(
        zlib_maximum_output_length=_MAX_STREAM_BYTES,
        lzw_maximum_output_length=_MAX_STREAM_BYTES,
        run_length_maximum_output_length=_MAX_STREAM_BYTES,
        array_based_stream_maximum_output_length=_MAX_STREAM_BYTES,
        stream_parsing_work_maximum_count=500_000,
        jbig2dec_binary=None,
    )
    with reading("PDF"):
        reader = _open(path)
        pages = [page.extract_text().split("\n") for page in reader.pages]
        title = (reader.metadata.title if reader.metadata else None) or ""
    lines = _join(_without_margins(pages))
    if not any(lines):
        raise InvalidInput(
            "The PDF holds pictures of pages and no text: export it anew from the program it was "
            "written in, or run text recognition (OCR) on it."
        )
    return outline(lines, usable_title(title))


def _open(path: Path) -> PdfReader:
    try:
        # Tries an empty password itself: many PDFs are locked for editing only.
        reader = PdfReader(path)
        count = len(reader.pages)
    except (DependencyError, FileNotDecryptedError) as error:
        raise InvalidInput("The PDF has a password: save it without one.") from error
    if count > MAX_PAGES:
        raise InvalidInput(f"The PDF has {count:,} pages, more than {MAX_PAGES}: split it.")
    return reader


def _without_margins(pages: list[list[str]]) -> list[str]:
    """Leave out first and last lines that stand on most pages, such as running titles."""
    rows = [[line.strip() for line in page if line.strip()] for page in pages]
    edges = Counter(_pattern(line) for page in rows for line in {*page[:1], *page[-1:]})
    running = {p for p, count in edges.items() if len(rows) >= 3 and count > len(rows) / 2}
    kept: list[str] = []
    for page in rows:
        start = 1 if page and _pattern(page[0]) in running else 0
        end = len(page) - 1 if len(page) > start and _pattern(page[-1]) in running else len(page)
        kept.extend(page[start:end])
    return kept


def _pattern(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _join(lines: list[str]) -> list[str]:
    """Make paragraphs of lines; headings and list items keep a line of their own."""
    if not lines:
        return []
    usual = sorted(len(line) for line in lines)[int(len(lines) * 0.9)]
    paragraphs = [lines[0]]
    for before, line in pairwise(lines):
        if _ends_paragraph(before, usual) or _LIST_ITEM.match(line) or looks_like_heading(line):
            paragraphs.append(line)
        else:
            paragraphs[-1] += line if before.endswith("-") else f" {line}"
    return paragraphs


def _ends_paragraph(line: str, usual: int) -> bool:
    if len(line) < usual * _HALF_LINE or looks_like_heading(line):
        return True
    return len(line) < usual * _FULL_LINE and line.endswith((".", ":", "?", "!"))
