"""What comes next by each strategy, computed by the worker and stored for the web process.

All strategies are computed, whether or not the project gives them a share: it takes a moment, and a
lead who changes the shares need not wait for the next version. Near-copies are found once after an
import.

Five labels make a new version, and coders read a handful of protocols before the next one comes:
weighing the words of thousands would be work for nobody, and coders would wait for it. Those that
come first have their words with the version; any other has them a moment after it was served or
asked for (`explaining`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import numpy as np

from cer_assist.domain.serving import COLD_START
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.diversity import spread_out
from cer_assist.learning.folds import near_duplicate_clusters
from cer_assist.learning.strategies import STRATEGIES, Candidates, copies_last
from cer_assist.material import Material
from cer_assist.scoring import document, marks
from cer_assist.services import jobs, models, queue_order, training_data
from cer_assist.services.models import CHUNK
from cer_assist.services.queue_order import KEPT, Place
from cer_assist.services.training_data import TextRow
from cer_assist.store.engine import Database
from cer_assist.worker import Held

# Looked at of a strategy's best, so that copies and look-alikes among them can make way.
POOL = 3 * KEPT
# SQLite's waiting is a poll: without a pause between chunks a coder's save could miss every gap.
BREATH_SECONDS = 0.02
WITH_WORDS = 60  # twice the servings of a version where twenty people label


def store_orders(
    database: Database,
    held: Held,
    classifier: ProtocolClassifier,
    version_id: int,
    material: Material,
    levels: Mapping[int, int],
) -> None:
    """Compute and store the orders of a version, and the words of what stands first in them.

    `levels` are those that it has learnt, none if it comes from the rubric alone.
    """
    cache = classifier.cache
    texts = {row.id: row for row in (*material.labelled, *material.open)}
    with database.read() as session:
        said = [row for row in queue_order.choosable(session, version_id) if row[0] in texts]
        known = queue_order.cluster_numbers(session, held.claim.project_id)
    rows = [texts[row[0]] for row in said]
    learnt = [texts[key] for key in levels if key in texts]
    if not rows:
        return
    scale = material.rubric.scale
    those = Candidates(
        probabilities=np.array([row[2] for row in said], float),
        decided=np.array([scale.index(row[1]) for row in said]),
        features=cache.directions([document(row) for row in rows]),
        labelled=cache.directions([document(row) for row in learnt]),
        counts=np.bincount([scale.index(n) for n in levels.values()], minlength=len(scale)),
        committee=np.zeros((0, len(said), len(scale))),
    )
    ids = np.array([row.id for row in rows])
    clusters = np.array([known.get(row.id, row.id) for row in rows])
    for name in queue_order.strategies_of(len(levels)):
        places = _order(name, those, ids, clusters)
        with database.write() as session:
            jobs.hold(session, held.claim)
            queue_order.replace_order(session, version_id, name, places)
        time.sleep(BREATH_SECONDS)
    _weigh_words(database, held, classifier, version_id, texts)


def _weigh_words(
    database: Database,
    held: Held,
    classifier: ProtocolClassifier,
    version_id: int,
    texts: Mapping[int, TextRow],
) -> None:
    with database.read() as session:
        wanted = queue_order.first_without_words(session, version_id, WITH_WORDS)
    if not wanted:
        return
    found = marks(
        classifier, [texts[one.protocol_id] for one in wanted], [one.level for one in wanted]
    )
    with database.write() as session:
        jobs.hold(session, held.claim)
        ids = [one.id for one in wanted]
        models.add_marks(session, dict(zip(ids, found, strict=True)))


def _order(name: str, those: Candidates, ids: np.ndarray, clusters: np.ndarray) -> list[Place]:
    """A strategy's first places: the best of it, copies behind, look-alikes apart."""
    generator = np.random.default_rng(0)  # the same places of the same version
    scores = STRATEGIES[name].score(those, KEPT, generator)
    order = np.lexsort([generator.random(len(scores)), -scores])[:POOL]
    order = copies_last(order, clusters)[:KEPT]
    if name != COLD_START:  # its levels in turn are spread as they are
        order = spread_out(order, those.features)
    return [Place(int(ids[at]), float(scores[at])) for at in order]


def find_copies(database: Database, held: Held) -> None:
    """Compare all protocols of a project with one another, if some were not yet."""
    project_id = held.claim.project_id
    with database.read() as session:
        if not queue_order.lacks_clusters(session, project_id):
            return
        known = queue_order.clusters(session, project_id)
        texts = training_data.protocol_texts(session, project_id)
    held.progress(held.share, "Looking for near-copies")
    numbers = near_duplicate_clusters([row.text for row in texts]).tolist()
    sizes = Counter(numbers)
    firsts: dict[int, int] = {}
    for number, row in zip(numbers, texts, strict=True):
        firsts.setdefault(number, row.id)
    found = {
        row.id: firsts[number] if sizes[number] > 1 else None
        for number, row in zip(numbers, texts, strict=True)
    }
    changed = [key for key, cluster in found.items() if known.get(key, -1) != cluster]
    for start in range(0, len(changed), CHUNK):
        with database.write() as session:
            jobs.hold(session, held.claim)
            chunk = changed[start : start + CHUNK]
            queue_order.store_clusters(session, {key: found[key] for key in chunk})
        time.sleep(BREATH_SECONDS)
