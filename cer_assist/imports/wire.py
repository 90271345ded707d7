"""What child and parent say to each other: JSON headers, and texts as plain UTF-8 behind them.

Nothing is ever unpickled, so a child taken over by a file can lie but not run code here. Texts
stay out of the JSON because quoting 16 MB of them twice took a third of the whole import.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import IO, Any

from cer_assist.domain.labels import Action, Evidence, Exposure, Lane, PriorLabel, PseudonymSource
from cer_assist.domain.protocols import ProtocolText, Section

Message = tuple[dict[str, Any], str]


def send(pipe: IO[bytes], kind: str, items: Any, text: str = "") -> None:
    """Write one message."""
    body = text.encode()
    header = json.dumps({"kind": kind, "items": items, "bytes": len(body)}, separators=(",", ":"))
    pipe.write(header.encode() + b"\n")
    pipe.write(body)


def receive(pipe: IO[bytes]) -> Iterator[Message]:
    """Read messages until the other side closes or stops in the middle of one."""
    while line := pipe.readline():
        if not line.endswith(b"\n"):
            return
        header = json.loads(line)
        body = pipe.read(header["bytes"])
        if len(body) < header["bytes"]:
            return
        yield header, body.decode()


def pack_protocols(protocols: Iterable[ProtocolText]) -> tuple[list[Any], str]:
    """Headers of protocols, and their texts in one string."""
    texts: list[str] = []
    headers: list[Any] = []
    for protocol in protocols:
        texts.append(protocol.text)
        sections = [(part.name, part.start, part.end) for part in protocol.sections]
        study = (protocol.amends, protocol.copy_of, protocol.superseded_by)
        said = (protocol.external_id, protocol.title, len(protocol.text))
        headers.append((*said, sections, protocol.metadata, study))
    return headers, "".join(texts)


def unpack_protocols(headers: list[Any], text: str) -> Iterator[ProtocolText]:
    """The protocols again."""
    start = 0
    for external_id, title, length, sections, metadata, study in headers:
        body = text[start : start + length]
        start += length
        parts = tuple(Section(name, first, last) for name, first, last in sections)
        yield ProtocolText(external_id, title, body, parts, metadata, *study)


def pack_label(label: PriorLabel) -> dict[str, Any]:
    """A label as JSON values."""
    return asdict(label)


def unpack_label(fields: dict[str, Any]) -> PriorLabel:
    """The label again."""
    lane = fields["lane"]
    source = fields["pseudonym_in"]
    return PriorLabel(
        **{
            **fields,
            "action": Action(fields["action"]),
            "lane": None if lane is None else Lane(lane),
            "exposure": Exposure(fields["exposure"]),
            "pseudonym_in": None if source is None else PseudonymSource(**source),
            "evidence_spans": tuple(Evidence(**span) for span in fields["evidence_spans"]),
        }
    )
