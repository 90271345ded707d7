"""A fault of an import says where it is, what is wrong and what to do, for people and for scripts.

People read it as one sentence; a script gets the parts.
"""

from __future__ import annotations

from dataclasses import dataclass

from cer_assist.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    wrong: str
    remedy: str = ""
    place: str = ""  # file and row, where there is a file
    table: str = ""  # protocols or labels
    external_id: str = ""
    row: int | None = None  # from 1, where rows are counted
    column: str = ""

    def __str__(self) -> str:
        """As one sentence."""
        remedy = f": {self.remedy}" if self.remedy else ""
        return f"{self.place}: {self.wrong}{remedy}" if self.place else f"{self.wrong}{remedy}"


class Faulty(InvalidInput):
    """Nothing of what was given is used, for these faults."""

    def __init__(self, message: str, faults: list[Fault]) -> None:
        super().__init__(message)
        self.faults = faults


def parted(message: str) -> tuple[str, str]:
    """What is wrong and what to do, of a message in the form that all of ours have."""
    wrong, sign, remedy = message.rpartition(": ")
    return (wrong, remedy) if sign else (message, "")
