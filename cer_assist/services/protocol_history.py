"""A protocol's own history for its page and sheet, from the timelines' sources, oldest first.

Who may see what of it is the dossier's to decide; a proposal is told nobody here, for it stays
between those who have made one.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.domain.serving import REASONS_TOLD
from cer_assist.services import timeline, timeline_sources
from cer_assist.services.timeline_parts import WHOLE, About, Asked, Line, Subject, Viewer
from cer_assist.store.tables import Project, Protocol

_OWN = (timeline_sources.labels, timeline_sources.servings, timeline_sources.disclosures)
_TOLD = (Act.decide, Act.send_back)


def lines(
    session: Session,
    project: Project,
    protocol: Protocol,
    account_id: int,
    *,
    peers: bool,
    lots: bool,
) -> list[Line]:
    """Everything that happened to a protocol that this person may see.

    `peers`: others' doings as well. `lots`: with whether each reading had a suggestion by lot,
    which nobody is told of a protocol that they may still read.
    """
    asked = Asked(
        project,
        Subject(About.protocol, protocol.id, protocol.external_id),
        WHOLE,
        Viewer(account_id, may_code=False),  # the dossier has seen to that
        only=None if peers else account_id,
    )
    sources = (*_OWN, timeline_sources.acts) if peers else _OWN
    found = [line for rank, source in enumerate(sources) for line in source(session, asked, rank)]
    found = [one for one in found if one.source != "adjudication" or one.kind in _TOLD]
    for line in found:
        if line.source == "serving":
            _tell_serving(line, peers=peers, lots=lots)
    timeline.add_names(session, found)
    return sorted(found, key=lambda line: line.key)


def _tell_serving(line: Line, *, peers: bool, lots: bool) -> None:
    """Its strategy would tell a coder that a second reading is under way."""
    if peers:
        line.detail["told"] = REASONS_TOLD[line.detail["strategy"]]
    else:
        line.detail, line.seen = {"told": line.detail["reason"]}, {}
    if not lots:
        line.detail["arm"] = None
