"""snapshot: keep the data of a project as they stand, split for models, and look at what was kept.

Writing one to a file is `export --snapshot`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.domain.split_checks import counted
from cer_assist.services import (
    projects,
    snapshot_checks,
    snapshot_differences,
    snapshot_making,
    snapshot_views,
    snapshots,
)
from cer_assist.services.snapshot_filters import READINGS
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.tables import Snapshot

_COUNTED = {"sources": "levels from", "settled_seen": "adjudicators had seen"}


@click.group()
def snapshot_command() -> None:
    """Keep a project's data as they stand, under a name."""


@snapshot_command.command("make")
@home_option
@json_option
@click.argument("project")
@click.argument("name")
@click.option("--notes", default="", help="What it is for.")
@click.option("--settled", is_flag=True, help="Only protocols that have a level.")
@click.option("--split", metavar="TRAIN/VALIDATION/TEST", help="Shares in per cent: 70/15/15.")
@click.option("--apart", multiple=True, metavar="COLUMN", help="Equal values stay in one split.")
@click.option("--fenced-is-test", is_flag=True, help="The fenced sample is the test set.")
@click.option("--seed", default=1, show_default=True, help="Decides between equals.")
@click.option("--readings", type=click.Choice(list(READINGS)), default="all", show_default=True)
@click.option("--exposure", multiple=True, help="Only answers given so, such as blind.")
@click.option("--rubric", "rubrics", type=int, multiple=True, help="Only by these versions.")
@click.option(
    "--since",
    default="",
    metavar="DAY",
    help="Only events recorded here from this day on (UTC); what was imported, on that day.",
)
@click.option(
    "--until", default="", metavar="DAY", help="Only events recorded here up to this day."
)
@click.option("--dry-run", is_flag=True, help="Only count what it would hold, and what not.")
@click.option("--as", "username", help="A lead of the project; else the audit names nobody.")
def make(
    home: Path | None,
    as_json: bool,
    project: str,
    name: str,
    notes: str,
    settled: bool,
    split: str | None,
    apart: tuple[str, ...],
    fenced_is_test: bool,
    seed: int,
    readings: str,
    exposure: tuple[str, ...],
    rubrics: tuple[int, ...],
    since: str,
    until: str,
    dry_run: bool,
    username: str | None,
) -> None:
    """Make one; splits never part versions, copies and near-copies."""
    chosen = (readings, exposure, rubrics, since, until)
    asked = Asked(name, notes, settled, _shares(split), apart, fenced_is_test, seed, *chosen)
    with open_database(settings_for(home)) as database:
        with database.read() as session:
            found = projects.find_project(session, project)
            by = lead(session, found, username) if username else None
        if dry_run:
            seen = asdict(snapshot_views.preview(database, found.id, asked))
            held = [*_counts(seen["counts"]), *_left(seen), *_check(seen["checked"])]
            emit(as_json, seen, *held, *filter(None, [seen["nothing"]]))
            return
        result = _said(snapshot_making.make(database, found.id, asked, by))
    emit(as_json, result, *_lines(result))


@snapshot_command.command("list")
@home_option
@json_option
@click.argument("project")
def list_(home: Path | None, as_json: bool, project: str) -> None:
    """All snapshots of a project, the first one first."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        rows = [_said(one) for one in snapshots.listed(session, found.id)]
    lines = [f"{one['number']}  {one['name']}  {one['content_sha256'][:12]}" for one in rows]
    emit(as_json, {"snapshots": rows}, *(lines or ["No snapshots yet."]))


@snapshot_command.command("show")
@home_option
@json_option
@click.argument("project")
@click.argument("name")
def show(home: Path | None, as_json: bool, project: str, name: str) -> None:
    """What a snapshot holds, and whether it still is what it was."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        made = snapshots.find(session, found.id, name)
        again = snapshot_checks.recheck(session, made)
        result = _said(made) | {"recheck": asdict(again) | {"as_made": again.as_made}}
    told = [f"  {one}" for one in (*again.untold, *again.differs)]
    emit(as_json, result, *_lines(result), "As made." if again.as_made else "NOT as made:", *told)
    if not again.as_made:
        raise Corrupt(f"Snapshot {made.number} is not as it was made. Run audit verify.")


@snapshot_command.command("diff")
@home_option
@json_option
@click.argument("project")
@click.argument("before")
@click.argument("after")
def diff(home: Path | None, as_json: bool, project: str, before: str, after: str) -> None:
    """What differs between two snapshots."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        one, other = (snapshots.find(session, found.id, name) for name in (before, after))
        told = snapshot_differences.differences(session, one, other)
    added = _number(told.added_count, "protocol")
    lines = [f"{added} added, {told.removed_count:,} removed"]
    lines += [f"  level {m.before or 'none'} → {m.after or 'none'}: {m.n:,}" for m in told.moved]
    lines += [f"  split {m.before or 'none'} → {m.after or 'none'}: {m.n:,}" for m in told.dealt]
    lines += [f"  {fact.what}: {fact.before} → {fact.after}" for fact in told.facts]
    emit(as_json, asdict(told), *lines)


def _shares(split: str | None) -> dict[str, float] | None:
    if split is None:
        return None
    parts = split.split("/")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise InvalidInput("Give three whole shares in per cent, such as --split 70/15/15.")
    names = ("train", "validation", "test")
    return {name: int(part) / 100 for name, part in zip(names, parts, strict=True)}


def _said(made: Snapshot) -> dict[str, Any]:
    own = ("number", "name", "notes", "at", "cutoff", "asked", "content_sha256")
    found = {name: getattr(made, name) for name in own}
    parts = ("rubric", "model", "audit", "members", "counts", "check")
    return found | {name: made.said.get(name) for name in parts}


def _lines(result: dict[str, Any]) -> list[str]:
    rows = ", ".join(f"{one['rows']:,} {name}" for name, one in result["members"].items())
    lines = [f"Snapshot {result['number']} “{result['name']}”: {rows}"]
    lines.append(f"Content SHA-256 {result['content_sha256']}")
    return lines + _counts(result["counts"]) + _check(result["check"])


def _number(n: int, noun: str) -> str:
    from cer_assist.views.presentation import count

    return count(n, noun)


def _counts(counts: dict[str, Any] | None) -> list[str]:
    if not counts:
        return []  # made before they were kept: what is computed anew says so
    levels = ", ".join(f"level {key}: {n:,}" for key, n in counts["levels"].items())
    held = _number(counts["protocols"], "protocol"), _number(counts["label_events"], "label event")
    lines = [f"  {', '.join(held)}", f"  {levels}, without a level: {counts['without_level']:,}"]
    for name in ("sources", "settled_seen"):
        told = ", ".join(f"{key}: {n:,}" for key, n in counts.get(name, {}).items())
        lines += [f"  {_COUNTED[name]}: {told}"] if told else []
    return lines


def _left(seen: dict[str, Any]) -> list[str]:
    from cer_assist.views.snapshot_words import LEFT, NO_LEVEL

    left = (("protocol", NO_LEVEL, "protocols_left"), ("label event", LEFT, "events_left"))
    return [
        f"  left out: {_number(n, what)} {words[why]}"
        for what, words, key in left
        for why, n in seen[key].items()
    ]


def _check(check: dict[str, Any] | None) -> list[str]:
    check = check or {"table": [], "lines": [], "unmet": []}
    lines = [f"  {row['split']}: {_number(row['protocols'], 'protocol')}" for row in check["table"]]
    lines += [f"  {one['said']}: {counted(one)}" for one in check["lines"]]
    return lines + [f"  {one}" for one in check["unmet"]]
