"""The app of a test: routes and templates are the same in all, and made once per process."""

from __future__ import annotations

import copy

from flask import Flask

from cer_assist.config import Settings
from cer_assist.store.engine import Database
from cer_assist.views.app import configure, create_app

_made: list[Flask] = []


def an_app(settings: Settings, database: Database) -> Flask:
    """The whole app, with settings, database and counts of its own."""
    assert not settings.behind_https, "what stands before the app is not made anew: create_app"
    if not _made:
        _made.append(create_app(settings, database))
    app = copy.copy(_made[0])
    app.config = copy.copy(app.config)
    app.extensions, app.view_functions = dict(app.extensions), dict(app.view_functions)
    configure(app, settings, database)
    app._got_first_request = True  # Flask refuses routes from here on: they would be every test's
    return app
