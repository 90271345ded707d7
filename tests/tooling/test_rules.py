"""House rules that no tool checks, each as a test that fails when someone breaks it."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.fresh import lines_of

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [
    "requirements.lock",
    "requirements-test.lock",
    "requirements-weights.lock",
    "requirements-node.lock",
]
# What a lock says of one package: name==version, an optional marker, then its hashes.
PIN = re.compile(
    r"^([a-z0-9-]+)==(\S+)(?: ; ([^\\\n]+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", re.M
)
LONGEST_FILE = 350
TEXT_FILES = {
    ".py",
    ".toml",
    ".lock",
    ".md",
    ".html",
    ".js",
    ".css",
    ".json",
    ".yaml",
    ".ini",
    ".sh",
}
# Written in pieces so that this file does not break its own rule.
NOT_IN_A_FILE = {
    "a package registry's host": re.compile(
        "pypi" r"\.org|pythonhosted" r"\.org|registry\.npm" "js|npmjs" r"\.(org|com)"
    ),
    "a path of one machine": re.compile(r"(?<![\w./-])/(?:work|root|home)" r"/\w"),
}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def pins(lock: str) -> dict[tuple[str, str], str]:
    """(name, marker) -> version."""
    text = (ROOT / lock).read_text()
    return {(name, marker or ""): version for name, version, marker, _ in PIN.findall(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_in_a_lock_is_exact_and_hashed(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert requirements
    assert len(pins(lock)) == len(requirements)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    assert not re.search(
        r"://|--(?:index|extra-index|find-links|trusted)", (ROOT / lock).read_text()
    )


def test_the_test_lock_holds_the_run_lock_unchanged() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-test.lock").items()


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-test.lock": project["dependency-groups"]["test"],
        "requirements-weights.lock": project["dependency-groups"]["weights"],
        "requirements-node.lock": project["dependency-groups"]["node"],
    }
    for lock, requirements in groups.items():
        locked = {name for name, _ in pins(lock)}
        names = {re.split(r"[\[<>=!~ ;]", requirement)[0].lower() for requirement in requirements}
        assert names <= locked, f"{lock} lacks {names - locked}: refresh it (CONTRIBUTING.md)"


def test_what_the_program_imports_is_declared() -> None:
    """A package that only comes along with another one leaves with it, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {normal(re.split(r"[\[<>=]", d)[0]) for d in project["project"]["dependencies"]}
    provided_by = importlib.metadata.packages_distributions()
    sources = [path for path in tracked_files() if ROOT / "cer_assist" in path.parents]
    modules = {
        module
        for path in sources
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        for module in imported(node)
    }
    third_party = modules - sys.stdlib_module_names - {"cer_assist", "migrations"}
    undeclared = {m for m in third_party if not declared & set(map(normal, provided_by[m]))}
    assert undeclared == set()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_manage_imports_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "manage.py").read_text())
    at_start = {module for node in tree.body for module in imported(node)}
    anywhere = {module for node in ast.walk(tree) for module in imported(node)}
    assert at_start <= sys.stdlib_module_names
    assert anywhere - sys.stdlib_module_names == {"cer_assist"}  # once it runs in .venv


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return (
        {node.module.partition(".")[0]}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        else set()
    )


def test_manage_can_tell_an_old_python_that_it_is_old() -> None:
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 7))
    script = (
        "import runpy, sys; sys.version_info = (3, 9, 1, 'final', 0)\n"
        f"runpy.run_path({str(ROOT / 'manage.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "CER Assist needs Python 3.11 or newer, and this is Python 3.9.\n"


def test_no_source_file_is_longer_than_a_reader_holds() -> None:
    # A migration is written once and never edited: it may be as long as its tables are many.
    readable = [p for p in tracked_files() if ROOT / "migrations/versions" not in p.parents]
    sources = [p for p in readable if p.suffix in {".py", ".js", ".html", ".css"}]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in sources}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


@pytest.mark.parametrize("what", NOT_IN_A_FILE)
def test_no_tracked_file_names(what: str) -> None:
    texts = [p for p in tracked_files() if p.suffix in TEXT_FILES or p.parent.name == ".ci"]
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in texts
        if (match := NOT_IN_A_FILE[what].search(path.read_text()))
    ]
    assert found == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_the_web_process_stays_free_of_numerics() -> None:
    """Importing TensorFlow costs seconds and 700 MB; the web process is to stay under 150 MB."""
    script = """
import sys
from cer_assist.views.app import create_app
heavy = {"tensorflow", "keras", "keras_hub", "sklearn", "scipy", "numpy", "datasketch"}
print(sorted(heavy & set(sys.modules)))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""
    heavy, kilobytes = lines_of(script)
    assert heavy == "[]"
    assert int(kilobytes) < 150 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep libraries' names apart")
def test_tensorflow_does_not_lend_us_its_old_sqlite() -> None:
    """TensorFlow exports SQLite's functions; loaded first, it used to serve pysqlite3 as well."""
    script = """
import tensorflow
from cer_assist.store.engine import WAL_SAFE_SQLITE, sqlite_module
connection = sqlite_module().connect(":memory:")
version = connection.execute("select sqlite_version()").fetchone()[0]
assert tuple(map(int, version.split("."))) >= WAL_SAFE_SQLITE, version
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
