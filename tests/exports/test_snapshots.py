"""A masked export of a snapshot: the same bytes for ever, and what was said of it is masked too."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cer_assist.domain.protocols import compose
from cer_assist.exports.columns import MASKING_REPORT
from cer_assist.exports.privacy import Choice, with_names
from cer_assist.exports.spotting import KINDS
from cer_assist.exports.writing import FORMATS
from cer_assist.services import accounts, pseudonyms, snapshot_making, snapshots
from cer_assist.services.exporting import export_project, outward
from cer_assist.services.importing import import_protocols
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project

MASKED = Choice(masks=frozenset(KINDS))
NAME = "For Zelda Quuxovna & marta"
NOTES = "As Quuxovna asked: zelda.quux@uni.example, 804-828-1234, HM20013139"
SECRETS = ("zelda", "quux", "marta", "828-1234", "20013139")
LATER = "Community Advisory"


def a_snapshot(database: Database) -> None:
    """A protocol that holds the words of a name, read by marta."""
    with database.write() as session:
        project = a_project(session)
        marta = a_member(session, project, "marta").id
        lea = accounts.add_account(session, "lea", display_name="Zelda Quuxovna")
        accounts.set_role(session, project, lea, Role.lead, None)
        text = compose("HM20013139", "Title", [("Text", f"The {LATER} board of Vera Lindqvist")])
        assert not import_protocols(session, project, [text], [], by=None).errors
        a_label(session, project, 1, by=marta, level=2)
        pseudonyms.give(session, project.id)
    make(database, 1, Asked(NAME, NOTES), None)


def whoever_joins(database: Database) -> None:
    with database.write() as session:
        later = accounts.add_account(session, "joins.later", display_name=LATER)
        accounts.set_role(session, session.get_one(Project, 1), later, Role.auditor, None)


def exports(database: Database, folder: Path, choice: Choice = MASKED) -> dict[str, bytes]:
    found = {}
    (folder / "out").mkdir(exist_ok=True)  # the database lies beside it
    with database.read() as session:
        source = snapshots.data_set(session, snapshots.find(session, 1, "1"))
        for name, form in FORMATS.items():
            out = folder / "out" / f"{name}{form.ending}"
            export_project(session, session.get_one(Project, 1), name, out, choice, source=source)
            found[name] = out.read_bytes()
    return found


def plain(folder: Path) -> str:
    """Every file, unpacked; Parquet's texts are packed and not looked for."""
    found = []
    for out in sorted((folder / "out").iterdir()):
        if not zipfile.is_zipfile(out):
            found.append(out.read_bytes())
            continue
        with zipfile.ZipFile(out) as archive:
            found += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(found).decode(errors="replace").lower()


def test_the_same_bytes_after_somebody_has_joined(any_database: Database, tmp_path: Path) -> None:
    a_snapshot(any_database)
    before = exports(any_database, tmp_path)
    whoever_joins(any_database)
    after = exports(any_database, tmp_path)
    assert [name for name in FORMATS if after[name] != before[name]] == []


def test_whom_masks_look_for_is_in_no_file(database: Database, tmp_path: Path) -> None:
    """The lead has answered nothing: only the list of whom masks look for names her account."""
    a_snapshot(database)
    with database.read() as session:
        made = snapshots.find(session, 1, "1")
        assert made.said["people"] == ["Zelda Quuxovna", "lea", "marta"]
        assert outward(session, session.get_one(Project, 1), Choice()).people is None
    exports(database, tmp_path, with_names())
    said = plain(tmp_path)
    assert '"people"' not in said and '"lea"' not in said


def test_one_that_kept_nobody_looks_for_those_of_today(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = snapshot_making._store

    def older(session: Any, made: Any, held: Any, by: Any) -> Any:
        made.said = {name: value for name, value in made.said.items() if name != "people"}
        return store(session, made, held, by)

    monkeypatch.setattr(snapshot_making, "_store", older)
    a_snapshot(database)
    exports(database, tmp_path)
    assert LATER.lower() in plain(tmp_path)
    whoever_joins(database)
    exports(database, tmp_path)
    assert LATER.lower() not in plain(tmp_path)


def test_name_and_notes_are_masked_as_notes_are(any_database: Database, tmp_path: Path) -> None:
    a_snapshot(any_database)
    exports(any_database, tmp_path, Choice())
    assert [one for one in SECRETS if one not in plain(tmp_path)] == []
    exports(any_database, tmp_path)
    assert [one for one in SECRETS if one in plain(tmp_path)] == []
    with any_database.read() as session:
        source = snapshots.data_set(session, snapshots.find(session, 1, "1"))
        found = outward(session, session.get_one(Project, 1), MASKED, source)
        report = list(found.tables[MASKING_REPORT].rows)
    made = found.head["snapshot"]
    assert made["name"] == "For [name 1] & [name 2]"
    assert made["notes"] == "As [name 1] asked: [e-mail 1], [phone 1], [record 1]"
    assert (made["asked"]["name"], made["asked"]["notes"]) == (made["name"], made["notes"])
    counts: Counter[str] = Counter()
    for row in report:
        if row["protocol_id"] is None:
            counts[row["kind"]] += row["places"]
    assert counts == {"name": 3, "email": 1, "phone": 1, "record": 1}
