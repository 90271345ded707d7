"""Lists come a page at a time: a cursor says behind which thing the next one begins."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

from flask import Response, request
from pydantic import BaseModel, Field

from cer_assist.domain.errors import InvalidInput
from cer_assist.views.access import LARGEST
from cer_assist.views.json_parts import Query, json_reply

MOST, USUAL = 200, 50


class Page(Query):
    """Which part of a list."""

    limit: int = Field(USUAL, ge=1, le=MOST, description="At most so many")
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


def cursor(last: int) -> str:
    """What begins behind this number."""
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def page_of(found: list[Any], limit: int, key: str) -> tuple[list[Any], str | None]:
    """What was found, one more than asked for, as a page and the cursor of the next."""
    rows = found[:limit]
    return rows, cursor(getattr(rows[-1], key)) if len(found) > limit else None


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
