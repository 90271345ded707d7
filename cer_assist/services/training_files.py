"""Practice protocols from a file: what an import reads, with its level and why it is that."""

from __future__ import annotations

from pathlib import Path

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText
from cer_assist.imports import ParsedImport
from cer_assist.services.training_items import NewItem, Solution

STARTER = Path(__file__).parents[1] / "demo" / "training.jsonl"
WANTED = "external_id, title, text, level, explanation"


def items_of(parsed: ParsedImport, *, is_synthetic: bool = False) -> list[NewItem]:
    """Every row as an item; with any fault none."""
    if parsed.errors:
        first = parsed.errors[0]
        place = first.file if first.row is None else f"{first.file}, row {first.row}"
        raise InvalidInput(f"{place}: {first.message} Nothing was added.")
    labels = {label.external_id: label for label in parsed.labels}
    return [_item(text, labels.get(text.external_id), is_synthetic) for text in parsed.protocols]


def _item(text: ProtocolText, label: PriorLabel | None, is_synthetic: bool) -> NewItem:
    said = {name.casefold(): value for name, value in text.metadata.items()}
    if label is None or label.level is None or not said.get("explanation", "").strip():
        raise InvalidInput(
            f"{text.external_id} lacks its level or its explanation. The columns are {WANTED}; "
            "also_level and evidence may be added. Nothing was added."
        )
    also = said.get("also_level", "").strip()
    if also and not also.isdecimal():
        raise InvalidInput(f"{text.external_id}: also_level “{also[:20]}” is no level.")
    passages = tuple(line for line in label.evidence.splitlines() if line.strip())
    level_too = int(also) if also else None
    solution = Solution(label.level, said["explanation"], level_too, passages)
    return NewItem(text, solution, is_synthetic=is_synthetic)
