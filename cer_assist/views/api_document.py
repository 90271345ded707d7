"""The document of the API, and the same as a page to read: neither holds anything of a project."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from pydantic import RootModel

from cer_assist.domain.scopes import SCOPES_TOLD
from cer_assist.views import openapi
from cer_assist.views.access import API, policy
from cer_assist.views.openapi import answers

api_document = Blueprint("api_document", __name__)


class Document(RootModel[dict[str, Any]]):
    """OpenAPI 3.1."""


@api_document.get(f"{API}openapi.json")
@policy.public
@answers(Document)
def as_json() -> Response:
    """The OpenAPI document; anyone may read it."""
    return jsonify(openapi.document(current_app))


@api_document.get("/api")
@policy.signed_in
def page() -> str:
    """What can be asked and by whom, a line for each."""
    said = openapi.document(current_app)
    lines = [
        (method.upper(), path, operation)
        for path, operations in said["paths"].items()
        for method, operation in operations.items()
    ]
    return render_template("api.html", lines=lines, scopes=SCOPES_TOLD)
