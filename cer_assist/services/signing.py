"""A document of the installation is one file that carries its own seal: two hashes and a signature.

One hash is of its content as canonical JSON, one of everything around it that people read; an
Ed25519 signature is over both. So no byte of the file can change unnoticed by who has the public
key. The signature proves that the key's holder made the document, not that it is true or when it
was made: who runs the machine has the key. Against them stand the hash in the audit chain, and a
head of the chain that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cer_assist.domain.errors import InvalidInput
from cer_assist.services.audit import canonical

# Between these the file has its content; they hold nothing that a text could hold, for in the
# content every < is written as an escape.
BEGIN, END = '<script type="application/json" id="sealed">', "</script>"
KEY_BYTES = 32
_ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class Opened:
    """A document as it was read, and what is wrong with it."""

    body: dict[str, Any]
    seal: dict[str, Any]
    fault: str | None

    @property
    def public_key(self) -> str:
        """The key that the document names, which anybody can write into one."""
        return str(self.seal.get("public_key", ""))


def public_key(secret: str) -> str:
    """The public half of a key, in hexadecimal."""
    return str(_private(secret).public_key().public_bytes_raw().hex())


def hashed(body: dict[str, Any]) -> str:
    """The SHA-256 of a document's content."""
    return _sha256(canonical(body))


def seal(page: str, body: dict[str, Any], secret: str) -> tuple[str, dict[str, Any]]:
    """The page with its content put in place of BEGIN END, sealed; and the seal."""
    before, after = page.split(BEGIN + END)
    said = _said(hashed(body), _sha256(before + after), public_key(secret))
    signature = _private(secret).sign(canonical(said).encode()).hex()
    sealed = said | {"signature": signature}
    return before + BEGIN + _written(body, sealed) + END + after, sealed


def open_document(text: str, known_key: str | None) -> Opened:
    """Read a document and check it, with a key known from elsewhere or else the one it names."""
    before, found, rest = text.partition(BEGIN)
    content, ended, after = rest.partition(END)
    if not found or not ended:
        raise InvalidInput("This file is no sealed document of CER Assist.")
    try:
        whole = json.loads(content)
        body, sealed = whole["body"], whole["seal"]
        if not isinstance(body, dict) or not isinstance(sealed, dict):
            raise TypeError
        is_ours = content == _written(body, sealed)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Opened({}, {}, "its content cannot be read")
    said = {name: value for name, value in sealed.items() if name != "signature"}
    expected = _said(hashed(body), _sha256(before + after), said.get("public_key"))
    fault = None
    if said != expected:
        names = {"content_sha256": "its content was altered", "page_sha256": "its page was altered"}
        changed = [told for name, told in names.items() if said.get(name) != expected[name]]
        fault = "; ".join(changed) or "its seal was altered"
    elif not is_ours:
        fault = "its content is written otherwise than it was"
    elif known_key is not None and said["public_key"] != known_key.lower():
        fault = "it was sealed with another key"
    elif not _is_signed(said, sealed.get("signature")):
        fault = "its signature does not fit"
    return Opened(body, sealed, fault)


def check_key(text: str) -> str:
    """A public key as somebody types it."""
    try:
        if len(bytes.fromhex(text)) == KEY_BYTES:
            return text.strip().lower()
    except ValueError:
        pass
    raise InvalidInput("A public key is 64 hexadecimal digits: `audit key` prints this home's.")


def _said(content: str, page: str, key: Any) -> dict[str, Any]:
    return {
        "algorithm": _ALGORITHM,
        "content_sha256": content,
        "page_sha256": page,
        "public_key": key,
    }


def _is_signed(said: dict[str, Any], signature: Any) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["public_key"]))
        key.verify(bytes.fromhex(signature), canonical(said).encode())
    except (InvalidSignature, TypeError, ValueError):
        return False
    # Digits in another case, or blanks among them, would be another text of the same signature.
    return bool(signature == bytes.fromhex(signature).hex())


def _written(body: dict[str, Any], sealed: dict[str, Any]) -> str:
    """Canonical JSON that cannot end the element that it stands in."""
    return canonical({"body": body, "seal": sealed}).replace("<", "\\u003c")


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
