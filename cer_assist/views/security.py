"""Headers and checks that every request gets, so that no view can forget them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import InvalidInput, NotAllowed
from cer_assist.views import access
from cer_assist.views.access import settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Everything but an upload is small; a larger body is refused before it is read.
SMALL_BODY = 1_000_000

csrf = CSRFProtect()
View = TypeVar("View", bound=Callable[..., Any])


def takes_uploads(view: View) -> View:
    """Mark a view whose request may be as large as an upload."""
    cast(Any, view).takes_uploads = True
    return view


def register(app: Flask) -> None:
    """Install checks and headers; the order of the checks is the order of the hooks."""
    csrf.init_app(app)
    app.before_request(_refuse_other_sites)
    app.before_request(access.enforce)
    app.before_request(_check_form)
    app.after_request(_add_headers)


def _refuse_other_sites() -> None:
    """Browsers say where a request comes from; another site has no business changing things."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign:
        raise NotAllowed("This came from another web site and was refused.")


def _check_form() -> BaseResponse | None:
    """After the policy, so that a signed-out script learns that instead of an old token."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "takes_uploads", False):
        request.max_content_length = SMALL_BODY
    if request.method in SAFE_METHODS or request.endpoint is None:
        return None
    if access.bearer() is not None:  # no browser sends it unasked, so no page can forge it
        return None
    try:
        csrf.protect()
    except CSRFError as error:
        raise InvalidInput(
            "This page is too old to be sent. Reload it and try again; nothing was changed."
        ) from error
    return None


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    if settings().behind_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    # Protocol texts are confidential: no cache keeps a page unless the view says so.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
