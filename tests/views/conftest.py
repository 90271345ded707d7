"""The web application on a fresh database, with people of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from cer_assist.config import Settings
from cer_assist.services import accounts, models
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Explanation, Highlight, ModelVersion
from cer_assist.store.tables.accounts import Role
from cer_assist.store.types import now
from tests.builders import a_label, a_model
from tests.views.answers import PROBABILITIES
from tests.views.office import OTHER, OWN, Office, an_office

FIGURE = {"value": 0.74, "low": 0.62, "high": 0.83}
WORDS = {
    "2": [
        {"word": "flyers", "weight": 0.9, "n_documents": 3},
        {"word": "recruitment", "weight": 1.2, "n_documents": 12},
    ],
    "5": [{"word": "board", "weight": 0.6, "n_documents": 2}],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is thrown away."""
    return Settings.model_validate({"home": tmp_path})


@pytest.fixture
def office(database: Database, settings: Settings) -> Office:
    """Two projects, a person for every role, and the app."""
    return an_office(database, settings)


@pytest.fixture
def busy(office: Office) -> Office:
    """An office that has a model, labels and a job, and root in both projects."""
    with office.database.write() as session:
        project = office.project(session)
        a_model(session, project, {1: (2, [0.1, 0.6, 0.2, 0.06, 0.04])}, words=dict(WORDS))
        version = session.scalars(select(ModelVersion)).one()
        version.metrics = {
            "qwk": FIGURE,
            "macro_f1": FIGURE,
            "n": 45,
            "measured_on": "45 labelled protocols",
            "confusion": [[1, 0, 0, 0, 0]] * 5,
        }
        for slug in (OWN, OTHER):
            root = session.get_one(Account, office.people["root"])
            accounts.set_role(
                session, office.project(session, slug), root, Role.administrator, None
            )
        a_label(session, project, 1, by=office.people["coder@own"], level=4)
    return office


@pytest.fixture
def modelled(office: Office) -> Office:
    """The office with a model that says 5 of every protocol."""
    with office.database.write() as session:
        said = dict.fromkeys(office.protocols, (5, PROBABILITIES))
        words: dict[str, object] = {"4": [{"word": "steering", "weight": 1.0, "n_documents": 2}]}
        a_model(session, office.project(session), said, words=words)
    return office


@pytest.fixture
def on_request(modelled: Office) -> None:
    """The first protocol's words were asked for, of a version that knew its level."""
    said = {
        "level": 3,
        "probabilities": [0.1, 0.1, 0.6, 0.1, 0.1],
        "has_learnt": True,
        "words": [[0, 3, 1.0, 0.5, 0.0, 0.0, 1.25, 0.0, 0.0]],
        "sentences": [],
        "sections": [],
        "gatherings": [[0, 0, 3, 0.5, 0.25], [0, 4, 9, 0.1, 0.2]],
        "evidence_strength": 0.4,
    }
    with modelled.database.write() as session:
        session.execute(delete(Highlight))
        version = models.current_version_id(session, modelled.project(session).id)
        shown = modelled.protocols[0]
        session.add(
            Explanation(model_version_id=version, protocol_id=shown, asked_at=now(), said=said)
        )
