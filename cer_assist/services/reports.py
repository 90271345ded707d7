"""What the worker makes ahead and pages show: figures, and whether newer ones are on their way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """What the worker found last; one that is out of date is shown until another is made."""

    found: dict[str, Any] | None
    made_at: dt.datetime | None
    is_waiting: bool  # for a first one, or for a newer one
