"""The command line is a contract: names, options, one JSON object on the last line, exit codes.

Commands are imported only when called, so that `serve` never loads TensorFlow.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys

import click

from cer_assist.domain.errors import CerError

# command -> module in this package that defines it under the same name
COMMANDS = {
    "demo": "demo",
    "init": "running",
    "serve": "running",
    "worker": "running",
    "start": "running",
    "users": "accounts",
    "projects": "accounts",
    "tokens": "tokens",
    "settings": "settings",
    "import": "importing",
    "label": "labelling",
    "next": "labelling",
    "queue": "queue",
    "adjudicate": "adjudicate",
    "doubtful": "doubtful",
    "rubric": "rubric",
    "assign": "assign",
    "rereading": "rereading",
    "copies": "copies",
    "training": "training",
    "train": "models",
    "suggest": "models",
    "words": "models",
    "fence": "fence",
    "progress": "progress",
    "agreement": "agreement",
    "desk": "desk",
    "exposure": "exposure",
    "prevalence": "prevalence",
    "snapshot": "snapshot",
    "methods": "methods",
    "export": "taking_out",
    "audit": "auditing",
    "backup": "taking_out",
    "restore": "taking_out",
    "evaluate": "evaluate",
    "simulate": "simulate",
    "bench": "bench",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cer_assist.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`test` runs every check; manage.py does that itself.",
)
def cer() -> None:
    """CER Assist: label study protocols for community engagement, with a model that learns."""


def main() -> None:
    """Run a command; what a person can put right is one line on stderr."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cer(prog_name="manage.py")
    except CerError as error:
        click.echo(f"manage.py: {' '.join(error.message.split())}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe went away: nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
