"""demo: everything from nothing, on protocols written for it."""

from __future__ import annotations

import sys
import webbrowser
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.base import home_option, settings_for
from cer_assist.cli.running import MANAGE, start
from cer_assist.config import ROOT, Settings
from cer_assist.domain.errors import CerError
from cer_assist.domain.protocols import ProtocolText
from cer_assist.imports import parse_files
from cer_assist.processes import spawn
from cer_assist.services import (
    accounts,
    models,
    projects,
    rubrics,
    training_files,
    training_items,
)
from cer_assist.services.importing import import_protocols
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Project
from cer_assist.store.tables.accounts import Role
from cer_assist.views.server import listening_socket

TEXTS = ROOT / "cer_assist" / "demo"
SLUG = "demo"
VISITOR = "visitor"


@click.command()
@home_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port (default 8000).")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def demo_command(home: Path | None, port: int | None, no_browser: bool) -> None:
    """Make a demo project with its first model, start everything, print a sign-in link."""
    settings = settings_for(home, port=port)
    listening_socket(settings).close()  # a port in use is said before any work is done
    schema.upgrade(settings.url)
    database = Database(settings.url)
    try:
        with database.write() as session:
            project_id = make_project(session)
        with database.read() as session:
            has_model = models.current_version_id(session, project_id) is not None
        if not has_model:
            _train_first(settings)
        with database.write() as session:
            link = accounts.make_link(session, accounts.find_account(session, VISITOR))
    finally:
        database.close()
    address = f"http://{settings.host}:{settings.port}"
    click.echo(f"\n  CER Assist is starting at   {address}/")
    click.echo(f"  Sign in, once, through      {address}/link/{link}")
    click.echo(f"  Everything is kept in       {settings.home}\n  Ctrl-C stops it.\n")
    if not no_browser:
        webbrowser.open(f"{address}/link/{link}")
    sys.exit(start(settings))


def make_project(session: Session) -> int:
    """The demo project, its labels and a visitor who may do everything in it."""
    known = session.scalars(select(Project.id).where(Project.slug == SLUG)).first()
    if known is not None:
        return known
    text = DEFAULT_RUBRIC.read_text(encoding="utf-8")
    rubric = rubrics.store_rubric(session, text, DEFAULT_RUBRIC.name)
    project = projects.add_project(session, SLUG, "Demo: seventy-two invented protocols", rubric)
    project.is_synthetic = True
    project.double_coded_share = 0.35
    # Who tries it out alone would only wonder where the suggestion has gone.
    project.no_suggestion_share = 0.0
    visitor = session.scalars(select(Account).where(Account.username == VISITOR)).first()
    if visitor is None:
        visitor = accounts.add_account(
            session, VISITOR, display_name="Visitor", is_administrator=True
        )
    accounts.set_role(session, project, visitor, Role.administrator, None)
    parsed = parse_files([TEXTS / "protocols.jsonl"], {}, TEXTS / "labels.csv")
    texts = [_without_answer(protocol) for protocol in parsed.protocols]
    report = import_protocols(session, project, texts, parsed.labels, by=visitor.id)
    faults = [error.message for error in parsed.errors] + [*map(str, report.errors)]
    if faults:
        raise CerError(f"The demo protocols cannot be imported: {faults[0]}")
    practice = training_files.items_of(
        parse_files([training_files.STARTER], {}, None), is_synthetic=True
    )
    training_items.add_all(session, project, practice, visitor.id)
    return project.id


def _without_answer(protocol: ProtocolText) -> ProtocolText:
    """Coders see a protocol's details; the level its writer intended is not for their eyes."""
    details = {k: v for k, v in protocol.metadata.items() if k != "intended_level"}
    return replace(protocol, metadata=details)


def _train_first(settings: Settings) -> None:
    """Let a worker do what is waiting, so that the first page has something true to show."""
    click.echo("Training the first model on the demo labels (about a minute, once) …")
    command = (sys.executable, MANAGE, "worker", "--home", str(settings.home), "--until-idle")
    with spawn(command) as process:
        code = process.wait()
    if code:
        raise CerError(f"The worker ended with code {code}: see its messages above.")
