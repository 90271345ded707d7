"""What is asked rightly succeeds, and what comes back is what the document says.

Beside trials that are drawn: those seldom meet a request that all of a project's rules allow.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from schemathesis.core.result import Ok

from cer_assist.views.access import API
from tests.builders import a_new_rubric, two_readings
from tests.practice import some_items
from tests.views.office import OWN, Office
from tests.views.test_openapi import ROOT, a_token, send, served, the_document

LEAD, CODER, OTHER = "lead@own", "coder@own", "administrator@own"
KEY = {"idempotency_key": "the-very-key"}


class Asker:
    """Asks as one person, and holds each reply against the document."""

    def __init__(self, office: Office, address: str) -> None:
        self.schema = schemathesis.openapi.from_dict(the_document(office.app))
        self.address = address
        self.tokens = {name: a_token(office, name) for name in (LEAD, CODER)}
        self.done: set[str] = set()

    def __call__(self, person: str, method: str, where: str, body: Any = None, **query: Any) -> Any:
        path, _, numbers = where.partition("#")
        operation = self.schema[f"{ROOT}{path}"][method]
        given: dict[str, Any] = {"path_parameters": {"slug": OWN}, "query": query}
        names = [one.name for one in operation.path_parameters if one.name != "slug"]
        places = zip(names, map(int, numbers.split()), strict=True)
        given["path_parameters"] |= dict(places)
        if body is not None:
            given |= {"body": body, "media_type": "application/json"}
        keys = {"Idempotency-Key": "the-very-key"} if where.startswith(LABELS) else {}
        headers = {"Authorization": f"Bearer {self.tokens[person]}"} | keys
        response = send(operation.Case(**given), self.address, headers)
        assert response.status_code in (200, 201), f"{method} {where}: {response.text}"
        self.done.add(operation.label)
        if method == "get" and "description" not in operation.definition.raw:  # why it has no tag
            tag = headers | {"If-None-Match": response.headers["etag"][0]}
            same = send(operation.Case(**given), self.address, tag)
            assert (same.status_code, same.content) == (304, b""), where
        return response.json() if response.headers["content-type"] == ["application/json"] else None


# They want figures of the worker, or more protocols than a quick test has.
UNTRIED = {
    *(f"GET {ROOT}/{where}" for where in ("agreement", "exposure", "prevalence")),
    *(f"POST {ROOT}/{where}" for where in ("agreement/reread", "copies", "doubtful/ask")),
    f"POST {ROOT}/doubtful/send",
    f"GET {API}openapi.json",
}
LABELS = "/protocols/{protocol_id}/labels"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_project_goes_its_way_by_script(busy: Office) -> None:
    with busy.database.write() as session:
        project = busy.project(session)
        people = [busy.people[name] for name in (CODER, OTHER)]
        two_readings(session, project, 2, people, 2, 5)
        some_items(session, project, 1)
        rubric = a_new_rubric(session, project, 2, "Told only.")
    with served(busy.app) as address:
        ask = Asker(busy, address)
        for steps in (_reads, _labels, _settles, _leads, _keeps, _practises):
            steps(ask)
        _publishes(ask, rubric)
    left = {
        one.ok().label for one in ask.schema.get_all_operations() if isinstance(one, Ok)
    } - ask.done
    assert left == UNTRIED


def _reads(ask: Any) -> None:
    for where in ("", "/readings", "/versions"):
        ask(LEAD, "get", f"/desk{where}")
    for where in ("/timeline", "/methods", "/settings", "/words", "/links", "/copies",
                  "/assignments", "/adjudications", "/doubtful", "/training/results",
                  "/rubric/proposals"):  # fmt: skip
        ask(LEAD, "get", where)
    ask(LEAD, "get", "/timeline", about="protocol", id="P-1")
    first = ask(CODER, "get", "/protocols", limit=1)
    ask(CODER, "get", "/protocols", limit=1, cursor=first["next"])
    ask(CODER, "get", "/protocols/{protocol_id}#1")
    ask(CODER, "get", "/protocols/{protocol_id}/explanation#1")


def _labels(ask: Any) -> None:
    given = ask(CODER, "post", "/next")
    number = given["protocol"]["protocol_id"]
    said = {"level": 3, "evidence": [[0, 5]], "supersedes": given["supersedes"]}
    for _ in ("stored", "repeated"):
        ask(CODER, "post", f"{LABELS}#{number}", said)
    ask(CODER, "get", "/labels/mine")
    ask(CODER, "get", "/assignments/mine")


def _settles(ask: Any) -> None:
    case = ask(LEAD, "get", "/adjudications/{protocol_id}#2")
    ask(LEAD, "get", "/discussions/{protocol_id}#2")
    ask(LEAD, "post", "/discussions/{protocol_id}#2", {"text": "Why?", **KEY})
    between = [one["event_id"] for one in case["readings"]]
    ruling = {"act": "decide", "between": between, "level": 3, "reason": "slip", **KEY}
    ask(LEAD, "post", "/adjudications/{protocol_id}#2", ruling)


def _leads(ask: Any) -> None:
    ask(LEAD, "patch", "/settings", {"retrain_every": 30})
    ask(LEAD, "post", "/assignments", {"coders": ["coder-own"], "each": 1})
    ask(LEAD, "post", "/assignments/readers", {"dry_run": True})
    ask(LEAD, "post", "/assignments/take", {"coder": "coder-own"})
    ask(LEAD, "post", "/links", {"protocol": "P-4", "kind": "version", "of": "P-3"})
    ask(LEAD, "get", "/protocols/{protocol_id}/difference#4", **{"with": 3})
    ask(LEAD, "delete", "/links/{protocol_id}#4")
    new = {"external_id": "N-1", "sections": [["Aims", "To ask neighbours."]]}
    level = {"external_id": "N-1", "coder": "final", "level": 2}
    ask(LEAD, "post", "/imports", {"protocols": [new], "labels": [level]})
    ask(LEAD, "post", "/exports", {"format": "csv"})


def _keeps(ask: Any) -> None:
    first = ask(LEAD, "post", "/snapshots/make", {"name": "First"})
    ask(LEAD, "get", "/snapshots")
    ask(LEAD, "get", f"/snapshots/{{number}}#{first['number']}")
    ask(LEAD, "post", "/snapshots/make", {"name": "Second", "settled_only": True})
    ask(LEAD, "get", f"/snapshots/{{number}}/differences/{{other}}#{first['number']} 2")
    ask(LEAD, "get", "/snapshots/{number}/changes#2", **{"with": 1, "what": "removed"})
    ask(LEAD, "get", "/snapshots/{number}/check#2")


def _practises(ask: Any) -> None:
    item = {"external_id": "T-9", "title": "Nine", "text": "Nobody is asked.", "level": 1}
    ask(LEAD, "post", "/training/items", item | {"explanation": "Because."})
    ask(CODER, "get", "/training")
    question = ask(CODER, "post", "/training/rounds")["question"]
    said = {name: question[name] for name in ("round_id", "item_id")}
    ask(CODER, "post", "/training/answers", said | {"level": 3, **KEY})


def _publishes(ask: Any, rubric: str) -> None:
    ask(CODER, "post", "/rubric/proposals", {"text": "Say what a board is.", "level": 4})
    ask(LEAD, "post", "/rubric/publish", {"text": rubric, "note": "Clearer.", "touched": [2]})
    ask(CODER, "get", "/rubric")
    ask(CODER, "get", "/rubric/versions/{number}#2")
    ask(CODER, "get", "/rubric/changes", **{"from": 1, "to": 2})
    ask(LEAD, "get", "/rubric/rereading")
    ask(LEAD, "post", "/rubric/rereading", {"wish": "kept", "protocols": ["P-2"]})
