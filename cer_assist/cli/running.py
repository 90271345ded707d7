"""init, serve, worker, start: the parts of a running installation."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import click

from cer_assist.cli.base import home_option, open_database, settings_for
from cer_assist.config import ROOT, Settings
from cer_assist.processes import Command, die_with_parent, run_all
from cer_assist.store import schema

MANAGE = str(ROOT / "manage.py")


@click.command()
@home_option
def init_command(home: Path | None) -> None:
    """Make the database, or bring it to this version; all data is kept."""
    settings = settings_for(home)
    schema.upgrade(settings.url)
    click.echo(
        "The database is ready" + ("." if settings.database_url else f" in {settings.home}.")
    )


@click.command()
@home_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8000).")
@click.option("--threads", type=click.IntRange(1, 64), help="Requests answered at once (8).")
def serve_command(
    home: Path | None, host: str | None, port: int | None, threads: int | None
) -> None:
    """Serve the web pages."""
    die_with_parent()
    settings = settings_for(home, host=host, port=port, threads=threads)
    with open_database(settings) as database:
        from cer_assist.views.server import serve

        serve(settings, database)


@click.command()
@home_option
@click.option("--until-idle", is_flag=True, help="Stop when no job is due.")
def worker_command(home: Path | None, until_idle: bool) -> None:
    """Run background jobs: encode protocols, retrain the model."""
    die_with_parent()
    settings = settings_for(home)
    with open_database(settings):
        pass  # refuse an old database before TensorFlow takes its seconds
    from cer_assist import worker

    stopping = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    worker.run(settings, stopping, until_idle=until_idle)
    if worker.is_warming_up():
        os._exit(0)  # Python's own end would wait for, or crash in, a half-loaded TensorFlow


@click.command()
@home_option
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8000).")
def start_command(home: Path | None, port: int | None) -> None:
    """Serve the web pages and run background jobs until Ctrl-C."""
    settings = settings_for(home, port=port)
    with open_database(settings):
        pass
    click.echo(f"CER Assist is at http://{settings.host}:{settings.port}/ (Ctrl-C stops it)")
    sys.exit(start(settings))


def start(settings: Settings) -> int:
    """Run web and worker as children; none of them survives this process."""
    home = str(settings.home)
    port = str(settings.port)
    return run_all(
        [
            Command("web", (sys.executable, MANAGE, "serve", "--home", home, "--port", port)),
            Command("worker", (sys.executable, MANAGE, "worker", "--home", home), restart=True),
        ]
    )
