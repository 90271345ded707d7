"""In which order the queue tries to find a coder something to read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from cer_assist.domain.serving import ASSIGNED, PINNED, PUT_OFF, RANDOM, RETURNED, SECOND_READING

# So long a near-copy of what anyone was served waits, while others are left.
COPIES_WAIT = dt.timedelta(hours=1)


def attempts(
    drawn: str, stands: Any, pivot: int, at: dt.datetime
) -> Iterator[tuple[str, int, dt.datetime]]:
    """What is tried in turn, from where in the random order, and whose copies since when wait.

    The drawn strategy may find nothing; then whatever is left, copies of what was just served and
    the coder's own skipped ones last.
    """
    if stands.any_theirs:
        yield ASSIGNED, 0, at
    if stands.open_pool:
        yield from _of_the_pool(drawn, stands.any_pinned, pivot, at)
    if stands.any_theirs:
        yield PUT_OFF, 0, at
    yield RETURNED, 0, at


def _of_the_pool(
    drawn: str, any_pinned: bool, pivot: int, at: dt.datetime
) -> Iterator[tuple[str, int, dt.datetime]]:
    if any_pinned:
        yield PINNED, 0, at
    for since in (at - COPIES_WAIT, at):
        yield drawn, pivot, since
        if drawn in (RANDOM, SECOND_READING):
            yield drawn, 0, since
        yield RANDOM, 0, since
