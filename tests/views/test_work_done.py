"""No timing tells a coder another's level: the database does the same for them in two worlds.

Counted instead of clocked: every statement that a request runs, in order, and the rows that each
gives back. The worlds differ in the other coder's level alone: in one it agrees with what this
coder says, in the other it lies two levels off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from cer_assist.store.engine import Database
from cer_assist.store.tables import Protocol
from cer_assist.store.tables.projects import SuggestionPolicy
from tests.views.answers import CODER, PAGE, an_answer, send
from tests.views.office import OWN, Office
from tests.views.test_leaks import a_world, second_database

__all__ = ["second_database"]

Work = list[list[Any]]  # of each statement its text and how many rows it gave back


@contextmanager
def counted() -> Iterator[Work]:
    """What all databases do meanwhile."""
    work: Work = []

    def begin(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        entry: list[Any] = [statement, 0]
        work.append(entry)

        def row(_: Any, values: Any) -> Any:
            entry[1] += 1
            return values

        cursor.row_factory = row

    event.listen(Engine, "before_cursor_execute", begin)
    try:
        yield work
    finally:
        event.remove(Engine, "before_cursor_execute", begin)


def the_work(office: Office) -> dict[str, Work]:
    """What each step of a coder's day costs, up to their last answer and after it."""
    browser = office.browser(CODER)
    pages = ["/", PAGE, f"/p/{OWN}/protocols", f"/p/{OWN}/protocols?q=study", "/p/own/label/status"]
    pages += [f"/p/{OWN}/protocols?{query}" for query in ("state=complete", "mine=none", "level=3")]
    for number in office.protocols:
        pages += [f"/p/{OWN}/protocols/{number}", f"{PAGE}?protocol={number}"]
    found = {}

    def load(when: str) -> None:
        for page in pages:
            with counted() as work:
                assert browser.get(page).status_code == 200
            found[f"{when} {page}"] = work

    load("before")
    for number in office.protocols[1:3]:
        browser.get(f"{PAGE}?protocol={number}")
        with counted() as work:
            assert send(browser, an_answer(number, 3)).status_code == 200
        found[f"answer {number}"] = work
    load("after")
    return found


@pytest.mark.parametrize("policy", list(SuggestionPolicy))
@pytest.mark.parametrize("readers", [1, 2])
def test_a_coders_requests_cost_the_same_whatever_the_other_said(
    database: Database,
    second_database: Database,
    tmp_path: Path,
    policy: SuggestionPolicy,
    readers: int,
) -> None:
    works = []
    for opened, peer in ((database, 3), (second_database, 5)):
        office = a_world(opened, tmp_path, policy=policy, peer=peer, model=4)
        with opened.write() as session:
            for protocol, said in zip(office.protocols, (2, 1, 1, 0), strict=True):
                row = session.get_one(Protocol, protocol)
                row.coders_wanted, row.coders_missing = readers, max(0, readers - said)
        works.append(the_work(office))
    second_database.close()
    one, two = works
    assert one.keys() == two.keys()
    assert all(one.values())
    assert {step for step in one if one[step] != two[step]} == set()


def test_the_count_tells_a_difference_of_one_row(database: Database, tmp_path: Path) -> None:
    office = a_world(database, tmp_path, policy=SuggestionPolicy.after, peer=3, model=4)
    browser = office.browser("lead@own")
    with counted() as before:
        browser.get(f"/p/{OWN}/protocols?q=study")
    with counted() as after:
        browser.get(f"/p/{OWN}/protocols?q=nothing-has-this")
    assert [text for text, _ in before] == [text for text, _ in after]
    assert [rows for _, rows in before] != [rows for _, rows in after]
