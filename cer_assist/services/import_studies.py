"""What an import says of versions: which protocol amends which, and texts that came back amended.

A text that is in the project already is never replaced: labels stand beside the words they were
given for. An amended text under a known id is stored, if so asked, as a protocol of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from cer_assist.domain.faults import Fault, parted
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText
from cer_assist.domain.studies import LinkKind, Links, next_version_name
from cer_assist.services import studies
from cer_assist.services.studies import Wanted

Stored = Mapping[str, tuple[int, str]]  # by the protocol's own id: number and content hash


def as_new_versions(
    session: Session,
    project_id: int,
    stored: Stored,
    protocols: Sequence[ProtocolText],
    labels: Sequence[PriorLabel],
) -> tuple[list[ProtocolText], list[PriorLabel], list[tuple[str, str]]]:
    """Amended texts under ids that are free, with the import's labels of them; what was renamed.

    The id is the known one with a number, `HM1 (2)`, and the version before it the newest that the
    project has. A text that is one of the study's versions already keeps that version's id.
    """
    links = studies.named_links(session, project_id)
    taken = stored.keys() | {protocol.external_id for protocol in protocols}
    names: dict[str, str] = {}
    found: list[ProtocolText] = []
    for protocol in protocols:
        name = protocol.external_id
        if name not in stored or stored[name][1] == protocol.content_hash:
            found.append(protocol)
            continue
        row = _versions(links, name)
        same = [one for one in row if stored[one][1] == protocol.content_hash]
        if same:
            names[name] = same[-1]
            found.append(replace(protocol, external_id=same[-1], amends="", copy_of=""))
            continue
        names[name] = next_version_name(name, taken)
        taken |= {names[name]}
        amends = protocol.amends or row[-1]
        found.append(replace(protocol, external_id=names[name], amends=amends))
    moved = [
        replace(one, external_id=names.get(one.external_id, one.external_id)) for one in labels
    ]
    return found, moved, [(names[name], name) for name in names]


def _versions(links: Links[str], name: str) -> list[str]:
    earlier, kind = links.earlier.get(name, (name, None))
    return links.row(earlier if kind is LinkKind.copy else name)


def wanted_links(
    session: Session, project_id: int, protocols: Sequence[ProtocolText], stored: Stored
) -> tuple[list[Wanted], list[Fault]]:
    """Links that these protocols ask for and that are not there yet, and every fault of them."""
    if not any(protocol.amends or protocol.copy_of for protocol in protocols):
        return [], []
    links = studies.named_links(session, project_id)
    by_name = {protocol.external_id: protocol for protocol in protocols}
    known = stored.keys() | by_name.keys()
    found: list[Wanted] = []
    faults: list[Fault] = []
    for protocol in protocols:
        name = protocol.external_id
        for kind, other in _said(protocol):
            if links.earlier.get(name) == (other, kind):
                continue
            fault = links.fault(name, other, kind)
            if other not in known:
                fault = f"{name} is linked to {other}, which is neither here nor in the project."
            if fault:
                wrong, remedy = parted(fault)
                faults.append(Fault(wrong, remedy, table="protocols", external_id=name))
                continue
            links.add(name, other, kind)
            after = by_name[other].superseded_by if other in by_name else None
            found.append(Wanted(name, other, kind, leaves=after in (None, name)))
    return found, faults


def _said(protocol: ProtocolText) -> list[tuple[LinkKind, str]]:
    both = (LinkKind.version, protocol.amends), (LinkKind.copy, protocol.copy_of)
    return [(kind, other) for kind, other in both if other]
