"""A secret that the next page shows, once: it waits in a cookie that only this session can read.

So the answer to the form is a redirect, and a reload makes no second secret. It is encrypted under
the server's key and the session's own, and neither the database nor an address ever holds it.
"""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken
from flask import Response, current_app, g, request

from cer_assist.views.access import settings

_COOKIE = "cer_shown_once"
_SECONDS = 60  # from the form's answer to the page


def hand_over(response: Response, secret: str, path: str) -> None:
    """Have the page at this path, which the response leads to, show it."""
    sealed = _cipher().encrypt(secret.encode()).decode()
    response.set_cookie(
        _COOKIE,
        sealed,
        max_age=_SECONDS,
        secure=settings().behind_https,
        httponly=True,
        samesite="Lax",
        path=path,
    )


def waiting() -> str:
    """What is to be shown now; empty: nothing, or it was for somebody else or too long ago."""
    try:
        sealed = request.cookies.get(_COOKIE, "").encode()
        return _cipher().decrypt(sealed, ttl=_SECONDS).decode()
    except InvalidToken:
        return ""


def take_away(response: Response, path: str) -> None:
    """It has been shown: forget it."""
    if _COOKIE in request.cookies:
        response.delete_cookie(
            _COOKIE, secure=settings().behind_https, httponly=True, samesite="Lax", path=path
        )


def _cipher() -> Fernet:
    """Of this server and this session: who signs in after someone on a machine reads nothing."""
    secret = current_app.config["SECRET_KEY"]
    secret = secret.encode() if isinstance(secret, str) else secret
    key = hmac.digest(secret, b"shown once:" + g.token.encode(), "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
