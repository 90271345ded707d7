"""The worker: claims a job, runs it, publishes. The only process that imports TensorFlow.

Each job is: claim (one short transaction), read rows (another), compute with no transaction open,
write in small chunks that all name the claim's attempt. A worker that lost its lease finds out at
its next write and throws its work away.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cer_assist.config import Settings
from cer_assist.domain.errors import Cancelled, CerError
from cer_assist.logs import get_logger
from cer_assist.services import deep_refresh, jobs
from cer_assist.services.jobs import Claim, LeaseLost
from cer_assist.store.engine import Database

POLL_SECONDS = 0.5
LEFTOVER_SECONDS = 3600.0
WARM_UP = "warm-up"
log = get_logger()


@dataclass
class Held:
    """A claimed job in this process: reports progress, learns of a lost lease or a wish to stop."""

    database: Database
    claim: Claim
    lease: dt.timedelta
    stopping: threading.Event
    share: float = 0.0
    note: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    lost: LeaseLost | None = None
    cancel: bool = False
    finished: bool = False

    def finish(self, session: Session, note: str) -> None:
        """Mark the job done in the caller's transaction: its result and its end are one."""
        jobs.finish(session, self.claim, note)
        self.finished = True

    def progress(self, share: float, note: str) -> None:
        """Tell how far the work is; raises when it should not go on."""
        self.share, self.note = share, note
        if self.lost is not None:
            raise self.lost
        if self.cancel:
            raise Cancelled("stopped on request")
        if self.stopping.is_set():
            raise Cancelled("the worker is shutting down")

    def beat(self) -> None:
        """Renew the lease until the job ends; runs in a thread of its own."""
        while not self.ended.wait(self.lease.total_seconds() / 4):
            try:
                with self.database.write() as session:
                    self.cancel |= jobs.heartbeat(
                        session, self.claim, self.lease, self.share, self.note
                    )
            except LeaseLost as error:
                self.lost = error
                return


Handler = Callable[[Database, Settings, Held], str]


def handlers() -> dict[str, Handler]:
    """Every kind of job; imported late, because TensorFlow takes seconds."""
    from cer_assist import (
        agreeing,
        doubting,
        explaining,
        fencing,
        foreseeing,
        prevailing,
        refreshing,
        simulating,
        swaying,
        tasks,
    )

    return {
        "retrain": tasks.retrain,
        "encode": tasks.encode,
        jobs.EXPLAIN: explaining.explain,
        jobs.FENCE: fencing.measure,
        jobs.FENCE_DRAW: fencing.draw,
        jobs.OUTLOOK: foreseeing.foresee,
        jobs.AGREEMENT: agreeing.agree,
        jobs.EXPOSURE: swaying.make_report,
        jobs.PREVALENCE: prevailing.make_reports,
        jobs.DEEP_REFRESH: refreshing.deep_refresh,
        jobs.SIMULATE: simulating.simulate,
        jobs.LABEL_CHECK: doubting.check,
    }


def remove_leftovers(settings: Settings) -> None:
    """Delete artefacts that a killed worker never finished; young ones may still be written."""
    for folder in settings.models_folder.glob("*.tmp"):
        if time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(folder)


def remove_abandoned(database: Database, settings: Settings) -> None:
    """Delete the scratch of deep refreshes that were stopped while they waited for their turn."""
    if not settings.refreshes_folder.is_dir():
        return
    found = list(settings.refreshes_folder.iterdir())  # before asking: one may start meanwhile
    with database.read() as session:
        live = deep_refresh.live_runs(session)
    for folder in found:
        if folder.name not in live:
            shutil.rmtree(folder, ignore_errors=True)  # another worker may have been quicker


def run(settings: Settings, stopping: threading.Event, *, until_idle: bool = False) -> None:
    """Work until asked to stop; with `until_idle`, until no job is due."""
    database = Database(settings.url)
    name = f"{socket.gethostname()}-{os.getpid()}"
    lease = dt.timedelta(seconds=settings.lease_seconds)
    remove_leftovers(settings)
    remove_abandoned(database, settings)
    # A worker claims at once and loads TensorFlow meanwhile: its heartbeat tells that it lives.
    threading.Thread(target=handlers, name=WARM_UP, daemon=True).start()
    try:
        while not stopping.is_set():
            claim = _claim(database, name, lease)
            if claim is not None:
                run_job(settings, Held(database, claim, lease, stopping))
                remove_abandoned(database, settings)
            elif until_idle:
                return
            else:
                stopping.wait(POLL_SECONDS)
    finally:
        database.close()


def is_warming_up() -> bool:
    """Whether TensorFlow is still being loaded."""
    return any(thread.name == WARM_UP for thread in threading.enumerate())


def _claim(database: Database, name: str, lease: dt.timedelta) -> Claim | None:
    with database.read() as session:
        if not jobs.is_due(session):
            return None
    with database.write() as session:
        return jobs.claim(session, name, lease)


def _dispatch(database: Database, settings: Settings, held: Held) -> str:
    known = handlers()
    if held.claim.kind not in known:
        raise CerError(f"This version does not know the job {held.claim.kind}.")
    return known[held.claim.kind](database, settings, held)


def run_job(settings: Settings, held: Held) -> None:
    """Do a claimed job and record how it ended."""
    database, claim = held.database, held.claim
    started = time.monotonic()
    try:
        perform(settings, held, _dispatch)
        outcome = "done"
    except LeaseLost:
        outcome = "lost its lease"
    except Cancelled:
        outcome = "stopped"
        _give_back(database, held)
    except CerError as error:
        outcome = "failed"
        _record_failure(database, claim, error.message)
    except Exception as error:
        outcome = "failed"
        log.exception("job failed", job=claim.job_id, kind=claim.kind)
        _record_failure(database, claim, f"{type(error).__name__}: {error}")
    seconds = round(time.monotonic() - started, 2)
    log.info("job", job=claim.job_id, kind=claim.kind, outcome=outcome, seconds=seconds)


def perform(settings: Settings, held: Held, work: Handler) -> str:
    """Do a claimed job under its heartbeat and mark it done; returns what it says of itself."""
    with _beating(held):
        note = work(held.database, settings, held)
    if not held.finished:
        with held.database.write() as session:
            held.finish(session, note)
    return note


@contextmanager
def _beating(held: Held) -> Iterator[None]:
    thread = threading.Thread(target=held.beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        held.ended.set()
        thread.join()


def _give_back(database: Database, held: Held) -> None:
    with database.write() as session:
        if held.cancel:
            jobs.cancelled(session, held.claim)
        else:
            jobs.give_back(session, held.claim)


def _record_failure(database: Database, claim: Claim, reason: str) -> None:
    try:
        with database.write() as session:
            jobs.fail(session, claim, reason)
    except LeaseLost:
        log.warning("job was taken over before its failure was recorded", job=claim.job_id)
