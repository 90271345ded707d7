"""Of which versions the suggestions were that coders were shown, for the methods report.

The version in use need not be one of them: protocols may all be read before it says anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services.methods_labels import Reading
from cer_assist.services.methods_model import measured
from cer_assist.services.models import current_version_id
from cer_assist.store.tables import ModelVersion

Facts = dict[str, Any]
MOST = 3  # told one by one, those of most readings; a single other one is told as well


def suggestions(session: Session, project_id: int, given: Sequence[Reading]) -> Facts:
    """Readings with a suggestion, each version of these, and the less used ones together."""
    each = Counter(one.version_id for one in given if one.was_shown and one.version_id is not None)
    used = current_version_id(session, project_id)
    found: list[Facts] = [
        {
            "version": version.number,
            "kind": version.kind,
            "is_used": version.id == used,
            "labels": version.label_count,
            "readings": each[version.id],
            "measured": measured(version),
        }
        for version in session.scalars(select(ModelVersion).where(ModelVersion.id.in_(each)))
    ]
    found.sort(key=lambda one: (-one["readings"], one["version"]))
    told = len(found) if len(found) <= MOST + 1 else MOST
    return {
        "readings": each.total(),
        "told": told,
        "versions": found,
        "others": _together(found[told:]),
    }


def _together(those: Sequence[Facts]) -> Facts | None:
    """What versions have in common, their figures from the lowest to the highest."""
    if not those:
        return None
    known = [one["measured"]["qwk"] for one in those if one["measured"]]
    reached = [one["value"] for one in known if one and one["value"] is not None]
    return {
        "versions": len(those),
        "readings": sum(one["readings"] for one in those),
        "fewest_labels": min(one["labels"] for one in those),
        "most_labels": max(one["labels"] for one in those),
        "measured": len(reached),
        "lowest_qwk": min(reached, default=None),
        "highest_qwk": max(reached, default=None),
    }
