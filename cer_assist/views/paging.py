"""Lists come a page at a time: a cursor says behind which thing the next one begins."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote

from flask import Response, request
from pydantic import BaseModel, Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.views.access import LARGEST
from cer_assist.views.json_parts import Query, json_reply

MOST, USUAL = 200, 50
Row = TypeVar("Row")


class _Numbered(Protocol):
    """A page that knows how many there are."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def pages(self) -> int:
        """How many pages there are."""


Numbered = TypeVar("Numbered", bound=_Numbered)


class Behind(Query):
    """Behind which thing a page begins."""

    cursor: str = Field("", max_length=40, description="The `next` of the page before")

    @property
    def after(self) -> int:
        """The number behind which the page begins."""
        if not self.cursor:
            return 0
        try:
            plain = base64.urlsafe_b64decode(self.cursor.encode()).decode()
        except ValueError as error:
            raise InvalidInput("This cursor is none: take the `next` of a reply.") from error
        if not re.fullmatch(r"after:[0-9]{1,10}", plain) or int(plain[6:]) > LARGEST:
            raise InvalidInput("This cursor is none: take the `next` of a reply.")
        return int(plain[6:])


class Page(Behind):
    """Which part of a list."""

    limit: int = Field(USUAL, ge=1, le=MOST, description="At most so many")


class Part(Behind):
    """Which part of a list that comes whole unless a limit is set."""

    limit: int | None = Field(
        None, ge=1, le=MOST, description="At most so many, by number; left out: all at once"
    )


def cursor(last: int) -> str:
    """What begins behind this number."""
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def page_of(found: list[Row], limit: int, key: str) -> tuple[list[Row], str | None]:
    """What was found, one more than asked for, as a page and the cursor of the next."""
    rows = found[:limit]
    return rows, cursor(getattr(rows[-1], key)) if len(found) > limit else None


def part_of(found: Sequence[Row], asked: Part, key: str) -> tuple[list[Row], str | None]:
    """All as it was found, or a page by number: what is added meanwhile moves no other."""
    if asked.limit is None and not asked.cursor:
        return list(found), None
    behind = [one for one in found if getattr(one, key) > asked.after]
    behind.sort(key=attrgetter(key))
    return page_of(behind, asked.limit or USUAL, key)


def until_the_end(found: Numbered, number: int, rows: str = "rows") -> Numbered:
    """Nothing beyond the last page, which HTML shows instead: a script must see where it ends."""
    return replace(found, page=number, **{rows: []}) if number > found.pages else found


def paged_reply(content: BaseModel, following: str | None) -> Response:
    """A page, with the next one's address in the header Link."""
    response = json_reply(content)
    if following:
        given = {**request.args.to_dict(flat=True), "cursor": following}
        query = "&".join(f"{name}={_quoted(value)}" for name, value in given.items())
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def _quoted(value: str) -> str:
    return quote(value, safe="")
