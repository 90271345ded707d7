"""label and next: what the browser does, from the command line and through the same services."""

from __future__ import annotations

import random
import secrets
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.domain.errors import NotAllowed, NotFound
from cer_assist.domain.labels import Action, Origin
from cer_assist.services import accounts, labelling, projects, protocols, queue
from cer_assist.services.labelling import LabelRequest
from cer_assist.store.tables import Account, Project, Protocol
from cer_assist.store.tables.accounts import Role


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("protocol")
@click.argument("level", type=int)
@click.option("--as", "username", required=True, help="Whose label this is.")
def label_command(
    home: Path | None, as_json: bool, project: str, protocol: str, level: int, username: str
) -> None:
    """Store one label of a coder, as the label page would."""
    with open_database(settings_for(home)) as database, database.write() as session:
        found, account = _coder(session, project, username)
        protocol_id = session.scalars(
            select(Protocol.id).where(
                Protocol.project_id == found.id, Protocol.external_id == protocol
            )
        ).first()
        if protocol_id is None:
            raise NotFound(f"Project {project} has no protocol {protocol}.")
        request = LabelRequest(
            protocol_id=protocol_id,
            action=Action.label,
            level=level,
            idempotency_key=secrets.token_hex(16),
            supersedes_id=labelling.current_event_id(session, protocol_id, account.id),
            origin=Origin.command,
        )
        recorded = labelling.record_label(session, account.id, found, request)
    result = {"event": recorded.event_id, "protocol": protocol, "level": level}
    emit(as_json, result, f"Saved: {protocol} is a {level} for {username}.")


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--as", "username", required=True, help="Who would read it.")
def next_command(home: Path | None, as_json: bool, project: str, username: str) -> None:
    """Show the protocol a coder gets next, and why; it is reserved for them."""
    with open_database(settings_for(home)) as database, database.write() as session:
        found, account = _coder(session, project, username)
        served = queue.serve_next(session, found, account.id, random.SystemRandom())
        if served is None:
            emit(as_json, {"protocol": None}, "Nothing is left to read.")
            return
        name = protocols.find(session, found.id, served.protocol_id).external_id
    result = {"protocol": name, **asdict(served)}
    emit(as_json, result, f"{name}: {served.reason}")


def _coder(session: Session, slug: str, username: str) -> tuple[Project, Account]:
    project = projects.find_project(session, slug)
    account = accounts.find_account(session, username)
    role = accounts.role_in(session, project.id, account.id)
    if role not in (Role.coder, Role.lead, Role.administrator):
        raise NotAllowed(f"{username} does not label in project {slug}: give them the role coder.")
    return project, account
