"""Whatever the format: what is left out, masked or named otherwise is in no byte of the file."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook

from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.exports.carried import EVENT_NEEDS, KEY, PROTOCOL_NEEDS
from cer_assist.exports.columns import COLUMNS, LABEL_EVENTS, MASKING_REPORT, NEEDED, PROTOCOLS
from cer_assist.exports.parquet import read_parquet
from cer_assist.exports.privacy import Choice, left_out_but, with_names
from cer_assist.exports.spotting import KINDS
from cer_assist.exports.writing import FORMATS
from cer_assist.services import accounts, labelling, pseudonyms
from cer_assist.services.exporting import export_project, outward
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Project
from cer_assist.store.tables.accounts import Role
from tests.builders import a_model, a_project, a_request
from tests.imports.inside import parse_inside

SECRETS = ("silva", "20013139", "555-0123", "8045550123", "okafor")
TOLD = "Dr. Ana Silva, silva@example.edu, 804-555-0123, MRN: HM20013139"
CODERS = {"zacharias": "Zach Quillfeather", "wilhelmina": "Mina Oxblood", "theodora": "Thea Quenby"}
# Of every column that may be left out, something that stands nowhere else.
MARKS = ("notemark", "evidencemark", "detailmark", "987.25", "quillfeather")


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[tuple[Database, int]]:
    """Secrets in every place where a protocol or an answer has words; two coders and a lead."""
    copy = tmp_path_factory.mktemp("filled") / "cer.sqlite3"
    copy.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{copy}")
    with database.write() as session:
        project = a_project(session)
        people = []
        for name, shown in CODERS.items():
            account = accounts.add_account(session, name, display_name=shown)
            role = Role.lead if name == "theodora" else Role.coder
            accounts.set_role(session, project, account, role, None)
            people.append(account)
        _protocols(session, project, people)
        pseudonyms.give(session, project.id)
    yield database, 1
    database.close()


def _protocols(session: Any, project: Project, people: list[Account]) -> None:
    details = {"PI": "Silva, Ana", "contact": "silva@example.edu", "other": "detailmark"}
    sections = [("Aims", f"We ask {TOLD}."), ("Notes of Dr. Ana Silva", "Call 804-555-0123.")]
    first = compose("HM20013139", f"Of {TOLD}", sections, details)
    second = compose("P-2", "Second", [("Aims", "PI: Chidi Okafor; nothing else.")], {})
    third = compose("HM20013139-A1", "Third", [("Aims", f"Amends: {TOLD}")], {})
    amended = replace(third, amends="HM20013139")
    earlier = [PriorLabel("P-2", "final", 2, None, "evidencemark of Dr. Ana Silva", TOLD)]
    protocols = [first, second, amended]
    assert not import_protocols(session, project, protocols, earlier, by=None).errors
    a_model(session, project, {1: (3, [0.1, 0.2, 0.4, 0.2, 0.1])})
    at = first.text.index("Ana Silva")
    place = ((at, at + 9), (at + 4, at + 29))
    note = f"notemark {TOLD}"
    for person, level in zip(people, (4, 4, 2), strict=True):
        asked = a_request(1, level, evidence=place, note=note, seconds=987.25, confidence=3)
        labelling.record_label(session, person.id, project, asked)
    said = labelling.record_label(session, people[0].id, project, a_request(3, 5, note=note))
    undo = a_request(3, None, supersedes=said.event_id, action=Action.withdraw)
    labelling.record_label(session, people[0].id, project, undo)


def exported(filled: tuple[Database, int], folder: Path, form: str, choice: Choice) -> Path:
    out = folder / f"e{FORMATS[form].ending}"
    with filled[0].read() as session:
        export_project(session, session.get_one(Project, filled[1]), form, out, choice)
    return out


def parts(out: Path) -> dict[str, bytes]:
    """Every byte as it is once unpacked; Parquet's pages too."""
    if not zipfile.is_zipfile(out):
        return {out.name: out.read_bytes()}
    with zipfile.ZipFile(out) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    for name in [name for name in found if name.endswith(".parquet")]:
        rows = json.dumps(list(read_parquet(found[name], {})), ensure_ascii=False)
        found[f"{name} unpacked"] = rows.encode()
    return found


def everything(out: Path) -> str:
    return "\n".join(body.decode(errors="replace") for body in parts(out).values()).lower()


