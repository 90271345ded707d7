"""SHA-256 of texts: of tokens, which are stored as nothing else, and of rows that are kept."""

from __future__ import annotations

import hashlib


def text_sha256(text: str) -> str:
    """64 hex digits over the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
