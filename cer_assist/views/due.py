"""How a due date is said: what is late says by how much."""

from __future__ import annotations

import datetime as dt

from cer_assist.views.presentation import count


def due_in_words(due_on: dt.date | None, today: dt.date) -> str:
    """Such as "overdue by 2 days"; nothing where there is no date."""
    if due_on is None:
        return ""
    days = (due_on - today).days
    if days < 0:
        return f"overdue by {count(-days, 'day')}"
    return {0: "due today", 1: "due tomorrow"}.get(days, f"due {due_on.day} {due_on:%b %Y}")
