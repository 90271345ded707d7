"""Versions and copies as JSON: services, roles and audit are those of the pages (docs/api.md)."""

from __future__ import annotations

from flask import Blueprint, Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from cer_assist.domain.scopes import Scope
from cer_assist.domain.studies import LinkKind
from cer_assist.services import copy_groups, protocols, studies
from cer_assist.services.copy_groups import Verdict
from cer_assist.views.access import ALL_ROLES, API, LARGEST, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Query, Reply, json_body
from cer_assist.views.openapi import answers
from cer_assist.views.paging import Part, paged_reply, part_of, until_the_end
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

    key: str = Field(description="Names the group, of exactly these members, in a decision")
    members: list[NearCopyText] = Field(description="By number, at most 25")
    more: int = Field(description="Members that are not listed")


class NearCopies(Reply):
    """A page of groups, the largest first."""

    total: int = Field(description="Groups in all")
    page: int = Field(description="This page")
    pages: int = Field(description="Pages, asked for with `?page=`")
    is_behind: bool = Field(description="Some protocols were not compared by the worker yet")
    groups: list[NearCopyGroup] = Field(description="At most 20")


class GroupDecision(Asked):
    """What a group of near-copies is."""

    group: str = Field(description="The group's `key`")
    verdict: Verdict = Field(
        description="`versions` of one study, `copies` or `neither`", strict=False
    )
    order: list[int] = Field(
        default=[],
        description="Numbers of members: versions in order, or the copy that is read first",
    )
    keep: bool = Field(default=False, description="Earlier versions go on being read")


class StudyLink(Asked):
    """What a protocol is of an earlier one; both by their own ids."""

    protocol: str = Field(description="The later one, or the copy")
    kind: LinkKind = Field(description="`version` or `copy`", strict=False)
    of: str = Field(description="What it amends, or says again")
    keep: bool = Field(default=False, description="The earlier version goes on being read")


class KnownLink(Reply):
    """A link that stands."""

    protocol: str = Field(description="The later one, or the copy")
    kind: LinkKind = Field(description="`version` or `copy`")
    of: str = Field(description="What it amends, or says again")


class KnownLinks(Reply):
    """All links of the project."""

    links: list[KnownLink] = Field(description="In the order of the protocols")
    next: str | None = Field(description="Cursor of the next page; null: this is the last")


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


class PageAsked(Query):
    """Which page."""

    page: int = Field(1, ge=1, le=LARGEST, description="From 1")


class DifferenceAsked(Query):
    """From which text."""

    other: int = Field(0, alias="with", ge=0, le=LARGEST, description="Number of the earlier one")


@api_studies.get("/copies")
@policy.members(*LEADING_ROLES)
@answers(NearCopies, query=PageAsked, scope=Scope.admin)
def copies(slug: str) -> dict[str, object]:
    """Groups of near-copies that nobody has decided about."""
    with database().read() as session:
        shown = copy_groups.proposals(session, g.project, g.query.page)
    found = until_the_end(shown, g.query.page, "groups")
    groups = [
        NearCopyGroup(
            key=group.key,
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


@api_studies.post("/copies")
@policy.members(*LEADING_ROLES)
@answers(KnownLinks, 409, asks=GroupDecision, scope=Scope.admin)
def decide(slug: str) -> Response:
    """Link a group, or remember that it is none."""
    said, by = json_body(GroupDecision), g.person.account_id
    with database().write() as session:
        project, order = g.project, said.order
        copy_groups.decide(
            session, project, said.group, said.verdict, order, leaves=not said.keep, by=by
        )
        return _links(session)


@api_studies.get("/links")
@policy.members(*LEADING_ROLES)
@answers(KnownLinks, query=Part, scope=Scope.admin)
def links(slug: str) -> Response:
    """Which protocols are linked."""
    with database().read() as session:
        return _links(session, g.query)


@api_studies.post("/links")
@policy.members(*LEADING_ROLES)
@answers(KnownLinks, 409, asks=StudyLink, scope=Scope.admin)
def link(slug: str) -> Response:
    """Say what a protocol amends or copies."""
    said, by = json_body(StudyLink), g.person.account_id
    with database().write() as session:
        names = said.protocol, said.of
        one, earlier = (protocols.find_by_name(session, g.project.id, name) for name in names)
        pairs = [(one, earlier)]
        studies.link(session, g.project, pairs, kind=said.kind, leaves=not said.keep, by=by)
        return _links(session)


@api_studies.delete("/links/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
@answers(KnownLinks, 409, scope=Scope.admin)
def unlink(slug: str, protocol_id: int) -> Response:
    """Take back what a protocol is said to amend or copy."""
    with database().write() as session:
        one = protocols.find(session, g.project.id, protocol_id)
        studies.unlink(session, g.project, one, g.person.account_id)
        return _links(session)


def _links(session: Session, asked: Part | None = None) -> Response:
    found = studies.listed_links(session, g.project.id)
    rows, following = part_of(found, asked or Part(), "number")
    links = [KnownLink(protocol=one.protocol, kind=one.kind, of=one.of) for one in rows]
    return paged_reply(KnownLinks(links=links, next=following), following)


@api_studies.get("/protocols/<int:protocol_id>/difference")
@policy.members(*ALL_ROLES)
@answers(TextDifference, 409, query=DifferenceAsked)
def difference(slug: str, protocol_id: int) -> dict[str, object]:
    """What this text says differently from another one."""
    with database().read() as session:
        later = protocols.find(session, g.project.id, protocol_id)
        earlier = protocols.find(session, g.project.id, g.query.other)
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
