"""A word followed over versions and through the last full fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cer_assist.services import word_trends
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from tests.builders import a_model, a_project
from tests.scores import some_scores


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        yield session


@pytest.fixture
def project(session: Session) -> Project:
    return a_project(session)


def a_version(
    session: Session, project: Project, scores: dict[str, Any] | None, **changes: Any
) -> ModelVersion:
    publish = changes.pop("publish", True)
    version = session.get_one(ModelVersion, a_model(session, project, {}, publish=publish))
    version.word_scores, version.label_count = scores, 10 * version.number
    for name, value in changes.items():
        setattr(version, name, value)
    session.flush()
    return version


def test_versions_that_were_used_and_are_of_the_same_kind(
    session: Session, project: Project
) -> None:
    a_version(session, project, some_scores())
    a_version(session, project, some_scores(times=50), kind="embedding")
    a_version(session, project, some_scores(times=60), publish=False)
    a_version(session, project, None)
    lacking = some_scores()
    del lacking["words"]["board"]
    a_version(session, project, lacking)
    last = a_version(session, project, some_scores(times=2))
    a_version(session, a_project(session, "other"), some_scores(times=70))
    found = word_trends.trends(session, last, "board")
    assert [(p.at, p.version, p.attention, p.polarity[5]) for p in found.versions] == [
        (10, 1, 0.02, 0.9),
        (60, 6, 0.04, 1.8),
    ]
    assert found.course is None


def test_the_course_is_that_of_the_last_version_that_was_fitted_anew(
    session: Session, project: Project
) -> None:
    a_version(session, project, some_scores(steps=2))
    a_version(session, project, some_scores(steps=4))
    in_use = a_version(session, project, some_scores())
    a_version(session, project, some_scores(steps=3))  # later than the one that is in use
    course = word_trends.trends(session, in_use, "committee").course
    assert course is not None
    assert (course.version, course.of, course.documents) == (2, "sentences", 38)
    assert [point.at for point in course.points] == [1, 2, 3, 4]
    assert [point.polarity[5] for point in course.points] == pytest.approx([0.3, 0.6, 0.9, 1.2])
    unfollowed = word_trends.trends(session, in_use, "flyers").course
    assert unfollowed is not None
    assert unfollowed.points == []
