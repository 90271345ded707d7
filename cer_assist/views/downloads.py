"""Files that are made in memory and sent to be kept."""

from __future__ import annotations

from flask import Response


def attachment(body: str | bytes, name: str, kind: str) -> Response:
    """A text, or bytes, as a file of this name and media type."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, mimetype=kind, headers=headers)
