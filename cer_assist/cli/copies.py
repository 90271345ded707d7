"""copies: protocols whose texts are nearly the same, and what belongs to one study."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.domain.studies import LinkKind
from cer_assist.services import copy_groups, projects, protocols, studies
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--link", nargs=2, metavar="NEW OLD", help="NEW amends OLD, which is superseded.")
@click.option("--copy", "copied", nargs=2, metavar="COPY READ", help="COPY is not read, READ is.")
@click.option("--keep", is_flag=True, help="With --link: OLD goes on being read.")
@click.option("--unlink", metavar="PROTOCOL", help="Take back what it amends or copies.")
@click.option("--as", "username", help="A lead of the project; else the audit names nobody.")
def copies_command(
    home: Path | None,
    as_json: bool,
    project: str,
    link: tuple[str, str] | None,
    copied: tuple[str, str] | None,
    keep: bool,
    unlink: str | None,
    username: str | None,
) -> None:
    """Show near-copies nobody has decided about, or link protocols by their ids; no label moves."""
    if keep and not link:
        raise click.UsageError("--keep goes with --link.")
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        by = lead(session, found, username) if username else None
        if unlink:
            studies.unlink(session, found, protocols.find_by_name(session, found.id, unlink), by)
        for names, kind in ((link, LinkKind.version), (copied, LinkKind.copy)):
            if names:
                one, other = (protocols.find_by_name(session, found.id, name) for name in names)
                pairs = [(one, other)]
                studies.link(session, found, pairs, kind=kind, leaves=not keep, by=by)
        result = _state(session, found)
    emit(as_json, result, *_lines(result))


def _state(session: Session, project: Project) -> dict[str, Any]:
    page = copy_groups.proposals(session, project)
    rows = list(page.groups)
    for number in range(2, page.pages + 1):
        rows += copy_groups.proposals(session, project, number).groups
    links = studies.named_links(session, project.id).earlier
    return {
        "groups": [asdict(group) for group in rows],
        "links": [
            {"protocol": name, "kind": str(kind), "of": earlier}
            for name, (earlier, kind) in links.items()
        ],
        "is_behind": page.is_behind,
    }


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{one['protocol']} is a {one['kind']} of {one['of']}" for one in result["links"]]
    for group in result["groups"]:
        ids = ", ".join(one["external_id"] for one in group["members"])
        lines.append(f"Nearly the same: {ids}{' and more' if group['more'] else ''}")
    if result["is_behind"]:
        lines.append("Some protocols were not compared yet: run a worker.")
    return lines or ["No near-copies to decide about, and no links."]