def names(out: Path) -> set[str]:
    """Every heading, key and described column."""
    found: set[str] = set()
    for name, body in parts(out).items():
        text = body.decode(errors="replace")
        if name == "README.md":
            info = yaml.safe_load(text.split("---\n")[1])["dataset_info"]
            found |= {one["name"] for config in info for one in config["features"]}
        elif name.endswith(".csv"):
            head, *rows = csv.reader(io.StringIO(text, newline=""))
            found |= {*head}
            if name == "data_dictionary.csv":
                found |= {cell for row in rows for cell in row[:2]}
            carried = [row[head.index(KEY)] for row in rows] if KEY in head else []
            found |= {key for one in carried if one for key in keys(json.loads(one))}
        elif name.endswith((".jsonl", " unpacked")):
            for line in text.split("\n"):
                found |= set(keys(json.loads(line))) if line else set()
        elif name.endswith(".json") and name != "manifest.json":
            found |= set(keys(json.loads(text)))
    if out.suffix == ".xlsx":
        book = load_workbook(out)
        found |= {str(cell.value) for sheet in book for cell in sheet[1]}
        found |= {str(row[1].value) for row in book["data dictionary"].iter_rows(min_row=2)}
    return found


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize("form", FORMATS)
def test_columns_left_out_are_in_no_file_of_it(
    filled: tuple[Database, int], tmp_path: Path, form: str
) -> None:
    kept = {LABEL_EVENTS: NEEDED[LABEL_EVENTS] | {*EVENT_NEEDS},
            PROTOCOLS: NEEDED[PROTOCOLS] | {*PROTOCOL_NEEDS}}  # fmt: skip
    gone = {column.name for table in COLUMNS for column in COLUMNS[table]}
    gone -= kept[LABEL_EVENTS] | kept[PROTOCOLS]
    assert {"note", "evidence", "metadata", "seconds", "coder_name", "coder_levels"} <= gone
    whole = exported(filled, tmp_path, form, with_names())
    assert len(gone & names(whole)) > 10
    assert all(mark in everything(whole) for mark in MARKS)
    without = left_out_but({table: sorted(some) for table, some in kept.items()})
    out = exported(filled, tmp_path, form, Choice(names=True, without=without))
    assert gone & names(out) == set()
    said = everything(out)
    assert [mark for mark in MARKS if mark in said] == []


@pytest.mark.parametrize("form", FORMATS)
def test_masked_values_are_in_no_byte_and_the_report_is_there(
    filled: tuple[Database, int], tmp_path: Path, form: str
) -> None:
    assert [one for one in SECRETS if one in everything(exported(filled, tmp_path, form, Choice()))]
    choice = Choice(masks=frozenset(KINDS))
    out = exported(filled, tmp_path, form, choice)
    said = everything(out)
    assert [one for one in SECRETS if one in said] == []
    assert "[name 1]" in said and "[e-mail 1]" in said and "[phone 1]" in said
    with filled[0].read() as session:
        whole = outward(session, session.get_one(Project, filled[1]), choice)
        for table in (LABEL_EVENTS, PROTOCOLS):
            assert list(whole.tables[table].rows)
        right = counted(whole.tables[MASKING_REPORT].rows)
    assert {kind for kind, _ in right} == set(KINDS)
    assert counted(report_of(out)) == right
    found = parse_inside([out], {}, None)
    assert (found.errors, len(found.protocols), len(found.labels)) == ([], 3, 6)


def counted(rows: Iterable[Any]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counts[row["kind"], row["rule"]] += int(row["places"])
    return counts


def report_of(out: Path) -> list[Any]:
    """How often each rule found something, from a table of its own or beside each protocol."""
    if out.suffix in (".jsonl", ".json", ".csv"):
        return [row for one in carried_of(out) for row in one["masked"]]
    if out.suffix == ".xlsx":
        head, *cells = load_workbook(out)[MASKING_REPORT].iter_rows(values_only=True)
        return [dict(zip(map(str, head), row, strict=True)) for row in cells]
    (text,) = (body.decode() for name, body in parts(out).items()
               if name.startswith(MASKING_REPORT) and not name.endswith(".parquet"))  # fmt: skip
    if text.startswith("["):  # Parquet
        return list(json.loads(text))
    lines = text.rstrip("\n").split("\n")
    return [*map(json.loads, lines)] if text.startswith("{") else [*csv.DictReader(lines)]


def carried_of(out: Path) -> list[dict[str, Any]]:
    text = out.read_text("utf-8")
    if out.suffix == ".csv":
        return [json.loads(row[KEY]) for row in csv.DictReader(io.StringIO(text, newline=""))]
    rows = json.loads(text) if out.suffix == ".json" else map(json.loads, text.split("\n")[:-1])
    beside = [row.get(KEY) or (row.get("data") or row["meta"])[KEY] for row in rows]
    return [one for one in beside if "protocol" in one]


@pytest.mark.parametrize("form", FORMATS)
def test_no_coder_is_named_in_a_byte_unless_asked_for(
    filled: tuple[Database, int], tmp_path: Path, form: str
) -> None:
    people = [one.lower() for pair in CODERS.items() for one in pair]
    people += [word for one in people for word in one.split()]
    said = everything(exported(filled, tmp_path, form, Choice()))
    assert [one for one in people if one in said] == []
    assert "coder-01" in said and "coder-03" in said
    named = everything(exported(filled, tmp_path, form, with_names()))
    assert "zacharias" in named and "wilhelmina" in named
