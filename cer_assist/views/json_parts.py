"""What all JSON routes share: replies say nothing that is not in the manual, requests nothing else.

A request that cannot be understood is refused by naming what is wrong with which field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from cer_assist.domain.errors import InvalidInput
from cer_assist.views.access import LARGEST


class Reply(BaseModel):
    """The body of an answer, or a part of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """What may stand after the question mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AllAsked(Query):
    """Whether to open what is shown on request only."""

    all: bool = Field(False, description="1: show it, which is recorded")


Body = TypeVar("Body", bound=BaseModel)


def json_body(kind: type[Body]) -> Body:
    """The request's body as this kind, which the route declares as what it asks for."""
    if not request.is_json:
        raise UnsupportedMediaType
    return understood(kind, lambda: kind.model_validate_json(request.get_data()))


def understood(kind: type[Body], read: Callable[[], Body]) -> Body:
    """What was sent, or a refusal that names field and fault."""
    try:
        found = read()
        _check_storable(found.model_dump())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the body'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInput(f"The request could not be understood ({faults}).") from error
    return found


def _check_storable(value: Any) -> None:
    """What no database holds is refused at the door."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for one in value:
            _check_storable(one)
    elif isinstance(value, str) and "\0" in value:
        raise InvalidInput("The request holds the character NUL: take it out.")
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise InvalidInput(f"The request holds a number beyond {LARGEST:,}.")


def json_reply(content: BaseModel, status: int = 200) -> Response:
    """The answer that carries this."""
    return Response(content.model_dump_json(), status, mimetype="application/json")
