"""import: files into a project, all or nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.domain.errors import InvalidInput
from cer_assist.imports import parse_files
from cer_assist.services import projects
from cer_assist.services.importing import import_protocols

SHOWN_ERRORS = 20


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="Such as text=Abstract.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--new-versions",
    is_flag=True,
    help="Store a text that differs from the one under its id as a new version of it.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
def import_command(
    home: Path | None,
    as_json: bool,
    project: str,
    files: tuple[Path, ...],
    maps: tuple[str, ...],
    labels: Path | None,
    new_versions: bool,
    dry_run: bool,
) -> None:
    """Import protocols from CSV, TSV, XLSX, JSONL, DOCX, PDF or TXT files.

    Exports of CER Assist, doccano, Label Studio, Prodigy and Argilla come with their labels.
    """
    mapping = dict(_pair(item) for item in maps)
    parsed = parse_files(files, mapping, labels)
    with open_database(settings_for(home)) as database:
        faults = [
            f"{error.file}{'' if error.row is None else f', row {error.row}'}: {error.message}"
            for error in parsed.errors
        ]
        with database.write() as session:
            found = projects.find_project(session, project)
            report = import_protocols(
                session,
                found,
                parsed.protocols,
                parsed.labels,
                by=None,
                new_versions=new_versions,
                dry_run=dry_run or bool(faults),
            )
    faults += map(str, report.errors)
    if faults:
        _refuse(as_json, faults)
    lines = [
        f"{report.protocols:,} protocols and {report.labels:,} labels "
        + ("would be imported." if dry_run else "imported."),
        *([f"{report.already_there:,} were there already."] if report.already_there else []),
        *(
            [f"{report.labels_already_there:,} labels were there already."]
            if report.labels_already_there
            else []
        ),
        *(f"{old} came with another text, stored as {new}." for new, old in report.new_versions),
        *([f"{report.links:,} links to other protocols."] if report.links else []),
        *(f"{new} has the same text as {old}." for new, old in report.duplicates),
        *parsed.notes,
    ]
    emit(as_json, asdict(report) | {"notes": parsed.notes, "dry_run": dry_run}, *lines)


def _pair(item: str) -> tuple[str, str]:
    field, separator, column = item.partition("=")
    if not (separator and field and column):
        raise click.BadParameter(f"{item!r} is not FIELD=COLUMN, such as text=Abstract.")
    return field, column


def _refuse(as_json: bool, errors: list[str]) -> None:
    for error in errors[:SHOWN_ERRORS]:
        click.echo(error, err=True)
    if as_json:
        emit(True, {"errors": errors})
    raise InvalidInput(
        f"Nothing was imported; faults: {len(errors):,}. Mend the files, then again."
    )
