"""What is missing before a model can learn from labels."""

from __future__ import annotations

import pytest

from cer_assist.services import first_model, queue_order
from cer_assist.store.engine import Database
from tests.builders import a_label, a_member, a_project, some_protocols


@pytest.mark.parametrize(
    ("levels", "copies", "found"),
    [
        ([], 0, (0, 6, [1, 2, 3, 4, 5])),
        ([2, 2, 4], 0, (3, 3, [1, 3, 5])),
        ([2] * 7, 0, (7, 1, [1, 3, 4, 5])),  # one more, of another level
        ([1, 2, 3, 4, 5, 5], 0, (6, 0, [])),
        ([1, 2, 3, 4, 5, 5], 3, (4, 2, [])),  # three are copies of each other
    ],
)
def test_what_is_missing(
    database: Database, levels: list[int], copies: int, found: tuple[int, int, list[int]]
) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        protocols = some_protocols(session, project, 8)
        for protocol, level in zip(protocols, levels, strict=False):
            a_label(session, project, protocol.id, by=ana.id, level=level)
        ids = [protocol.id for protocol in protocols]
        queue_order.store_clusters(
            session, {key: ids[0] if at < copies else None for at, key in enumerate(ids)}
        )
        missing = first_model.missing(session, project.id, range(1, 6))
    assert (missing.labels, missing.more_labels, missing.without) == found
