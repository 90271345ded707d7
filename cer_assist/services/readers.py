"""How many readers protocols want is drawn at import; here it is drawn anew where nothing was read.

Only protocols that nobody was given, shown, asked about or assigned, and none of the fenced sample:
whatever was begun goes on as it was begun.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.dealing import is_drawn
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import audit, queue
from cer_assist.services.fence_draws import IS_FENCED, WAS_SEEN
from cer_assist.store.tables import Assignment, Project, Protocol

DRAWN = "readers.drawn"
BATCH = 500  # values of one IN
_WAS_ASSIGNED = exists().where(Assignment.protocol_id == Protocol.id)


@dataclass(frozen=True, slots=True)
class Readers:
    """Protocols that nobody has read, by how many readers they want."""

    wanted: dict[int, int]  # readers -> protocols, the fewest readers first

    @property
    def protocols(self) -> int:
        """How many there are."""
        return sum(self.wanted.values())


def standing(session: Session, project_id: int) -> Readers:
    """What could be drawn anew, as it stands."""
    return _of(Counter(_untouched(session, project_id).values()))


def draw_anew(session: Session, project: Project, by: int | None) -> Readers:
    """Draw for each by the project's settings as they are now; what came of it."""
    queue.take_turns(session, project.id)
    ids = list(_untouched(session, project.id))
    if not ids:
        raise InvalidInput("Every protocol was given to or read by someone: nothing can change.")
    seed = secrets.token_hex(16)
    by_wanted: defaultdict[int, list[int]] = defaultdict(list)
    for key in ids:
        one_more = is_drawn(seed, key, project.double_coded_share)
        by_wanted[project.coders_per_protocol + one_more].append(key)
    for wanted, keys in by_wanted.items():
        both = {"coders_wanted": wanted, "coders_missing": wanted}
        for start in range(0, len(keys), BATCH):
            part = Protocol.id.in_(keys[start : start + BATCH])
            session.execute(
                update(Protocol).where(part).values(both),
                execution_options={"synchronize_session": False},
            )
    found = _of(Counter({wanted: len(keys) for wanted, keys in by_wanted.items()}))
    counts = {str(wanted): count for wanted, count in found.wanted.items()}
    entry = audit.Entry(DRAWN, f"project:{project.id}", {"protocols": counts, "seed": seed})
    audit.append(session, entry, account_id=by, project_id=project.id)
    return found


def _untouched(session: Session, project_id: int) -> dict[int, int]:
    """The readers that each wants now, by protocol."""
    rows = session.execute(
        select(Protocol.id, Protocol.coders_wanted)
        .where(Protocol.project_id == project_id, ~WAS_SEEN, ~IS_FENCED, ~_WAS_ASSIGNED)
        .order_by(Protocol.id)
    )
    return dict(rows.all())


def _of(counts: Counter[int]) -> Readers:
    return Readers(dict(sorted(counts.items())))
