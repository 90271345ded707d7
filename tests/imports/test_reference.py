"""The reference data comes in whole: 404 protocols, 1,212 labels, and a pool of 3,991."""

from __future__ import annotations

import json
from pathlib import Path

from cer_assist.imports import parse_files


def test_reference_protocols_and_labels(reference_data: Path) -> None:
    folder = reference_data / "cenr"
    found = parse_files([folder / "protocols.jsonl"], {}, folder / "labels.csv")
    assert found.errors == []
    assert (len(found.protocols), len(found.labels)) == (404, 1212)
    with (folder / "protocols.jsonl").open(encoding="utf-8") as lines:
        wanted = [json.loads(line) for line in lines]
    for protocol, row in zip(found.protocols, wanted, strict=True):
        names = [name for name, text in row["sections"].items() if text.strip()]
        assert [part.name for part in protocol.sections] == ["Title", *names]
        assert protocol.metadata.get("year") == row["year"]
    texts = {protocol.external_id: protocol.text for protocol in found.protocols}
    quoted = [label for label in found.labels if label.evidence]
    assert quoted
    assert all(label.evidence in texts[label.external_id] for label in quoted)


def test_reference_pool(reference_data: Path) -> None:
    found = parse_files([reference_data / "cenr" / "pool.jsonl.gz"], {}, None)
    assert found.errors == []
    assert len({protocol.content_hash for protocol in found.protocols}) == 3991
