"""What all JSON routes share: replies say nothing that is not in the manual, requests nothing else.

A request that cannot be understood is refused by naming what is wrong with which field.
"""

from __future__ import annotations

from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError

from cer_assist.domain.errors import InvalidInput


class Reply(BaseModel):
    """The body of an answer, or a part of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Body = TypeVar("Body", bound=BaseModel)


def json_body(kind: type[Body]) -> Body:
    """The request's body as this kind."""
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the body'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInput(f"The request could not be understood ({faults}).") from error


def json_reply(content: BaseModel) -> Response:
    """The answer that carries this."""
    return Response(content.model_dump_json(), mimetype="application/json")
