"""The job of a deep refresh: long, so it works only while nothing else is due.

Between two steps it looks whether a retraining or an encoding waits; then it saves its state under
the home and queues itself again behind them. It may be stopped or killed at any moment, and ends
with a reason when it takes too long or too much memory; the version in use stays until one on the
tuned encoder is published. What it has made lies in a scratch folder that bears its run's name.
"""

from __future__ import annotations

import resource
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from cer_assist import tasks
from cer_assist.config import Settings
from cer_assist.domain.errors import Cancelled, CerError, Corrupt
from cer_assist.encoders import Reader, named_reader, usable_reader
from cer_assist.learning.checked_files import read_json, write_json
from cer_assist.learning.deep.decision import Comparison
from cer_assist.learning.deep.judges import NOBODY
from cer_assist.learning.deep.refresh import Paused, Plan, Refresh, encode, folds_for
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.material import Material, read_material
from cer_assist.scoring import document
from cer_assist.services import deep_refresh as outcomes
from cer_assist.services import jobs, models, training_data
from cer_assist.services.jobs import DEEP_REFRESH
from cer_assist.store.engine import Database
from cer_assist.worker import Held

LOOK_SECONDS = 2.0  # between looks at the queue and at the limits
RECIPE = Recipe()


class Ended(CerError):
    """The refresh cannot go on; its text says why."""


@dataclass
class Watch:
    """Looks at everything that may stop a refresh, between its steps."""

    database: Database
    settings: Settings
    held: Held
    folder: Path
    gives_way: bool
    pause: float  # seconds between looks at the queue and at the limits
    seen: float = field(default_factory=time.monotonic)

    def __call__(self, share: float, note: str) -> None:
        """Report progress; raises when the refresh should stop, pause or end."""
        self.held.progress(share, note)
        at = time.monotonic()
        if at - self.seen < self.pause:
            return
        spent = self.spent() + at - self.seen
        self.seen = at
        write_json(self.folder / "spent", spent)
        self._check_limits(spent)
        if self.gives_way:
            with self.database.read() as session:
                if jobs.is_due(session, before_long_ones=True):
                    raise Paused

    def spent(self) -> float:
        """Seconds of work so far, in all processes that took part."""
        try:
            return float(read_json(self.folder / "spent"))
        except (FileNotFoundError, Corrupt):
            return 0.0

    def _check_limits(self, spent: float) -> None:
        if spent > 60 * self.settings.deep_minutes:
            raise Ended(
                f"it took more than {self.settings.deep_minutes} minutes; CER_DEEP_MINUTES allows "
                "it longer"
            )
        if (size := resident_megabytes()) > self.settings.deep_megabytes:
            raise Ended(
                f"the worker took {size:,.0f} MB of memory, more than the "
                f"{self.settings.deep_megabytes:,} that CER_DEEP_MEGABYTES allows"
            )


def deep_refresh(
    database: Database,
    settings: Settings,
    held: Held,
    *,
    recipe: Recipe = RECIPE,
    gives_way: bool = True,
    pause: float = LOOK_SECONDS,
) -> str:
    """Tune an encoder for as long as nothing else is due, and use it if it is better."""
    run = held.claim.payload["run"]
    watch = Watch(database, settings, held, settings.refreshes_folder / run, gives_way, pause)
    labels = 0
    try:
        material = read_material(database, held.claim.project_id)
        labels = len(material.labelled)
        return _work(watch, material, recipe)
    except Paused:
        return _give_way(watch)
    except Cancelled:
        if held.cancel:
            _clear(watch)
        raise
    except (Ended, Corrupt) as error:
        return _end(watch, labels, f"Not finished: {error}. The version in use stays.", None)


def _give_way(watch: Watch) -> str:
    held, note = watch.held, f"Gives way to other work, then goes on: {watch.held.note}"
    with watch.database.write() as session:
        # A wish to stop that has just come must not be lost with the job it was for.
        if jobs.heartbeat(session, held.claim, held.lease, held.share, held.note):
            held.cancel = True
            _clear(watch)
            raise Cancelled("stopped on request")
        jobs.enqueue(session, DEEP_REFRESH, held.claim.project_id, payload=held.claim.payload)
        held.finish(session, note)
    return note


def _end(watch: Watch, labels: int, decision: str, found: Comparison | None) -> str:
    """Record what came of it and end the job in one transaction; the version in use stays."""
    with watch.database.write() as session:
        _record(session, watch, labels, decision, found)
        watch.held.finish(session, decision)
    _clear(watch)
    return decision


def _clear(watch: Watch) -> None:
    """Remove all that a refresh has made which no version uses."""
    encoder = watch.settings.encoders_folder / watch.held.claim.payload["run"]
    for folder in (watch.folder, encoder):
        shutil.rmtree(folder, ignore_errors=True)


def _record(
    session: Session, watch: Watch, labels: int, decision: str, found: Comparison | None
) -> None:
    figures = {"figures": asdict(found)} if found else {}
    detail = {"labels": labels, "decision": decision, **figures}
    claim = watch.held.claim
    outcomes.record(session, claim.project_id, claim.payload["run"], detail)


