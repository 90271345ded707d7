"""What a prevalence report is made of: final levels, the fenced sample, what the model says.

Levels of protocols that still want a reader have no part in it: they count as unread, so that no
figure tells a lead who also codes what somebody said of one they may still be given. Those whose
readings are all in and differ are no unread ones: their readers have said between which levels
they are.

Every protocol counts by its final level, as on all other pages. The model's errors are learnt from
what readers of the fenced sample said before they had seen anything of it; whoever changed it later
may have been led by the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import final_level
from cer_assist.services import fence, training_data
from cer_assist.services.models import current_version_id
from cer_assist.store.tables import FencedScore, ModelVersion, Protocol, Suggestion

MOST_GROUPS = 30  # more are told together: a page of hundreds of departments tells nobody anything
NAMELESS, OTHERS = "(not given)", "(all others)"

Said = tuple[int, float | None]  # level, uncertainty


@dataclass(frozen=True, slots=True)
class Gathered:
    """Protocols by how their level is known; each stands in one of the first three."""

    settled: dict[int, int]  # level, by protocol
    disputed: dict[int, list[int]]  # the levels that its readers gave; nobody has settled it
    unread: dict[int, Said | None]
    # The levels that its blind readers leave open, one where it is settled, and what the version
    # in use says.
    sample: dict[int, tuple[tuple[int, ...], Said | None]]
    groups: dict[int, str]  # by protocol; empty where no column was asked for
    differ: int  # of the sample: more than one level is open
    drawn: int  # the whole sample
    version: int | None


def gather(session: Session, project_id: int, by: str) -> Gathered:
    """All protocols of a project, with the value of a column."""
    rows = session.execute(
        select(Protocol.id, Protocol.details).where(Protocol.project_id == project_id)
    ).all()
    fenced = fence.readings(session, project_id)
    version_id = current_version_id(session, project_id)
    said, of_sample = (_said(session, of, version_id) for of in (Suggestion, FencedScore))
    still_open = set(training_data.open_protocol_ids(session, project_id))
    sample = {
        one.protocol_id: (one.levels, of_sample.get(one.protocol_id))
        for one in fenced
        if one.levels and one.protocol_id not in still_open
    }
    settled, disputed = _read(session, project_id, still_open)
    unread = {
        row.id: of_sample.get(row.id) or said.get(row.id)
        for row in rows
        if row.id not in settled and row.id not in disputed
    }
    return Gathered(
        settled=settled,
        disputed=disputed,
        unread=unread,
        sample=sample,
        groups=_named({row.id: row.details.get(by, "").strip() for row in rows}) if by else {},
        differ=sum(len(set(levels)) > 1 for levels, _ in sample.values()),
        drawn=len(fenced),
        version=session.get_one(ModelVersion, version_id).number if version_id else None,
    )


def _read(
    session: Session, project_id: int, still_open: Set[int]
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Of protocols that want no reader: final levels, and what those who differ gave."""
    coders, adjudicated = training_data.given_levels(session, project_id)
    settled, disputed = {}, {}
    for key in (coders.keys() | adjudicated.keys()) - still_open:
        level, _ = final_level(adjudicated.get(key), coders.get(key, {}))
        if level is None:
            disputed[key] = list(coders[key].values())
        else:
            settled[key] = level
    return settled, disputed


def _said(
    session: Session, of: type[Suggestion | FencedScore], version_id: int | None
) -> dict[int, Said]:
    rows = session.execute(
        select(of.protocol_id, of.level, of.uncertainty).where(of.model_version_id == version_id)
    )
    return {key: (level, uncertainty) for key, level, uncertainty in rows}


def _named(values: dict[int, str]) -> dict[int, str]:
    """Groups by protocol: the commonest values, what has none, and the others together."""
    common = {value for value, _ in Counter(filter(None, values.values())).most_common(MOST_GROUPS)}
    return {
        key: NAMELESS if not value else value if value in common else OTHERS
        for key, value in values.items()
    }
