"""Files that are made in memory and sent to be kept."""

from __future__ import annotations

from flask import Response


def attachment(body: str, name: str, kind: str) -> Response:
    """A text as a file of this name and media type."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, mimetype=kind, headers=headers)
