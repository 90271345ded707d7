"""Domain errors become HTTP here and nowhere else: a page for people, JSON for our scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from cer_assist.domain.errors import (
    CerError,
    Corrupt,
    IdempotencyMismatch,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReady,
    SignInRefused,
    StaleDecision,
    StaleLabel,
    TooManyAttempts,
)
from cer_assist.domain.faults import Faulty
from cer_assist.views.access import API, form_page, wants_json
from cer_assist.views.json_parts import LISTED, ToldFault

STATUS: dict[type[CerError], int] = {
    InvalidInput: 400,
    SignInRefused: 401,
    NotAllowed: 403,
    NotFound: 404,
    StaleLabel: 409,
    StaleDecision: 409,
    NotReady: 409,
    IdempotencyMismatch: 422,
    TooManyAttempts: 429,
    Corrupt: 500,
}
HEADINGS = {
    400: "This could not be used",
    401: "Sign in again",
    403: "Not for your role",
    404: "Not found",
    405: "Not possible here",
    409: "Not as things stand",
    413: "Too large",
    415: "Not in this form",
    422: "This could not be used",
    429: "Please wait",
    500: "Something went wrong",
}
PLAIN = {
    404: "There is no page at this address. The link may be old or mistyped.",
    405: "This address cannot be used in this way. Go back and use the page's own buttons.",
    413: "This is larger than the server accepts: shorten it, or split a file into smaller ones.",
    415: "Send JSON: a body with the header Content-Type: application/json.",
    500: "The server could not finish this. Nothing was half done; try again, and if it happens "
    "again, tell your administrator the time.",
}


def register(app: Flask) -> None:
    """Install the handlers."""
    app.register_error_handler(CerError, _domain)
    app.register_error_handler(HTTPException, _http)


def status_of(error: CerError) -> int:
    """The HTTP status of a domain error; what has no status of its own is a bad request."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def _domain(error: CerError) -> Response:
    extra: dict[str, Any] = {}
    if isinstance(error, StaleLabel):
        extra = {"stored": asdict(error.stored), "submitted": asdict(error.submitted)}
    if isinstance(error, StaleDecision):
        extra = {"stands": error.stands}
    if isinstance(error, Faulty):
        told = ToldFault.model_fields
        extra = {"faults": [{n: getattr(one, n) for n in told} for one in error.faults[:LISTED]]}
    response = answer(status_of(error), error.message, back=_back(error), **extra)
    if isinstance(error, SignInRefused) and request.path.startswith(API):
        response.headers["WWW-Authenticate"] = 'Bearer realm="CER Assist"'
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    response = answer(code, PLAIN.get(code) or error.description or "Try again.")
    if code == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _back(error: CerError) -> str | None:
    """Where the form stands; of one that asks by the address, with all of it that can be used."""
    if request.method == "POST":
        return form_page()
    is_file = "." in request.path.rpartition("/")[2]
    if not isinstance(error, InvalidInput) or not request.args or is_file:
        return None
    if not error.fields:
        return request.path
    usable = [pair for pair in request.args.items(multi=True) if pair[0] not in error.fields]
    return f"{request.path}?{urlencode(usable)}" if usable else request.path


def answer(status: int, message: str, *, back: str | None = None, **extra: Any) -> Response:
    """An error in the form the asker can read; a person finds the way back to their form."""
    if wants_json():
        response = jsonify({"error": message, **extra})
    else:
        heading = HEADINGS.get(status, "This did not work")
        page = render_template("error.html", heading=heading, message=message, back=back, **extra)
        response = make_response(page)
    response.status_code = status
    return response
