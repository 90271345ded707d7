"""What all commands share: the home folder, the database and how results are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from cer_assist.config import Settings
from cer_assist.domain.errors import NotAllowed
from cer_assist.services import accounts
from cer_assist.store.engine import Database
from cer_assist.store.schema import require_head
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import LEADING

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder of database, models and caches (default: instance/).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object, last line.")


def settings_for(home: Path | None, **changes: Any) -> Settings:
    """Settings from the environment with what the command line says on top."""
    if home is not None:
        changes["home"] = home
    return Settings(**{name: value for name, value in changes.items() if value is not None})


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database, at the newest revision."""
    database = Database(settings.url)
    try:
        require_head(database)
        yield database
    finally:
        database.close()


def figure(value: dict[str, Any], form: str = ".2f") -> str:
    """A measured figure with its interval; what is not known is said."""
    if value["value"] is None:
        return "not defined"
    if value["low"] is None or value["high"] is None:
        return f"{value['value']:{form}} (no interval)"
    return f"{value['value']:{form}} ({value['low']:{form}} to {value['high']:{form}})"


def emit(as_json: bool, result: dict[str, Any], *lines: str) -> None:
    """Print for people, or one JSON object as the last line."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for line in lines:
        click.echo(line)


def lead(session: Session, project: Project, username: str) -> int:
    """The account of someone who leads the project."""
    account = accounts.find_account(session, username)
    role = accounts.role_in(session, project.id, account.id)
    if role not in LEADING:
        raise NotAllowed(f"{username} does not lead project {project.slug}.")
    return account.id


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on a terminal, a line now and then elsewhere; call it with (share done, message)."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    if not console.is_terminal:
        yield _lines(title)
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def advance(share: float, message: str) -> None:
            bar.update(task, completed=share, description=f"{title}: {message}")

        yield advance


def _lines(title: str) -> Callable[[float, str], None]:
    told = -1

    def advance(share: float, message: str) -> None:
        nonlocal told
        quarter = int(share * 4)
        if quarter != told:
            told = quarter
            sys.stderr.write(f"{title}: {message} ({share:.0%})\n")
            sys.stderr.flush()

    return advance
