"""The document says what the server does: every route is in it, and nothing else comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
import schemathesis
import waitress.server
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as agrees

from cer_assist.domain.scopes import Scope
from cer_assist.services import tokens
from cer_assist.views import openapi
from cer_assist.views.access import API
from cer_assist.views.app import create_app
from tests.served import end
from tests.views.office import Office

CHECKS = [
    not_a_server_error,
    agrees.status_code_conformance,
    agrees.content_type_conformance,
    agrees.response_schema_conformance,
    agrees.response_headers_conformance,
]
EXAMPLES = 6
ROOT = f"{API}projects/{{slug}}"


def a_token(office: Office, person: str, *scopes: str, project: str = "") -> str:
    wish = tokens.Wish("test", scopes or list(Scope), project)
    with office.database.write() as session:
        return tokens.make(session, office.people[person], wish, None)[1]


def test_every_route_is_in_a_valid_document(office: Office) -> None:
    said: Any = office.app.test_client().get(f"{API}openapi.json").get_json()
    validate(said)
    known = {(path, method.upper()) for path, ways in said["paths"].items() for method in ways}
    there = {
        (openapi._path(rule)[0], method)
        for rule in office.app.url_map.iter_rules()
        if rule.rule.startswith(API)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert known == there
    page = office.browser("coder@own").get("/api")
    assert page.status_code == 200
    assert page.text.count('<th scope="row" class="given">') == len(there)


def the_document(app: Flask) -> Any:
    with app.app_context():
        return openapi.document(app)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server: Any = waitress.server.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        end(server, thread)


@pytest.mark.parametrize("person", ["lead@own", "coder@own"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_nothing_that_can_be_sent_breaks_it(busy: Office, person: str) -> None:
    plenty = busy.settings.model_copy(update={"api_per_minute": 1_000_000})
    app = create_app(plenty, busy.database)
    headers = {"Authorization": f"Bearer {a_token(busy, person)}"}
    schema = schemathesis.openapi.from_dict(of_one_project(the_document(app)))
    with served(app) as address:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            ask(found.ok(), address, headers)


def of_one_project(said: Any) -> Any:
    """The document with what is known here, so that most requests reach something."""
    for ways in said["paths"].values():
        for operation in ways.values():
            for one in operation["parameters"]:
                if one["name"] == "slug":
                    one["schema"] = {"const": "own"}
                elif one["in"] == "path" and one["schema"]["type"] == "integer":
                    one["schema"] = {"enum": [1, 2, 3, 4, 99, 2**40]}
    for kind in said["components"]["schemas"].values():
        if "supersedes" in kind.get("properties", {}):
            kind["properties"]["level"] = {"enum": [1, 3, 9, None]}
    return said


def ask(operation: Any, address: str, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @trials(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def try_out(case: Any) -> None:
        send(case, address, headers)

    try_out()


PLANTED: dict[str, Callable[..., Any]] = {
    "status": lambda **_: ({"error": "I am a teapot"}, 418),
    "server error": lambda **_: ({"error": "Something broke"}, 500),
    "body": lambda **_: {"protocols": "none", "next": None},
    "form": lambda **_: "plain text",
}


@pytest.mark.parametrize("fault", PLANTED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_what_is_not_as_documented_is_found(busy: Office, fault: str) -> None:
    headers = {"Authorization": f"Bearer {a_token(busy, 'lead@own')}"}
    schema = schemathesis.openapi.from_dict(the_document(busy.app))
    view: Any = busy.app.view_functions["api_labelling.listing"]
    busy.app.view_functions["api_labelling.listing"] = wraps(view)(PLANTED[fault])
    right = schema[f"{ROOT}/protocols"]["get"]
    with served(busy.app) as address, pytest.raises(FailureGroup):
        send(right.Case(path_parameters={"slug": "own"}), address, headers)


def send(case: Any, address: str, headers: dict[str, str]) -> Any:
    response = case.call(base_url=address, headers=headers)
    case.validate_response(response, checks=CHECKS)
    return response
