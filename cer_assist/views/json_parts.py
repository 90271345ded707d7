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
from cer_assist.domain.faults import Fault, Faulty
from cer_assist.views.access import LARGEST

TOLD, LISTED = 20, 500  # faults in the sentence of a refusal, and in its list


class Reply(BaseModel):
    """The body of an answer, or a part of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """What may stand after the question mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldFault(Reply):
    """One thing that is wrong with what was sent."""

    table: str = Field(description="The list that it is in; empty: the request itself")
    row: int | None = Field(description="Its place in that list, from 1")
    external_id: str = Field(description="The protocol's own id, where one is known")
    column: str = Field(description="The field")
    wrong: str = Field(description="What is wrong")
    remedy: str = Field(description="What to do")


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
        wrong = error.errors(include_input=False, include_url=False)
        said = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'the body'}: {one['msg']}"
            for one in wrong[:TOLD]
        )
        faults = [_fault(one["loc"], one["msg"]) for one in wrong]
        raise Faulty(f"The request could not be understood ({said}).", faults) from error
    return found


def _fault(where: tuple[int | str, ...], wrong: str) -> Fault:
    """Of something in a list, with its place there."""
    remedy = "send what the OpenAPI document says of it."
    if len(where) > 1 and isinstance(where[1], int):
        column = ".".join(map(str, where[2:]))
        return Fault(wrong, remedy, table=str(where[0]), row=where[1] + 1, column=column)
    return Fault(wrong, remedy, column=".".join(map(str, where)))


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
