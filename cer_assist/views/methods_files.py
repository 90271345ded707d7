"""The methods report as files and as JSON, for pages and for the command line alike.

The HTML file holds its own style and refers to nothing; it is rendered without the web application,
so that the command writes the same file as the page.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import Field

from cer_assist.config import ROOT
from cer_assist.domain.prose import Document, Given, Number, shown
from cer_assist.exports.methods_document import APPENDIX, COLUMNS, command_of
from cer_assist.views.assets import STATIC
from cer_assist.views.json_parts import Reply

STYLES = ("printed.css", "methods.css")


class MethodsNumber(Reply):
    """A number of the text and where it comes from."""

    note: int = Field(description="Number of its note in the text")
    value: float = Field(description="The number; of a figure with an interval its value")
    shown: str = Field(description="As the text has it, with its interval")
    meaning: str = Field(description="What it is, in one sentence")
    page: str = Field(
        description="Address below the project of the page that shows it; empty: none does"
    )
    command: str = Field(description="Command of `manage.py` that prints it with `--json`")
    path: str = Field(description="Key in what that command prints, steps parted by points")


class MethodsSection(Reply):
    """A section of the text."""

    key: str = Field(description="Short name, the same in every report")
    title: str = Field(description="Heading")
    paragraphs: list[str] = Field(description="Its paragraphs, without the numbers of notes")


class MethodsReport(Reply):
    """The methods report."""

    made_at: dt.datetime = Field(description="When the facts were read, in UTC")
    audit_event: int = Field(description="Newest event of the audit at that moment")
    audit_sha256: str = Field(description="Hash of that event")
    is_current: bool = Field(description="No figure in it is out of date; else ask again")
    sections: list[MethodsSection] = Field(description="The text")
    numbers: list[MethodsNumber] = Field(description="Every number of the text, in its order")
    references: list[str] = Field(description="What the text cites")
    facts: dict[str, Any] = Field(description="All facts, what the text leaves out included")


def report(text: Document, facts: dict[str, Any], *, is_current: bool) -> MethodsReport:
    """Text, numbers and facts as JSON has them."""
    of = facts["as_of"]
    return MethodsReport(
        made_at=of["at"],
        audit_event=of["event"],
        audit_sha256=of["sha256"],
        is_current=is_current,
        sections=[
            MethodsSection(
                key=one.key,
                title=one.title,
                paragraphs=[" ".join(line.text for line in lines) for lines in one.paragraphs],
            )
            for one in text.sections
        ],
        numbers=[
            MethodsNumber(
                note=note,
                value=number.value,
                shown=number.shown,
                meaning=source.meaning,
                page=source.page,
                command=source.command,
                path=source.path,
            )
            for source, (note, number) in text.numbers.items()
        ],
        references=list(text.references),
        facts=facts,
    )


def html(text: Document, slug: str) -> str:
    """One file that needs nothing else."""
    style = "\n".join((STATIC / "css" / name).read_text(encoding="utf-8") for name in STYLES)
    template = _environment().get_template("methods_file.html")
    return template.render(style=Markup(style), **content(text, slug, {}))  # noqa: S704 - ours


def content(text: Document, slug: str, links: dict[Any, str]) -> dict[str, Any]:
    """What page and file are made from; `links` leads from a source to its page."""
    return {
        "text": text,
        "slug": slug,
        "links": links,
        "appendix": APPENDIX,
        "columns": COLUMNS,
        "command_of": command_of,
        "kind_of": kind_of,
        "shown": shown,
    }


def kind_of(part: Any) -> str:
    """Whether a part is a number, a hash, or words."""
    if isinstance(part, Number):
        return "number"
    return str(part.kind) if isinstance(part, Given) else "words"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOT / "web" / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
