"""What the worker makes ahead and pages show: figures, and whether newer ones are on their way.

Stored figures carry the number of their form. What a program of another form has stored is never
read: it counts as missing, is said to be of an older version, and is made again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cer_assist.domain.errors import NotReady


class Stored(StrEnum):
    """What is kept as a document of its own that pages read back."""

    agreement = "agreement"
    exposure = "exposure"
    prevalence = "prevalence"
    label_check = "label_check"
    simulation = "simulation"
    outlook = "outlook"
    fence = "fence"


# Raise a number when what was stored before cannot be read any more, or was found another way.
FORMS = dict.fromkeys(Stored, 1) | {
    Stored.agreement: 2,  # each coder against themselves
    Stored.prevalence: 5,  # those of the sample whose readers differ are part of it
}
_NUMBER = "form"  # a document without one is of the first form

OLDER = "made by an older version of CER Assist, which kept it in another form"


@dataclass(frozen=True, slots=True)
class Report:
    """What the worker found last; one that is out of date is shown until another is made."""

    found: dict[str, Any] | None
    made_at: dt.datetime | None
    is_waiting: bool  # for a first one, or for a newer one
    is_older: bool = False  # there is one, of a form that is not read any more

    @classmethod
    def of(
        cls, what: Stored, document: dict[str, Any] | None, made_at: Any, *, is_current: bool
    ) -> Report:
        """From what is stored; one of another form is waited for like one that is missing."""
        found = kept(what, document)
        if found is None:
            return cls(None, None, is_waiting=True, is_older=document is not None)
        return cls(found, made_at, is_waiting=not is_current)

    def there(self) -> tuple[dict[str, Any], dt.datetime]:
        """Figures and when they were made, for whoever can only wait for them."""
        if self.found is not None and self.made_at is not None:
            return self.found, self.made_at
        if self.is_older:
            raise NotReady(f"This was {OLDER}. The worker makes it again: ask in some seconds.")
        raise NotReady("The worker is making these figures: ask again in some seconds.")


NOTHING = Report(None, None, is_waiting=True)


def numbered(what: Stored, found: dict[str, Any]) -> dict[str, Any]:
    """As it is stored."""
    return found | {_NUMBER: FORMS[what]}


def kept(what: Stored, document: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was stored; None where there is nothing, or another form of it."""
    if document is None or document.get(_NUMBER, 1) != FORMS[what]:
        return None
    return {name: value for name, value in document.items() if name != _NUMBER}
