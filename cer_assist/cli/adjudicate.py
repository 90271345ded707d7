"""adjudicate: what waits because its readers differ; settle it or send it back to them."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import NotFound
from cer_assist.domain.labels import Origin
from cer_assist.services import adjudicating, disputes, projects, standing
from cer_assist.services.rulings import Ruling
from cer_assist.store.tables import Project, Protocol

NOBODY = 0  # has read nothing, so nothing is withheld

SAID = {
    Act.decide: "{}: the final level is {}.",
    Act.propose: "{}: {} is proposed and waits for a second adjudicator.",
    Act.send_back: "{} is sent back to its readers.",
    Act.take_back: "{}: the final level is taken back.",
}


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("protocol", required=False)
@click.argument("level", type=int, required=False)
@click.option("--list", "only_list", is_flag=True, help="Show what waits; so without a protocol.")
@click.option("--as", "username", help="The lead or administrator who does it.")
@click.option("--reason", type=click.Choice(list(Reason)), help="Why the readings differ.")
@click.option("--note", default="", help="For the record; with --send-back, what coders are told.")
@click.option("--send-back", "act", flag_value=Act.send_back, help="Have its coders read it again.")
@click.option("--take-back", "act", flag_value=Act.take_back, help="Take one's own level back.")
def adjudicate_command(
    home: Path | None,
    as_json: bool,
    project: str,
    protocol: str | None,
    level: int | None,
    only_list: bool,
    username: str | None,
    reason: str | None,
    note: str,
    act: str | None,
) -> None:
    """List what waits for an adjudicator, or give PROTOCOL its final LEVEL."""
    if protocol is not None and (only_list or username is None or (level is None) != bool(act)):
        raise click.UsageError(
            "Say who decides with --as, and give a level, or --send-back, or --take-back."
        )
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        by = lead(session, found, username) if username else NOBODY
        if protocol is None:
            result = _waiting(session, found, by)
            lines = [_line(one) for one in result["protocols"]] or ["Nothing waits."]
        else:
            asked = _over_what_stands(session, found, protocol, Act(act or Act.decide))
            why = Reason(reason) if reason else None
            asked = replace(asked, level=level, reason=why, note=note)
            done = adjudicating.rule(session, found, by, asked)
            result = {"protocol": protocol, **asdict(done)}
            lines = [SAID[done.act].format(protocol, done.level)]
    emit(as_json, result, *lines)


def _over_what_stands(session: Session, project: Project, name: str, act: Act) -> Ruling:
    """A ruling over the answers of this moment: nobody had them on screen."""
    protocol_id = session.scalars(
        select(Protocol.id).where(Protocol.project_id == project.id, Protocol.external_id == name)
    ).first()
    if protocol_id is None:
        raise NotFound(f"Project {project.slug} has no protocol {name}.")
    said = standing.readings_of(session, protocol_id)
    return Ruling(
        protocol_id=protocol_id,
        act=act,
        between=tuple(one.event_id for one in said),
        idempotency_key=secrets.token_hex(16),
        origin=Origin.command,
    )


def _waiting(session: Session, project: Project, account_id: int) -> dict[str, Any]:
    found = disputes.docket(session, project, account_id)
    return {"protocols": [asdict(one) for one in found.rows], "withheld": found.withheld}


def _line(one: dict[str, Any]) -> str:
    surprise = "not asked" if one["surprise"] is None else f"{one['surprise']:.2f}"
    return f"{one['external_id']:24} {one['distance']} apart, surprise {surprise}, {one['track']}"
