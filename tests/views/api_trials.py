"""The API asked deeply, for minutes: what CI has no time for, by schemathesis' own runner.

    .venv/bin/python -m tests.views.api_trials --seconds 200

Each person asks an office of their own: examples, the edges of every schema, drawn requests, and
sequences in which a reply's values go into the next request. Prints calls and findings; 1 if any.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import click
from flask import Flask, Response, got_request_exception, request

from cer_assist.config import Settings
from cer_assist.store.engine import Database
from cer_assist.store.schema import upgrade
from cer_assist.views.app import create_app
from tests.builders import a_label, a_model, two_readings
from tests.practice import some_items
from tests.views.office import Office, an_office
from tests.views.test_openapi import a_token, of_one_project, served, the_document

PEOPLE = ("lead@own", "coder@own", "auditor@own")
# Left out: that whatever fits the schema is accepted. A project's own rules are not in a schema.
LEFT_OUT = "positive_data_acceptance"
_PROTOCOLS, _CODERS = ["P-1", "P-2", "P-3", "P-4", "P-9"], ["coder-own", "lead-own", "nobody"]
KNOWN = {
    "protocol": _PROTOCOLS,
    "of": _PROTOCOLS,
    "external_id": _PROTOCOLS,
    "protocols": _PROTOCOLS,
    "coder": _CODERS,
    "coders": _CODERS,
}


@click.command()
@click.option("--seconds", default=200, show_default=True, help="For each of three people.")
@click.option("--person", "people", multiple=True, default=PEOPLE, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(seconds: int, people: tuple[str, ...], seed: int) -> None:
    """Ask, and tell what was found."""
    logging.disable(logging.CRITICAL)
    is_bad = False
    for person in people:
        with tempfile.TemporaryDirectory() as folder:
            is_bad |= not trial(Path(folder), person, seconds, seed)
    sys.exit(is_bad)


def trial(folder: Path, person: str, seconds: int, seed: int) -> bool:
    """Whether nothing was found."""
    office = furnished(folder)
    plenty = dict.fromkeys(("api_per_minute", "api_failures_per_minute"), 10_000_000)
    settings = office.settings.model_copy(update=plenty)
    app = create_app(settings, office.database)
    calls = counted(app)
    got_request_exception.connect(_shown, app)
    schema = folder / "openapi.json"
    schema.write_text(json.dumps(with_names(of_one_project(the_document(app)))), encoding="utf-8")
    token = a_token(office, person)
    with served(app) as address:
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(schema), "--url", address]
        command += ["-H", f"Authorization: Bearer {token}", "--max-time", str(seconds)]
        command += ["--phases", "examples,coverage,fuzzing,stateful", "--seed", str(seed)]
        command += ["--checks", "all", "--exclude-checks", LEFT_OUT, "--continue-on-failure"]
        command += ["--suppress-health-check", "all", "--warnings", "off", "--no-shrink"]
        done = subprocess.run(command, cwd=folder, check=False)
    office.database.close()
    print(f"{person}: {calls.total():,} calls, {dict(sorted(by_status(calls).items()))}")
    never = sorted({name for name, status in calls if status >= 400} - succeeded(calls))
    print(f"{person}: never answered with success: {', '.join(never)}")
    return done.returncode == 0


def _shown(_: Flask, exception: BaseException, **__: Any) -> None:
    traceback.print_exception(exception)


def furnished(folder: Path) -> Office:
    """An office with a model, labels, a disagreement and practice protocols."""
    url = f"sqlite:///{folder / 'cer.sqlite3'}"
    upgrade(url)
    database = Database(url)
    office = an_office(database, Settings.model_validate({"home": folder}))
    with database.write() as session:
        project = office.project(session)
        a_model(session, project, {1: (2, [0.1, 0.6, 0.2, 0.06, 0.04])}, words={"2": []})
        a_label(session, project, 1, by=office.people["coder@own"], level=4)
        two = [office.people[name] for name in ("coder@own", "administrator@own")]
        two_readings(session, project, 2, two, 2, 5)
        some_items(session, project, 1)
    return office


def with_names(said: Any) -> Any:
    """And the names that are known here, for requests that refuse any other."""
    known = said["components"]["schemas"]
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for ways in said["paths"].values()
        for operation in ways.values()
        if "requestBody" in operation
    ]
    for body in bodies:
        fields = known[body.rpartition("/")[2]].get("properties", {})
        for name in fields.keys() & KNOWN.keys():
            for one in (fields[name], fields[name].get("items", {})):
                if one.get("type") == "string":
                    one["enum"] = KNOWN[name]
    return said


def counted(app: Flask) -> Counter[tuple[str, int]]:
    """Counts replies by operation and status."""
    calls: Counter[tuple[str, int]] = Counter()

    @app.after_request
    def count(response: Response) -> Response:
        where = request.url_rule.rule.partition("<slug>")[2] if request.url_rule else "?"
        calls[f"{request.method} {where}", response.status_code] += 1
        return response

    return calls


def by_status(calls: Counter[tuple[str, int]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for (_, status), number in calls.items():
        found[status] += number
    return found


def succeeded(calls: Counter[tuple[str, int]]) -> set[str]:
    return {name for name, status in calls if status < 400}


if __name__ == "__main__":
    main()
