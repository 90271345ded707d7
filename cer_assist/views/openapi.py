"""What a route asks for and answers is said once, beside it; check and document are made of that.

    @api.get("/words")
    @policy.members(*ALL_ROLES)
    @answers(Words, 409, query=WordsAsked)
    def words(slug: str) -> Response: ...

APIFlask, spectree and flask-openapi3 bring decorators, errors and pages of their own beside our
policies and refusals; pydantic makes the schemas by itself, and the rest is this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_origin

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from cer_assist.domain.scopes import Scope
from cer_assist.views.access import API, LARGEST, policy_of
from cer_assist.views.json_parts import Query, ToldFault, understood

View = TypeVar("View", bound=Callable[..., Any])
TEMPLATE = "#/components/schemas/{model}"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSALS = {
    304: "Unchanged since the ETag that was sent",
    400: "Something in the request cannot be used",
    401: "No session and no token, or one that has ended",
    403: "Not for this role, or the token lacks the scope",
    404: "There is no such thing, or not for this person",
    409: "Not as things stand",
    413: "Too large",
    415: "Not JSON",
    422: "The key was used for another body",
    429: "Asked too often; Retry-After says when again",
}
_TEXT: dict[str, Any] = {"type": "string"}
# What stands in the head of a reply with this status.
HEADS: dict[int, dict[str, tuple[str, dict[str, Any]]]] = {
    304: {"ETag": ("As it was sent", _TEXT)},
    401: {"WWW-Authenticate": ("Bearer", _TEXT)},
    429: {"Retry-After": ("In so many seconds", {"type": "integer", "minimum": 1})},
}
GOT = {"ETag": ("Of the bytes of the reply, to be sent back as If-None-Match", _TEXT)}
TAKEN = {"X-Content-SHA256": ("SHA-256 of the file", _TEXT)}


class Refusal(BaseModel):
    """Why not, and what to do; with 409 also what stands."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="A sentence for a person")
    faults: list[ToldFault] = Field([], description="With 400: each fault, at most 500")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a route asks for and answers."""

    reply: type[BaseModel] | None  # None: a file
    statuses: tuple[int, ...]
    refusals: tuple[int, ...]
    asks: type[BaseModel] | None
    query: type[Query]
    headers: type[BaseModel] | None
    scope: Scope
    untagged: str  # why its replies have no ETag


def answers(
    reply: type[BaseModel] | None,
    *refusals: int,
    asks: type[BaseModel] | None = None,
    query: type[Query] = Query,
    headers: type[BaseModel] | None = None,
    scope: Scope = Scope.read,
    statuses: tuple[int, ...] = (200,),
    untagged: str = "",
) -> Callable[[View], View]:
    """Declare it on a view; refusals that follow from the rest need not be named."""

    def declare(view: View) -> View:
        found = Declared(reply, statuses, refusals, asks, query, headers, scope, untagged)
        cast(Any, view).answers, cast(Any, view).scope = found, scope
        return view

    return declare


def register(app: Flask) -> None:
    """Refuse to start with a route that is not in the document; check each request's query."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(API) and _declared(app, rule.endpoint) is None:
            raise RuntimeError(f"route {rule} ({rule.endpoint}) does not say what it answers")
    app.before_request(_read_query)
    app.after_request(_tag)


def _declared(app: Flask, endpoint: str) -> Declared | None:
    return cast("Declared | None", getattr(app.view_functions.get(endpoint), "answers", None))


def _read_query() -> None:
    """Only where a route says what may stand in its address; it finds it in `g.query`."""
    found = _declared(current_app, request.endpoint or "")
    if found is None:
        return
    kind, many = found.query, _lists(found.query)
    sent = {name: v if name in many else v[-1] for name, v in request.args.lists()}
    g.query = understood(kind, lambda: kind.model_validate(sent))


def _tag(response: Response) -> Response:
    """Strong tags, of the bytes: what is asked for again unchanged is not sent again."""
    found = _declared(current_app, request.endpoint or "")
    is_tagged = found is not None and not found.untagged
    if is_tagged and request.method in ("GET", "HEAD") and response.status_code == 200:
        response.add_etag()
        response.make_conditional(request)
    return response


def _lists(kind: type[BaseModel]) -> set[str]:
    fields = kind.model_fields.items()
    return {f.alias or name for name, f in fields if get_origin(f.annotation) is list}


