"""export, backup, restore: everything that takes data out and brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.cli.neat_vision import NAME, write_neat_vision
from cer_assist.exports import presets
from cer_assist.exports.privacy import Choice
from cer_assist.exports.spotting import KINDS, Kind
from cer_assist.exports.tabular_tools import INCLUDE_FROM
from cer_assist.exports.writing import FORMATS
from cer_assist.services import backup, projects, pseudonyms, snapshots
from cer_assist.services.exporting import export_project, record_export
from cer_assist.store.types import now


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--format", "name", required=True, type=click.Choice([*FORMATS, NAME]))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--snapshot",
    help="Write this snapshot, by name or number (number:2): the same bytes each time.",
)
@click.option("--names", is_flag=True, help="With the coders' names instead of pseudonyms.")
@click.option("--mask", default="", metavar="KINDS", help=f"Any of {','.join(KINDS)}.")
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="With --mask record: numbers of your own, # for a digit, A for a letter: MRN-######.",
)
@click.option(
    "--preset",
    type=click.Choice(list(presets.PRESETS)),
    default=presets.EVERYTHING,
    show_default=True,
    help="Sets of columns, as on the Data page.",
)
@click.option("--columns", multiple=True, metavar="TABLE=COLUMN,…", help="Only these of a table.")
@click.option("--without", default="", metavar="COLUMN,…", help="All but these columns.")
@click.option(
    "--include-from", type=int, metavar="LEVEL", help="ASReview: included from this level on."
)
def export_command(
    home: Path | None,
    as_json: bool,
    project: str,
    name: str,
    out: Path,
    include_from: int | None,
    snapshot: str | None,
    **given: Any,
) -> None:
    """Write all label events and all protocols of a project to one file.

    Coders stand under pseudonyms that stay the same; docs/privacy.md says what can be left out,
    docs/export-formats.md what each format keeps. neat-vision: settled protocols with the weights
    of their words and, beside it, a label file.
    """
    if snapshot and name == NAME:
        raise click.UsageError("A snapshot has no words' weights: choose another format.")
    choice = chosen(**given)
    if name == NAME and choice != Choice():
        raise click.UsageError(f"{NAME} holds words of texts and no coders: it takes no choices.")
    if include_from is not None and name != "asreview":
        raise click.BadParameter("--include-from goes with --format asreview.")
    options = {} if include_from is None else {INCLUDE_FROM: include_from}
    settings, of, source = settings_for(home), None, None
    with open_database(settings) as database:
        with database.write() as session:
            pseudonyms.give(session, projects.find_project(session, project).id)
        with database.read() as session:
            found = projects.find_project(session, project)
            if snapshot:
                one = snapshots.find(session, found.id, snapshot)
                of, source = one.name, snapshots.data_set(session, one)
            if name != NAME:
                made = export_project(session, found, name, out, choice, options, source)
        if name == NAME:
            made = write_neat_vision(database, settings, found, out)
        with database.write() as session:
            told = choice if name != NAME else None
            record_export(session, found.id, name, made, None, told, snapshot=of)
    result = {"path": str(out), "sha256": made.sha256, "rows": made.rows}
    rows = ", ".join(f"{count:,} {table}" for table, count in made.rows.items())
    emit(as_json, result, f"Written: {out} ({rows}; SHA-256 {made.sha256})")


def chosen(
    names: bool,
    mask: str,
    patterns: tuple[str, ...],
    preset: str,
    columns: tuple[str, ...],
    without: str,
) -> Choice:
    """What the options ask for: what any of them leaves out is out."""
    kinds = frozenset(cast("list[Kind]", _parts(mask)))
    if not kinds <= set(KINDS):
        raise click.BadParameter(f"choose among {', '.join(KINDS)}", param_hint="--mask")
    only = {table: _parts(said) for table, _, said in (one.partition("=") for one in columns)}
    dropped = presets.without(preset, only, _parts(without))
    return Choice(names, kinds, dropped, patterns)


def _parts(said: str) -> list[str]:
    return [part.strip() for part in said.split(",") if part.strip()]


@click.command()
@home_option
@json_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path))
def backup_command(home: Path | None, as_json: bool, out: Path | None) -> None:
    """Copy the database while it is in use; the copy is verified, and recorded."""
    settings = settings_for(home)
    path = out or settings.home / "backups" / f"cer-{now():%Y%m%d-%H%M%S}.sqlite3"
    with open_database(settings) as database:
        made = backup.back_up(settings.url, path)
        with database.write() as session:
            backup.record(session, made)
    result = {"path": str(path), "bytes": made.bytes, "sha256": made.sha256}
    labels = f"{made.verification.labels:,} labels, intact; SHA-256 {made.sha256}"
    emit(
        as_json,
        result | backup.as_dict(made.verification),
        f"Backup written: {path} ({labels})",
    )


@click.command()
@home_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def restore_command(home: Path | None, as_json: bool, file: Path) -> None:
    """Put a verified backup in place; the database that was there is kept beside it."""
    settings = settings_for(home)
    found = backup.restore(settings.url, file)
    emit(as_json, backup.as_dict(found), f"Restored: {found.labels:,} labels, chain intact.")
