"""export, audit verify, backup, restore: everything that takes data out and proves it whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.cli.neat_vision import NAME, write_neat_vision
from cer_assist.exports.privacy import Choice, left_out, left_out_but
from cer_assist.exports.spotting import KINDS, Kind
from cer_assist.services import backup, projects, pseudonyms, verification
from cer_assist.services.exporting import export_project, record_export
from cer_assist.services.verification import Verification
from cer_assist.store.types import now

SHA256_DIGITS = 64


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--format", "name", required=True, type=click.Choice(["csv", "jsonl", "xlsx", NAME]))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--names", is_flag=True, help="With the coders' names instead of pseudonyms.")
@click.option("--mask", default="", metavar="KINDS", help=f"Any of {','.join(KINDS)}.")
@click.option("--columns", multiple=True, metavar="TABLE=COLUMN,…", help="Only these of a table.")
@click.option("--without", default="", metavar="COLUMN,…", help="All but these columns.")
def export_command(
    home: Path | None,
    as_json: bool,
    project: str,
    name: str,
    out: Path,
    names: bool,
    mask: str,
    columns: tuple[str, ...],
    without: str,
) -> None:
    """Write all label events and all protocols of a project, with a manifest.

    Coders stand under pseudonyms that stay the same; docs/privacy.md says what can be left out.
    neat-vision: settled protocols with the weights of their words and, beside it, a label file.
    """
    choice = chosen(names, mask, columns, without)
    if name == NAME and choice != Choice():
        raise click.UsageError(f"{NAME} holds words of texts and no coders: it takes no choices.")
    settings = settings_for(home)
    with open_database(settings) as database:
        with database.write() as session:
            pseudonyms.give(session, projects.find_project(session, project).id)
        with database.read() as session:
            found = projects.find_project(session, project)
            if name != NAME:
                made = export_project(session, found, name, out, choice)
        if name == NAME:
            made = write_neat_vision(database, settings, found, out)
        with database.write() as session:
            record_export(session, found.id, name, made, None, choice if name != NAME else None)
    result = {"path": str(out), "sha256": made.sha256, "rows": made.rows}
    rows = ", ".join(f"{count:,} {table}" for table, count in made.rows.items())
    emit(as_json, result, f"Written: {out} ({rows}; SHA-256 {made.sha256})")


def chosen(names: bool, mask: str, columns: tuple[str, ...], without: str) -> Choice:
    """What the options ask for."""
    kinds = frozenset(cast("list[Kind]", _parts(mask)))
    if not kinds <= set(KINDS):
        raise click.BadParameter(f"choose among {', '.join(KINDS)}", param_hint="--mask")
    only = {table: _parts(said) for table, _, said in (one.partition("=") for one in columns)}
    dropped = left_out_but(only)
    for table, some in left_out(_parts(without)).items():
        dropped[table] = dropped.get(table, frozenset()) | some
    return Choice(names, kinds, dropped)


def _parts(said: str) -> list[str]:
    return [part.strip() for part in said.split(",") if part.strip()]


@click.group()
def audit_command() -> None:
    """Check the audit chain."""


@audit_command.command("verify")
@home_option
@json_option
@click.option("--head", metavar="EVENT:SHA256", help="A head noted earlier, as in a manifest.")
def verify(home: Path | None, as_json: bool, head: str | None) -> None:
    """Read the whole chain and every label and text against it; names the first altered one."""
    known = None if head is None else _noted_head(head)
    with open_database(settings_for(home)) as database, database.read() as session:
        found = verification.verify(session, known)
    _tell(as_json, found)
    if not found.intact:
        sys.exit(1)


def _noted_head(head: str) -> tuple[int, str]:
    event, _, digest = head.partition(":")
    if not event.isdecimal() or len(digest) != SHA256_DIGITS:
        raise click.BadParameter(f"{head!r} is not EVENT:SHA256, such as 120:9f86d0…")
    return int(event), digest


def _tell(as_json: bool, found: Verification) -> None:
    if found.fault:
        click.echo(f"manage.py: the audit chain is broken: {found.fault}", err=True)
    emit(
        as_json,
        backup.as_dict(found),
        f"{found.events:,} audit events and {found.labels:,} labels read: "
        + ("intact." if found.intact else "NOT intact."),
    )


@click.command()
@home_option
@json_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path))
def backup_command(home: Path | None, as_json: bool, out: Path | None) -> None:
    """Copy the database while it is in use; the copy is verified."""
    settings = settings_for(home)
    path = out or settings.home / "backups" / f"cer-{now():%Y%m%d-%H%M%S}.sqlite3"
    with open_database(settings):
        made = backup.back_up(settings.url, path)
    result = {"path": str(path), "bytes": made.bytes, **backup.as_dict(made.verification)}
    emit(as_json, result, f"Backup written: {path} ({made.verification.labels:,} labels, intact)")


@click.command()
@home_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def restore_command(home: Path | None, as_json: bool, file: Path) -> None:
    """Put a verified backup in place; the database that was there is kept beside it."""
    settings = settings_for(home)
    found = backup.restore(settings.url, file)
    emit(as_json, backup.as_dict(found), f"Restored: {found.labels:,} labels, chain intact.")