def document(app: Flask) -> dict[str, Any]:
    """OpenAPI 3.1 of all that stands below /api/v1/."""
    rules = [
        (rule, method, found)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in METHODS
        if method in (rule.methods or ()) and (found := _declared(app, rule.endpoint)) is not None
    ]
    inputs = {kind for _, _, d in rules for kind in (d.asks, d.query, d.headers) if kind}
    outputs = {d.reply for _, _, d in rules if d.reply} | {Refusal}
    ordered = sorted(inputs, key=str), sorted(outputs, key=str)
    wanted = [(kind, "validation") for kind in ordered[0]]
    wanted += [(kind, "serialization") for kind in ordered[1]]
    names, schemas = models_json_schema(wanted, ref_template=TEMPLATE)  # type: ignore[arg-type]
    known = schemas.get("$defs", {})
    for kind in ordered[0]:
        _bound(known[_name(names[kind, "validation"])])
    _simplify(known)
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, found in rules:
        path, parameters = _path(rule)
        operation = _operation(app, rule.endpoint, method, found, names, known)
        operation["parameters"] = parameters + operation["parameters"]
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "CER Assist", "version": "1", "description": "docs/api.md says how."},
        "paths": paths,
        "components": {
            "schemas": known,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "cer_session"},
            },
        },
    }


def _operation(
    app: Flask, endpoint: str, method: str, found: Declared, names: Any, known: Any
) -> dict[str, Any]:
    declared, view = policy_of(app, endpoint), app.view_functions[endpoint]
    is_open = declared is not None and not declared.needs_person
    content = {"schema": names[found.reply, "serialization"]} if found.reply else {}
    kind = "application/json" if found.reply else "*/*"
    told = (view.__doc__ or "").strip().split("\n\n")[0]
    replies: dict[str, Any] = {
        str(status): {"description": "Done", "content": {kind: content}}
        | _head(_sent(method, found))
        for status in found.statuses
    }
    for status in _refusals(method, found, is_open=is_open):
        body = {"application/json": {"schema": names[Refusal, "serialization"]}}
        replies[str(status)] = {"description": REFUSALS[status]} | _head(HEADS.get(status, {}))
        if status != 304:
            replies[str(status)]["content"] = body
    parameters = _fields(found.query, "query", names, known)
    if found.headers:
        parameters += _fields(found.headers, "header", names, known)
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": " ".join(told.split()),
        "parameters": parameters,
        "responses": replies,
        "security": [] if is_open else [{"token": []}, {"session": []}],
        "x-scope": str(found.scope),
        "x-roles": sorted(declared.roles) if declared and declared.roles else [],
    }
    if found.untagged:
        operation["description"] = f"Without ETag: {found.untagged}."
    if found.asks:
        schema = {"schema": names[found.asks, "validation"]}
        operation["requestBody"] = {"required": True, "content": {"application/json": schema}}
    return operation


def _sent(method: str, found: Declared) -> Mapping[str, tuple[str, dict[str, Any]]]:
    if method == "GET":
        return {} if found.untagged else GOT
    return {} if found.reply else TAKEN


def _head(fields: Mapping[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    said = {
        name: {"description": what, "required": True, "schema": schema}
        for name, (what, schema) in fields.items()
    }
    return {"headers": said} if said else {}


def _refusals(method: str, found: Declared, *, is_open: bool) -> list[int]:
    wanted = {400, *found.refusals}
    if not is_open:
        wanted |= {401, 403, 404, 429}
    if method != "GET":
        wanted.add(413)
    elif not found.untagged:
        wanted.add(304)
    if found.asks:
        wanted.add(415)
    return sorted(wanted)


def _path(rule: Any) -> tuple[str, list[dict[str, Any]]]:
    path, parameters = rule.rule, []
    for name in sorted(rule.arguments):
        is_number = f"<int:{name}>" in path
        path = path.replace(f"<int:{name}>", f"{{{name}}}").replace(f"<{name}>", f"{{{name}}}")
        number = {"type": "integer", "minimum": 0, "maximum": LARGEST}
        schema = number if is_number else {"type": "string", "minLength": 1}
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    return path, parameters


def _fields(kind: type[BaseModel], where: str, names: Any, known: Any) -> list[dict[str, Any]]:
    whole = known[_name(names[kind, "validation"])]
    return [
        {
            "name": name,
            "in": where,
            "required": name in whole.get("required", ()),
            "description": schema.get("description", ""),
            "schema": schema,
        }
        for name, schema in whole.get("properties", {}).items()
    ]


def _bound(schema: Any) -> None:
    """Say of every whole number that is sent what `json_parts` refuses."""
    if isinstance(schema, list):
        for one in schema:
            _bound(one)
    elif isinstance(schema, dict):
        if schema.get("default", "") is None:
            del schema["default"]  # left out, where null itself may be refused
        if schema.get("type") == "integer":
            schema.setdefault("minimum", -LARGEST)
            schema.setdefault("maximum", LARGEST)
        for one in schema.values():
            _bound(one)


def _simplify(schema: Any) -> None:
    """Pairs of the same as lists of two: not all that read such documents know more than that."""
    inner = schema.values() if isinstance(schema, dict) else schema
    for one in inner if isinstance(schema, dict | list) else ():
        _simplify(one)
    parts = schema.get("prefixItems") if isinstance(schema, dict) else None
    if isinstance(parts, list) and all(part == parts[0] for part in parts):
        del schema["prefixItems"]
        schema["items"] = parts[0]


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
