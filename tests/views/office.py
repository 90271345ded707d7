"""An office with two projects and a person of every kind, and browsers for them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cer_assist.config import Settings
from cer_assist.services import accounts
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from cer_assist.views.app import create_app
from tests.apps import an_app
from tests.builders import a_member, a_project, an_account, some_protocols

OWN, OTHER = "own", "other"
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Browser:
    """A test client that fills in the form token as a page's own form does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, **given: Any) -> TestResponse:
        """Load an address."""
        return self.client.get(address, buffered=True, **given)

    def post(self, address: str, data: dict[str, Any] | None = None, **given: Any) -> TestResponse:
        """Send a form with a fresh token."""
        fields = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(address, data=fields, buffered=True, **given)

    def token(self) -> str:
        """The form token of a page that everyone may load."""
        found = _TOKEN.search(self.client.get("/sign-in").text)
        assert found is not None
        return found[1]


@dataclass
class Office:
    """The app with its people, by name: `lead@own`, `coder@other`, `nobody`, `root`."""

    app: Flask
    database: Database
    settings: Settings
    people: dict[str, int]
    projects: dict[str, int]
    protocols: list[int]  # of the own project

    def browser(self, person: str | None = None) -> Browser:
        """A browser in which this person is signed in; hashing passwords is spared."""
        client = self.app.test_client()
        if person is not None:
            lifetime = dt.timedelta(hours=self.settings.session_hours)
            with self.database.write() as session:
                token = accounts.open_session(session, self.people[person], lifetime)
            client.set_cookie("cer_session", token)
        return Browser(client)

    def add_route(self, address: str, view: Callable[..., Any]) -> None:
        """A route more, in an app that no other test has."""
        self.app = create_app(self.settings, self.database)
        self.app.add_url_rule(address, "more", view)

    def project(self, session: Any, slug: str = OWN) -> Project:
        """A project as a row of this session."""
        found: Project = session.get_one(Project, self.projects[slug])
        return found


def an_office(database: Database, settings: Settings) -> Office:
    """Two projects with one member of every role, one person without a project, and root."""
    people: dict[str, int] = {}
    projects: dict[str, int] = {}
    with database.write() as session:
        for slug in (OWN, OTHER):
            project = a_project(session, slug)
            projects[slug] = project.id
            for role in Role:
                name = f"{role}-{slug}"
                people[f"{role}@{slug}"] = a_member(session, project, name, role).id
        people["nobody"] = an_account(session, "nobody").id
        people["root"] = an_account(session, "root", administrator=True).id
        protocols = [p.id for p in some_protocols(session, session.get_one(Project, 1), 4)]
    return Office(an_app(settings, database), database, settings, people, projects, protocols)
