"""What a snapshot says of itself is computed anew, and near-copies that nobody knew are no leak."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from cer_assist.domain.protocols import compose
from cer_assist.services import queue_order, snapshot_checks, snapshot_making, snapshots
from cer_assist.services.importing import import_protocols
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Protocol
from tests.builders import a_label, a_member, a_project, unlike_protocols

SHARES = {"train": 0.5, "validation": 0.0, "test": 0.5}


def settled(database: Database) -> int:
    """Eight protocols with levels; the last two say nearly the same, which no cluster knows."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        first = unlike_protocols(session, project, 7)[6]
        words = first.text.split()
        again = compose("Q-1", "Another file", [("Text", " ".join(words[-25:]))])
        assert not import_protocols(session, project, [again], [], by=None).errors
        ids = list(session.scalars(select(Protocol.id).order_by(Protocol.id)))
        queue_order.store_clusters(session, dict.fromkeys(ids))
        for key in ids:
            a_label(session, project, key, by=ana, level=1 + key % 2)
    return ana


def test_near_copies_that_no_cluster_knows_are_kept_together(database: Database) -> None:
    settled(database)
    found = set()
    for seed in range(4):
        made = make(database, 1, Asked(f"seed {seed}", shares=SHARES, seed=seed), None)
        assert not any(line["found"] for line in made.said["check"]["lines"])
        with database.read() as session:
            held = snapshots.held_of(session, made)
        assert held[7]["split"] == held[8]["split"]
        found.add(made.said["check"]["unknown"])
        if made.said["check"]["unknown"]:
            assert held[7]["group_id"] == held[8]["group_id"] == 7
    assert found == {0, 1}  # by one seed they would have lain apart


def test_as_made_or_what_differs(database: Database) -> None:
    settled(database)
    made = make(database, 1, Asked("one", shares=SHARES), None)
    with database.write() as session:
        again = snapshot_checks.recheck(session, made)
        assert (again.differs, again.untold, again.lines) == ((), (), 9)
        other = {"train": "test", "test": "train"}[snapshots.held_of(session, made)[8]["split"]]
        session.execute(text("DROP TRIGGER snapshot_protocol_no_update"))
        change = text("UPDATE snapshot_protocol SET split = :to WHERE protocol_id = 8")
        session.execute(change, {"to": other})
    with database.read() as session:
        told = snapshot_checks.recheck(session, made).differs
    assert told[:3] == (
        "Rows of protocols that were altered: 1",
        "The table protocols no longer has the rows that it was made of",
        "The content has another SHA-256",
    )
    (leak,) = [one for one in told[3:] if one.startswith("At least 15 %")]
    assert ": 1 of " in leak and "when made 0 of " in leak


def test_one_without_counts_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(database)
    store = snapshot_making._store

    def older(session: Any, made: Any, held: Any, by: Any) -> Any:
        made.said = {name: value for name, value in made.said.items() if name != "counts"}
        return store(session, made, held, by)

    monkeypatch.setattr(snapshot_making, "_store", older)
    made = make(database, 1, Asked("old"), None)
    with database.read() as session:
        again = snapshot_checks.recheck(session, made)
    assert again.as_made and again.untold == (snapshot_checks.NO_COUNTS,)


def test_a_label_waits_for_no_snapshot_that_is_stored(
    migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is taken by then; ten thousand rows are still to come."""
    database = Database(migrated_postgres)
    ana = settled(database)
    sha256 = snapshots.snapshot_sha256

    def slow(made: Any) -> str:
        with database.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '3s'"))
            a_label(session, session.get_one(Project, 1), 1, by=ana, level=5)
        return sha256(made)

    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "snapshot_sha256", slow)
        made = make(database, 1, Asked("one"), ana)
    with database.read() as session:
        assert snapshots.held_of(session, made)[1]["level"] == 2
        assert verify(session).intact
    database.close()
