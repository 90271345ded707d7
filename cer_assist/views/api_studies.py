"""Versions and copies as JSON: services, roles and audit are those of the pages (docs/api.md)."""

from __future__ import annotations

from flask import Blueprint, g, request
from pydantic import Field

from cer_assist.services import copy_groups, protocols
from cer_assist.views.access import ALL_ROLES, API, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Reply
from cer_assist.views.studies import check_may_compare, text_difference

api_studies = Blueprint("api_studies", __name__, url_prefix=f"{API}projects/<slug>")


class NearCopyText(Reply):
    """A member of a group."""

    protocol_id: int = Field(description="The number in the protocol's address")
    external_id: str = Field(description="The protocol's own id")
    title: str = Field(description="The protocol's title")
    share: float | None = Field(
        description="Three-word sequences that it and the first one have, of those either has"
    )


class NearCopyGroup(Reply):
    """Protocols that say nearly the same, and nobody has decided what they are."""

    members: list[NearCopyText] = Field(description="By number, at most 25")
    more: int = Field(description="Members that are not listed")


class NearCopies(Reply):
    """A page of groups, the largest first."""

    total: int = Field(description="Groups in all")
    page: int = Field(description="This page")
    pages: int = Field(description="Pages, asked for with `?page=`")
    is_behind: bool = Field(description="Some protocols were not compared by the worker yet")
    groups: list[NearCopyGroup] = Field(description="At most 20")


class ChangedWords(Reply):
    """Words in a row with one fate."""

    change: str = Field(description="`same`, `gone` or `new`")
    text: str = Field(description="As they are written")


class ChangedSection(Reply):
    """One section that either text has."""

    name: str = Field(description="Its heading")
    gone: int = Field(description="Words that the later text lacks")
    new: int = Field(description="Words that the earlier text lacks")
    runs: list[ChangedWords] = Field(description="In the order of the text")


class TextDifference(Reply):
    """What one text says differently from another; it tells no level."""

    earlier: str = Field(description="The own id of the protocol given with `?with=`")
    later: str = Field(description="The own id of the protocol in the address")
    share_kept: float = Field(description="Words that both have, of all words of both")
    sections: list[ChangedSection] = Field(description="As the later text has them")


@api_studies.get("/copies")
@policy.members(*LEADING_ROLES)
def copies(slug: str) -> dict[str, object]:
    """Groups of near-copies that nobody has decided about."""
    with database().read() as session:
        found = copy_groups.proposals(session, g.project, request.args.get("page", 1, type=int))
    groups = [
        NearCopyGroup(
            members=[
                NearCopyText(
                    protocol_id=one.id,
                    external_id=one.external_id,
                    title=one.title,
                    share=one.share,
                )
                for one in group.members
            ],
            more=group.more,
        )
        for group in found.groups
    ]
    said = {name: getattr(found, name) for name in ("total", "page", "pages", "is_behind")}
    return NearCopies(groups=groups, **said).model_dump()


@api_studies.get("/protocols/<int:protocol_id>/difference")
@policy.members(*ALL_ROLES)
def difference(slug: str, protocol_id: int) -> dict[str, object]:
    """What this text says differently from another one."""
    with database().read() as session:
        later = protocols.find(session, g.project.id, protocol_id)
        earlier = protocols.find(session, g.project.id, request.args.get("with", 0, type=int))
        check_may_compare(session, later, earlier)
        found = text_difference(earlier, later)
        names = earlier.external_id, later.external_id
    sections = [
        ChangedSection(
            name=one.name,
            gone=one.gone,
            new=one.new,
            runs=[ChangedWords(change=run.change.value, text=run.text) for run in one.runs],
        )
        for one in found.sections
    ]
    return TextDifference(
        earlier=names[0], later=names[1], share_kept=found.share_kept, sections=sections
    ).model_dump()