def _work(watch: Watch, material: Material, recipe: Recipe) -> str:
    plan, current = _plan(watch, material)
    refresh = Refresh(
        watch.folder, plan, watch.folder / "features", current.cache, current.judges, recipe
    )
    found, labels = refresh.compared(watch), len(plan.documents)
    decision = said_of(found)
    if not found.better:
        return _end(watch, labels, decision, found)
    reader = _tuned_reader(watch, refresh)
    _read_all(watch, reader)
    note = tasks.learn(
        watch.database,
        watch.settings,
        watch.held,
        read_material(watch.database, watch.held.claim.project_id),
        reader,
        decided=tasks.Decided(
            decision, lambda session: _record(session, watch, labels, decision, found)
        ),
    )
    if not watch.held.finished:
        return _end(watch, labels, f"Not finished: {note}", found)
    shutil.rmtree(watch.folder, ignore_errors=True)
    return note


def said_of(found: Comparison) -> str:
    """The decision in words, with the figures it rests on."""
    gain, low, high = (found.gains["qwk"][name] for name in ("value", "low", "high"))
    figures = (
        f"QWK {found.before['qwk']:.3f} before, {found.after['qwk']:.3f} with the tuned encoder, "
        f"difference {signed(gain)} ({signed(low)} to {signed(high)}), n = {found.n}"
    )
    if found.better:
        return f"Used: the tuned encoder is better beyond chance ({figures})"
    if low is not None and low > 0:
        return f"Not used: levels are further off on average, though in better order ({figures})"
    return f"Not used: no better beyond chance ({figures})"


def signed(value: float | None) -> str:
    """A difference, or that there is none."""
    return "undefined" if value is None else f"{value:+.3f}"


def _plan(watch: Watch, material: Material) -> tuple[Plan, Reader]:
    """What was settled when the refresh began, and the reader it is compared with."""
    path = watch.folder / "plan"
    try:
        kept = read_json(path)
    except (FileNotFoundError, Corrupt):
        kept = _new_plan(watch, material)
        write_json(path, kept)
    with watch.database.read() as session:  # a level may be settled no more: its text stays
        texts = training_data.protocol_texts(session, watch.held.claim.project_id)
    rows = {row.content_hash: row for row in texts}
    plan = Plan(
        [document(rows[key]) for key in kept["keys"]],
        kept["levels"],
        np.array(kept["fold_of"], int),
        material.rubric.scale,
        kept["kind"],
        material.rubric,
    )
    return plan, named_reader(watch.settings, kept["encoder"])


def _new_plan(watch: Watch, material: Material) -> dict[str, Any]:
    shutil.rmtree(watch.folder, ignore_errors=True)  # another plan's parts must not be taken up
    reader = usable_reader(watch.settings, material.previous)
    rows = list({row.content_hash: row for row in material.labelled}.values())
    documents = [document(row) for row in rows]
    levels = [material.levels[row.id] for row in rows]
    numbers = np.array([material.rubric.scale.index(level) for level in levels], int)
    fold_of = folds_for(documents, numbers, reader.judges, Plan.seed)
    kept = [at for at in range(len(rows)) if fold_of[at] != NOBODY]
    return {
        "keys": [rows[at].content_hash for at in kept],
        "levels": [levels[at] for at in kept],
        "fold_of": [int(fold_of[at]) for at in kept],
        "kind": material.model_kind,
        "encoder": reader.entry.get(models.ENCODER, {}),
    }


def _tuned_reader(watch: Watch, refresh: Refresh) -> Reader:
    """Tune the final encoder and keep all of them; where that was done already, take them."""
    run = watch.held.claim.payload["run"]
    folder, path = watch.settings.encoders_folder / run, watch.folder / "artefact"
    try:
        named = read_json(path)
    except (FileNotFoundError, Corrupt):
        shutil.rmtree(folder, ignore_errors=True)  # saved, but killed before its hash was
        named = {"artefact": run, "sha256": refresh.finish(watch, folder)}
        write_json(path, named)
    for states in (watch.folder / "features").glob("*"):
        kept = watch.settings.features_folder / states.name
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            states.rename(kept)
    return named_reader(watch.settings, named)


def _read_all(watch: Watch, reader: Reader) -> None:
    """Have everything read that the training and its suggestions want, in steps."""
    material = read_material(watch.database, watch.held.claim.project_id)
    labelled = [document(row) for row in material.labelled]
    everything = [document(row) for row in material.everything]
    judges = reader.judges.readers if reader.judges else ()
    for cache, documents in ((reader.cache, everything), *((one, labelled) for one in judges)):
        encode(
            cache,
            documents,
            lambda share: watch(0.95 + 0.05 * share, "reading all protocols with the new encoder"),
        )


def resident_megabytes() -> float:
    """Memory that this process takes now; where the system does not say, the most it has taken."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS
    return pages * resource.getpagesize() / 1024**2
