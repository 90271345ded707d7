"""audit: the chain's state, timelines, and signed reports that can be checked elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.config import Settings
from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.writing import taking_its_place
from cer_assist.services import audit_report, backup, projects, signing, timeline, verification
from cer_assist.services.audit_period import Period
from cer_assist.services.timeline_parts import Asked, Place, Window
from cer_assist.services.verification import Verification

SHA256_DIGITS = 64


@click.group()
def audit_command() -> None:
    """Check the audit chain, read timelines, make and check signed reports."""


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
        backup.as_dict(found) | {"not_covered": verification.NOT_COVERED},
        f"{found.events:,} audit events and {found.labels:,} labels read: "
        + ("intact." if found.intact else "NOT intact."),
        verification.NOT_COVERED,
    )


@audit_command.command("timeline")
@home_option
@json_option
@click.argument("project")
@click.option("--about", required=True, metavar="KIND[:WHICH]", help="Such as coder:ana, model:3.")
@click.option("--from", "since", default="", help="First day, UTC.")
@click.option("--to", "until", default="", help="Last day, included.")
@click.option("--kind", default="", help=f"Only {', '.join(timeline.KINDS)}.")
@click.option("--newest", is_flag=True, help="Newest first.")
@click.option("--after", default="", help="Go on from here: `next` of the page before.")
@click.option("--limit", default=50, type=click.IntRange(1, 200), show_default=True)
def timeline_of(home: Path | None, as_json: bool, project: str, about: str, **given: Any) -> None:
    """Show everything known of a protocol, coder, rubric or model version, or the project."""
    from cer_assist.views.timeline import Timeline, day

    kind, _, name = about.partition(":")
    window = Window(
        day(given["since"]),
        day(given["until"]),
        given["newest"],
        Place.parse(given["after"]),
        given["limit"],
    )
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        subject = timeline.find_subject(session, found, kind, name)
        asked = Asked(found, subject, window, timeline.COMMAND_LINE)
        said = Timeline.of(asked, timeline.page(session, asked, given["kind"]))
    lines = [
        f"{one.at:%Y-%m-%d %H:%M:%S}  {one.who or '-'}  {one.protocol or '-'}  "
        + "; ".join(filter(None, [one.what, one.change, one.saw, one.detail]))
        + f"  [{one.state}{f', event {one.event}' if one.event else ''}]"
        for one in said.lines
    ]
    more = [f"More: --after {said.next}"] if said.next else []
    emit(as_json, said.model_dump(mode="json"), *lines, *more)


@audit_command.command("report")
@home_option
@json_option
@click.argument("project")
@click.option("--from", "since", required=True, help="First day, UTC, such as 2026-11-01.")
@click.option("--to", "until", required=True, help="Last day, included.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def report(home: Path | None, as_json: bool, project: str, out: Path, **days: str) -> None:
    """Write a signed report of a period; its hash becomes an event of the chain."""
    from cer_assist.views.app import create_app
    from cer_assist.views.audit_report import Maker, make

    period = Period.parse(days["since"], days["until"])
    if out.exists():
        raise InvalidInput(f"{out} exists already: choose another name.")
    settings = settings_for(home)
    maker = Maker(None, "the command line", sees_hidden=True)
    with open_database(settings) as database:
        with database.read() as session:
            found = projects.find_project(session, project)
        templates = create_app(settings, database).jinja_env
        text, made = make(templates, database, settings, found, period, maker)
    with taking_its_place(out) as unfinished:  # it has names and notes: nobody else's to read
        unfinished.write_text(text, encoding="utf-8", newline="")
    digest = made["seal"]["content_sha256"]
    lines = [
        f"Written: {out} (content SHA-256 {digest})",
        f"SHA-256 of the period: {made['made']['period_sha256']}",
    ]
    if not made["made"]["period_was_over"]:
        lines.append("The period was not over when this was made.")
    emit(as_json, {"path": str(out), **made}, *lines)


@audit_command.command("key")
@home_option
@json_option
def key(home: Path | None, as_json: bool) -> None:
    """Print the public key that this home's reports are signed with; made on first use."""
    found = signing.public_key(settings_for(home).signing_key())
    emit(as_json, {"public_key": found}, found)


@audit_command.command("check")
@home_option
@json_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "known", metavar="PUBLIC", help="A public key that you know otherwise.")
def check(home: Path | None, as_json: bool, file: Path, known: str | None) -> None:
    """Say whether a report is as it was made, and whether this home's chain holds it.

    The key is --key, else this home's; with neither, the one that the report names is used, which
    shows alterations but not who made it.
    """
    settings = settings_for(home)
    key, whose = _key(settings, known)
    opened = signing.open_document(_text(file), key)
    chain = None if opened.fault else _against_chain(settings, opened)
    fault = opened.fault or chain
    result = {
        "valid": fault is None,
        "fault": fault,
        "key": whose,
        "public_key": opened.public_key,
        "chain_checked": not opened.fault and chain is not _NO_DATABASE,
    }
    if chain is _NO_DATABASE:
        result |= {"valid": True, "fault": None}
    told = "as it was made" if result["valid"] else f"NOT valid: {result['fault']}"
    seen = "the chain holds its hash and is whole" if result["chain_checked"] else _NO_DATABASE
    emit(as_json, result, f"{file}: {told} (by {whose}).", *([seen] if result["valid"] else []))
    if not result["valid"]:
        sys.exit(1)


_NO_DATABASE = "the chain was not looked at: there is no database here"


def _key(settings: Settings, known: str | None) -> tuple[str | None, str]:
    if known is not None:
        return signing.check_key(known), "the key given"
    if settings.has_signing_key:
        return signing.public_key(settings.signing_key()), "this home's key"
    return None, "the key that it names itself, which anybody could have put there"


def _text(file: Path) -> str:
    """Byte for byte: line ends are part of what is sealed."""
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not a text file: it is no report of CER Assist.") from error


def _against_chain(settings: Settings, opened: signing.Opened) -> str | None:
    if not settings.database_url and not (settings.home / "cer.sqlite3").is_file():
        return _NO_DATABASE
    with open_database(settings) as database, database.read() as session:
        return audit_report.chain_fault(session, opened)
